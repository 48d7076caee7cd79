// /corporate-actions: what adjusted prices are made of, so that a client can check them.
#include "api/codes.hpp"
#include "api/json/encode_reference.hpp"
#include "api/query_families.hpp"

namespace qos::api {
namespace {

// The past closes of every code are read; a thousand take some tens of milliseconds.
constexpr std::size_t kMaxCodes = 1'000;

Answer<market::AdjustmentMethod> method_of(const Asked& asked) {
  auto text = asked.request.optional_text("method");
  if (!text) return passed_on(text);
  if (!*text) return asked.services.klines.method();
  if (**text == "ratio") return market::AdjustmentMethod::ratio;
  if (**text == "subtract") return market::AdjustmentMethod::subtract;
  return invalid("method: expected \"ratio\" or \"subtract\", seen \"{}\"", **text);
}

Answer<RequestedCodes> codes_of(const Asked& asked) {
  auto items = asked.request.texts("codes");
  if (!items) return passed_on(items);
  auto codes = resolve_codes(*items, asked.plan.limit(access::Permission::instrument_info).product_count,
                             asked.services.instruments);
  if (codes && codes->known.size() > kMaxCodes)
    return invalid("codes: expected at most {} products, seen {}", kMaxCodes, codes->known.size());
  return codes;
}

}  // namespace

Answer<QueryAnswer> answer_corporate_actions(const Asked& asked) {
  const auto method = method_of(asked);
  if (!method) return std::unexpected{method.error()};
  auto codes = codes_of(asked);
  if (!codes) return passed_on(codes);
  QueryAnswer answer;
  answer.data += '[';
  for (const auto& code : codes->known) {
    const auto adjustment = asked.services.klines.adjustment(*code.instrument, *method);
    if (!adjustment) return std::unexpected{history_unavailable()};
    answer.data += answer.data.back() == '}' ? R"(,{"c":")" : R"({"c":")";
    answer.data += code.spelling;
    answer.data += '"';
    json::append_corporate_actions_body(answer.data, *adjustment, *method);
  }
  answer.data += ']';
  answer.missing = std::move(codes->missing);
  return answer;
}

}  // namespace qos::api
