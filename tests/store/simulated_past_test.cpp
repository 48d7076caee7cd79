#include <gtest/gtest.h>

#include "store/reference_rows.hpp"
#include "support/temp_folder.hpp"

namespace qos::store {
namespace {

market::CodedAction dividend(std::string symbol, std::string source) {
  return {.code = {market::Market::US, std::move(symbol)},
          .action = {.ex_date = std::chrono::year{2026} / 1 / 6,
                     .cash = *Price::parse("0.5"),
                     .source = std::move(source)}};
}

TEST(SimulatedPast, is_marked_until_it_is_forgotten_with_what_was_made_up) {
  const test::TempFolder folder;
  auto rows = ReferenceRows::open(folder.path() / "reference.sqlite");
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_TRUE(rows->mark_simulated(std::vector<std::string>{"US:B", "US:A"}, true));
  ASSERT_TRUE(rows->mark_simulated(std::vector<std::string>{"US:C"}, false));
  EXPECT_EQ(*rows->simulated(),
            (std::vector<SimulatedPast>{{"US:A", true}, {"US:B", true}, {"US:C", false}}));
  ASSERT_TRUE(rows->put(std::vector{dividend("A", std::string{ReferenceRows::kSimulated}),
                                    dividend("C", "simulated"), dividend("B", "annual report")}));

  ASSERT_TRUE(rows->forget_simulated(std::vector<std::string>{"US:A", "US:B", "US:NONE"}));
  EXPECT_EQ(*rows->simulated(), (std::vector<SimulatedPast>{{"US:C", false}}));
  const auto actions = rows->actions();
  ASSERT_TRUE(actions);
  ASSERT_EQ(actions->size(), 2U);
  EXPECT_EQ((*actions)[0].code.symbol, "B");
  EXPECT_EQ((*actions)[1].code.symbol, "C");
}

}  // namespace
}  // namespace qos::store
