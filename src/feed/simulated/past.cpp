#include "feed/simulated/past.hpp"

#include <algorithm>

#include "feed/simulated/character.hpp"
#include "feed/simulated/ex_right.hpp"
#include "market/kline_fold.hpp"

namespace qos::feed::simulated {
namespace {

using market::Date;
using market::Instrument;
using market::SessionCalendar;
using std::chrono::minutes;

Date date_of(const SessionCalendar& calendar, const KnownPast& known) {
  const Date local = calendar.local_date(known.last_minute);
  if (known.series == StoredSeries::day) return local;
  return calendar.trading_date_of(known.last_minute).value_or(local);
}

// The part of a date's regular hours that is told, in thousandths.
int share_of(const MinutesOfDate& minutes) {
  if (minutes.regular.empty()) return 0;
  const auto share = 1'000 * minutes.regular.size() / std::max<std::size_t>(minutes.whole_regular, 1);
  return static_cast<int>(std::clamp<std::size_t>(share, 1, 1'000));
}

// A reference whose limits the price has left (of a store that others have filled) would hold it fast.
StartPoint start_at(const Instrument& instrument, Price price, Price reference, std::uint64_t salt) {
  const bool fits = bounds_after(instrument, reference).contains(price);
  return {.price = price, .reference = fits ? reference : price, .salt = salt};
}

// Another run goes on by another chance than the one before it.
std::uint64_t salt_of(const std::optional<KnownPast>& known) {
  return known ? scramble(static_cast<std::uint64_t>(unix_nanos(known->last_minute))) : 0;
}

std::int32_t number_of(Date date) {
  return static_cast<std::int32_t>(std::chrono::sys_days{date}.time_since_epoch().count());
}

Kline folded(std::span<const Kline> minutes, UnixNanos midnight) {
  Kline day = minutes.front();
  for (const Kline& minute : minutes.subspan(1)) market::continue_kline(day, minute);
  day.start = midnight;
  return day;
}

}  // namespace

UnixNanos end_of(const KnownPast& known) {
  if (known.lived_until)
    return std::chrono::floor<std::chrono::seconds>(*known.lived_until) + std::chrono::seconds{1};
  return std::chrono::floor<minutes>(known.last_minute) + minutes{1};
}

UnixNanos live_start(const Options& options, UnixNanos now, std::optional<UnixNanos> known_until) {
  const UnixNanos ago = std::chrono::floor<minutes>(now - options.history);
  const UnixNanos wanted = options.from.value_or(ago);
  return known_until ? std::max(wanted, *known_until) : wanted;
}

StartPoint go_on_from(const Instrument& instrument, const SessionCalendar& calendar, UnixNanos end,
                      const KnownPast& known) {
  const Price price = nearest(instrument.tick, known.last_close.raw());
  const bool same_date = quoted_date(calendar, end) == date_of(calendar, known);
  const Price reference = same_date ? known.previous_close.value_or(price) : price;
  return start_at(instrument, price, reference, salt_of(known));
}

// What is told of one instrument.
struct Past::Plan {
  const Instrument& instrument;
  const SessionCalendar& calendar;
  const Character character;
  const Stretch stretch;
  std::span<const Date> dates;
  std::size_t first_with_minutes = 0;     // place among the dates
  std::optional<Date> partly_known = {};  // its day cannot be told

  MinutesOfDate minutes_at(std::size_t place) const {
    if (place < first_with_minutes) return {};
    return minutes_of(instrument, character, calendar, dates[place], stretch);
  }
  // Those at the ends may be told in part.
  std::vector<WalkDate> walk_dates() const {
    std::vector<WalkDate> walk;
    walk.reserve(dates.size());
    for (std::size_t i = 0; i < dates.size(); ++i) {
      const bool in_part = i + 1 == dates.size() || dates[i] == partly_known;
      walk.push_back({dates[i], in_part ? share_of(minutes_at(i)) : 1'000});
    }
    return walk;
  }
};

std::span<const Date> Past::dates_of(CalendarId calendar) {
  const auto [found, added] = dates_.try_emplace(calendar);
  if (added) found->second = trading_dates(calendars_.at(calendar), end_, kPastYears);
  return found->second;
}

Result<StartPoint> Past::tell(const Instrument& instrument, Price start,
                              const std::optional<KnownPast>& known, PastSink& sink) {
  const SessionCalendar& calendar = calendars_.at(instrument.calendar);
  const bool minute_known = known && known->series != StoredSeries::day;
  Plan plan{.instrument = instrument,
            .calendar = calendar,
            .character = character_of(instrument, options_.hours, start),
            .stretch = {minute_known ? known->last_minute + minutes{1} : UnixNanos::min(), end_},
            .dates = dates_of(instrument.calendar)};
  const bool nothing_to_tell = plan.dates.empty() || plan.stretch.begin >= end_;
  if (nothing_to_tell) return known ? go_on_from(instrument, calendar, end_, *known) : StartPoint{start};
  const bool finished =
      minutes_of(instrument, plan.character, calendar, plan.dates.back(), plan.stretch).finished;
  std::size_t minute_days = std::min(plan.dates.size(), kPastMinuteDays + (finished ? 0 : 1));
  if (known) {
    const Date last = date_of(calendar, *known);
    const auto first = minute_known ? std::ranges::lower_bound(plan.dates, last)
                                    : std::ranges::upper_bound(plan.dates, last);
    plan.dates = plan.dates.subspan(static_cast<std::size_t>(first - plan.dates.begin()));
    if (minute_known) plan.partly_known = last;
    if (plan.dates.empty()) return go_on_from(instrument, calendar, end_, *known);
    minute_days = std::min(plan.dates.size(), minute_days);
  }
  plan.first_with_minutes = plan.dates.size() - minute_days;

  const auto walk = plan.walk_dates();
  const Random random{scramble(options_.seed + 0xa54ff53a5f1d36f1U) ^ hash_of(instrument.code.to_string()) ^
                      salt_of(known)};
  std::vector<PastDay> days;
  if (known) {
    const StartPoint last = go_on_from(instrument, calendar, known->last_minute, *known);
    days = walk_on(instrument, walk, last.price, last.reference.value_or(last.price), random);
  } else {
    auto past = walk_back(instrument, walk, start, plan_actions(instrument, options_.seed, walk), random);
    days = std::move(past.days);
    for (const auto& action : past.actions)
      if (auto told = sink.action(instrument.id, action); !told) return std::unexpected{told.error()};
  }
  const PastKlines klines{instrument, options_, plan.character, start};
  if (auto told = tell_dates(plan, days, klines, sink); !told) return std::unexpected{told.error()};

  const PastDay& last = days.back();
  const Price reference = quoted_date(calendar, end_) == last.date ? last.reference : last.close;
  return start_at(instrument, last.close, reference, salt_of(known));
}

Result<void> Past::tell_dates(const Plan& plan, std::span<const PastDay> days, const PastKlines& klines,
                              PastSink& sink) const {
  const InstrumentId id = plan.instrument.id;
  for (std::size_t i = 0; i < days.size(); ++i) {
    const std::int32_t date = number_of(days[i].date);
    const UnixNanos midnight = plan.calendar.local_midnight(days[i].date);
    const auto tell = [&](StoredSeries series, std::span<const Kline> told) -> Result<void> {
      return told.empty() ? Result<void>{} : sink.klines(id, series, date, told);
    };
    if (i < plan.first_with_minutes) {
      if (days[i].date == plan.partly_known) continue;
      const Kline day = klines.day(days[i], regular_minutes(plan.calendar, days[i].date), midnight);
      if (auto told = tell(StoredSeries::day, {&day, 1}); !told) return told;
      continue;
    }
    const MinutesOfDate minutes = plan.minutes_at(i);
    const PastKlines::Date made = klines.minutes(days[i], minutes);
    for (const auto& [series, told] : {std::pair{StoredSeries::night, std::span{made.night}},
                                       {StoredSeries::pre_market, std::span{made.pre_market}},
                                       {StoredSeries::regular, std::span{made.regular}},
                                       {StoredSeries::after_hours, std::span{made.after_hours}}})
      if (auto done = tell(series, told); !done) return done;
    if (!minutes.finished || made.regular.empty() || days[i].date == plan.partly_known) continue;
    const Kline day = folded(made.regular, midnight);
    if (auto told = tell(StoredSeries::day, {&day, 1}); !told) return told;
  }
  return {};
}

}  // namespace qos::feed::simulated
