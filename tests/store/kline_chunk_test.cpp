#include "store/kline_chunk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "store/kline_rows.hpp"

namespace qos::store {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::uint64_t kPlace = 42;
constexpr UnixNanos kOpening = from_unix_seconds(1'767'623'400);

Bytes chunk_of(const std::vector<Kline>& klines) {
  Bytes bytes;
  append_chunk(bytes, klines, kPlace);
  return bytes;
}

std::vector<Kline> klines_of(std::span<const std::byte> chunk) {
  KlineColumns columns;
  const auto done = columns.decode(chunk, kPlace);
  EXPECT_TRUE(done) << done.error().message;
  std::vector<Kline> klines;
  for (std::size_t n = 0; n < columns.size(); ++n) klines.push_back(columns.at(n));
  return klines;
}

// A day that looks like one: ticks of 0.01, lots of 100.
std::vector<Kline> plain_day(int minutes = 240) {
  std::mt19937 random{1};
  std::vector<Kline> klines;
  std::int64_t price = 2'050;
  for (int n = 0; n < minutes; ++n) {
    const auto open = price + static_cast<std::int64_t>(random() % 3) - 1;
    const auto close = open + static_cast<std::int64_t>(random() % 5) - 2;
    const auto high = std::max(open, close) + static_cast<std::int64_t>(random() % 2);
    const auto low = std::min(open, close) - static_cast<std::int64_t>(random() % 2);
    const auto lots = static_cast<std::int64_t>(1 + random() % 500);
    const auto p = [](std::int64_t ticks) { return Price::from_raw(ticks * 10'000'000); };
    price = close;
    klines.push_back(
        {.start = kOpening + n * 1min + (n >= 120 ? 90min : 0min),
         .open = p(open),
         .high = p(high),
         .low = p(low),
         .close = p(close),
         .volume = Volume{Quantity::from_units(lots * 100)},
         .turnover = Turnover::from_raw(Int128{(low + high) / 2 * 10'000'000} * lots * 100 * 100'000'000),
         .trades = static_cast<std::uint32_t>(lots / 2),
         .closed = true});
  }
  return klines;
}

TEST(KlineChunk, gives_back_a_plain_day_in_few_bytes) {
  const auto day = plain_day();
  const auto chunk = chunk_of(day);
  EXPECT_EQ(klines_of(chunk), day);
  EXPECT_LT(chunk.size(), 240U * 6);
  const auto head = read_chunk_head(chunk, kPlace);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->count, 240U);
  EXPECT_EQ(head->first, kOpening);
  EXPECT_EQ(head->last, kOpening + 329min);
}

TEST(KlineChunk, gives_back_nothing_and_one) {
  EXPECT_TRUE(klines_of(chunk_of({})).empty());
  const auto one = plain_day(1);
  EXPECT_EQ(klines_of(chunk_of(one)), one);
  EXPECT_EQ(klines_of(chunk_of({Kline{.closed = true}})), (std::vector{Kline{.closed = true}}));
}

TEST(KlineChunk, takes_no_bits_for_quiet_minutes) {
  std::vector<Kline> quiet(1'000, plain_day(1).front());
  for (std::size_t n = 0; n < quiet.size(); ++n) {
    quiet[n].high = quiet[n].low = quiet[n].close = quiet[n].open;
    quiet[n].start += static_cast<int>(n) * 1min;
  }
  const auto chunk = chunk_of(quiet);
  EXPECT_EQ(klines_of(chunk), quiet);
  EXPECT_LT(chunk.size(), 80U);
}

TEST(KlineChunk, pays_for_an_odd_lot_only_where_there_is_one) {
  const auto day = plain_day();
  auto odd = day;
  for (const std::size_t n : {3U, 77U}) {
    odd[n].volume += Volume{Quantity::from_units(37)};
    odd[n].turnover += Turnover{odd[n].low, Quantity::from_units(37)};
  }
  const auto chunk = chunk_of(odd);
  EXPECT_EQ(klines_of(chunk), odd);
  EXPECT_LT(chunk.size(), chunk_of(day).size() * 5 / 4);
}

// Every value at its limits, alone and among plain ones: nothing may be lost to an overflow.
TEST(KlineChunk, is_exact_at_every_limit) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  constexpr auto kWideMin = std::numeric_limits<Int128>::min();
  constexpr auto kWideMax = std::numeric_limits<Int128>::max();
  std::vector<Kline> odd;
  for (const std::int64_t price :
       {kMin, kMax, std::int64_t{-1}, std::int64_t{1}, std::int64_t{-37'630'000'000}})
    for (int which = 0; which < 4; ++which) {
      auto kline = plain_day(1).front();
      (which == 0   ? kline.open
       : which == 1 ? kline.high
       : which == 2 ? kline.low
                    : kline.close) = Price::from_raw(price);
      odd.push_back(kline);
    }
  for (const Int128 sum : {kWideMin, kWideMax, Int128{-1}, Int128{1}, Int128{kMax}, Int128{kMax} + 1,
                           Int128{kMin}, Int128{kMin} - 1, Int128{1} << 100})
    for (const bool volume : {false, true}) {
      auto kline = plain_day(1).front();
      if (volume)
        kline.volume = Volume::from_raw(sum);
      else
        kline.turnover = Turnover::from_raw(sum);
      odd.push_back(kline);
    }
  for (const auto start : {UnixNanos::min(), UnixNanos::max(), from_unix_nanos(-1), from_unix_nanos(1)}) {
    auto kline = plain_day(1).front();
    kline.start = start;
    odd.push_back(kline);
  }
  auto kline = plain_day(1).front();
  kline.trades = kline.revision = std::numeric_limits<std::uint32_t>::max();
  odd.push_back(kline);

  for (const auto& one : odd) {
    EXPECT_EQ(klines_of(chunk_of({one})), std::vector{one});
    auto day = plain_day(40);
    day.insert(day.begin() + 20, one);
    EXPECT_EQ(klines_of(chunk_of(day)), day);
  }
  EXPECT_EQ(klines_of(chunk_of(odd)), odd);
}

// Random K-lines of random kinds: scales, gaps, signs, sums that fit prices and sums that do not.
TEST(KlineChunk, is_exact_for_random_klines) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random{seed};
  const auto number = [&](int bits) {
    const auto value = static_cast<std::int64_t>(random() >> (64 - std::max(1, bits)));
    return random() % 8 == 0 ? -value : value;
  };
  for (int round = 0; round < 500; ++round) {
    const auto count = random() % 4 == 0 ? random() % 3'000 : random() % 300;
    const auto decades = [&](int most) {
      std::int64_t power = 1;
      for (auto n = random() % static_cast<unsigned>(most); n > 0; --n) power *= 10;
      return power;
    };
    const auto price_unit = decades(10);
    const auto volume_unit = decades(11);
    const int price_bits = static_cast<int>(random() % 24) + 1;
    const int size_bits = static_cast<int>(random() % 24) + 1;
    const bool consistent = random() % 2 == 0;
    const bool gaps = random() % 2 == 0;
    std::vector<Kline> klines;
    auto start = kOpening;
    for (std::size_t n = 0; n < count; ++n) {
      auto kline = Kline{.start = start, .closed = true};
      start += (gaps ? 1 + static_cast<int>(random() % 500) : 1) * 1min;
      const auto price = [&] {
        return Price::from_raw((number(price_bits) + (1 << price_bits)) * price_unit);
      };
      kline.open = price();
      kline.close = price();
      kline.high = std::max({kline.open, kline.close, price()});
      kline.low = std::min({kline.open, kline.close, price()});
      const auto volume = Int128{number(size_bits)} * volume_unit;
      kline.volume = Volume::from_raw(volume);
      kline.turnover = consistent ? Turnover::from_raw(volume * (kline.low.raw() / 2 + kline.high.raw() / 2))
                                  : Turnover::from_raw(Int128{number(60)} * number(30));
      kline.trades = static_cast<std::uint32_t>(random() >> (40 + random() % 24));
      kline.revision = random() % 50 == 0 ? 1 : 0;
      klines.push_back(kline);
    }
    ASSERT_EQ(klines_of(chunk_of(klines)), klines) << "round " << round;
  }
}

TEST(KlineChunk, notices_every_flipped_bit_and_every_cut) {
  auto chunk = chunk_of(plain_day(100));
  KlineColumns columns;
  for (std::size_t bit = 0; bit < chunk.size() * 8; ++bit) {
    chunk[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(columns.decode(chunk, kPlace)) << "bit " << bit;
    EXPECT_FALSE(read_chunk_head(chunk, kPlace)) << "bit " << bit;
    chunk[bit / 8] ^= std::byte{1} << (bit % 8);
  }
  for (std::size_t size = 0; size < chunk.size(); ++size)
    EXPECT_FALSE(columns.decode(std::span{chunk}.first(size), kPlace)) << "size " << size;
  EXPECT_TRUE(columns.decode(chunk, kPlace));
  EXPECT_FALSE(columns.decode(chunk, kPlace + 1)) << "a chunk in another's place";
  EXPECT_THAT(columns.decode(chunk, kPlace + 1).error().message, HasSubstr("checksum of the chunk is"));
}

// As a file written by another program with right checksums would have it.
TEST(KlineChunk, refuses_a_newer_version_by_name) {
  auto chunk = chunk_of(plain_day(10));
  chunk[4] = std::byte{kChunkVersion + 1};
  const auto checksum = checksum_of(std::span{chunk}.subspan(4), kPlace);
  std::memcpy(chunk.data(), &checksum, sizeof checksum);
  KlineColumns columns;
  EXPECT_THAT(columns.decode(chunk, kPlace).error().message,
              HasSubstr("chunk of version 2, this program knows version 1"));
}

// What is on users' disks must stay readable: while the version is 1 these bytes may never change.
TEST(KlineChunk, has_the_same_bytes_for_ever) {
  constexpr std::string_view kGolden =
      "f20d63420110070a1114cc9e8c1c268420000602606515446506030c2146d4c268a00006014ab30e0601668b05060908633bc8"
      "06ee"
      "9f899b7c4a594860ad6bf6b914cd41e2051608c5c60100f8c704005f292b59d31500730130071200060884d8076c707f139b3e"
      "520b"
      "046baeecb98a73485e00";
  std::string hex;
  for (const auto byte : chunk_of(plain_day(20))) hex += fmt::format("{:02x}", static_cast<unsigned>(byte));
  EXPECT_EQ(hex, kGolden);
}

TEST(KlineRows, give_back_rows_of_any_mixture) {
  std::mt19937 random{3};
  std::vector<StoredKline> rows;
  for (int n = 0; n < 1'000; ++n) {
    const auto key = random() % 2 == 0 ? n : static_cast<int>(random() % 4'000'000'000U);
    StoredKline row{
        .instrument = StoreKey{static_cast<std::uint32_t>(key)},
        .series = static_cast<StoredSeries>(random() % 5),
        .trading_date = std::chrono::floor<std::chrono::days>(kOpening) + std::chrono::days{random() % 3},
        .kline = plain_day(240)[random() % 240]};
    if (random() % 10 == 0) {
      row.removed = true;
      row.kline = {.start = row.kline.start, .closed = true};
    }
    rows.push_back(row);
  }
  const auto bytes = pack_rows(rows, kPlace);
  std::vector<StoredKline> back;
  RowColumns columns;
  ASSERT_TRUE(unpack_rows(bytes, kPlace, columns, back));
  EXPECT_EQ(back, rows);

  auto damaged = bytes;
  for (std::size_t at = 0; at < damaged.size(); at += 7) {
    damaged[at] ^= std::byte{4};
    EXPECT_FALSE(unpack_rows(damaged, kPlace, columns, back)) << "byte " << at;
    damaged[at] ^= std::byte{4};
  }
}

}  // namespace
}  // namespace qos::store
