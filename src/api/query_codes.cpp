// /instrument-info, /snapshot, /depth and /trade: an array of codes in, an array of elements in the same
// order out.
#include "api/codes.hpp"
#include "api/freshness.hpp"
#include "api/json/encode.hpp"
#include "api/json/encode_reference.hpp"
#include "api/query_families.hpp"

namespace qos::api {
namespace {

// The protocol's bounds of `count`. The machine keeps at least so many trades (state::Machine::Options).
constexpr IntegerRange kTradeCount{1, 50};
// More than a market publishes is no error: the answer has what there is.
constexpr IntegerRange kLevels{1, 1'000'000};

Answer<RequestedCodes> codes_of(const Asked& asked, access::Permission permission) {
  auto items = asked.request.texts("codes");
  if (!items) return passed_on(items);
  return resolve_codes(*items, asked.plan.limit(permission).product_count, asked.services.instruments);
}

Answer<RequestedCodes> fresh_codes_of(const Asked& asked, access::Permission permission) {
  auto codes = codes_of(asked, permission);
  if (!codes) return codes;
  if (auto fresh = fresh_if_strict(asked.request, codes->known, asked.services); !fresh)
    return passed_on(fresh);
  return codes;
}

// {"c":"HK:700" ; the element's encoder appends the rest. A spelling is [A-Za-z0-9:./_-] only: nothing to
// escape.
void open_element(std::string& out, std::string_view spelling) {
  if (out.back() == '}') out += ',';
  out += R"({"c":")";
  out += spelling;
  out += '"';
}

// `append_all(out, code)` writes the elements of one code. bytes_each: about what one code takes.
template <typename AppendAll>
QueryAnswer array_of(RequestedCodes&& codes, std::size_t bytes_each, AppendAll&& append_all) {
  QueryAnswer answer;
  answer.data.reserve(2 + codes.known.size() * bytes_each);
  answer.data += '[';
  for (const auto& code : codes.known) append_all(answer.data, code);
  answer.data += ']';
  answer.missing = std::move(codes.missing);
  return answer;
}

}  // namespace

namespace {

QueryAnswer remembered_snapshots(const RequestedCodes& codes, LoopMemory& memory) {
  QueryAnswer answer{.data = memory.take_text(), .missing = codes.missing};
  answer.data.reserve(64 + codes.known.size() * 320);
  answer.data += '[';
  for (const auto& code : codes.known) {
    open_element(answer.data, code.spelling);
    memory.snapshots.append(answer.data, *code.instrument);
  }
  answer.data += ']';
  return answer;
}

}  // namespace

std::optional<QueryAnswer> answer_remembered_snapshot(std::string_view request, const access::Plan& plan,
                                                      LoopMemory& memory) {
  const auto* codes = memory.codes.find(request);
  if (codes == nullptr) return std::nullopt;
  const auto limit = plan.limit(access::Permission::snapshot).product_count;
  if (limit != 0 && codes->known.size() + codes->missing.size() > limit) return std::nullopt;
  return remembered_snapshots(*codes, memory);
}

Answer<QueryAnswer> answer_snapshot(const Asked& asked) {
  auto codes = fresh_codes_of(asked, access::Permission::snapshot);
  if (!codes) return passed_on(codes);
  if (asked.memory != nullptr) {
    // Whether a market is fresh is a question of the moment.
    if (asked.request.flag("strict", false) == false) asked.memory->codes.remember(asked.text, *codes);
    return remembered_snapshots(*codes, *asked.memory);
  }
  return array_of(std::move(*codes), 320, [&](std::string& out, const RequestedCode& code) {
    const auto* view = asked.services.views.find(code.instrument->id);
    open_element(out, code.spelling);
    json::append_full_snapshot_body(out, *code.instrument, view ? view->snapshot() : state::Snapshot{});
  });
}

Answer<QueryAnswer> answer_depth(const Asked& asked) {
  auto levels = asked.request.optional_integer("levels", kLevels);
  if (!levels) return passed_on(levels);
  auto codes = fresh_codes_of(asked, access::Permission::depth);
  if (!codes) return passed_on(codes);
  const auto most = static_cast<std::size_t>(levels->value_or(0));
  return array_of(std::move(*codes), 512, [&](std::string& out, const RequestedCode& code) {
    const auto* view = asked.services.views.find(code.instrument->id);
    open_element(out, code.spelling);
    json::append_depth_body(out, *code.instrument, view ? view->depth() : state::Depth{}, most);
  });
}

Answer<QueryAnswer> answer_trade(const Asked& asked) {
  auto count = asked.request.integer("count", kTradeCount);
  if (!count) return passed_on(count);
  auto codes = fresh_codes_of(asked, access::Permission::trade);
  if (!codes) return passed_on(codes);
  const auto latest = static_cast<std::size_t>(*count);
  return array_of(std::move(*codes), latest * 72, [&](std::string& out, const RequestedCode& code) {
    const auto* view = asked.services.views.find(code.instrument->id);
    if (!view) return;
    for (const auto& trade : view->trades(latest)) {
      open_element(out, code.spelling);
      json::append_trade_body(out, *code.instrument, trade);
    }
  });
}

Answer<QueryAnswer> answer_instrument_info(const Asked& asked) {
  auto codes = codes_of(asked, access::Permission::instrument_info);
  if (!codes) return passed_on(codes);
  return array_of(std::move(*codes), 224, [](std::string& out, const RequestedCode& code) {
    open_element(out, code.spelling);
    json::append_instrument_info_body(out, *code.instrument);
  });
}

}  // namespace qos::api
