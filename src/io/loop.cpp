#include "io/loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace qos::io {
namespace {

using RealClock = std::chrono::steady_clock;

// Events taken from the kernel at a time: one turn's share, so that a crowd of sockets cannot starve the
// turn's end.
constexpr int kEventsPerTurn = 256;

std::uint32_t epoll_mask(Interest interest) {
  return (interest.read ? std::uint32_t{EPOLLIN} : 0U) | (interest.write ? std::uint32_t{EPOLLOUT} : 0U);
}

// The kernel hands this back with each event: which descriptor, and which of those that had its number.
std::uint64_t tag_of(int fd, std::uint32_t generation) {
  return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(fd);
}

std::array<epoll_event, kEventsPerTurn>& event_buffer() {
  thread_local std::array<epoll_event, kEventsPerTurn> events;
  return events;
}

}  // namespace

Result<std::unique_ptr<Loop>> Loop::create(Options options) {
  Descriptor epoll{::epoll_create1(EPOLL_CLOEXEC)};
  if (!epoll.valid()) return fail("cannot create an epoll descriptor: {}", std::strerror(errno));
  Descriptor wake_event{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  if (!wake_event.valid()) return fail("cannot create an event descriptor: {}", std::strerror(errno));
  epoll_event event{.events = EPOLLIN, .data = {.u64 = tag_of(wake_event.get(), 0)}};
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake_event.get(), &event) != 0)
    return fail("cannot watch the event descriptor: {}", std::strerror(errno));
  return std::unique_ptr<Loop>{new Loop{options, std::move(epoll), std::move(wake_event)}};
}

Loop::Loop(Options options, Descriptor epoll, Descriptor wake_event)
    : options_{options}, epoll_{std::move(epoll)}, wake_event_{std::move(wake_event)} {}

Result<void> Loop::add(int fd, Interest interest, ReadyHandler& handler) {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= watches_.size()) watches_.resize(std::max(index + 1, watches_.size() * 2));
  Watch& watch = watches_[index];
  QOS_ASSERT(watch.handler == nullptr);
  epoll_event event{.events = epoll_mask(interest), .data = {.u64 = tag_of(fd, watch.generation)}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return fail("cannot watch descriptor {}: {}", fd, std::strerror(errno));
  watch.handler = &handler;
  return {};
}

void Loop::modify(int fd, Interest interest) {
  const Watch& watch = watches_[static_cast<std::size_t>(fd)];
  epoll_event event{.events = epoll_mask(interest), .data = {.u64 = tag_of(fd, watch.generation)}};
  QOS_ASSERT(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void Loop::remove(int fd) {
  Watch& watch = watches_[static_cast<std::size_t>(fd)];
  QOS_ASSERT(watch.handler != nullptr);
  watch.handler = nullptr;
  ++watch.generation;
  QOS_ASSERT(::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr) == 0);
}

void Loop::run() {
  next_tick_ = RealClock::now() + options_.tick;
  bool more = false;
  while (!stopping_.load(std::memory_order_acquire)) {
    wait_and_dispatch(wait_milliseconds(more));
    run_posted();
    tick_if_due();
    more = end_of_turn_ && end_of_turn_();
  }
  run_posted();
}

bool Loop::turn(Tick tick) {
  wait_and_dispatch(0);
  run_posted();
  if (tick == Tick::due && tick_) tick_();
  return end_of_turn_ && end_of_turn_();
}

void Loop::wait_and_dispatch(int milliseconds) {
  auto& events = event_buffer();
  const int ready = ::epoll_wait(epoll_.get(), events.data(), kEventsPerTurn, milliseconds);
  QOS_ASSERT(ready >= 0 || errno == EINTR);
  dispatch(std::max(ready, 0));
}

void Loop::dispatch(int ready) {
  const auto& events = event_buffer();
  for (int index = 0; index < ready; ++index) {
    const epoll_event& event = events[static_cast<std::size_t>(index)];
    const auto fd = static_cast<std::uint32_t>(event.data.u64);
    if (static_cast<int>(fd) == wake_event_.get()) {
      take_wake_up();
      continue;
    }
    const Watch watch = watches_[fd];
    if (watch.handler == nullptr || watch.generation != event.data.u64 >> 32) continue;
    watch.handler->on_ready({.readable = (event.events & EPOLLIN) != 0,
                             .writable = (event.events & EPOLLOUT) != 0,
                             .broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0});
  }
}

void Loop::take_wake_up() {
  std::uint64_t count = 0;
  // The descriptor is emptied before the flag is lowered: a wake() in between finds the flag up, writes
  // nothing, and is served by this very turn.
  [[maybe_unused]] const auto got = ::read(wake_event_.get(), &count, sizeof count);
  notified_.exchange(false, std::memory_order_acq_rel);
}

void Loop::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::scoped_lock lock{mutex_};
    tasks.swap(posted_);
  }
  for (auto& task : tasks) task();
}

int Loop::wait_milliseconds(bool more) const {
  if (more) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_tick_ - RealClock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

void Loop::tick_if_due() {
  const auto now = RealClock::now();
  if (now < next_tick_) return;
  next_tick_ = now + options_.tick;
  if (tick_) tick_();
}

void Loop::post(std::function<void()> task) {
  {
    const std::scoped_lock lock{mutex_};
    posted_.push_back(std::move(task));
  }
  wake();
}

void Loop::wake() {
  if (notified_.exchange(true, std::memory_order_acq_rel)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto put = ::write(wake_event_.get(), &one, sizeof one);
}

void Loop::stop() {
  stopping_.store(true, std::memory_order_release);
  wake();
}

}  // namespace qos::io
