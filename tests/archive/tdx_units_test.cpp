#include "archive/tdx_units.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/china_class.hpp"

namespace qos::archive {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

market::Code code(std::string_view text) {
  return market::parse_code(text).value().code;
}

TEST(TdxUnits, follow_from_the_class_of_a_code) {
  struct Row {
    const char* code;
    TdxUnits units;
  };
  const TdxUnitRules rules;
  for (const auto& row :
       {Row{"SH:600000", {100, 1, NoVolume::no_trades}}, Row{"SH:688001", {100, 1, NoVolume::no_trades}},
        Row{"SH:510300", {1000, 1, NoVolume::no_trades}}, Row{"SH:900901", {1000, 1, NoVolume::no_trades}},
        Row{"SH:000001", {100, 100, NoVolume::of_value}}, Row{"SH:881478", {100, 100, NoVolume::of_value}},
        Row{"SZ:000001", {100, 1, NoVolume::no_trades}}, Row{"SZ:200725", {100, 1, NoVolume::no_trades}},
        Row{"SZ:159915", {1000, 1, NoVolume::no_trades}}, Row{"SZ:399006", {100, 100, NoVolume::of_value}}}) {
    const auto units = rules.units_of(code(row.code));
    ASSERT_TRUE(units) << units.error().message;
    EXPECT_EQ(*units, row.units) << row.code;
  }
}

TEST(TdxUnits, of_an_unknown_class_must_be_stated_both) {
  TdxUnitRules rules;
  const auto unknown = [&] { return rules.units_of(code("SH:204001")); };
  EXPECT_THAT(unknown().error().message,
              AllOf(HasSubstr("SH:204001"), HasSubstr("--price-scale 'SH:204*=100'"),
                    HasSubstr("--volume-unit"), HasSubstr("--skip")));
  ASSERT_TRUE(rules.state_price_scale("SH:204*=1000"));
  EXPECT_FALSE(unknown());
  ASSERT_TRUE(rules.state_volume_unit("SH:20*=10"));
  EXPECT_EQ(unknown().value(), (TdxUnits{1000, 10, NoVolume::no_trades}));
  ASSERT_TRUE(rules.state_price_scale("SH:204001=100"));
  EXPECT_EQ(unknown().value().price_scale, 100) << "the last one that fits counts";
}

TEST(TdxUnits, that_are_stated_go_before_the_table) {
  TdxUnitRules rules;
  ASSERT_TRUE(rules.state_price_scale("SH:600000=1000"));
  EXPECT_EQ(rules.units_of(code("SH:600000")).value().price_scale, 1000);
  EXPECT_EQ(rules.units_of(code("SH:600001")).value().price_scale, 100);
}

TEST(TdxUnits, refuse_statements_that_make_no_sense) {
  TdxUnitRules rules;
  for (const auto* text :
       {"SH:600000", "SH:600000=", "SH:600000=x", "SH:600000=0", "SH:600000=-1", "SH:600000=20",
        "SH:600000=10000000000", "HK:700=1", "SH:60000=100", "SH:6000000*=100", "SH:a*=100", "=1", ""})
    EXPECT_FALSE(rules.state_price_scale(text)) << text;
  EXPECT_TRUE(rules.state_volume_unit("SZ:12*=20"));
  EXPECT_FALSE(rules.state_volume_unit("SZ:12*=1000001"));
}

TEST(ChinaClass, has_each_prefix_once) {
  for (const auto& a : china_classes())
    EXPECT_EQ(china_class_of({a.market, std::string{a.prefix} + std::string(6 - a.prefix.size(), '0')}), &a);
}

}  // namespace
}  // namespace qos::archive
