// Real files of TDX, hikyuu and Futu: counts as their provenance says, and that what overlaps agrees.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "archive/archive_fixture.hpp"
#include "archive/tdx_import.hpp"
#include "archive/test_data.hpp"
#include "io/compressed_reader.hpp"
#include "io/file.hpp"
#include "market/kline_fold.hpp"

namespace qos::archive {
namespace {

using market::date;
using market::utc;
using store::DatedKline;
using ::testing::HasSubstr;

struct Folder {
  TdxReport report;
  std::map<std::string, std::uint64_t> days;
  std::map<std::string, std::vector<DatedKline>> klines;
};

Result<Folder> read_folder(const std::filesystem::path& path, Noise noise) {
  auto listing = list_tdx_folder(path, {});
  if (!listing) return std::unexpected{listing.error()};
  const TdxUnitRules units;
  if (auto known = check_units(*listing, units); !known) return std::unexpected{known.error()};
  Folder folder;
  auto report = read_tdx(
      *listing, {.calendar = market::calendar("CN"), .units = units, .noise = noise}, [](std::uint64_t) {},
      [&](const TdxFile& file, const TdxKlines& klines) -> Result<void> {
        folder.klines[file.name] = klines.klines;
        return {};
      });
  if (!report) return std::unexpected{report.error()};
  folder.report = std::move(*report);
  return folder;
}

// The average price of a K-line must lie between its extremes, if scale and volume unit are right; amounts
// are floats, so a little beside is none.
void expect_plausible_units(const Folder& folder) {
  for (const auto& [name, klines] : folder.klines) {
    // An index has no such price, and the amounts of single minutes are too rough.
    if (!name.ends_with(".day") || name.find("sh000001") != std::string::npos ||
        name.find("sh88") != std::string::npos || name.find("sz399") != std::string::npos)
      continue;
    std::uint64_t beside = 0;
    for (const auto& [trading_date, kline] : klines) {
      const auto average =
          static_cast<double>(kline.turnover.raw()) / static_cast<double>(kline.volume.raw());
      beside += average < static_cast<double>(kline.low.raw()) * 0.9 ||
                        average > static_cast<double>(kline.high.raw()) * 1.1
                    ? 1
                    : 0;
    }
    EXPECT_LT(static_cast<double>(beside), 0.02 * static_cast<double>(klines.size()))
        << name << ": " << beside << " of " << klines.size();
  }
}

TEST(RealTdx, vipdoc_has_the_days_and_minutes_that_its_provenance_says) {
  const auto path = test::test_data("cn/tdx");
  if (path.empty()) GTEST_SKIP() << "cn/tdx is absent; QOS_TEST_DATA names its folder";
  const auto refused = read_folder(path, Noise::refuse);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("sh000001.day: record 98 (1991-05-09)"));

  const auto folder = read_folder(path, Noise::widen);
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(folder->report.widened, 16U);
  EXPECT_EQ(folder->klines.at("sh/lday/sh000001.day").size(), 8'455U);
  EXPECT_EQ(folder->klines.at("sh/lday/sh600000.day").size(), 6'119U);
  EXPECT_EQ(folder->klines.at("sh/lday/sh881478.day").size(), 1'747U);
  EXPECT_EQ(folder->klines.at("sh/minline/sh688001.lc1").size(), 2'880U - 414U);
  EXPECT_EQ(folder->report.without_trades, 414U);
  EXPECT_EQ(folder->report.five_minutes.different, 0U) << folder->report.five_minutes.first_different;
  expect_plausible_units(*folder);
}

TEST(RealTdx, a_broker_folder_of_2017_is_read_and_agrees_with_the_longer_series) {
  const auto path = test::test_data("cn/tdx_gf2017");
  const auto longer = test::test_data("cn/tdx");
  if (path.empty() || longer.empty())
    GTEST_SKIP() << "cn/tdx_gf2017 is absent; QOS_TEST_DATA names its folder";
  const auto folder = read_folder(path, Noise::refuse);
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(folder->klines.at("sh/sh600000.day").size(), 1'309U);
  EXPECT_EQ(folder->klines.at("sz/sz159915.day").size(), 1'299U);
  expect_plausible_units(*folder);

  const auto other = read_folder(longer, Noise::widen);
  ASSERT_TRUE(other);
  std::map<market::Date, Kline> by_date;
  for (const auto& [trading_date, kline] : other->klines.at("sh/lday/sh600000.day"))
    by_date[trading_date] = kline;
  std::size_t equal = 0;
  for (const auto& [trading_date, kline] : folder->klines.at("sh/sh600000.day")) {
    const auto& same = by_date.at(trading_date);
    equal += same.open == kline.open && same.high == kline.high && same.low == kline.low &&
                     same.close == kline.close && same.volume == kline.volume
                 ? 1
                 : 0;
  }
  EXPECT_EQ(equal, 1'308U) << "2013-11-19 has 30 shares more in the longer series";
}

// hikyuu's minutes are a price and lots, labelled with their starts: volumes sum to the day of TDX.
TEST(RealHikyuu, minutes_sum_to_the_days_of_tdx) {
  const auto path = test::test_data("cn/hikyuu/minute_SH600000_20181203-20190201.csv.gz");
  const auto vipdoc = test::test_data("cn/tdx");
  if (path.empty() || vipdoc.empty()) GTEST_SKIP() << path << " is absent; QOS_TEST_DATA names its folder";
  std::string csv{kKlineCsvHeader};
  auto lines = io::LineReader::open(path);
  ASSERT_TRUE(lines);
  for (auto line = lines->next().value(); line; line = lines->next().value()) {
    if (lines->line() == 1) continue;
    const std::string row{*line};
    const auto comma = row.find(',');
    const auto price = Price::from_raw(std::stoll(row.substr(comma + 1)) * 1'000'000).to_string();
    csv += fmt::format("SH:600000,{}-{}-{} {}:{},{},{},{},{},{},0\n", row.substr(0, 4), row.substr(4, 2),
                       row.substr(6, 2), row.substr(8, 2), row.substr(10, 2), price, price, price, price,
                       row.substr(row.rfind(',') + 1));
  }
  const auto minutes = read_klines(csv, {.series = StoredSeries::regular,
                                         .label = Label::start,
                                         .volume = VolumeUnit::lots,
                                         .time = local_time("Asia/Shanghai")});
  ASSERT_TRUE(minutes) << minutes.error().message;
  EXPECT_EQ(minutes->size(), 43U * 240U);

  std::map<market::Date, Volume> sums;
  for (const auto& row : *minutes) sums[row.kline.trading_date] += row.kline.kline.volume;
  const auto folder = read_folder(vipdoc, Noise::widen);
  ASSERT_TRUE(folder);
  std::size_t compared = 0;
  for (const auto& [trading_date, kline] : folder->klines.at("sh/lday/sh600000.day")) {
    const auto sum = sums.find(trading_date);
    if (sum == sums.end()) continue;
    ++compared;
    // The minutes are whole lots, the day counts shares.
    const auto rest = (kline.volume.raw() - sum->second.raw()) / Quantity::kScale;
    EXPECT_TRUE(rest > -100 && rest < 100) << market::to_string(trading_date);
  }
  EXPECT_EQ(compared, 43U);
}

// Futu's Hong Kong minutes: ends as labels, a row for the opening auction, the closing auction in the last.
TEST(RealFutu, minutes_of_9988_fold_to_the_day) {
  const auto path = test::test_data("hk/futu_1m/HK.09988_2022-04-12_1M.csv");
  if (path.empty()) GTEST_SKIP() << "Futu's minutes are absent; QOS_TEST_DATA names their folder";
  std::istringstream in{io::read_file(path).value()};
  std::string csv{kKlineCsvHeader};
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> fields;
    std::istringstream row{line};
    for (std::string field; std::getline(row, field, ',');) fields.push_back(field);
    csv += fmt::format("HK:9988,{},{},{},{},{},{},{}\n", fields[1], fields[2], fields[3], fields[4],
                       fields[5], fields[6], fields[7]);
  }
  const auto minutes = read_klines(csv, {.series = StoredSeries::regular,
                                         .label = Label::end,
                                         .opening = OpeningRow::first_minute,
                                         .volume = VolumeUnit::shares,
                                         .time = local_time("Asia/Hong_Kong")});
  ASSERT_TRUE(minutes) << minutes.error().message;
  EXPECT_EQ(minutes->size(), 330U) << "331 rows, the auction's is part of the first minute";
  std::vector<market::FoldPart> parts;
  for (const auto& row : *minutes) parts.push_back({row.kline.trading_date, row.kline.kline});
  const auto days = market::fold_klines(parts, market::KlineType::day, {.calendar = market::calendar("HK")});
  ASSERT_EQ(days.size(), 1U);
  EXPECT_EQ(days[0].volume.to_string(), "39680332");
  EXPECT_EQ(days[0].open.to_string(), "98.5");
  const auto hours = market::fold_klines(parts, market::KlineType::m60, {.calendar = market::calendar("HK")});
  ASSERT_EQ(hours.size(), 6U);
  EXPECT_EQ(hours[2].start, utc("2022-04-12 03:30")) << "11:30 reaches across lunch";
}

}  // namespace
}  // namespace qos::archive
