#include "market/kline_fold.hpp"

#include <algorithm>
#include <limits>

namespace qos::market {
namespace {

using namespace std::chrono;

std::uint32_t sum_of(std::uint32_t a, std::uint32_t b) {
  return a + std::min(b, std::numeric_limits<std::uint32_t>::max() - a);
}

// Here, where the compiler sees it: in a fold it keeps `longer` in registers.
inline void add_next(Kline& longer, const Kline& next) {
  longer.sequence = std::max(longer.sequence, next.sequence);
  longer.high = std::max(longer.high, next.high);
  longer.low = std::min(longer.low, next.low);
  longer.close = next.close;
  longer.volume += next.volume;
  longer.turnover += next.turnover;
  longer.trades = sum_of(longer.trades, next.trades);
  longer.revision = sum_of(longer.revision, next.revision);
  longer.closed = next.closed;
}

// The K-lines of one type that trading date `date` has a part in, oldest first: several within a day, else
// one.
void add_spans(std::vector<Span>& spans, KlineType type, Date date, const FoldRules& rules) {
  if (type >= KlineType::day) {
    spans.push_back(kline_span(rules.calendar, type, {date, {}}, rules.closing));
    return;
  }
  const DayClock clock{rules.calendar, date, rules.closing, rules.anchor};
  UnixNanos next = clock.hours().front().open;
  for (const Session& session : clock.hours()) {
    // A K-line that reached across the break has taken the beginning of this session already.
    next = std::max(next, session.open);
    while (next < session.close) {
      spans.push_back(clock.span(type, next));
      next = spans.back().end;
    }
  }
}

Kline flat_kline(UnixNanos start, Price price, bool closed) {
  return {.sequence = {},
          .start = start,
          .open = price,
          .high = price,
          .low = price,
          .close = price,
          .volume = {},
          .turnover = {},
          .closed = closed};
}

// Fills from the newest to the oldest, so that a limit keeps the newest and costs no more than what it keeps.
class Filler {
 public:
  Filler(std::span<const Kline> klines, std::size_t at_most) : klines_{klines}, at_most_{at_most} {}

  bool full() const { return out_.size() >= at_most_; }

  // Spans come newest first, each begins after the first K-line.
  void add(const Span& span, UnixNanos end) {
    while (!full() && left() && newest_left().start >= span.end) take();
    const bool traded = left() && newest_left().start >= span.start;
    while (!full() && left() && newest_left().start >= span.start) take();
    if (full() || traded || !left()) return;
    out_.push_back(flat_kline(span.start, newest_left().close, !out_.empty() || span.end <= end));
  }

  std::vector<Kline> finish() && {
    while (!full() && left()) take();
    std::ranges::reverse(out_);
    return std::move(out_);
  }

 private:
  bool left() const { return !klines_.empty(); }
  const Kline& newest_left() const { return klines_.back(); }
  void take() {
    out_.push_back(klines_.back());
    klines_ = klines_.first(klines_.size() - 1);
  }

  std::span<const Kline> klines_;  // not yet taken
  std::size_t at_most_;
  std::vector<Kline> out_;  // newest first
};

// The latest date that may have a K-line which starts at or before `end`: the local one, or the next where
// its trading has begun on the evening before; nullopt if the calendar knows no date.
std::optional<Date> last_date(const SessionCalendar& calendar, UnixNanos end) {
  if (!calendar.horizon().ok()) return std::nullopt;
  const sys_days horizon{calendar.horizon()};
  // Clients choose `end`; at the ends of its range it has no local date.
  const UnixNanos earliest{sys_days{1900y / January / 1}};
  const UnixNanos known = std::clamp(end, earliest, UnixNanos{horizon + days{2}});
  const sys_days local{calendar.local_date(known)};
  const sys_days trading{calendar.trading_date_of(known).value_or(Date{local})};
  return Date{std::min(std::max(local, trading), horizon)};
}

}  // namespace

void continue_kline(Kline& longer, const Kline& next) {
  add_next(longer, next);
}

std::vector<Kline> fold_klines(std::span<const FoldPart> parts, KlineType type, const FoldRules& rules) {
  std::vector<Kline> out;
  const bool within_day = type < KlineType::day;
  if (within_day) out.reserve(parts.size() / static_cast<std::size_t>(type) + 1);
  if (type == KlineType::m1) {
    for (const FoldPart& part : parts) out.push_back(part.kline);
    return out;
  }

  std::optional<Date> date;  // of the part before
  std::optional<DayClock> clock;
  for (auto part = parts.begin(); part != parts.end();) {
    const Date trading_date = part->trading_date;
    if (within_day && date != trading_date)
      clock.emplace(rules.calendar, trading_date, rules.closing, rules.anchor);
    date = trading_date;
    if (within_day && clock->hours().empty()) {
      ++part;
      continue;
    }
    const Span span = within_day ? clock->span(type, part->kline.start)
                                 : kline_span(rules.calendar, type, {trading_date, {}}, rules.closing);
    // Longer types are known by their date alone: a night's minutes lie outside the span of the day that they
    // belong to.
    const auto goes_on = [&](const FoldPart& next) {
      return next.trading_date == trading_date &&
             (!within_day || (span.start <= next.kline.start && next.kline.start < span.end));
    };
    Kline kline = part->kline;
    kline.start = span.start;
    for (++part; part != parts.end() && goes_on(*part); ++part) add_next(kline, part->kline);
    if (!out.empty() && out.back().start == span.start) {
      add_next(out.back(), kline);
    } else {
      out.push_back(kline);
    }
  }
  return out;
}

std::vector<Kline> fill_klines(std::span<const Kline> klines, KlineType type, const FoldRules& rules,
                               std::optional<UnixNanos> until, std::size_t at_most) {
  if (klines.empty()) return {};
  const SessionCalendar& calendar = rules.calendar;
  const UnixNanos first = klines.front().start;
  const UnixNanos end = std::max(klines.back().start, until.value_or(klines.back().start));
  Filler filler{klines, at_most};
  std::vector<Span> spans;  // of one date
  for (auto date = last_date(calendar, end); date && !filler.full();
       date = calendar.previous_trading_date(*date)) {
    if (calendar.regular_of(*date).empty()) continue;
    const auto known = spans.empty() ? std::nullopt : std::optional{spans.front()};
    spans.clear();
    add_spans(spans, type, *date, rules);
    if (known == spans.front()) continue;  // the week's, month's or year's other days
    for (auto span = spans.rbegin(); span != spans.rend() && span->start > first; ++span) {
      if (span->start <= end) filler.add(*span, end);
    }
    if (spans.front().start <= first) break;
  }
  return std::move(filler).finish();
}

}  // namespace qos::market
