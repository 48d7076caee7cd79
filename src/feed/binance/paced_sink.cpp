#include "feed/binance/paced_sink.hpp"

#include <algorithm>
#include <utility>

#include "core/decimal.hpp"
#include "feed/binance/fields.hpp"

namespace qos::feed::binance {
namespace {

constexpr std::int64_t kFastest = 1'000'000'000;
// A wait is at most this long, so that no time in a message can make a deadline overflow.
constexpr std::chrono::nanoseconds kLongestWait = std::chrono::years{100};

}  // namespace

Result<Speed> Speed::parse(std::string_view text) {
  if (text == "max") return Speed{.thousandths = 0};
  const auto thousandths = parse_scaled(text, 3);
  if (!thousandths || *thousandths <= 0 || *thousandths > kFastest)
    return fail("speed '{}': expected max or a decimal above 0, at most {}, with at most 3 decimals",
                shown(text), kFastest / 1'000);
  return Speed{.thousandths = *thousandths};
}

PacedSink::PacedSink(EventSink& to, io::Clock& clock, FeedCounters& counters, Options options,
                     std::stop_token stop)
    : to_{to}, clock_{clock}, counters_{counters}, options_{std::move(options)}, stop_{std::move(stop)} {}

void PacedSink::on(const Event& event) {
  const auto ts_event = ts_event_of(event.body);
  if (!latest_ || ts_event > *latest_) advance(ts_event, event.ts_recv);
  if (!stopped_) hand_on(event);
}

void PacedSink::hand_on(const Event& event) {
  ++handed_on_;
  to_.on(event);
}

void PacedSink::advance(UnixNanos to, UnixNanos ts_recv) {
  const auto second = unix_seconds(to);
  if (!latest_) {
    first_event_ = to;
    first_shown_ = clock_.steady_now();
    tick(second, ts_recv);
  } else {
    auto next = unix_seconds(*latest_) + 1;
    if (second - next >= kLongestTicking.count()) next = second;
    for (; next <= second && !stopped_; ++next) {
      wait_until(from_unix_seconds(next));
      tick(next, ts_recv);
    }
  }
  latest_ = to;
  wait_until(to);
}

void PacedSink::wait_until(UnixNanos due) {
  if (stopped_ || options_.speed.thousandths == 0) return;
  if (handed_on_ < options_.already) {
    stopped_ = stop_.stop_requested();
    first_event_ = due;
    first_shown_ = clock_.steady_now();
    return;
  }
  const Int128 wait = Int128{(due - first_event_).count()} * 1'000 / options_.speed.thousandths;
  const auto bounded = static_cast<std::int64_t>(std::min(wait, Int128{kLongestWait.count()}));
  stopped_ = !clock_.wait_until(first_shown_ + std::chrono::nanoseconds{bounded}, stop_);
}

void PacedSink::tick(std::int64_t second, UnixNanos ts_recv) {
  if (stopped_) return;
  for (const auto calendar : options_.calendars) {
    counters_.events.add();
    hand_on(Event{.feed = options_.feed,
                  .ts_recv = ts_recv,
                  .body = ClockTick{.calendar = calendar, .ts_event = from_unix_seconds(second)}});
  }
}

}  // namespace qos::feed::binance
