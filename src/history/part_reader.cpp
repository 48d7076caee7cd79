#include "history/part_reader.hpp"

#include <algorithm>
#include <iterator>

#include "market/kline_date.hpp"

namespace qos::history {
namespace {

using market::FoldPart;

// More than a view keeps of any type.
constexpr std::size_t kAllOfMemory = std::size_t{1} << 20U;

constexpr auto start_of = [](const FoldPart& part) { return part.kline.start; };

bool is_from_event(const FoldPart& part) {
  return part.kline.sequence != Sequence{};
}

// The first of `parts` that starts after `until`.
auto end_at(const std::vector<FoldPart>& parts, UnixNanos until) {
  return std::ranges::upper_bound(parts, until, {}, start_of);
}

// Both oldest first. Of the same start `memory` wins if an event made it, else `stored`.
std::vector<FoldPart> merged(std::vector<FoldPart> stored, std::span<const FoldPart> memory) {
  if (memory.empty()) return stored;
  std::vector<FoldPart> out;
  out.reserve(stored.size() + memory.size());
  auto next = stored.begin();
  for (const FoldPart& part : memory) {
    while (next != stored.end() && next->kline.start < part.kline.start) out.push_back(*next++);
    const bool is_in_both = next != stored.end() && next->kline.start == part.kline.start;
    out.push_back(is_in_both && !is_from_event(part) ? *next : part);
    if (is_in_both) ++next;
  }
  out.insert(out.end(), next, stored.end());
  return out;
}

void keep_latest(std::vector<FoldPart>& parts, std::size_t count) {
  if (parts.size() > count) parts.erase(parts.begin(), parts.end() - static_cast<std::ptrdiff_t>(count));
}

// The trading dates of minutes that come in order: most lie in the session of the one before.
class TradingDates {
 public:
  explicit TradingDates(const market::SessionCalendar& calendar) : calendar_{calendar} {}

  std::optional<market::Date> of(UnixNanos start) {
    if (session_ && session_->contains(start)) return session_->trading_date;
    session_ = calendar_.session_at(start);
    // The closing print of an own K-line stands where the session has ended.
    return session_ ? session_->trading_date : market::trading_date_of_kline(calendar_, start);
  }

 private:
  const market::SessionCalendar& calendar_;
  std::optional<market::Session> session_;
};

}  // namespace

PartReader::PartReader(const Source& source) : source_{source}, latest_stored_{latest_stored()} {
  if (source.view == nullptr) return;
  if (source.series == StoredSeries::day)
    remember(source.view->klines(market::KlineType::day, kAllOfMemory));
  else if (source.series == StoredSeries::regular)
    remember(source.view->klines(market::KlineType::m1, kAllOfMemory));
  else
    remember(source.view->extended_minutes(source.series, kAllOfMemory));
}

// The start of the last minute, or of the last trading day, that is over.
UnixNanos PartReader::latest_stored() const {
  if (!source_.now) return UnixNanos::max();
  const UnixNanos now = *source_.now;
  if (source_.series != StoredSeries::day) return now - std::chrono::minutes{1};
  const auto& calendar = source_.calendar;
  auto date = calendar.trading_date_of(now);
  const auto sessions = date ? calendar.regular_of(*date) : std::span<const market::Session>{};
  if (date && (sessions.empty() || sessions.back().close > now)) date = calendar.previous_trading_date(*date);
  // Outside the dates that the calendar knows.
  if (!date) date = market::Date{std::chrono::local_days{calendar.local_date(now)} - std::chrono::days{1}};
  return calendar.local_midnight(*date);
}

void PartReader::remember(const std::vector<Kline>& klines) {
  TradingDates dates{source_.calendar};
  memory_.reserve(klines.size());
  for (const Kline& kline : klines) {
    // A day starts at the local midnight of its trading date.
    const auto date = source_.series == StoredSeries::day
                          ? std::optional{source_.calendar.local_date(kline.start)}
                          : dates.of(kline.start);
    // What state was told came from the store, which may have been corrected since; a day that is not over is
    // only in memory, though it was told in minutes.
    const bool told = kline.sequence == Sequence{};
    if (date && !(told && kline.closed && source_.key)) memory_.push_back({*date, kline});
    if (told) alone_from_ = memory_.size();
  }
}

Result<std::vector<FoldPart>> PartReader::latest(std::size_t count, UnixNanos until) const {
  const auto alone = memory_.begin() + static_cast<std::ptrdiff_t>(alone_from_);
  const auto end = end_at(memory_, until);
  std::vector<FoldPart> tail;
  if (end > alone) tail.assign(alone, end);
  keep_latest(tail, count);
  if (tail.size() == count) return tail;

  const std::size_t wanted = count - tail.size();
  const UnixNanos before =
      alone == memory_.end() ? until : std::min(until, alone->kline.start - std::chrono::nanoseconds{1});
  std::vector<FoldPart> parts;
  if (source_.key) {
    auto stored =
        source_.store->latest(*source_.key, source_.series, wanted, std::min(before, latest_stored_));
    if (!stored) return std::unexpected{std::move(stored.error())};
    parts.reserve(stored->size() + tail.size());
    for (const auto& [date, kline] : *stored) parts.push_back({date, kline});
  }
  parts = merged(std::move(parts), {memory_.begin(), std::min(end, alone)});
  keep_latest(parts, wanted);
  parts.insert(parts.end(), tail.begin(), tail.end());
  return parts;
}

}  // namespace qos::history
