// Any bytes as corporate actions: either an error that says where, or actions that every adjustment bears.
#include <cstdint>
#include <limits>

#include "market/adjustment.hpp"
#include "market/plain_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qos::market;
  const std::string_view csv{reinterpret_cast<const char*>(data), size};
  auto actions = parse_corporate_actions("fuzz.csv", csv);
  if (!actions) {
    QOS_ASSERT(actions.error().message.starts_with("fuzz.csv:"));
    QOS_ASSERT(actions.error().message.size() < 1000);
    QOS_ASSERT(!text_fault(actions.error().message));
    return 0;
  }
  std::vector<Code> codes;
  for (const CodedAction& coded : *actions) {
    const CorporateAction& action = coded.action;
    for (const Ratio& ratio : {action.bonus, action.split, action.rights})
      QOS_ASSERT(ratio.valid() && Ratio::parse(ratio.to_string()) == ratio);
    QOS_ASSERT(action.ex_date.ok() && !action.source.empty());
    codes.push_back(coded.code);
  }
  const CorporateActionTable table{std::move(*actions)};
  QOS_ASSERT(table.size() <= codes.size());
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  static const Instrument instrument{.tick = *TickRule::parse("0.01")};
  for (const Code& code : codes) {
    const auto of_code = table.of(code);
    QOS_ASSERT(!of_code.empty());
    for (const auto method : {AdjustmentMethod::ratio, AdjustmentMethod::subtract}) {
      const auto adjustment = Adjustment::make(of_code, method, of_code.back().ex_date, {});
      QOS_ASSERT(adjustment.steps().size() == of_code.size());
      for (const auto direction : {AdjustmentDirection::forward, AdjustmentDirection::backward})
        for (const std::int64_t raw : {std::int64_t{12'340'000'000}, kMost, -kMost, std::int64_t{0}})
          adjustment.apply(qos::Price::from_raw(raw), of_code.front().ex_date, direction, instrument);
    }
  }
  return 0;
}
