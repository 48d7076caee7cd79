#include <gtest/gtest.h>

#include "feed/feed.hpp"
#include "feed/options.hpp"

namespace qos::feed {
namespace {

using Options = std::map<std::string, std::string>;

TEST(FeedSpec, reads_a_kind_and_its_options) {
  struct Row {
    std::string_view text;
    FeedSpec spec;
  };
  const Row rows[] = {
      {"simulated", {"simulated", {}}},
      {"simulated:seed=1,hours=always", {"simulated", {{"seed", "1"}, {"hours", "always"}}}},
      {"binance_usdm:file=/data/a b.gz,speed=max",
       {"binance_usdm", {{"file", "/data/a b.gz"}, {"speed", "max"}}}},
      {"x:file=C:/a=b", {"x", {{"file", "C:/a=b"}}}},
      {R"(x:file=a\,b\\c,n=1)", {"x", {{"file", R"(a,b\c)"}, {"n", "1"}}}},
  };
  for (const auto& row : rows) {
    const auto spec = FeedSpec::parse(row.text);
    ASSERT_TRUE(spec) << row.text << ": " << spec.error().message;
    EXPECT_EQ(*spec, row.spec) << row.text;
  }
}

TEST(FeedSpec, refuses_what_it_cannot_read_and_names_it) {
  struct Row {
    std::string_view text;
    std::string_view named;
  };
  const Row rows[] = {
      {"", "'' is no kind"},
      {":seed=1", "'' is no kind"},
      {"Sim", "'Sim' is no kind"},
      {"sim ulated", "is no kind"},
      {"x:", "'' is no option"},
      {"x:seed", "'seed' is no option"},
      {"x:seed,a=1", "'seed' is no"},
      {"x:=1", "'' is no option"},
      {"x:a=1,", "'' is no option"},
      {"x:a=1,,b=2", "'' is no"},
      {"x:a=", "'a' has no value"},
      {"x:a=,b=1", "'a' has no value"},
      {"x:a=1,a=2", "'a' is given twice"},
      {"x:A=1", "'A' is no option"},
      {R"(x:a=1\)", "lone backslash"},
  };
  for (const auto& row : rows) {
    const auto spec = FeedSpec::parse(row.text);
    ASSERT_FALSE(spec) << row.text;
    EXPECT_NE(spec.error().message.find(row.named), std::string::npos)
        << row.text << ": " << spec.error().message;
  }
}

TEST(FeedSpec, an_unknown_option_is_named_beside_the_known_ones) {
  const auto spec = FeedSpec::parse("x:file=a,sped=2");
  ASSERT_TRUE(spec);
  EXPECT_TRUE(only_options(*spec, {"file", "sped"}));
  const auto refused = only_options(*spec, {"file", "speed"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "feed x: unknown option 'sped'; known: file, speed");
}

TEST(FeedRegistry, an_unknown_kind_is_an_error) {
  const auto plan = plan_feed(FeedSpec{.kind = "carrier_pigeon", .options = {}});
  ASSERT_FALSE(plan);
  EXPECT_NE(plan.error().message.find("unknown feed 'carrier_pigeon'; known: "), std::string::npos);
}

}  // namespace
}  // namespace qos::feed
