#include "state/seq_cell.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

#include "state/cell_ring.hpp"

namespace qos::state {
namespace {

struct Wide {
  std::array<std::uint64_t, 9> words{};
  std::uint8_t tail = 0;  // a last word that is not full
};

TEST(SeqCell, holds_what_was_stored_last) {
  SeqCell<Wide> cell;
  EXPECT_EQ(cell.load().words[8], 0U);
  cell.store({{1, 2, 3, 4, 5, 6, 7, 8, 9}, 10});
  EXPECT_EQ(cell.load().words[8], 9U);
  EXPECT_EQ(cell.load().tail, 10);
  EXPECT_EQ(cell.own().words[0], 1U);
}

// All words of one write are equal, so a copy made of two writes shows.
TEST(SeqCell, is_never_torn_and_never_goes_back) {
  SeqCell<Wide> cell;
  std::atomic<bool> done{false};
  std::array<std::jthread, 2> readers;
  for (auto& reader : readers)
    reader = std::jthread{[&] {
      std::uint64_t newest = 0;
      while (!done.load()) {
        const Wide seen = cell.load();
        for (const auto word : seen.words) ASSERT_EQ(word, seen.words[0]);
        ASSERT_EQ(seen.tail, static_cast<std::uint8_t>(seen.words[0]));
        ASSERT_GE(seen.words[0], newest);
        newest = seen.words[0];
      }
    }};
  for (std::uint64_t n = 1; n <= 50'000; ++n) {
    Wide value{.tail = static_cast<std::uint8_t>(n)};
    value.words.fill(n);
    cell.store(value);
  }
  done = true;
}

struct Numbered {
  std::uint64_t value = 0;
  std::uint64_t ordinal = 0;
};

TEST(CellRing, keeps_the_latest_and_says_what_is_gone) {
  for (const std::size_t capacity : {1, 7, 8, 9, 100}) {
    CellRing<Numbered> ring{capacity};
    Numbered seen;
    EXPECT_FALSE(ring.read(1, seen));
    for (std::uint64_t n = 1; n <= 250; ++n) {
      ring.write({n * 10, n});
      for (std::uint64_t o = 1; o <= n; ++o) {
        const bool kept = o + capacity > n;
        ASSERT_EQ(ring.read(o, seen), kept) << capacity << " " << n << " " << o;
        if (kept) {
          ASSERT_EQ(seen.value, o * 10);
        }
      }
    }
  }
}

}  // namespace
}  // namespace qos::state
