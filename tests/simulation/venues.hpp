// The outside world that feeds hear: random trading days of several venues, gaps, quotes and an operator's
// words, one stream dealt out to three feeds. Goes on whatever happens to the server.
#pragma once

#include <random>

#include "state/random_day.hpp"

namespace qos::simulation {

// As configured; the last is the server itself, which tells calendar changes and the past.
inline constexpr FeedId kStocks{0};
inline constexpr FeedId kCoins{1};  // durable first
inline constexpr FeedId kServer{2};
inline constexpr std::size_t kFeeds = 3;

class Venues {
 public:
  explicit Venues(std::uint32_t seed, std::chrono::seconds step)
      : random_{seed},
        days_{{.seed = seed,
               .start = "2024-08-05 00:00",
               .step = step,
               .calendar_permille = 2,
               .past_permille = 4}} {}

  // What is told next. ts_recv is the caller's to set.
  Event next(const market::InstrumentTable& instruments) {
    EventBody body = days_.next(instruments);
    latest_ = std::max(latest_, time_of(body));
    if (const auto* delta = std::get_if<BookDelta>(&body)) body = sometimes_something_else(*delta);
    return {.feed = feed_of(body, instruments), .ts_recv = {}, .body = body};
  }
  // The latest venue time that was told.
  UnixNanos latest() const { return latest_; }

 private:
  // Late trades and K-lines of the past lie behind the others; ts_event of the others is the venue's present.
  static UnixNanos time_of(const EventBody& body) { return ts_event_of(body); }

  EventBody sometimes_something_else(const BookDelta& delta) {
    switch (random_() % 40) {
      case 0:
        return Gap{
            .instrument = delta.instrument, .from = 1, .to = 1 + random_() % 9, .ts_event = delta.ts_event};
      case 1:
      case 2:
        return BookClear{.instrument = delta.instrument, .ts_event = delta.ts_event};
      case 3:
      case 4: {
        const auto above = Price::from_raw(delta.price.raw() + 10'000'000);
        return Quote{.instrument = delta.instrument,
                     .bid = delta.price,
                     .bid_size = delta.size,
                     .ask = above,
                     .ask_size = Quantity::from_units(static_cast<std::int64_t>(random_() % 5)),
                     .ts_event = delta.ts_event};
      }
      default:
        return delta;
    }
  }

  static FeedId feed_of(const EventBody& body, const market::InstrumentTable& instruments) {
    const auto of_calendar = [](CalendarId calendar) { return calendar.value() < 3 ? kStocks : kCoins; };
    return std::visit(
        Overloaded{[&](const ClockTick& tick) { return of_calendar(tick.calendar); },
                   [](const CalendarChange&) { return kServer; }, [](const PastKline&) { return kServer; },
                   [](const PastReset&) { return kServer; }, [](const StateDigest&) { return kServer; },
                   [&](const auto& event) { return of_calendar(instruments.at(event.instrument).calendar); }},
        body);
  }

  std::mt19937 random_;
  state::RandomEvents days_;
  UnixNanos latest_ = UnixNanos::min();
};

}  // namespace qos::simulation
