#include "api/explain_answer.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "api/json/encode.hpp"
#include "api/request.hpp"

namespace qos::api {
namespace {

using state::TradeRule;

// About a megabyte of answer.
constexpr std::int64_t kMostTrades = 10'000;
constexpr std::int64_t kUsualTrades = 1'000;
constexpr IntegerRange kStart{0, 9'223'372'035};
constexpr IntegerRange kSequences{0, std::int64_t{1} << 53};

// The order of state::TradeRule. Words are public and never change their meaning: docs/api/explain.md.
constexpr std::array<RuleText, 7> kRules{{
    {"counted", "it is in the prices, the volume and the turnover"},
    {"volume_only", "its condition moves no price in this market; it is in the volume and the turnover"},
    {"waits_for_price",
     "its condition moves no price, and its day had none yet: it counts with the first one"},
    {"tape_only", "its condition counts nowhere in this market"},
    {"outside_sessions", "no session of the calendar has its time"},
    {"implausible", "it cannot be true: a size, a price or a time that no trade has"},
    {"too_old", "its minute was not kept any more when it came"},
}};
constexpr RuleText kTakenBack{"taken_back", "the venue took it back or corrected it"};

bool is_left_out(const Explainer::Trade& trade) {
  if (trade.taken_back != Sequence{}) return true;
  switch (trade.rule) {
    case TradeRule::counted:
    case TradeRule::volume_only:
    case TradeRule::waits_for_price:
      return false;
    default:
      return true;
  }
}

RuleText rule_of(const Explainer::Trade& trade) {
  return trade.taken_back != Sequence{} ? kTakenBack : text_of(trade.rule);
}

template <typename... Args>
void append(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

// {"s":1201,"p":"213.02","v":"100","ts":1767623400,"d":0,"tn":"1767623400123456789","id":"77","rule":"counted"}
void append_trade(std::string& out, const market::Instrument& instrument, const Explainer::Trade& trade) {
  if (out.back() == '}') out += ',';
  append(out, R"({{"s":{})", trade.sequence.value());
  json::append_precise_trade_body(
      out, instrument,
      {.sequence = trade.sequence, .price = trade.price, .size = trade.size, .ts = trade.ts});
  out.pop_back();
  if (trade.trade_id != 0) append(out, R"(,"id":"{}")", trade.trade_id);
  append(out, R"(,"rule":"{}")", rule_of(trade).word);
  if (trade.taken_back != Sequence{}) append(out, R"(,"by":{})", trade.taken_back.value());
  out += '}';
}

void append_trades(std::string& out, std::string_view member, bool left_out,
                   const market::Instrument& instrument, const Explainer::Explanation& explained) {
  append(out, R"(,"{}":[)", member);
  for (const auto& trade : explained.trades)
    if (is_left_out(trade) == left_out) append_trade(out, instrument, trade);
  out += ']';
}

// The sentences of the rules that these trades met.
void append_rules(std::string& out, const Explainer::Explanation& explained) {
  std::vector<RuleText> met;
  for (const auto& trade : explained.trades)
    if (const RuleText rule = rule_of(trade); std::ranges::find(met, rule.word, &RuleText::word) == met.end())
      met.push_back(rule);
  out += R"(,"rules":{)";
  for (const RuleText& rule : met)
    append(out, R"({}"{}":"{}")", out.back() == '{' ? "" : ",", rule.word, rule.sentence);
  out += '}';
}

}  // namespace

RuleText text_of(state::TradeRule rule) {
  return kRules[static_cast<std::size_t>(rule)];
}

Answer<ExplainQuestion> read_explain_question(std::string_view request,
                                              const market::InstrumentTable& instruments) {
  thread_local RequestParser parser;
  const auto object = parser.read(request);
  if (!object) return std::unexpected{object.error()};
  const auto text = object->text("c");
  if (!text) return std::unexpected{text.error()};
  auto code = market::parse_code(*text);
  if (!code) return invalid("c: {}", code.error().message);
  const auto kt = object->integer("kt", {1, 2001});
  if (!kt) return std::unexpected{kt.error()};
  const auto type = market::parse_kline_type(*kt);
  if (!type)
    return invalid("kt: expected one of 1, 5, 15, 30, 60, 120, 240, 1001, 1007, 1030, 2001, seen {}", *kt);
  const auto start = object->integer("ts", kStart);
  if (!start) return std::unexpected{start.error()};
  const auto count = object->optional_integer("count", {1, kMostTrades});
  if (!count) return std::unexpected{count.error()};
  const auto after = object->optional_integer("after", kSequences);
  if (!after) return std::unexpected{after.error()};

  ExplainQuestion question{.instrument = instruments.find(code->code), .spelling = std::move(code->spelling)};
  if (question.instrument == nullptr) return question;
  question.query = {.instrument = question.instrument->id,
                    .type = *type,
                    .start = from_unix_seconds(*start),
                    .after = Sequence{static_cast<std::uint64_t>(after->value_or(0))},
                    .count = static_cast<std::size_t>(count->value_or(kUsualTrades))};
  return question;
}

Answer<std::string> explain(const ExplainQuestion& question,
                            const std::expected<Explainer::Explanation, Explainer::Failure>& explained) {
  if (!explained)
    return explained.error() == Explainer::Failure::too_old
               ? std::unexpected{make_error(ErrorKind::not_found,
                                            "the trades of this K-line are older than what is kept")}
               : std::unexpected{
                     make_error(ErrorKind::history_unavailable, "the journal cannot be read at the moment")};
  const auto& instrument = *question.instrument;
  std::string out;
  out.reserve(256 + explained->trades.size() * 128);
  append(out, R"({{"c":"{}","kt":{},"ts":{})", question.spelling, static_cast<int>(question.query.type),
         unix_seconds(question.query.start));
  if (explained->kline) {
    append(out, R"(,"k":{{"c":"{}")", question.spelling);
    json::append_kline_body(out, instrument, question.query.type, *explained->kline,
                            {.turnover = true, .closed = true});
  }
  append_trades(out, "trades", false, instrument, *explained);
  append_trades(out, "excluded", true, instrument, *explained);
  append_rules(out, *explained);
  append(out, R"(,"counted":{},"left_out":{})", explained->counted, explained->left_out);
  if (explained->more && !explained->trades.empty())
    append(out, R"(,"more":{})", explained->trades.back().sequence.value());
  return out += '}';
}

}  // namespace qos::api
