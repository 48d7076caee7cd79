// A value that one thread overwrites and any number of threads copy, without a lock on either side.
//
// A sequence lock made of atomic words: the sequence is odd while the writer is at work, and a reader that
// saw it odd, or saw it change, looks again. The writer never waits. Words are stored with release and loaded
// with acquire order instead of using fences: a reader that got even one word of a write under way also sees
// that the sequence has moved, and tools that know no fences can follow. On x86 all of these are plain moves.
//
// Threads: store() and own() belong to the one writer; load() to everybody.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <thread>
#include <type_traits>

namespace qos::state {

// What a reader does between two looks at something that is being written: mostly nothing, for a write takes
// nanoseconds; if the writer lost its processor in the middle, give it back.
class Patience {
 public:
  void wait() {
    if (++looks_ % 64 == 0) std::this_thread::yield();
  }

 private:
  unsigned looks_ = 0;
};

template <typename T>
class SeqCell {
  static_assert(std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>);

 public:
  SeqCell() { store(T{}); }

  void store(const T& value) {
    const auto sequence = sequence_.load(std::memory_order_relaxed);
    sequence_.store(sequence + 1, std::memory_order_relaxed);
    for (std::size_t at = 0; at < kWords; ++at)
      words_[at].store(word_of(value, at), std::memory_order_release);
    sequence_.store(sequence + 2, std::memory_order_release);
  }

  // What was stored last, for the writer: nobody else writes, so it may read the words as plain bytes.
  T own() const {
    T value;
    std::memcpy(static_cast<void*>(&value), words_.data(), sizeof(T));
    return value;
  }

  // Asks for the cell's cache lines, so that a read soon after does not wait for one after the other.
  void prefetch() const {
    for (std::size_t at = 0; at < sizeof(*this); at += 64)
      __builtin_prefetch(reinterpret_cast<const char*>(this) + at, 1);
  }

  T load() const {
    for (Patience patience;; patience.wait()) {
      const auto before = sequence_.load(std::memory_order_acquire);
      Words words;
      for (std::size_t at = 0; at < kWords; ++at) words[at] = words_[at].load(std::memory_order_acquire);
      if (before % 2 == 0 && sequence_.load(std::memory_order_relaxed) == before) return value_of(words);
    }
  }

 private:
  static constexpr std::size_t kWords = (sizeof(T) + 7) / 8;
  using Words = std::array<std::uint64_t, kWords>;

  // Word by word, not by way of a copy: wide loads of what was just written in halves would make the
  // processor wait.
  static std::uint64_t word_of(const T& value, std::size_t at) {
    std::uint64_t word = 0;
    const char* bytes = reinterpret_cast<const char*>(&value) + at * 8;
    if (at + 1 < kWords || sizeof(T) % 8 == 0) {
      std::memcpy(&word, bytes, 8);
    } else {
      std::memcpy(&word, bytes, sizeof(T) % 8);
    }
    return word;
  }
  static T value_of(const Words& words) {
    T value;
    std::memcpy(static_cast<void*>(&value), words.data(), sizeof(T));
    return value;
  }

  std::atomic<std::uint64_t> sequence_{0};
  std::array<std::atomic<std::uint64_t>, kWords> words_{};
  static_assert(sizeof(words_) == kWords * 8 && std::atomic<std::uint64_t>::is_always_lock_free);
};

}  // namespace qos::state
