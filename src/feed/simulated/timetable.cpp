#include "feed/simulated/timetable.hpp"

#include <algorithm>

#include "core/result.hpp"

namespace qos::feed::simulated {

using market::Phase;

Timetable::Timetable(const market::SessionCalendar& calendar, UnixNanos from)
    : calendar_{calendar}, from_{from} {
  const auto date = calendar.trading_date_of(from);
  first_date_ = date.value_or(calendar.local_date(from));
  next_date_ = date ? date : calendar.next_trading_date(first_date_);
}

bool Timetable::read_day() {
  if (!next_date_) return false;
  const auto sessions = calendar_.sessions_of(*next_date_);
  next_date_ = calendar_.next_trading_date(*next_date_);
  const auto has = [&](Phase phase) {
    return std::ranges::count(sessions, phase, &market::Session::phase) > 0;
  };
  const market::Session* first_regular = nullptr;
  const market::Session* last_regular = nullptr;
  for (const market::Session& session : sessions) {
    if (session.phase != Phase::regular) continue;
    if (first_regular == nullptr) first_regular = &session;
    last_regular = &session;
  }
  for (const market::Session& session : sessions) {
    if (session.close <= from_ || session.close <= session.open) continue;
    segments_.push_back({.session = session,
                         .opens_regular = &session == first_regular && !has(Phase::opening_auction),
                         .closes_regular = &session == last_regular && !has(Phase::closing_auction)});
  }
  return true;
}

const Segment* Timetable::at(std::uint64_t number) {
  QOS_ASSERT(number >= dropped_);
  while (number - dropped_ >= segments_.size())
    if (!read_day()) return nullptr;
  while (segments_.size() > kKept && number - dropped_ > kKept) {
    segments_.pop_front();
    ++dropped_;
  }
  return &segments_[number - dropped_];
}

}  // namespace qos::feed::simulated
