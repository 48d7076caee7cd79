// /kline and /history: an array of questions, each for one or more codes.
#include <algorithm>

#include "api/code_collector.hpp"
#include "api/freshness.hpp"
#include "api/json/encode.hpp"
#include "api/query_families.hpp"
#include "history/fold_reader.hpp"

namespace qos::api {
namespace {

// An answer's most K-lines, over all questions: about 10 MB. Without it one small request that repeats itself
// could ask for gigabytes.
constexpr std::int64_t kMaxKlinesAsked = 100'000;
// The last whole second that UnixNanos can hold. Milliseconds sent by mistake are beyond it, and are told so.
constexpr IntegerRange kEndSeconds{0, 9'223'372'035};

// What one request may make the server read: minutes, or days for longer types. About a tenth of a second of
// an I/O loop at the worst, and still ten products' 1,000 longest K-lines within a day.
constexpr std::int64_t kMaxPartsAsked = 2'500'000;
// What looking up one code costs beside, in parts; and what its past closes cost where prices are adjusted.
constexpr std::int64_t kPartsOfCode = 100;
constexpr std::int64_t kPartsOfAdjustment = 1'000;
// No product has more days.
constexpr std::int64_t kMostDays = 40'000;

struct KlineQuestion {
  std::vector<RequestedCode> codes;
  history::KlineQuery query;
};

enum class Until : std::uint8_t { now, asked };

Answer<market::KlineType> kline_type_of(const RequestObject& object) {
  auto kt = object.integer("kt", {1, 2001});
  if (!kt) return passed_on(kt);
  if (const auto type = market::parse_kline_type(*kt)) return *type;
  return invalid("{}: expected one of 1, 5, 15, 30, 60, 120, 240, 1001, 1007, 1030, 2001, seen {}",
                 object.place_of("kt"), *kt);
}

// Extended sessions have minutes only, and a quiet minute of theirs is nothing to fill.
Answer<StoredSeries> session_of(const RequestObject& object, market::KlineType type) {
  auto ses = object.optional_integer("ses", {1, 4});
  if (!ses) return passed_on(ses);
  if (!*ses) return StoredSeries::regular;
  const auto session = static_cast<StoredSeries>(**ses);
  if (session == StoredSeries::regular)
    return invalid("{}: expected 1 night, 2 pre-market or 4 after hours, seen 3", object.place_of("ses"));
  if (type != market::KlineType::m1)
    return invalid("{}: expected 1, as ses is there, seen {}", object.place_of("kt"), static_cast<int>(type));
  return session;
}

Answer<KlineQuestion> question_of(const RequestObject& object, Until until, const Asked& asked,
                                  CodeCollector& collector) {
  KlineQuestion question;
  auto& query = question.query;
  auto text = object.text("c");
  if (!text) return passed_on(text);
  auto codes = collector.read(object.place_of("c"), *text);
  if (!codes) return passed_on(codes);
  question.codes = each_once(std::move(*codes));

  const std::int64_t most = asked.plan.max_klines == 0 ? kMaxKlinesAsked : asked.plan.max_klines;
  auto count = object.integer("co", {1, most});
  if (!count) return passed_on(count);
  query.count = static_cast<std::size_t>(*count);

  auto type = kline_type_of(object);
  if (!type) return passed_on(type);
  query.type = *type;
  auto session = session_of(object, *type);
  if (!session) return passed_on(session);
  query.session = *session;

  auto adjustment = object.optional_integer("a", {0, 2});
  if (!adjustment) return passed_on(adjustment);
  query.adjustment = static_cast<market::AdjustmentDirection>(adjustment->value_or(0));
  auto fill = object.optional_integer("fill", {0, 1});
  if (!fill) return passed_on(fill);
  if (*fill == 1 && query.session != StoredSeries::regular)
    return invalid("{}: expected 0, as ses is there, seen 1", object.place_of("fill"));
  query.fill = *fill == 1 ? history::Fill::flat : history::Fill::none;

  if (until == Until::asked) {
    auto end = object.integer("e", kEndSeconds);
    if (!end) return passed_on(end);
    query.until = from_unix_seconds(*end);
  }
  return question;
}

// What a plan's products and K-lines of each allow, every type once: whoever asks for more repeats himself.
std::int64_t most_klines(const access::Plan& plan, access::Permission permission) {
  const auto bounded = [](std::uint32_t limit) { return std::min<std::int64_t>(limit, kMaxKlinesAsked); };
  const std::int64_t products = bounded(plan.limit(permission).product_count);
  const std::int64_t of_each = bounded(plan.max_klines);
  if (products == 0 || of_each == 0) return kMaxKlinesAsked;
  return std::min(products * of_each * static_cast<std::int64_t>(market::kKlineTypes.size()),
                  kMaxKlinesAsked);
}

std::int64_t parts_asked(const KlineQuestion& question) {
  const auto& query = question.query;
  auto parts = static_cast<std::int64_t>(query.count * history::parts_in(query.type));
  if (query.type >= market::KlineType::day) parts = std::min(parts, kMostDays);
  if (query.adjustment != market::AdjustmentDirection::none) parts += kPartsOfAdjustment;
  return (parts + kPartsOfCode) * static_cast<std::int64_t>(question.codes.size());
}

Answer<void> affordable(const std::vector<KlineQuestion>& questions, std::int64_t most) {
  std::int64_t asked = 0;
  std::int64_t parts = 0;
  for (const auto& question : questions) {
    asked += static_cast<std::int64_t>(question.query.count * question.codes.size());
    if (asked > most)
      return invalid("kline_reqs: expected at most {} K-lines in all, seen a request for more", most);
    parts += parts_asked(question);
    if (parts > kMaxPartsAsked)
      return invalid("kline_reqs: expected at most {} minutes and days to be read, seen a request for more",
                     kMaxPartsAsked);
  }
  return {};
}

Answer<void> append_klines(std::string& out, const RequestedCode& code, const KlineQuestion& question,
                           const Asked& asked, const Extensions& ext) {
  const auto& query = question.query;
  const auto klines = asked.services.klines.read(*code.instrument, query);
  if (!klines) return std::unexpected{history_unavailable()};
  const json::KlineExtras extras{.turnover = ext.turnover, .closed = ext.closed, .session = query.session};
  out += out.back() == '}' ? R"(,{"c":")" : R"({"c":")";
  out += code.spelling;
  out += R"(","k":[)";
  out.reserve(out.size() + klines->size() * 128);
  for (const auto& kline : *klines) {
    out += out.back() == '}' ? R"(,{"c":")" : R"({"c":")";
    out += code.spelling;
    out += '"';
    json::append_kline_body(out, *code.instrument, query.type, kline, extras);
  }
  out += "]}";
  return {};
}

Answer<Extensions> extensions_of(const Asked& asked) {
  auto ext = read_kline_extensions(asked.request);
  if (!ext) return ext;
  ext->turnover |= asked.ext.turnover;
  ext->closed |= asked.ext.closed;
  return ext;
}

Answer<QueryAnswer> answer(const Asked& asked, Until until, access::Permission permission) {
  auto objects = asked.request.objects("kline_reqs");
  if (!objects) return passed_on(objects);
  auto ext = extensions_of(asked);
  if (!ext) return passed_on(ext);
  CodeCollector collector{asked.services.instruments};
  std::vector<KlineQuestion> questions;
  questions.reserve(objects->size());
  for (const auto& object : *objects) {
    auto question = question_of(object, until, asked, collector);
    if (!question) return passed_on(question);
    questions.push_back(std::move(*question));
  }
  if (auto few = affordable(questions, most_klines(asked.plan, permission)); !few) return passed_on(few);
  if (auto allowed = collector.within(asked.plan.limit(permission).product_count); !allowed)
    return passed_on(allowed);
  for (const auto& question : questions)
    if (auto fresh = fresh_if_strict(asked.request, question.codes, asked.services); !fresh)
      return passed_on(fresh);

  QueryAnswer answer;
  answer.data += '[';
  for (const auto& question : questions)
    for (const auto& code : question.codes)
      if (auto appended = append_klines(answer.data, code, question, asked, *ext); !appended)
        return passed_on(appended);
  answer.data += ']';
  answer.missing = collector.take_missing();
  return answer;
}

}  // namespace

Answer<QueryAnswer> answer_kline(const Asked& asked) {
  return answer(asked, Until::now, access::Permission::kline);
}

Answer<QueryAnswer> answer_history(const Asked& asked) {
  return answer(asked, Until::asked, access::Permission::history);
}

}  // namespace qos::api
