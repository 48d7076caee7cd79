#include "state/minute_cache.hpp"

#include <algorithm>

namespace qos::state {
namespace {

std::int64_t minute_number(UnixNanos t) {
  return std::chrono::floor<std::chrono::minutes>(t).time_since_epoch().count();
}

}  // namespace

const MinuteCache::Moment& MinuteCache::at(UnixNanos t) {
  const std::int64_t key = minute_number(t);
  MomentSlot& slot = moments_[static_cast<std::size_t>(key) % kSlots];
  if (slot.key != key) {
    slot.key = key;
    slot.moment = {.minute = minute_of(t, market::Print::continuous), .session = calendar_->session_at(t)};
  }
  return slot.moment;
}

const KlineSpans& MinuteCache::spans(const market::Minute& minute) {
  const std::int64_t key = minute_number(minute.start);
  SpansSlot& slot = spans_[static_cast<std::size_t>(key) % kSlots];
  if (slot.key != key || slot.date != minute.trading_date) {
    slot.key = key;
    slot.date = minute.trading_date;
    std::ranges::transform(market::kKlineTypes, slot.spans.begin(), [&](market::KlineType type) {
      return market::kline_span(*calendar_, type, minute, closing_, anchor_);
    });
  }
  return slot.spans;
}

std::optional<UnixNanos> MinuteCache::coming_day(UnixNanos t) const {
  if (const auto session = calendar_->session_at(t)) return calendar_->local_midnight(session->trading_date);
  const market::Date today = calendar_->local_date(t);
  if (const auto day = calendar_->day(today))
    if (!day->sessions.empty() && t < day->sessions.back().open) return calendar_->local_midnight(today);
  const auto next = calendar_->next_trading_date(today);
  if (!next) return std::nullopt;
  return calendar_->local_midnight(*next);
}

}  // namespace qos::state
