// Real minutes through the whole store: exact again, and how many bytes a minute the file has.
#include <gtest/gtest.h>

#include <cstdlib>

#include "io/compressed_reader.hpp"
#include "store/kline_store_support.hpp"

namespace qos::store {
namespace {

std::filesystem::path data(const char* file) {
  const char* const folder = std::getenv("QOS_TEST_DATA");
  const auto root = folder != nullptr ? std::filesystem::path{folder}
                                      : std::filesystem::path{QOS_SOURCE_DIR} / "../shared/data";
  return root / file;
}

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields{""};
  for (const char c : line) {
    if (c == ',')
      fields.emplace_back();
    else if (c != ' ' || !fields.back().empty())
      fields.back() += c;
  }
  return fields;
}

// "2017-3-3 13:22:0" or "2013-02-01 00:00:00+00:00", taken for UTC: only its distances matter here.
UnixNanos time_of(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  QOS_ASSERT(std::sscanf(text.c_str(), "%d-%u-%u %d:%d", &year, &month, &day, &hour, &minute) == 5);
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                         std::chrono::day{day}};
  return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute};
}

struct Source {
  const char* file;
  int time;      // columns
  int open;      // followed by high, low, close
  int volume;    // -1: none
  int turnover;  // -1: none
};

std::vector<Kline> read(const Source& source) {
  std::vector<Kline> klines;
  auto reader = io::LineReader::open(data(source.file)).value();
  static_cast<void>(reader.next().value());  // names of the columns
  for (auto line = reader.next().value(); line; line = reader.next().value()) {
    const auto fields = fields_of(*line);
    const auto text = [&](int column) { return fields.at(static_cast<std::size_t>(column)); };
    const auto price = [&](int column) { return Price::parse(text(source.open + column)).value(); };
    Kline kline{.start = time_of(text(source.time)),
                .open = price(0),
                .high = price(1),
                .low = price(2),
                .close = price(3),
                .volume = source.volume < 0 ? Volume{} : Volume::parse(text(source.volume)).value(),
                .turnover = source.turnover < 0 ? Turnover{} : Turnover::parse(text(source.turnover)).value(),
                .closed = true};
    if (klines.empty() || klines.back().start < kline.start) klines.push_back(kline);
  }
  return klines;
}

class KlineStoreRealData : public ::testing::TestWithParam<Source> {};

// Under many codes, so that the file's fixed pages do not count more than they do for a market.
TEST_P(KlineStoreRealData, comes_back_exactly_and_takes_at_most_8_bytes_a_minute) {
  if (!std::filesystem::exists(data(GetParam().file)))
    GTEST_SKIP() << GetParam().file << " is absent; QOS_TEST_DATA names its folder";
  const auto klines = read(GetParam());
  ASSERT_GT(klines.size(), 300U);
  const auto codes = static_cast<std::uint32_t>(600'000 / klines.size());
  const TempFolder folder;
  {
    const auto store = open(folder);
    auto batch = store->begin_batch().value();
    for (std::uint32_t code = 0; code < codes; ++code) {
      const auto key = batch->key_of(fmt::format("T:{}", code)).value();
      std::vector<StoredKline> lines;
      for (const auto& kline : klines)
        lines.push_back({.instrument = key,
                         .trading_date = std::chrono::floor<std::chrono::days>(kline.start),
                         .kline = kline});
      ASSERT_EQ(batch->merge(lines, OnDifferent::keep), (MergeReport{.added = klines.size()}));
    }
    ASSERT_TRUE(batch->commit());
    const auto back = store->latest(StoreKey{codes - 1}, StoredSeries::regular, klines.size()).value();
    ASSERT_EQ(back.size(), klines.size());
    for (std::size_t n = 0; n < back.size(); ++n) ASSERT_EQ(back[n].kline, klines[n]);
  }
  const auto bytes = static_cast<double>(open(folder)->bytes_on_disk() - 32'768);  // a new -shm
  const double each = bytes / static_cast<double>(klines.size() * codes);
  fmt::print("{}: {} minutes, {:.2f} bytes each\n", GetParam().file, klines.size(), each);
  EXPECT_LE(each, 8.0);
}

INSTANTIATE_TEST_SUITE_P(Files, KlineStoreRealData,
                         ::testing::Values(Source{"cn/hikyuu/test_min_data.csv.gz", 0, 1, 6, 5},
                                           Source{"fx/fxcm_usdjpy_m1_ask_2013.csv.gz", 0, 1, -1, -1},
                                           Source{"hk/futu_1m/HK.09988_2022-04-11_1M.csv", 1, 2, 6, 7},
                                           Source{"hk/futu_1m/HK.09988_2022-04-12_1M.csv", 1, 2, 6, 7}),
                         [](const auto& one) {
                           std::string name;
                           for (const char c : std::string_view{one.param.file})
                             if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
                           return name;
                         });

}  // namespace
}  // namespace qos::store
