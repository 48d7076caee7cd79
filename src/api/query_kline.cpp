// /kline and /history: an array of questions, each for one or more codes.
#include <algorithm>

#include "api/code_collector.hpp"
#include "api/freshness.hpp"
#include "api/json/encode.hpp"
#include "api/query_families.hpp"

namespace qos::api {
namespace {

// An answer's most K-lines, over all questions: about 10 MB. Without it one small request that repeats itself
// could ask for gigabytes.
constexpr std::int64_t kMaxKlinesAsked = 100'000;
// The last whole second that UnixNanos can hold. Milliseconds sent by mistake are beyond it, and are told so.
constexpr IntegerRange kEndSeconds{0, 9'223'372'035};

struct KlineQuestion {
  std::vector<RequestedCode> codes;
  std::int64_t count = 0;
  market::KlineType type = market::KlineType::m1;
  std::optional<UnixNanos> until;
};

enum class Until : std::uint8_t { now, asked };

Answer<market::KlineType> kline_type_of(const RequestObject& object) {
  auto kt = object.integer("kt", {1, 2001});
  if (!kt) return passed_on(kt);
  if (const auto type = market::parse_kline_type(*kt)) return *type;
  return invalid("{}: expected one of 1, 5, 15, 30, 60, 120, 240, 1001, 1007, 1030, 2001, seen {}",
                 object.place_of("kt"), *kt);
}

Answer<KlineQuestion> question_of(const RequestObject& object, Until until, const Asked& asked,
                                  CodeCollector& collector) {
  KlineQuestion question;
  auto text = object.text("c");
  if (!text) return passed_on(text);
  auto codes = collector.read(object.place_of("c"), *text);
  if (!codes) return passed_on(codes);
  question.codes = each_once(std::move(*codes));

  const std::int64_t most = asked.plan.max_klines == 0 ? kMaxKlinesAsked : asked.plan.max_klines;
  auto count = object.integer("co", {1, most});
  if (!count) return passed_on(count);
  question.count = *count;

  auto type = kline_type_of(object);
  if (!type) return passed_on(type);
  question.type = *type;

  // No corporate action is loaded, so that adjusted prices are the raw ones: checked, then without effect.
  if (auto adjustment = object.optional_integer("a", {0, 2}); !adjustment) return passed_on(adjustment);

  if (until == Until::asked) {
    auto end = object.integer("e", kEndSeconds);
    if (!end) return passed_on(end);
    question.until = from_unix_seconds(*end);
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

Answer<void> affordable(const std::vector<KlineQuestion>& questions, std::int64_t most) {
  std::int64_t asked = 0;
  for (const auto& question : questions) {
    asked += question.count * static_cast<std::int64_t>(question.codes.size());
    if (asked > most)
      return invalid("kline_reqs: expected at most {} K-lines in all, seen a request for more", most);
  }
  return {};
}

void append_klines(std::string& out, const RequestedCode& code, const KlineQuestion& question,
                   const state::ViewTable& views) {
  out += out.back() == '}' ? R"(,{"c":")" : R"({"c":")";
  out += code.spelling;
  out += R"(","k":[)";
  if (const auto* view = views.find(code.instrument->id)) {
    const auto klines = view->klines(question.type, static_cast<std::size_t>(question.count), question.until);
    out.reserve(out.size() + klines.size() * 128);
    for (const auto& kline : klines) {
      out += out.back() == '}' ? R"(,{"c":")" : R"({"c":")";
      out += code.spelling;
      out += '"';
      json::append_kline_body(out, *code.instrument, question.type, kline);
    }
  }
  out += "]}";
}

Answer<QueryAnswer> answer(const Asked& asked, Until until, access::Permission permission) {
  auto objects = asked.request.objects("kline_reqs");
  if (!objects) return passed_on(objects);
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
    for (const auto& code : question.codes) append_klines(answer.data, code, question, asked.services.views);
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
