// docs/trade_conditions.md is what the code does.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "state/trade_eligibility.hpp"
#include "state/world.hpp"

namespace qos::state {
namespace {

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream{line.substr(1)};
  for (std::string cell; std::getline(stream, cell, '|');) {
    std::erase(cell, ' ');
    cells.push_back(cell);
  }
  return cells;
}

std::string text_of(Eligibility eligibility) {
  switch (eligibility) {
    case Eligibility::full:
      return "full";
    case Eligibility::volume_only:
      return "volume_only";
    case Eligibility::tape_only:
      return "tape_only";
  }
  return "";
}

TEST(TradeConditions, are_as_documented) {
  std::ifstream file{std::string{QOS_SOURCE_DIR} + "/docs/trade_conditions.md"};
  int markets = 0;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| ")) continue;
    const auto cells = cells_of(line);
    const auto market = market::parse_market(cells.at(0));
    if (!market) continue;
    ++markets;
    ASSERT_EQ(cells.size(), static_cast<std::size_t>(kTradeConditions) + 1) << line;
    for (int condition = 0; condition < kTradeConditions; ++condition)
      EXPECT_EQ(cells[static_cast<std::size_t>(condition) + 1],
                text_of(eligibility_of(*market, static_cast<TradeCondition>(condition))))
          << line;
  }
  EXPECT_EQ(markets, market::kMarkets);
}

}  // namespace
}  // namespace qos::state
