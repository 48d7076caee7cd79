// Week, month, quarter, half-year and year buckets that other software made of the same days. Its labels: a
// week has its Friday, the others the last day of the calendar period, whether there was trading on it or
// not; ours are the period's first day. The first trading day of every bucket must agree. (Their indices of
// days do not: the two have not the same days everywhere, SH:000001 in May 1991, SH:600000 on 2006-04-04.)
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "calendars.hpp"
#include "market/kline_fold.hpp"
#include "reference_data.hpp"

namespace qos::market {
namespace {

using std::chrono::days;
using std::chrono::months;
using std::chrono::sys_days;

struct Bucket {
  Date period_end;
  Date first_day;
  friend bool operator==(const Bucket&, const Bucket&) = default;
};

std::vector<Bucket> golden_buckets(const std::string& period, const std::string& code) {
  const auto path = reference_path(("cn/hikyuu/period_" + period + "_" + code + ".csv").c_str());
  std::vector<Bucket> buckets;
  const auto date_of = [](const std::string& text) {
    return compact_date(static_cast<std::uint32_t>(std::stoul(text)));
  };
  for (const auto& row : plain_csv(path)) buckets.push_back({date_of(row.at(0)), date_of(row.at(2))});
  return buckets;
}

// The days of the .day file, made the same as the other software's where a bucket begins: it has one more of
// SH:600000, which was suspended around it, and lacks two Mondays of SH:000001.
std::vector<Date> dates_of(const std::string& code) {
  std::vector<Date> dates;
  for (const TdxDay& day :
       tdx_days(reference_path(("cn/tdx/vipdoc/sh/lday/sh" + code.substr(2) + ".day").c_str())))
    dates.push_back(day.date);
  const Date added = date("2006-04-04");
  if (!dates.empty() && code == "SH600000") dates.insert(std::ranges::upper_bound(dates, added), added);
  if (code == "SH000001")
    for (const char* lacking : {"1992-05-11", "1993-02-15"}) std::erase(dates, date(lacking));
  return dates;
}

// Each day's prices are its index, so that a fold says where it begins.
std::vector<FoldPart> numbered_days(const std::vector<Date>& dates) {
  std::vector<FoldPart> parts;
  for (const Date& day : dates) {
    const Price index = Price::from_raw(static_cast<std::int64_t>(parts.size()));
    parts.push_back({day, Kline{.start = calendar("CN").local_midnight(day),
                                .open = index,
                                .high = index,
                                .low = index,
                                .close = index,
                                .trades = 1}});
  }
  return parts;
}

// Months joined by their quarter or half-year, which the wire has no K-lines of.
std::vector<Kline> joined_months(const std::vector<Kline>& months_in, unsigned length) {
  std::vector<Kline> out;
  for (const Kline& month : months_in) {
    const Date first = calendar("CN").local_date(month.start);
    const unsigned within = (static_cast<unsigned>(first.month()) - 1) % length;
    const Date start = first - months{within};
    if (out.empty() || out.back().start != calendar("CN").local_midnight(start)) {
      out.push_back(month);
      out.back().start = calendar("CN").local_midnight(start);
    } else {
      continue_kline(out.back(), month);
    }
  }
  return out;
}

Date last_day(KlineType type, Date start, unsigned length) {
  if (type == KlineType::week) return Date{sys_days{start} + days{4}};
  return Date{sys_days{start + months{length}} - days{1}};
}

TEST(KlineFoldGolden, buckets_begin_with_the_same_days_as_those_of_other_software) {
  struct Period {
    const char* name;
    KlineType type;
    unsigned length;  // months
  };
  int compared = 0;
  for (const std::string code : {"SH600000", "SH000001"}) {
    const auto dates = dates_of(code);
    if (dates.empty()) GTEST_SKIP() << "no reference data (QOS_TEST_DATA)";
    const auto parts = numbered_days(dates);
    const FoldRules rules{calendar("CN")};
    for (const Period& period :
         {Period{"week", KlineType::week, 0}, Period{"month", KlineType::month, 1},
          Period{"quarter", KlineType::month, 3}, Period{"halfyear", KlineType::month, 6},
          Period{"year", KlineType::year, 12}}) {
      const auto golden = golden_buckets(period.name, code);
      ASSERT_FALSE(golden.empty()) << period.name << " " << code;
      auto folded = fold_klines(parts, period.type, rules);
      if (period.type == KlineType::month) folded = joined_months(folded, period.length);
      ASSERT_GE(folded.size(), golden.size());
      for (std::size_t i = 0; i < golden.size(); ++i) {
        const Kline& kline = folded[i];
        const Date first_day = dates.at(static_cast<std::size_t>(kline.open.raw()));
        const Date end = last_day(period.type, calendar("CN").local_date(kline.start), period.length);
        ASSERT_EQ((Bucket{end, first_day}), golden[i])
            << period.name << " " << code << " ours " << to_string(end) << " from " << to_string(first_day)
            << ", theirs " << to_string(golden[i].period_end) << " from " << to_string(golden[i].first_day);
        // And every day is in one bucket.
        if (i > 0) {
          ASSERT_EQ(folded[i - 1].close.raw() + 1, kline.open.raw());
        }
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 2'000);
}

}  // namespace
}  // namespace qos::market
