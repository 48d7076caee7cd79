// Plays events in the time they happened: waits until each is due, and says when a second has passed at the
// venue.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "core/result.hpp"
#include "feed/feed.hpp"

namespace qos::feed::binance {

// How many seconds of the recording are played in one of ours, in thousandths; 0: as fast as the sink takes
// them.
struct Speed {
  std::int64_t thousandths = 1'000;

  // "1", "0.5", "60", at most 1000000; or "max".
  static Result<Speed> parse(std::string_view text);
  friend bool operator==(const Speed&, const Speed&) = default;
};

// The venue's streams come side by side, so event time steps back by up to a second between them. The events
// keep their own times; the pace and the ticks follow the latest seen, which never steps back. Before the
// first event of a new second every calendar gets a ClockTick for each second passed, or for the last one
// after a longer silence than kLongestTicking. One thread: the feed's.
class PacedSink final : public EventSink {
 public:
  static constexpr std::chrono::seconds kLongestTicking{3'600};

  struct Options {
    FeedId feed;
    Speed speed;
    std::vector<CalendarId> calendars;  // that tick
    std::uint64_t already = 0;          // so many events are handed on without waiting: they are known
  };
  PacedSink(EventSink& to, io::Clock& clock, FeedCounters& counters, Options options, std::stop_token stop);

  // Hands the event on when it is due. Nothing is handed on after a stop.
  void on(const Event& event) override;

 private:
  void advance(UnixNanos to, UnixNanos ts_recv);
  void wait_until(UnixNanos due);
  void tick(std::int64_t second, UnixNanos ts_recv);
  void hand_on(const Event& event);

  EventSink& to_;
  io::Clock& clock_;
  FeedCounters& counters_;
  Options options_;
  std::stop_token stop_;
  bool stopped_ = false;
  std::uint64_t handed_on_ = 0;
  std::optional<UnixNanos> latest_;  // event time so far
  UnixNanos first_event_{};
  SteadyTime first_shown_{};
};

}  // namespace qos::feed::binance
