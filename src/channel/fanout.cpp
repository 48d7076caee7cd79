#include "channel/fanout.hpp"

#include <bit>
#include <chrono>
#include <mutex>
#include <thread>

#include "channel/update_ring.hpp"
#include "core/result.hpp"

namespace qos::channel {
namespace {

// A full ring means that a loop is some ten thousand updates behind: it needs milliseconds, so the market
// thread first lets others run, then looks again at this interval. The loop does not notify: that would cost
// every update.
constexpr int kYieldsBeforeSleep = 16;
constexpr std::chrono::microseconds kLookAgain{100};

}  // namespace

struct Fanout::Loop {
  explicit Loop(std::size_t bytes) : ring{bytes} {}

  void wake_up() {
    const std::scoped_lock lock{wake_mutex};
    if (wake) wake();
  }

  UpdateRing ring;
  std::mutex wake_mutex;  // guards wake; taken by the market thread only when the loop sleeps
  std::function<void()> wake;
  // The loop found its ring empty and will not look again by itself. Only exchanged, never plainly stored:
  // the order of the exchanges is what makes the last update before a sleep either seen or announced.
  alignas(64) std::atomic<bool> asleep{true};
};

Fanout::Fanout(Options options)
    : instruments_{options.instruments},
      interest_{std::make_unique<std::atomic<LoopMask>[]>(options.instruments * kSlots)} {
  QOS_ASSERT(options.loops >= 1 && options.loops <= kMaxLoops);
  for (std::size_t loop = 0; loop < options.loops; ++loop)
    loops_.push_back(std::make_unique<Loop>(options.ring_bytes));
}

Fanout::~Fanout() = default;

std::atomic<LoopMask>& Fanout::interest_in(ChannelKey key) const {
  QOS_ASSERT(key.instrument.value() < instruments_ && key.slot() < kSlots);
  return interest_[key.instrument.value() * kSlots + key.slot()];
}

void Fanout::listen(std::size_t loop, ChannelKey key) {
  interest_in(key).fetch_or(LoopMask{1} << loop, std::memory_order_seq_cst);
}

void Fanout::unlisten(std::size_t loop, ChannelKey key) {
  interest_in(key).fetch_and(~(LoopMask{1} << loop), std::memory_order_seq_cst);
}

LoopMask Fanout::listeners(ChannelKey key) const {
  return interest_in(key).load(std::memory_order_seq_cst);
}

void Fanout::on_ready(std::size_t loop, std::function<void()> wake) {
  const std::scoped_lock lock{loops_[loop]->wake_mutex};
  loops_[loop]->wake = std::move(wake);
}

bool Fanout::try_pop(std::size_t loop, Update& update) {
  Loop& target = *loops_[loop];
  if (target.ring.try_pop(update)) return true;
  // Look once more after saying so: an update pushed before the exchange has not woken anyone.
  target.asleep.exchange(true, std::memory_order_acq_rel);
  return target.ring.try_pop(update);
}

std::uint64_t Fanout::waiting(std::size_t loop) const {
  return loops_[loop]->ring.size();
}

void Fanout::push(LoopMask mask, const Update& update) {
  counters_.updates.add();
  for (; mask != 0; mask &= mask - 1) {
    Loop& target = *loops_[static_cast<std::size_t>(std::countr_zero(mask))];
    if (!target.ring.try_push(update) && !wait_for_room(target, update)) return;
    counters_.pushes.add();
    if (target.asleep.exchange(false, std::memory_order_acq_rel)) target.wake_up();
  }
}

bool Fanout::wait_for_room(Loop& target, const Update& update) {
  counters_.full_ring_waits.add();
  for (int attempt = 0; !closed_.load(std::memory_order_acquire); ++attempt) {
    if (attempt < kYieldsBeforeSleep)
      std::this_thread::yield();
    else
      std::this_thread::sleep_for(kLookAgain);
    if (target.ring.try_push(update)) return true;
  }
  return false;
}

void Fanout::close() {
  closed_.store(true, std::memory_order_release);
}

}  // namespace qos::channel
