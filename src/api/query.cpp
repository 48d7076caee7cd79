#include "api/query.hpp"

#include "api/query_families.hpp"

namespace qos::api {
namespace {

using Family = Answer<QueryAnswer> (*)(const Asked&);

struct Question {
  Family answer;
  access::Permission permission;
  bool needs_state;  // 503 until the server has recovered; reference data is there from the start
};

// The order of Endpoint.
constexpr std::array<Question, 9> kQuestions{{
    {answer_instrument_info, access::Permission::instrument_info, false},
    {answer_snapshot, access::Permission::snapshot, true},
    {answer_depth, access::Permission::depth, true},
    {answer_trade, access::Permission::trade, true},
    {answer_kline, access::Permission::kline, true},
    {answer_history, access::Permission::history, true},
    {answer_market_calendar, access::Permission::instrument_info, false},
    {answer_product_list, access::Permission::instrument_info, false},
    {answer_corporate_actions, access::Permission::instrument_info, true},
}};

const Question& question_of(Endpoint endpoint) {
  return kQuestions[static_cast<std::size_t>(endpoint)];
}

}  // namespace

access::Permission permission_of(Endpoint endpoint) {
  return question_of(endpoint).permission;
}

Answer<QueryAnswer> ask(Endpoint endpoint, std::string_view request, const access::Grant& grant,
                        const Services& services, const Extensions& ext, LoopMemory* memory) {
  const Question& question = question_of(endpoint);
  if (question.needs_state && !services.health.ready())
    return std::unexpected{make_error(ErrorKind::not_ready, "the server is recovering")};
  if (endpoint == Endpoint::snapshot && memory != nullptr)
    if (auto answer = answer_remembered_snapshot(request, *grant.plan, *memory)) return std::move(*answer);
  // A loop's thread asks one question at a time, and parsing into warm memory is several times faster.
  thread_local RequestParser parser;
  auto object = parser.read(request);
  if (!object) return passed_on(object);
  return question.answer({*object, request, *grant.plan, services, ext, memory});
}

}  // namespace qos::api
