#include "feed/binance/frame_parser.hpp"

#include <algorithm>
#include <functional>

#include "feed/binance/fields.hpp"

namespace qos::feed::binance {
namespace {

using simdjson::SUCCESS;
using simdjson::dom::element;
using simdjson::dom::object;

// "btcusdt@depth", "btcusdt@depth@100ms"; not "btcusdt@depth20@100ms", not "btcusdt@rpiDepth@500ms".
bool is_diff_stream(std::string_view stream) {
  const auto at = stream.find('@');
  if (at == std::string_view::npos) return false;
  const auto channel = stream.substr(at + 1);
  return channel == "depth" || channel.starts_with("depth@");
}

template <typename Order>
bool strictly(Order in_order, const std::vector<Level>& levels) {
  const auto out_of_order = [&](const Level& a, const Level& b) { return !in_order(a.price, b.price); };
  return std::ranges::adjacent_find(levels, out_of_order) == levels.end();
}

// In a diff the venue sends rising prices but does not promise an order; twice the same would be ambiguous.
bool no_price_twice(const std::vector<Level>& levels) {
  if (strictly(std::less{}, levels)) return true;
  auto sorted = levels;
  std::ranges::sort(sorted, {}, &Level::price);
  return strictly(std::less{}, sorted);
}

// Trades of the insurance fund and of deleveraging come with X other than MARKET and are no market's prices.
bool in_market(object data) {
  std::string_view execution;
  return data.at_key("X").get(execution) != SUCCESS || execution == "MARKET";
}

Result<Frame> parse_trade(object data) {
  if (!in_market(data)) return Unused{};
  Fields in{"trade", data};
  TradePrint print{.symbol = in.symbol("s"), .kind = TradeKind::single, .first_id = in.id("t")};
  print.last_id = print.first_id;
  print.trade = {.price = in.price("p", Fields::Zero::refused),
                 .size = in.quantity("q", Fields::Zero::refused),
                 .trade_id = print.last_id,
                 .ts_event = in.event_time(),
                 .aggressor = in.boolean("m") ? Aggressor::sell : Aggressor::buy};
  return in.finish(print);
}

// q is the whole quantity; nq, new in 2026, leaves out orders of retail price improvement and is not used.
Result<Frame> parse_aggregate_trade(object data) {
  if (!in_market(data)) return Unused{};
  Fields in{"aggTrade", data};
  TradePrint print{
      .symbol = in.symbol("s"), .kind = TradeKind::aggregate, .first_id = in.id("f"), .last_id = in.id("l")};
  print.trade = {.price = in.price("p", Fields::Zero::refused),
                 .size = in.quantity("q", Fields::Zero::refused),
                 .trade_id = print.last_id,
                 .ts_event = in.event_time(),
                 .aggressor = in.boolean("m") ? Aggressor::sell : Aggressor::buy};
  in.require(print.first_id <= print.last_id, "f not above l");
  return in.finish(print);
}

Result<Frame> parse_book_ticker(object data) {
  Fields in{"bookTicker", data};
  const BookTicker ticker{.symbol = in.symbol("s"),
                          .quote = {.bid = in.price("b", Fields::Zero::allowed),
                                    .bid_size = in.quantity("B", Fields::Zero::allowed),
                                    .ask = in.price("a", Fields::Zero::allowed),
                                    .ask_size = in.quantity("A", Fields::Zero::allowed),
                                    .update_id = in.id("u"),
                                    .ts_event = in.event_time()}};
  const auto& quote = ticker.quote;
  in.require(quote.bid_size == Quantity{} || quote.bid > Price{}, "a bid above 0 where its size is");
  in.require(quote.ask_size == Quantity{} || quote.ask > Price{}, "an ask above 0 where its size is");
  return in.finish(ticker);
}

Result<Frame> parse_rolling_ticker(object data) {
  Fields in{"24hrTicker", data};
  const RollingTicker ticker{.symbol = in.symbol("s"),
                             .stats = {.open = in.price("o", Fields::Zero::allowed),
                                       .high = in.price("h", Fields::Zero::allowed),
                                       .low = in.price("l", Fields::Zero::allowed),
                                       .volume = in.volume("v"),
                                       .turnover = in.turnover("q"),
                                       .ts_event = in.event_time()}};
  const auto& stats = ticker.stats;
  in.require(stats.low <= stats.high, "l not above h");
  // A symbol that did not trade for a day has no prices.
  const bool traded = stats.low > Price{} && stats.open > Price{};
  auto frame = in.finish(ticker);
  return frame && !traded ? Result<Frame>{Unused{}} : frame;
}

}  // namespace

Result<Frame> FrameParser::parse_depth(object data) {
  Fields in{"depthUpdate", data};
  DepthDiff diff{.symbol = in.symbol("s"),
                 .ids = {.first = in.id("U"), .last = in.id("u"), .previous = in.id("pu")},
                 .ts_event = in.event_time()};
  in.levels("b", Fields::Zero::allowed, bids_);
  in.levels("a", Fields::Zero::allowed, asks_);
  in.require(diff.ids.first <= diff.ids.last, "U not above u");
  in.require(diff.ids.previous <= diff.ids.last, "pu not above u");
  in.require(no_price_twice(bids_) && no_price_twice(asks_), "no price twice on a side");
  diff.bids = bids_;
  diff.asks = asks_;
  return in.finish(diff);
}

Result<Frame> FrameParser::parse_snapshot(object data) {
  Fields in{"depth snapshot", data};
  DepthSnapshot snapshot{.symbol = in.has("symbol") ? in.symbol("symbol") : std::string_view{},
                         .last_id = in.id("lastUpdateId"),
                         .ts_event = in.event_time()};
  in.levels("bids", Fields::Zero::refused, bids_);
  in.levels("asks", Fields::Zero::refused, asks_);
  in.require(strictly(std::greater{}, bids_), "bids in falling order");
  in.require(strictly(std::less{}, asks_), "asks in rising order");
  in.require(bids_.empty() || asks_.empty() || bids_.front().price < asks_.front().price, "bids below asks");
  snapshot.bids = bids_;
  snapshot.asks = asks_;
  return in.finish(snapshot);
}

Result<Frame> FrameParser::parse(std::string_view json) {
  if (json.size() > kMaxFrame)
    return fail("message of {} bytes, at most {} are read", json.size(), kMaxFrame);
  element document;
  if (const auto error = parser_.parse(json.data(), json.size()).get(document); error != SUCCESS)
    return fail("no JSON ({}): {}", simdjson::error_message(error), shown(json));
  if (document.is_array()) return Unused{};  // of all symbols at once, as !markPrice@arr
  object data;
  if (document.get(data) != SUCCESS) return fail("neither object nor list: {}", shown(json));

  std::string_view stream;
  if (data.at_key("stream").get(stream) == SUCCESS) {
    element inner;
    if (data.at_key("data").get(inner) != SUCCESS) return fail("stream {} without data", shown(stream));
    if (inner.is_array()) return Unused{};
    if (inner.get(data) != SUCCESS) return fail("stream {}: its data is no object", shown(stream));
  }

  std::string_view kind;
  if (data.at_key("e").get(kind) == SUCCESS) {
    if (kind == "bookTicker") return parse_book_ticker(data);
    if (kind == "depthUpdate") return stream.empty() || is_diff_stream(stream) ? parse_depth(data) : Unused{};
    if (kind == "trade") return parse_trade(data);
    if (kind == "aggTrade") return parse_aggregate_trade(data);
    if (kind == "24hrTicker") return parse_rolling_ticker(data);
    return Unused{};
  }
  const Fields in{"message", data};
  if (in.has("lastUpdateId")) return parse_snapshot(data);
  // Answers to requests: subscriptions, and REST errors.
  if (in.has("result") || in.has("error") || in.has("code")) return Unused{};
  return fail("neither a message with e, nor a depth snapshot with lastUpdateId: {}", shown(json));
}

}  // namespace qos::feed::binance
