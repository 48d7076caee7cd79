#include "core/bytes.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace qos {
namespace {

template <typename T>
using Limits = std::numeric_limits<T>;

const std::vector<std::uint64_t> kUnsigned{
    0, 1, 127, 128, 16'383, 16'384, 1ULL << 62, 1ULL << 63, Limits<std::uint64_t>::max()};
const std::vector<std::int64_t> kSigned{
    0, -1, 1, -64, 64, -65, 1'000'000'007, Limits<std::int64_t>::min(), Limits<std::int64_t>::max()};

constexpr Int128 kMax128 = static_cast<Int128>(~UInt128{0} >> 1);
const std::vector<Int128> kWide{0, -1, 1, Int128{1} << 64, -(Int128{1} << 64), kMax128, -kMax128 - 1};

std::string all_of_them() {
  std::string bytes;
  ByteWriter out{bytes};
  for (const auto value : kUnsigned) out.varint(value);
  for (const auto value : kSigned) out.signed_varint(value);
  for (const auto value : kWide) out.varint128(value);
  out.fixed(std::uint16_t{0xBEEF});
  out.fixed(std::int64_t{-2});
  out.text("tick");
  out.text("");
  return bytes;
}

TEST(Bytes, are_read_as_they_were_written) {
  const std::string bytes = all_of_them();
  ByteReader in{bytes};
  for (const auto value : kUnsigned) EXPECT_EQ(in.varint(), value);
  for (const auto value : kSigned) EXPECT_EQ(in.signed_varint(), value);
  for (const auto value : kWide) EXPECT_TRUE(in.varint128() == value);
  EXPECT_EQ(in.fixed<std::uint16_t>(), 0xBEEF);
  EXPECT_EQ(in.fixed<std::int64_t>(), -2);
  EXPECT_EQ(in.text(), "tick");
  EXPECT_EQ(in.text(), "");
  EXPECT_TRUE(in.ok() && in.at_end());
}

// What is written for years must stay what it is.
TEST(Bytes, have_the_layout_that_the_formats_say) {
  std::string bytes;
  ByteWriter out{bytes};
  out.varint(300);
  out.signed_varint(-2);
  out.fixed(std::uint32_t{0x01020304});
  out.varint128(Int128{1} << 64);
  out.text("ab");
  EXPECT_EQ(bytes, std::string("\xAC\x02\x03\x04\x03\x02\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x04\x02"
                               "ab",
                               20));
}

TEST(Bytes, cut_anywhere_are_refused_and_nothing_is_read_behind_the_cut) {
  const std::string bytes = all_of_them();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ByteReader in{std::string_view{bytes}.substr(0, size)};
    for (std::size_t n = 0; n < kUnsigned.size(); ++n) in.varint();
    for (std::size_t n = 0; n < kSigned.size(); ++n) in.signed_varint();
    for (std::size_t n = 0; n < kWide.size(); ++n) in.varint128();
    in.fixed<std::uint16_t>();
    in.fixed<std::int64_t>();
    in.text();
    in.text();
    EXPECT_FALSE(in.ok()) << size;
    EXPECT_EQ(in.varint(), 0U);
    EXPECT_EQ(in.fixed<std::uint64_t>(), 0U);
    EXPECT_EQ(in.text(), "");
    EXPECT_EQ(in.remaining(), 0U);
  }
}

TEST(Bytes, of_a_varint_that_does_not_fit_are_refused) {
  const std::string nine(9, '\xFF');
  const std::string fits = nine + '\x01';
  const std::string too_large = nine + '\x02';
  const std::string too_long = nine + "\x81\x01";
  const std::string endless(40, '\x80');
  EXPECT_EQ(ByteReader{fits}.varint(), Limits<std::uint64_t>::max());
  for (const auto& bytes : {too_large, too_long, endless}) {
    ByteReader in{bytes};
    EXPECT_EQ(in.varint(), 0U);
    EXPECT_FALSE(in.ok());
  }
  const std::string wide = std::string(18, '\xFF');
  const std::string wide_fits = wide + '\x03';
  const std::string wide_too_large = wide + '\x04';
  EXPECT_TRUE(ByteReader{wide_fits}.varint128() == -kMax128 - 1);
  for (const auto& bytes : {wide_too_large, endless}) {
    ByteReader in{bytes};
    EXPECT_TRUE(in.varint128() == 0);
    EXPECT_FALSE(in.ok());
  }
}

TEST(Bytes, that_announce_more_than_there_is_are_refused) {
  const std::string three{
      "\x03"
      "abc"};
  ByteReader fits{three};
  EXPECT_EQ(fits.count(), 3U);
  ByteReader of_two_bytes{three};
  EXPECT_EQ(of_two_bytes.count(2), 0U);
  EXPECT_FALSE(of_two_bytes.ok());
  const std::string four{
      "\x04"
      "abc"};
  ByteReader text{four};
  EXPECT_EQ(text.text(), "");
  EXPECT_FALSE(text.ok());
}

}  // namespace
}  // namespace qos
