// The CSV reader under the instrument table, against a writer that quotes everything.
#include <gtest/gtest.h>

#include <random>

#include "market/csv_reader.hpp"
#include "market/instrument_fixture.hpp"
#include "market/plain_text.hpp"

namespace qos::market {
namespace {

TEST(CsvReader, gives_back_what_was_written) {
  constexpr std::uint64_t kSeed = 20261122;
  std::mt19937_64 random{kSeed};
  const std::vector<std::string> pieces{"a", ",", "\"", " ", "价", "\"\"", "'", ";", "0.5", "\t"};
  std::vector<std::vector<std::string>> written;
  std::string text;
  for (int line = 0; line < 500; ++line) {
    auto& fields = written.emplace_back(1 + random() % 20);
    for (auto& field : fields)
      for (auto left = random() % 6; left > 0; --left) field += pieces[random() % pieces.size()];
    std::vector<std::string> cells;
    for (const auto& field : fields) cells.push_back(csv_field(field));
    text += fmt::format("{}{}", fmt::join(cells, ","), random() % 2 ? "\n" : "\r\n");
  }
  CsvReader reader{"random.csv", text};
  for (std::size_t line = 0; line < written.size(); ++line) {
    const auto row = reader.next();
    ASSERT_TRUE(row && *row) << "seed " << kSeed << " line " << line + 1;
    EXPECT_EQ((*row)->line, line + 1);
    EXPECT_EQ(std::vector((*row)->fields.begin(), (*row)->fields.end()), written[line]) << "seed " << kSeed;
  }
  const auto end = reader.next();
  EXPECT_TRUE(end && !*end);
}

TEST(PlainText, is_strict_utf8_without_controls) {
  for (const std::string_view good :
       {"", "~", "\xC2\xA0", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF0\x90\x80\x80",
        "\xF4\x8F\xBF\xBF", "贵州茅台", "a\\\"b"})
    EXPECT_EQ(text_fault(good), std::nullopt) << good;
  for (const std::string_view bad :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE2\x82",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",
        "\xF0\x9F\x98"})
    EXPECT_EQ(text_fault(bad), "not UTF-8 at byte 1");
  for (const std::string_view control : {"ab\x01", "ab\x1F", "ab\x7F", "ab\xC2\x80", "ab\xC2\x9F"})
    EXPECT_TRUE(text_fault(control) && text_fault(control)->starts_with("control character 0x")) << control;
}

}  // namespace
}  // namespace qos::market
