// Whole real recordings, each compared with an independent reading of the same file that shares no code with
// the feed but the unpacking: texts cut out by hand, decimals compared as long integers made here.
#include <gmock/gmock.h>

#include <chrono>
#include <map>

#include "feed/binance_support.hpp"
#include "io/compressed_reader.hpp"

namespace qos::feed::binance {
namespace {

using Book = std::map<std::int64_t, std::int64_t>;  // price -> size, both times 1e8
struct Sides {
  Book bids;
  Book asks;
  friend bool operator==(const Sides&, const Sides&) = default;
};

// "61800.20" -> 6180020000000; the files have no signs, exponents or more than eight decimals.
std::int64_t naive_decimal(std::string_view text) {
  std::string digits;
  std::size_t decimals = 0;
  bool point = false;
  for (const char c : text) {
    if (c == '.')
      point = true;
    else
      digits += c, decimals += point ? 1 : 0;
  }
  return std::stoll(digits + std::string(8 - decimals, '0'));
}

// What stands between `before` and the next quote or comma.
std::string_view cut(std::string_view line, std::string_view before) {
  const auto at = line.find(before);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + before.size());
  return line.substr(0, line.find_first_of("\",}"));
}

std::uint64_t cut_number(std::string_view line, std::string_view before) {
  return std::stoull(std::string{cut(line, before)});
}

void naive_levels(std::string_view line, std::string_view before, Book& book) {
  auto at = line.find(before);
  ASSERT_NE(at, std::string_view::npos);
  at += before.size();
  while (line[at] == '[' || line[at] == ',') {
    if (line[at] == ',') ++at;
    const auto end = line.find(']', at);
    const auto pair = line.substr(at, end - at);  // ["61800.20","2.909"
    const auto middle = pair.find("\",\"");
    const auto price = naive_decimal(pair.substr(2, middle - 2));
    const auto size = naive_decimal(pair.substr(middle + 3, pair.size() - middle - 4));
    if (size == 0)
      book.erase(price);
    else
      book[price] = size;
    at = end + 1;
  }
}

void fold(const BookDelta& delta, Sides& sides) {
  auto& book = delta.side == Side::bid ? sides.bids : sides.asks;
  if (delta.size == Quantity{})
    book.erase(delta.price.raw() / 10);
  else
    book[delta.price.raw() / 10] = delta.size.raw();
}

std::vector<std::pair<std::int64_t, std::int64_t>> best(const Sides& sides, Side side, std::size_t count) {
  std::vector<std::pair<std::int64_t, std::int64_t>> levels;
  if (side == Side::bid)
    for (auto it = sides.bids.rbegin(); it != sides.bids.rend() && levels.size() < count; ++it)
      levels.push_back(*it);
  else
    for (auto it = sides.asks.begin(); it != sides.asks.end() && levels.size() < count; ++it)
      levels.push_back(*it);
  return levels;
}

struct Minute {
  std::int64_t open = 0, high = 0, low = 0, close = 0, volume = 0;
  int trades = 0;
  void add(std::int64_t price, std::int64_t size) {
    if (trades++ == 0) open = high = low = price;
    high = std::max(high, price);
    low = std::min(low, price);
    close = price;
    volume += size;
  }
  friend bool operator==(const Minute&, const Minute&) = default;
};

constexpr std::string_view kBtc = "hftbacktest_usdm_btcusdt_20240808.gz";

struct Plain {
  Sides book;
  std::map<std::int64_t, Minute> minutes;
  std::uint64_t lines = 0, trades = 0, diffs = 0, applied = 0;
};

// The venue's rules once more, for a file with one snapshot and an unbroken chain, which this checks.
Plain read_plainly(const std::string& path) {
  Plain plain;
  auto reader = io::LineReader::open(path);
  EXPECT_TRUE(reader);
  std::vector<std::string> waiting;
  std::uint64_t snapshot = 0;
  std::uint64_t last = 0;
  const auto apply = [&](std::string_view line) {
    if (cut_number(line, "\"u\":") < snapshot) return;
    EXPECT_LE(cut_number(line, last == 0 ? "\"U\":" : "\"pu\":"), last == 0 ? snapshot : last);
    EXPECT_TRUE(last == 0 || cut_number(line, "\"pu\":") == last);
    last = cut_number(line, "\"u\":");
    ++plain.applied;
    naive_levels(line, "\"b\":[", plain.book.bids);
    naive_levels(line, "\"a\":[", plain.book.asks);
  };
  for (auto line = reader->next(); line && *line; line = reader->next(), ++plain.lines) {
    if ((*line)->find("\"e\":\"trade\"") != std::string_view::npos) {
      ++plain.trades;
      plain.minutes[static_cast<std::int64_t>(cut_number(**line, "\"T\":") / 60'000)].add(
          naive_decimal(cut(**line, "\"p\":\"")), naive_decimal(cut(**line, "\"q\":\"")));
    } else if ((*line)->find("depthUpdate") != std::string_view::npos) {
      ++plain.diffs;
      if (snapshot == 0)
        waiting.emplace_back(**line);
      else
        apply(**line);
    } else if ((*line)->find("lastUpdateId") != std::string_view::npos) {
      snapshot = cut_number(**line, "\"lastUpdateId\":");
      naive_levels(**line, "\"bids\":[", plain.book.bids);
      naive_levels(**line, "\"asks\":[", plain.book.asks);
      for (const auto& kept : waiting) apply(kept);
    }
  }
  return plain;
}

TEST(BinanceRealData, btcusdt_of_2024_gives_the_book_and_the_trades_of_a_plain_reading) {
  const auto path = real_recording(kBtc);
  if (path.empty()) GTEST_SKIP() << kBtc << " is absent; QOS_TEST_DATA names its folder";
  const auto plain = read_plainly(path);
  ASSERT_EQ(plain.lines, 93'954U);
  ASSERT_EQ(plain.applied, 6'547U);

  const Reference reference;
  const auto run = replay(path, reference);
  EXPECT_EQ(run.error, "");
  EXPECT_THAT(run.reports, testing::IsEmpty());
  EXPECT_EQ(run.counters().messages.value(), plain.lines);
  EXPECT_EQ(run.counters().gaps.value(), 0U);
  EXPECT_EQ(run.counters().rejected.value(), 0U);
  EXPECT_EQ(run.counters().ignored.value(), 0U);
  EXPECT_EQ(run.counters().unknown_instruments.value(), 0U);
  EXPECT_EQ(run.counters().events.value(), run.events.size());

  Sides sides;
  std::map<std::int64_t, Minute> minutes;
  std::uint64_t applied = 0;
  int same_update = 0;
  int best_agree = 0;
  std::uint64_t book_id = 0;
  bool inside_message = false;
  for (const auto& event : run.events) {
    std::visit(Overloaded{[&](const BookClear&) { sides = {}; },
                          [&](const BookDelta& delta) {
                            fold(delta, sides);
                            book_id = delta.update_id;
                            inside_message = delta.part == DeltaPart::more;
                            applied += inside_message ? 0 : 1;
                          },
                          [&](const Quote& quote) {
                            ASSERT_FALSE(inside_message);
                            if (quote.update_id != book_id) return;
                            ++same_update;
                            const auto bid = best(sides, Side::bid, 1)[0];
                            const auto ask = best(sides, Side::ask, 1)[0];
                            best_agree += bid == std::pair{quote.bid.raw() / 10, quote.bid_size.raw()} &&
                                          ask == std::pair{quote.ask.raw() / 10, quote.ask_size.raw()};
                          },
                          [&](const Trade& trade) {
                            minutes[unix_nanos(trade.ts_event) / 60'000'000'000].add(trade.price.raw() / 10,
                                                                                     trade.size.raw());
                          },
                          [](const auto&) {}},
               event.body);
  }
  EXPECT_EQ(applied, plain.applied + 1);  // the snapshot is one message too
  EXPECT_EQ(sides, plain.book);
  EXPECT_EQ(best(sides, Side::bid, 20), best(plain.book, Side::bid, 20));
  EXPECT_EQ(best(sides, Side::ask, 20), best(plain.book, Side::ask, 20));
  EXPECT_EQ(best(sides, Side::ask, 20).size(), 20U);
  EXPECT_GT(best(sides, Side::ask, 1)[0].first, best(sides, Side::bid, 1)[0].first);
  EXPECT_EQ(same_update, 126);
  EXPECT_EQ(best_agree, 126);
  EXPECT_EQ(run.all<Trade>().size(), plain.trades);
  EXPECT_EQ(minutes, plain.minutes);
  EXPECT_GE(minutes.size(), 5U);
}

TEST(BinanceRealData, the_clock_ticks_once_a_second_and_never_back) {
  const auto path = real_recording(kBtc);
  if (path.empty()) GTEST_SKIP() << kBtc << " is absent; QOS_TEST_DATA names its folder";
  const Reference reference;
  const auto run = replay(path, reference);
  std::int64_t ticked = 0;
  std::int64_t first = 0;
  int late = 0;
  for (const auto& event : run.events) {
    const auto second = unix_seconds(ts_event_of(event.body));
    if (std::holds_alternative<ClockTick>(event.body)) {
      if (ticked == 0) first = second - 1;
      EXPECT_EQ(second, ticked == 0 ? second : ticked + 1);
      ticked = second;
    } else {
      EXPECT_LE(second, ticked);
      late += second < ticked ? 1 : 0;
    }
  }
  EXPECT_EQ(run.all<ClockTick>().size(), static_cast<std::size_t>(ticked - first));
  EXPECT_LT(late, 2'000);
}

struct Recording {
  std::string_view file;
  std::vector<std::string> symbols;
  std::uint64_t diffs, tickers, trades;
};

// Both files hold a REST snapshot of every symbol and an unbroken chain of its diffs.
TEST(BinanceRealData, books_of_2021_start_from_their_snapshots_and_never_lose_a_message) {
  const Recording recordings[] = {
      {"cryptofeed_BINANCE_FUTURES_20210405.raw.txt.zst",
       {"BATUSDT", "CTKUSDT", "NEOUSDT", "SANDUSDT", "CHRUSDT"},
       4'423,
       3'424,
       574},
      {"cryptofeed_BINANCE_FUTURES_20210722.jsonl.zst",
       {"SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT"},
       764,
       613,
       91},
  };
  for (const auto& recording : recordings) {
    const auto path = real_recording(recording.file);
    if (path.empty()) GTEST_SKIP() << recording.file << " is absent; QOS_TEST_DATA names its folder";
    const Reference reference{recording.symbols};
    const auto run = replay(path, reference);
    EXPECT_EQ(run.error, "");
    EXPECT_THAT(run.reports, testing::IsEmpty()) << recording.file;
    EXPECT_EQ(run.counters().gaps.value(), 0U);
    EXPECT_EQ(run.counters().rejected.value(), 0U);
    EXPECT_EQ(run.all<Quote>().size(), recording.tickers);
    EXPECT_EQ(run.all<Trade>().size(), recording.trades);
    EXPECT_EQ(run.all<BookClear>().size(), recording.symbols.size());

    std::map<InstrumentId, Sides> books;
    std::uint64_t messages = 0;
    for (const auto& delta : run.all<BookDelta>()) {
      auto& book = books[delta.instrument];
      fold(delta, book);
      if (delta.part == DeltaPart::more) continue;
      ++messages;
      ASSERT_LT(best(book, Side::bid, 1)[0].first, best(book, Side::ask, 1)[0].first);
    }
    EXPECT_EQ(books.size(), recording.symbols.size());
    const auto ignored_diffs = run.counters().ignored.value();
    EXPECT_GT(messages, recording.diffs * 9 / 10) << ignored_diffs;
  }
}

TEST(BinanceRealData, reads_the_frame_shapes_of_2026) {
  const auto path = real_recording("frames2026/usdm_testnet_frames_20260726.jsonl");
  if (path.empty()) GTEST_SKIP() << "frames2026 is absent; QOS_TEST_DATA names its folder";
  const Reference reference;
  const auto run = replay(path, reference);
  EXPECT_EQ(run.error, "");
  EXPECT_THAT(run.reports, testing::IsEmpty());
  EXPECT_EQ(run.counters().messages.value(), 8U);
  EXPECT_EQ(run.counters().ignored.value(), 4U);  // a partial book, a mark price, two K-lines
  const auto trades = run.all<Trade>();
  ASSERT_EQ(trades.size(), 2U);
  EXPECT_EQ(trades[1].instrument, InstrumentId{1});
  EXPECT_EQ(trades[1].price, *Price::parse("1882.58"));
  EXPECT_EQ(trades[1].size, *Quantity::parse("12.363"));
  EXPECT_EQ(trades[1].aggressor, Aggressor::sell);
  const auto quotes = run.all<Quote>();
  ASSERT_EQ(quotes.size(), 1U);
  EXPECT_EQ(quotes[0].update_id, 359220650272U);
}

}  // namespace
}  // namespace qos::feed::binance
