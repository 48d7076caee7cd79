#include "feed/binance/decoder.hpp"

#include <utility>

#include "feed/binance/fields.hpp"

namespace qos::feed::binance {
namespace {

// Unknown symbols that are told of, each once; the venue lists some 600.
constexpr std::size_t kMaxUnknown = 2'000;

}  // namespace

Decoder::Decoder(FeedId feed, const market::InstrumentTable& instruments, FeedCounters& counters,
                 Notice notice)
    : feed_{feed}, counters_{counters}, notice_{std::move(notice)} {
  for (const auto id : instruments.of_market(market::Market::CF))
    symbols_.emplace(instruments.at(id).code.symbol, Symbol{.instrument = id});
}

void Decoder::decode(const Frame& frame, UnixNanos ts_recv, EventSink& sink) {
  counters_.messages.add();
  std::visit([&](const auto& kind) { on(kind, Out{sink, ts_recv}); }, frame);
}

void Decoder::on(const Unused&, const Out&) {
  counters_.ignored.add();
}

void Decoder::on(const DepthDiff& diff, const Out& out) {
  auto* const symbol = find(diff.symbol);
  if (symbol == nullptr) return;
  const auto last_id = symbol->book.last_id();
  switch (symbol->book.on_diff(diff)) {
    case BookSync::DiffVerdict::apply:
      return emit_levels(symbol->instrument, {diff.ids.last, diff.ts_event, diff.bids, diff.asks}, out);
    case BookSync::DiffVerdict::old:
      return counters_.ignored.add();
    case BookSync::DiffVerdict::wait:
      return;
    case BookSync::DiffVerdict::lost:
      return counters_.gaps.add();
    case BookSync::DiffVerdict::gap:
      break;
  }
  counters_.gaps.add();
  notice_(Error{fmt::format("depth {}: update {} follows {}, expected pu {}; the book waits for a snapshot",
                            diff.symbol, diff.ids.first, diff.ids.previous, last_id)});
  Gap gap{.instrument = symbol->instrument, .ts_event = diff.ts_event};
  if (diff.ids.previous > last_id) {
    gap.from = last_id + 1;
    gap.to = diff.ids.previous;
  }
  emit(gap, out);
}

void Decoder::on(const DepthSnapshot& snapshot, const Out& out) {
  auto* const symbol = find(snapshot.symbol);
  if (symbol == nullptr) return;
  const auto verdict = symbol->book.on_snapshot(snapshot.last_id);
  if (verdict != BookSync::SnapshotVerdict::apply) {
    counters_.ignored.add();
    if (verdict == BookSync::SnapshotVerdict::too_old)
      notice_(Error{
          fmt::format("depth {}: snapshot {} ends before the first diff kept; the book waits for another",
                      snapshot.symbol, snapshot.last_id)});
    return;
  }
  emit(BookClear{.instrument = symbol->instrument, .ts_event = snapshot.ts_event}, out);
  emit_levels(symbol->instrument, {snapshot.last_id, snapshot.ts_event, snapshot.bids, snapshot.asks}, out);
  for (const auto& diff : symbol->book.take_waiting())
    emit_levels(symbol->instrument, {diff.ids.last, diff.ts_event, diff.bids, diff.asks}, out);
}

// A recording may hold both kinds for one symbol, and each fill must count once. Single trades are the finer
// kind and win from the first on; at the seam the trade ids, which both carry, say what an aggTrade has
// counted already.
void Decoder::on(const TradePrint& print, const Out& out) {
  auto* const symbol = find(print.symbol);
  if (symbol == nullptr) return;
  const bool single = print.kind == TradeKind::single;
  symbol->trades_singly = symbol->trades_singly || single;
  if (single ? print.last_id <= symbol->aggregated_through : symbol->trades_singly)
    return counters_.ignored.add();
  if (!single) symbol->aggregated_through = print.last_id;
  auto trade = print.trade;
  trade.instrument = symbol->instrument;
  emit(trade, out);
}

void Decoder::on(const BookTicker& ticker, const Out& out) {
  const auto* const symbol = find(ticker.symbol);
  if (symbol == nullptr) return;
  auto quote = ticker.quote;
  quote.instrument = symbol->instrument;
  emit(quote, out);
}

void Decoder::on(const RollingTicker& ticker, const Out& out) {
  const auto* const symbol = find(ticker.symbol);
  if (symbol == nullptr) return;
  auto stats = ticker.stats;
  stats.instrument = symbol->instrument;
  emit(stats, out);
}

Decoder::Symbol* Decoder::find(std::string_view symbol) {
  if (const auto found = symbols_.find(symbol); found != symbols_.end()) return &found->second;
  counters_.unknown_instruments.add();
  if (unknown_.size() < kMaxUnknown && !unknown_.contains(symbol)) {
    unknown_.emplace(symbol);
    notice_(Error{fmt::format("no instrument CF:{}; its messages are only counted", shown(symbol))});
  }
  return nullptr;
}

void Decoder::emit_levels(InstrumentId instrument, const Change& change, const Out& out) {
  auto left = change.bids.size() + change.asks.size();
  const auto emit_side = [&](Side side, std::span<const Level> levels) {
    for (const auto& level : levels)
      emit(BookDelta{.instrument = instrument,
                     .side = side,
                     .part = --left > 0 ? DeltaPart::more : DeltaPart::last,
                     .price = level.price,
                     .size = level.size,
                     .update_id = change.update_id,
                     .ts_event = change.ts_event},
           out);
  };
  emit_side(Side::bid, change.bids);
  emit_side(Side::ask, change.asks);
}

void Decoder::emit(const EventBody& body, const Out& out) {
  counters_.events.add();
  out.sink.on(Event{.feed = feed_, .ts_recv = out.ts_recv, .body = body});
}

}  // namespace qos::feed::binance
