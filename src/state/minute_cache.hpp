// Answers of a session calendar, remembered: thousands of instruments trade in the same minute, and only its
// first trade searches the calendar. Sessions must begin and end on whole minutes.
//
// Thread: the market thread's.
#pragma once

#include <array>
#include <optional>

#include "market/kline_clock.hpp"
#include "market/session_calendar.hpp"

namespace qos::state {

// Of one minute, in the order of market::kKlineTypes.
using KlineSpans = std::array<market::Span, market::kKlineTypes.size()>;

constexpr std::size_t kDay = market::index_of(market::KlineType::day);
constexpr const market::Span& day_of(const KlineSpans& spans) {
  return spans[kDay];
}

class MinuteCache {
 public:
  // `calendar` must outlive the cache.
  MinuteCache(const market::SessionCalendar& calendar, market::ClosingPrint closing, market::Anchor anchor)
      : calendar_{&calendar}, closing_{closing}, anchor_{anchor} {}

  const market::SessionCalendar& calendar() const { return *calendar_; }
  // The calendar has changed: this is it now. All that is remembered is forgotten.
  void reset(const market::SessionCalendar& calendar) {
    calendar_ = &calendar;
    moments_ = {};
    spans_ = {};
  }

  struct Moment {
    std::optional<market::Minute> minute;    // of a continuous trade
    std::optional<market::Session> session;  // of any phase
  };
  // References of either are good until the next call of the same function.
  const Moment& at(UnixNanos t);
  const KlineSpans& spans(const market::Minute& minute);

  // Auction prints; not remembered, there are two a day.
  std::optional<market::Minute> minute_of(UnixNanos t, market::Print print) const {
    return market::minute_of(*calendar_, t, print, closing_);
  }

  // The trading day that a clock has opened last: local midnight of its date, and UnixNanos::min() until
  // there is one. Kept here because instruments that make their snapshots later must know it.
  UnixNanos opened_day() const { return opened_day_; }
  void set_opened_day(UnixNanos day) { opened_day_ = day; }

  // Local midnight of the trading day whose session t falls in, else of the next one that opens.
  std::optional<UnixNanos> coming_day(UnixNanos t) const;

 private:
  static constexpr std::size_t kSlots = 64;
  static constexpr std::int64_t kNone = -1;
  struct MomentSlot {
    std::int64_t key = kNone;  // minutes since the epoch
    Moment moment;
  };
  struct SpansSlot {
    std::int64_t key = kNone;  // of the minute's start
    market::Date date{};       // two trading days may meet in one minute
    KlineSpans spans{};
  };

  const market::SessionCalendar* calendar_;
  market::ClosingPrint closing_;
  market::Anchor anchor_;
  UnixNanos opened_day_ = UnixNanos::min();
  std::array<MomentSlot, kSlots> moments_{};
  std::array<SpansSlot, kSlots> spans_{};
};

}  // namespace qos::state
