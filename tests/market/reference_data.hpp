// Real data outside the project: where it is, and rows of the formats that several tests of this folder read.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "event/kline.hpp"
#include "io/file.hpp"
#include "market/session_calendar.hpp"

namespace qos::market {

inline std::filesystem::path reference_path(const char* below) {
  if (const char* set = std::getenv("QOS_TEST_DATA"); set != nullptr)
    return std::filesystem::path{set} / below;
  return std::filesystem::path{QOS_SOURCE_DIR} / ".." / "shared" / "data" / below;
}

// Cells of every line but the header; for files without quotes.
inline std::vector<std::vector<std::string>> plain_csv(const std::filesystem::path& path,
                                                       bool header = true) {
  std::vector<std::vector<std::string>> rows;
  const auto text = io::read_file(path);
  if (!text) return rows;
  std::size_t at = header ? text->find('\n') + 1 : 0;
  while (at < text->size()) {
    const auto end = std::min(text->find('\n', at), text->size());
    std::vector<std::string> row{""};
    for (const char c : std::string_view{*text}.substr(at, end - at)) {
      if (c == ',')
        row.emplace_back();
      else if (c != '\r')
        row.back() += c;
    }
    rows.push_back(std::move(row));
    at = end + 1;
  }
  return rows;
}

// 20190628
inline Date compact_date(std::uint32_t text) {
  return Date{std::chrono::year{static_cast<int>(text / 10'000)}, std::chrono::month{text / 100 % 100},
              std::chrono::day{text % 100}};
}

struct TdxDay {
  Date date;
  Price open;
  Price high;
  Price low;
  Price close;
};

// The .day file of Chinese desktop software: records of 32 bytes, prices times 100 (funds: 1000).
inline std::vector<TdxDay> tdx_days(const std::filesystem::path& path, std::int64_t price_scale = 100) {
  constexpr std::size_t kRecord = 32;
  std::vector<TdxDay> days;
  const auto bytes = io::read_file(path);
  if (!bytes) return days;
  for (std::size_t at = 0; at + kRecord <= bytes->size(); at += kRecord) {
    std::uint32_t field[5];
    std::memcpy(field, bytes->data() + at, sizeof field);
    const auto price = [&](std::size_t i) {
      return Price::from_raw(field[i] * (Price::kScale / price_scale));
    };
    days.push_back({compact_date(field[0]), price(1), price(2), price(3), price(4)});
  }
  return days;
}

}  // namespace qos::market
