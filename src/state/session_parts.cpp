#include "state/session_parts.hpp"

#include <algorithm>

namespace qos::state {
namespace {

std::optional<SessionPart>& part_of(Snapshot& snapshot, StoredSeries series) {
  if (series == StoredSeries::night) return snapshot.night;
  return series == StoredSeries::pre_market ? snapshot.pre_market : snapshot.after_hours;
}

constexpr std::array kExtended{StoredSeries::night, StoredSeries::pre_market, StoredSeries::after_hours};

}  // namespace

UsSession us_session_of(market::Phase phase) {
  switch (phase) {
    case market::Phase::night:
      return UsSession::night;
    case market::Phase::pre_market:
      return UsSession::pre_market;
    case market::Phase::after_hours:
      return UsSession::after_hours;
    case market::Phase::regular:
    case market::Phase::opening_auction:
    case market::Phase::closing_auction:
      return UsSession::regular;
    case market::Phase::after_close_fixed:
      break;
  }
  return UsSession::unknown;
}

bool SessionParts::add(Snapshot& snapshot, const Session& session, const Trade& trade,
                       Eligibility eligibility, const Kline& minute, const Closes& closes) {
  UnixNanos& shown_day = day_of(session.series);
  if (session.day < shown_day || eligibility == Eligibility::tape_only) return false;
  auto& shown = part_of(snapshot, session.series);
  const bool priced = eligibility == Eligibility::full;
  if (session.day > shown_day) {
    if (!priced) return false;
    shown_day = session.day;
    // Its first minute holds what had waited for this price as well.
    shown = SessionPart{.last = trade.price,
                        .high = trade.price,
                        .low = trade.price,
                        .previous_close = close_for(session, closes, std::nullopt),
                        .volume = minute.volume,
                        .turnover = minute.turnover,
                        .ts = trade.ts_event};
    return true;
  }
  shown->volume += Volume{trade.size};
  shown->turnover += Turnover{trade.price, trade.size};
  if (!priced) return true;
  shown->high = std::max(shown->high, trade.price);
  shown->low = std::min(shown->low, trade.price);
  if (trade.ts_event >= shown->ts) {
    shown->last = trade.price;
    shown->ts = trade.ts_event;
  }
  return true;
}

void SessionParts::tell(Snapshot& snapshot, const Session& session, const Kline& minute,
                        const Closes& closes) {
  Whole whole{.day = session.day, .fold = minute, .ts = minute.start};
  const auto& shown = part_of(snapshot, session.series);
  if (shown && day_of(session.series) == session.day) {
    whole.fold.high = std::max(shown->high, minute.high);
    whole.fold.low = std::min(shown->low, minute.low);
    whole.fold.volume += shown->volume;
    whole.fold.turnover += shown->turnover;
  }
  show(snapshot, session.series, whole, closes);
}

void SessionParts::show(Snapshot& snapshot, StoredSeries series, const std::optional<Whole>& whole,
                        const Closes& closes) {
  auto& shown = part_of(snapshot, series);
  if (!whole) {
    shown.reset();
    day_of(series) = UnixNanos::min();
    return;
  }
  std::optional<Price> quoted;
  if (shown && day_of(series) == whole->day) {
    quoted = shown->previous_close;
  } else if (whole->day == closes.day) {
    quoted = snapshot.previous_close;
  }
  day_of(series) = whole->day;
  shown = SessionPart{.last = whole->fold.close,
                      .high = whole->fold.high,
                      .low = whole->fold.low,
                      .previous_close = close_for({series, whole->day}, closes, quoted),
                      .volume = whole->fold.volume,
                      .turnover = whole->fold.turnover,
                      .ts = whole->ts};
}

std::optional<Price> SessionParts::close_for(const Session& session, const Closes& closes,
                                             std::optional<Price> otherwise) {
  if (session.series == StoredSeries::after_hours)
    return session.day >= closes.day && closes.last ? closes.last : otherwise;
  if (closes.coming && closes.coming_day == session.day) return closes.coming;
  return session.day > closes.day && closes.last ? closes.last : otherwise;
}

bool SessionParts::fits(const Snapshot& snapshot) const {
  const auto shown = [&](StoredSeries series) {
    return days_[static_cast<std::size_t>(series)] != UnixNanos::min();
  };
  return shown(StoredSeries::night) == snapshot.night.has_value() &&
         shown(StoredSeries::pre_market) == snapshot.pre_market.has_value() &&
         shown(StoredSeries::after_hours) == snapshot.after_hours.has_value();
}

void SessionParts::quote(Snapshot& snapshot, const Closes& closes) const {
  for (const StoredSeries series : kExtended) {
    auto& shown = part_of(snapshot, series);
    if (shown)
      shown->previous_close =
          close_for({series, days_[static_cast<std::size_t>(series)]}, closes, shown->previous_close);
  }
}

}  // namespace qos::state
