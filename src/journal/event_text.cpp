#include "journal/event_text.hpp"

#include <fmt/chrono.h>

#include <array>
#include <string_view>

#include "journal/event_kind.hpp"

namespace qos::journal {
namespace {

constexpr std::array<std::string_view, kTradeConditions> kConditions{
    "regular",          "opening_auction", "closing_auction",  "odd_lot",
    "extended_session", "off_book",        "after_close_fixed"};
constexpr std::array<std::string_view, 3> kAggressors{"unknown", "buy", "sell"};
constexpr std::array<std::string_view, 5> kSeries{"day", "night", "pre_market", "regular", "after_hours"};
constexpr std::array<std::string_view, 5> kDayKinds{"by_rule", "closed", "half", "partial", "full"};

// Writes ,"key":value
class Line {
 public:
  explicit Line(std::string& out) : out_{&out} {}

  void number(std::string_view key, std::uint64_t value) { raw(key, fmt::format("{}", value)); }
  void number(std::string_view key, std::int64_t value) { raw(key, fmt::format("{}", value)); }
  void text(std::string_view key, std::string_view value) {
    begin(key);
    *out_ += '"';
    for (const char c : value) append_escaped(c);
    *out_ += '"';
  }
  void time(std::string_view key, UnixNanos value) { text(key, time_text(value)); }
  template <typename Decimal>
  void decimal(std::string_view key, Decimal value) {
    text(key, value.to_string());
  }
  template <std::size_t Count, typename Enum>
  void word(std::string_view key, const std::array<std::string_view, Count>& words, Enum value) {
    const auto place = static_cast<std::size_t>(value);
    text(key, place < Count ? words[place] : "?");
  }
  void name(std::string_view key, const std::vector<std::string>& names, std::uint64_t id) {
    text(key, id < names.size() ? names[id] : fmt::format("#{}", id));
  }

 private:
  void raw(std::string_view key, std::string_view value) {
    begin(key);
    *out_ += value;
  }
  void begin(std::string_view key) {
    *out_ += out_->empty() || out_->back() == '{' ? "\"" : ",\"";
    *out_ += key;
    *out_ += "\":";
  }
  void append_escaped(char c) {
    if (c == '"' || c == '\\') *out_ += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      *out_ += fmt::format("\\u{:04x}", static_cast<int>(c));
    else
      *out_ += c;
  }

  std::string* out_;
};

template <typename Kline>
void prices_and_sums(Line& line, const Kline& kline) {
  line.time("start", kline.start);
  line.decimal("open", kline.open);
  line.decimal("high", kline.high);
  line.decimal("low", kline.low);
  line.decimal("close", kline.close);
  line.decimal("volume", kline.volume);
  line.decimal("turnover", kline.turnover);
  line.number("trades", std::uint64_t{kline.trades});
}

struct Fields {
  Line& line;

  void operator()(const Trade& trade) const {
    line.decimal("price", trade.price);
    line.decimal("size", trade.size);
    line.number("id", trade.trade_id);
    line.word("condition", kConditions, trade.condition);
    line.word("aggressor", kAggressors, trade.aggressor);
  }
  void operator()(const BookClear&) const {}
  void operator()(const BookDelta& delta) const {
    line.text("side", delta.side == Side::bid ? "bid" : "ask");
    line.decimal("price", delta.price);
    line.decimal("size", delta.size);
    line.number("id", delta.update_id);
    line.text("part", delta.part == DeltaPart::more ? "more" : "last");
  }
  void operator()(const Quote& quote) const {
    line.decimal("bid", quote.bid);
    line.decimal("bid_size", quote.bid_size);
    line.decimal("ask", quote.ask);
    line.decimal("ask_size", quote.ask_size);
    line.number("id", quote.update_id);
  }
  void operator()(const TradingStatus& status) const {
    line.text("state", status.state == TradingState::halted ? "halted" : "trading");
  }
  void operator()(const ReferencePrice& reference) const {
    line.decimal("previous_close", reference.previous_close);
  }
  void operator()(const RollingStats& stats) const {
    line.decimal("open", stats.open);
    line.decimal("high", stats.high);
    line.decimal("low", stats.low);
    line.decimal("volume", stats.volume);
    line.decimal("turnover", stats.turnover);
  }
  void operator()(const KlineRestatement& kline) const { prices_and_sums(line, kline); }
  void operator()(const Gap& gap) const {
    line.number("from", gap.from);
    line.number("to", gap.to);
  }
  void operator()(const ClockTick&) const {}
  void operator()(const TradeBust& bust) const { line.number("id", bust.trade_id); }
  void operator()(const TradeCorrection& correction) const {
    line.number("id", correction.trade_id);
    line.decimal("price", correction.price);
    line.decimal("size", correction.size);
    line.word("condition", kConditions, correction.condition);
  }
  void operator()(const PastKline& kline) const {
    line.word("series", kSeries, kline.series);
    line.number("date", std::int64_t{kline.trading_date});
    prices_and_sums(line, kline);
    line.number("revision", std::uint64_t{kline.revision});
  }
  void operator()(const CalendarChange& change) const {
    line.word("change", kDayKinds, change.kind);
    line.number("date", std::int64_t{change.date});
    if (change.open != CalendarChange::kAsUsual) line.number("open", std::int64_t{change.open});
    if (change.close != CalendarChange::kAsUsual) line.number("close", std::int64_t{change.close});
  }
  void operator()(const StateDigest& digest) const {
    line.text("digest", fmt::format("{:016x}", digest.digest));
  }
  void operator()(const PastReset&) const {}
};

}  // namespace

void append_event_json(std::string& out, const SequencedEvent& event, const Names& names) {
  out += '{';
  Line line{out};
  line.number("seq", event.sequence.value());
  line.time("recv", event.event.ts_recv);
  line.name("feed", names.feeds, event.event.feed.value());
  line.text("kind", kEventKindNames[static_cast<std::size_t>(event_kind(event.event.body))]);
  std::visit(
      [&](const auto& body) {
        if constexpr (requires { body.instrument; })
          line.name("code", names.instruments, body.instrument.value());
        if constexpr (requires { body.calendar; })
          line.name("calendar", names.calendars, body.calendar.value());
        line.time("ts", body.ts_event);
        Fields{line}(body);
      },
      event.event.body);
  out += '}';
}

std::string time_text(UnixNanos t) {
  const auto seconds = unix_seconds(t);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z", fmt::gmtime(static_cast<std::time_t>(seconds)),
                     (t.time_since_epoch() - std::chrono::seconds{seconds}).count());
}

}  // namespace qos::journal
