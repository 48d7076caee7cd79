#include "api/codes.hpp"

#include <iterator>
#include <utility>

#include "api/code_collector.hpp"
#include "api/request.hpp"

namespace qos::api {

Answer<std::vector<RequestedCode>> CodeCollector::read(std::string_view place, std::string_view text) {
  auto parsed = market::parse_codes(text);
  if (!parsed) return invalid("{}: {}", place, parsed.error().message);
  std::vector<RequestedCode> known;
  known.reserve(parsed->size());
  for (auto& [code, spelling] : *parsed) {
    if (const auto* instrument = instruments_.find(code)) {
      seen_.insert(instrument);
      known.push_back({instrument, std::move(spelling)});
    } else if (seen_missing_.insert(std::move(code)).second) {
      missing_.push_back(std::move(spelling));
    }
  }
  return known;
}

Answer<void> CodeCollector::within(std::uint32_t limit) const {
  if (limit == 0 || products() <= limit) return {};
  return std::unexpected{
      make_error(ErrorKind::too_many_products,
                 fmt::format("{} in this request, the plan allows {}", products(), limit))};
}

std::vector<RequestedCode> each_once(std::vector<RequestedCode> codes) {
  std::unordered_set<const market::Instrument*> seen;
  std::erase_if(codes, [&](const RequestedCode& code) { return !seen.insert(code.instrument).second; });
  return codes;
}

Answer<RequestedCodes> resolve_codes(const std::vector<std::string_view>& items, std::uint32_t limit,
                                     const market::InstrumentTable& instruments) {
  if (items.empty()) return invalid("codes: expected an array of strings, not empty, seen an empty one");
  CodeCollector collector{instruments};
  RequestedCodes codes;
  for (std::size_t index = 0; index < items.size(); ++index) {
    auto known = collector.read(fmt::format("codes[{}]", index), items[index]);
    if (!known) return passed_on(known);
    std::ranges::move(*known, std::back_inserter(codes.known));
  }
  if (auto allowed = collector.within(limit); !allowed) return passed_on(allowed);
  codes.known = each_once(std::move(codes.known));
  codes.missing = collector.take_missing();
  return codes;
}

}  // namespace qos::api
