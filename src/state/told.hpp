// How much of one instrument has been told to subscribers, channel by channel, and the running hash of all of
// it (Machine::digest).
//
// Threads: numbers() may be called by any thread, everything else belongs to the market thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include "state/checkpoint.hpp"
#include "state/machine.hpp"
#include "state/view.hpp"

namespace qos::state {

// Two cache lines: every push of a part of thousands of instruments touches them.
class alignas(64) Told {
 public:
  // What the hash of an instrument with this code begins with: the same changes of two instruments are not
  // the same.
  static std::uint64_t seed_of(std::string_view code);

  explicit Told(std::uint64_t seed) : hash_{seed} {}

  // Each count by itself; that they belong together, InstrumentView::stamp() says.
  Numbers numbers() const;

  // Gives the change and its K-lines their numbers, but the trade, which has one, and takes all of it into
  // the hash.
  void count(Change& change, std::span<KlineChange> klines);
  std::uint64_t hash() const { return hash_; }
  void prefetch() const {
    for (std::size_t at = 0; at < sizeof(*this); at += 64)
      __builtin_prefetch(reinterpret_cast<const char*>(this) + at, 1);
  }

  void save(Saving& out) const;
  void restore(Restoring& in);

 private:
  // The channels in a row: snapshot, depth, trade, minutes of extended sessions, K-lines by type.
  enum Channel : std::size_t { kSnapshot, kDepth, kTrade, kSessionMinutes, kKlines };
  static constexpr std::size_t kChannels = kKlines + market::kKlineTypes.size();

  // One writer, so a load and a store count; release, as all that stamp() guards.
  std::uint64_t next(std::size_t channel) {
    const auto number = counts_[channel].load(std::memory_order_relaxed) + 1;
    counts_[channel].store(number, std::memory_order_release);
    return number;
  }
  std::uint64_t at(std::size_t channel) const { return counts_[channel].load(std::memory_order_acquire); }

  std::array<std::atomic<std::uint64_t>, kChannels> counts_{};
  std::uint64_t hash_;
};
static_assert(sizeof(Told) == 128);

}  // namespace qos::state
