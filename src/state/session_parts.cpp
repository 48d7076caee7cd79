#include "state/session_parts.hpp"

#include <algorithm>

namespace qos::state {
namespace {

std::optional<SessionPart>& part_of(Snapshot& snapshot, UsSession session) {
  if (session == UsSession::night) return snapshot.night;
  return session == UsSession::pre_market ? snapshot.pre_market : snapshot.after_hours;
}

constexpr std::array kExtended{UsSession::night, UsSession::pre_market, UsSession::after_hours};

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

std::size_t SessionParts::index_of(UsSession session) {
  return static_cast<std::size_t>(std::ranges::find(kExtended, session) - kExtended.begin());
}

bool SessionParts::add(Snapshot& snapshot, const Trade& trade, Eligibility eligibility,
                       const market::Session& session, UnixNanos day, const Closes& closes) {
  const UsSession kind = us_session_of(session.phase);
  Part& part = parts_[index_of(kind)];
  if (session.open < part.opened || eligibility == Eligibility::tape_only) return false;
  auto& shown = part_of(snapshot, kind);
  const bool priced = eligibility == Eligibility::full;
  if (session.open > part.opened && !priced) {
    if (part.waiting_session != session.open) part.waiting_volume = {}, part.waiting_turnover = {};
    part.waiting_session = session.open;
    part.waiting_volume += Volume{trade.size};
    part.waiting_turnover += Turnover{trade.price, trade.size};
    return false;
  }
  if (session.open > part.opened) {
    part.opened = session.open;
    part.day = day;
    shown = SessionPart{.last = trade.price,
                        .high = trade.price,
                        .low = trade.price,
                        .previous_close = close_for(kind, day, closes, std::nullopt),
                        .ts = trade.ts_event};
    if (part.waiting_session == session.open) {
      shown->volume = part.waiting_volume;
      shown->turnover = part.waiting_turnover;
    }
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

std::optional<Price> SessionParts::close_for(UsSession session, UnixNanos day, const Closes& closes,
                                             std::optional<Price> otherwise) {
  if (session == UsSession::after_hours) return day >= closes.day && closes.last ? closes.last : otherwise;
  if (closes.coming && closes.coming_day == day) return closes.coming;
  return day > closes.day && closes.last ? closes.last : otherwise;
}

void SessionParts::quote(Snapshot& snapshot, const Closes& closes) const {
  for (const UsSession kind : kExtended) {
    auto& shown = part_of(snapshot, kind);
    if (shown)
      shown->previous_close = close_for(kind, parts_[index_of(kind)].day, closes, shown->previous_close);
  }
}

}  // namespace qos::state
