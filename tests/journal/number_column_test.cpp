// Columns of numbers and the powers of ten that they are divided by.
#include "journal/number_column.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "journal/power_of_ten.hpp"

namespace qos::journal {
namespace {

std::string column_of(const std::vector<std::uint64_t>& values) {
  std::string out;
  ColumnWriter writer;
  writer.append(values, out);
  return out;
}

std::vector<std::uint64_t> read(const std::string& bytes, std::size_t count, bool* well = nullptr) {
  const auto readable = bytes + std::string(kReadBeyond, '\0');
  ByteReader in{std::string_view{readable}.substr(0, bytes.size())};
  ColumnReader column{in, count};
  std::vector<std::uint64_t> values;
  for (std::size_t n = 0; n < count; ++n) values.push_back(column.next());
  if (well != nullptr) *well = column.ended_well() && in.ok() && in.at_end();
  return values;
}

TEST(NumberColumn, gives_back_values_of_every_width_and_count) {
  std::mt19937_64 random{1};
  for (int width = 0; width <= 64; ++width)
    for (const std::size_t count : {1U, 2U, 7U, 63U, 64U, 65U, 200U}) {
      std::vector<std::uint64_t> values;
      for (std::size_t n = 0; n < count; ++n) {
        const bool outlier = random() % 16 == 0;
        values.push_back(outlier ? random() >> random() % 64 : width == 0 ? 0 : random() >> (64 - width));
      }
      bool well = false;
      ASSERT_EQ(read(column_of(values), count, &well), values) << width << " bits, " << count;
      EXPECT_TRUE(well) << width << " bits, " << count;
    }
}

TEST(NumberColumn, costs_nothing_for_zeros_and_little_for_rare_steps) {
  EXPECT_EQ(column_of(std::vector<std::uint64_t>(8192, 0)), std::string(1, '\0'));
  EXPECT_EQ(column_of(std::vector<std::uint64_t>(8192, 5)).size(), 3U);
  std::vector<std::uint64_t> rare(64, 0);
  rare[17] = 1'000'000;
  // Size, way, width, one patch, its place, three bytes of it.
  EXPECT_EQ(column_of(rare).size(), 8U);
}

TEST(NumberColumn, notices_bytes_that_are_too_few_too_many_or_wrong) {
  std::vector<std::uint64_t> values;
  for (std::uint64_t n = 0; n < 100; ++n) values.push_back(n % 10 == 0 ? n * 1'000'000 : n);
  const auto bytes = column_of(values);
  bool well = true;
  read(bytes, 99, &well);
  EXPECT_FALSE(well);
  read(bytes, 101, &well);
  EXPECT_FALSE(well);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    read(bytes.substr(0, size), 100, &well);
    EXPECT_FALSE(well) << size;
  }
  for (const char way : {'\3', '\0', '\xFF'}) {
    read(std::string{"\2"} + way + '\0', 100, &well);
    EXPECT_FALSE(well) << static_cast<int>(way);
  }
}

TEST(PowerOfTen, finds_what_divides_a_number_exactly) {
  EXPECT_TRUE(divides(9, -37'000'000'000));
  EXPECT_FALSE(divides(10, -37'000'000'000));
  EXPECT_TRUE(divides(18, 0));
  EXPECT_TRUE(divides(18, 9'000'000'000'000'000'000));
  EXPECT_TRUE(divides(0, std::numeric_limits<std::int64_t>::min()));
  EXPECT_FALSE(divides(1, std::numeric_limits<std::int64_t>::min()));
  std::mt19937_64 random{2};
  for (int n = 0; n < 100'000; ++n) {
    const auto exponent = static_cast<int>(random() % kPowersOfTen);
    const auto power = static_cast<std::int64_t>(power_of_ten(exponent));
    const auto value = static_cast<std::int64_t>(random()) >> random() % 64;
    const auto product = value / power * power;
    ASSERT_EQ(divides(exponent, value), value % power == 0) << value << " by 10^" << exponent;
    ASSERT_TRUE(divides(exponent, product)) << product << " by 10^" << exponent;
    ASSERT_EQ(divide_exactly(product, exponent), product / power) << product << " by 10^" << exponent;
  }
}

TEST(PowerOfTen, the_common_one_is_the_smallest_of_all) {
  CommonPower power;
  EXPECT_EQ(power.exponent(), 18);
  for (const auto& [value, exponent] : {std::pair{61'800'000'000'000LL, 11},
                                        {0LL, 11},
                                        {61'800'100'000'000LL, 8},
                                        {-500'000'000LL, 8},
                                        {7LL, 0}}) {
    power.show(value);
    EXPECT_EQ(power.exponent(), exponent) << value;
  }
}

}  // namespace
}  // namespace qos::journal
