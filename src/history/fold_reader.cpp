#include "history/fold_reader.hpp"

#include <algorithm>

namespace qos::history {
namespace {

using market::Date;
using market::FoldPart;
using market::KlineType;
using std::chrono::nanoseconds;

// A piece of minutes fits the processor's cache; all days of an instrument are one piece.
constexpr std::size_t kMostMinutes = 4'096;
constexpr std::size_t kMostDays = 65'536;
// Beyond it a calendar has no local dates; a client may ask for any time.
constexpr UnixNanos kLastDay{std::chrono::sys_days{std::chrono::year{2200} / 1 / 1}};

bool is_as_stored(KlineType type) {
  return type == KlineType::m1 || type == KlineType::day;
}

// The start of the last minute or day that a K-line which starts by `until` may hold.
UnixNanos last_part(KlineType type, UnixNanos until, const market::FoldRules& rules) {
  const auto& calendar = rules.calendar;
  if (is_as_stored(type)) return until;
  if (until >= kLastDay) return UnixNanos::max();
  until = std::max(until, UnixNanos{});
  if (type > KlineType::day) {
    const market::Minute moment{calendar.local_date(until), until};
    return kline_span(calendar, type, moment, rules.closing, rules.anchor).end - nanoseconds{1};
  }
  const auto date = calendar.trading_date_of(until);
  const auto hours = date ? calendar.regular_of(*date) : std::span<const market::Session>{};
  return hours.empty() ? until : std::max(until, hours.back().close);
}

// What no fold crosses: the trading date of minutes, the week, month or year of days.
bool same_block(const FoldPart& a, const FoldPart& b, KlineType type, const market::FoldRules& rules) {
  if (a.trading_date == b.trading_date || type < KlineType::day) return a.trading_date == b.trading_date;
  const auto start = [&](const FoldPart& part) {
    return kline_span(rules.calendar, type, {part.trading_date, part.kline.start}, rules.closing).start;
  };
  return start(a) == start(b);
}

// Minutes that a trading date can have.
std::size_t minutes_of(Date date, const market::SessionCalendar& calendar) {
  std::chrono::nanoseconds open{};
  for (const auto& session : calendar.regular_of(date)) open += session.close - session.open;
  // The closing print may have a minute of its own.
  return static_cast<std::size_t>(open / std::chrono::minutes{1}) + 1;
}

std::vector<Kline> joined(std::vector<std::vector<Kline>> pieces) {
  if (pieces.size() == 1) return std::move(pieces.front());
  std::size_t total = 0;
  for (const auto& piece : pieces) total += piece.size();
  std::vector<Kline> out;
  out.reserve(total);
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece)
    out.insert(out.end(), piece->begin(), piece->end());
  return out;
}

void trim(std::vector<Kline>& klines, const FoldQuery& query) {
  if (query.until) std::erase_if(klines, [&](const Kline& kline) { return kline.start > *query.until; });
  if (query.from) std::erase_if(klines, [&](const Kline& kline) { return kline.start < *query.from; });
  if (klines.size() > query.count)
    klines.erase(klines.begin(), klines.end() - static_cast<std::ptrdiff_t>(query.count));
}

}  // namespace

std::size_t parts_in(KlineType type) {
  switch (type) {
    case KlineType::day:
      return 1;
    case KlineType::week:
      return 7;
    case KlineType::month:
      return 31;
    case KlineType::year:
      return 366;
    default:
      return static_cast<std::size_t>(type);
  }
}

Result<std::vector<Kline>> read_folded(const PartReader& parts, const FoldQuery& query,
                                       const market::FoldRules& rules, const ChangeParts& change) {
  const std::size_t each = parts_in(query.type);
  const std::size_t most = query.type < KlineType::day ? kMostMinutes : kMostDays;
  // Beside what is asked for: the K-line that goes on beyond `until`, and the block that the piece begins in.
  std::size_t beside = is_as_stored(query.type) ? 0 : query.type < KlineType::day ? 1'500 : 2 * each;
  UnixNanos until = query.until ? last_part(query.type, *query.until, rules) : UnixNanos::max();
  std::vector<std::vector<Kline>> pieces;
  for (std::size_t found = 0; found < query.count;) {
    const std::size_t wanted = std::min((query.count - found), most / each + 1) * each + beside;
    auto piece = parts.latest(wanted, until);
    if (!piece) return std::unexpected{std::move(piece.error())};
    if (piece->empty()) break;
    const bool is_last = piece->size() < wanted || (query.from && piece->front().kline.start < *query.from);
    if (!is_last && !is_as_stored(query.type)) {
      const auto whole = std::ranges::find_if_not(
          *piece, [&](const auto& part) { return same_block(piece->front(), part, query.type, rules); });
      // A block longer than any that a calendar knows: take it whole with the next try.
      if (whole == piece->end()) {
        beside *= 2;
        continue;
      }
      piece->erase(piece->begin(), whole);
    }
    if (query.type < KlineType::day) beside = minutes_of(piece->front().trading_date, rules.calendar) + 1;
    until = piece->front().kline.start - nanoseconds{1};
    if (change)
      if (auto changed = change(*piece); !changed) return std::unexpected{std::move(changed.error())};
    auto klines = fold_klines(*piece, query.type, rules);
    if (query.until) std::erase_if(klines, [&](const Kline& kline) { return kline.start > *query.until; });
    found += klines.size();
    pieces.push_back(std::move(klines));
    if (is_last) break;
  }
  auto klines = joined(std::move(pieces));
  trim(klines, query);
  return klines;
}

}  // namespace qos::history
