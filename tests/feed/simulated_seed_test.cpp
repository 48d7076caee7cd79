// The same seed gives the same market, and nobody's market depends on the neighbours.
#include <gtest/gtest.h>

#include <map>

#include "feed/simulated_world.hpp"

namespace qos::feed::simulated {
namespace {

constexpr std::string_view kFrom = "2026-01-05T01:25:00Z";  // the Chinese opening auction is about to print
constexpr std::string_view kUntil = "2026-01-05T01:40:00Z";

// Two runs must agree event by event, not only in count.
void expect_same(const std::vector<EventBody>& a, const std::vector<EventBody>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_EQ(a[i], b[i]) << "event " << i;
}

TEST(SimulatedSeed, gives_the_same_events_twice) {
  for (const Hours hours : {Hours::always, Hours::real}) {
    const auto one = world(hours);
    const auto other = world(hours);
    const auto events = recorded(*one, {.hours = hours}, kFrom, kUntil);
    EXPECT_GT(events.size(), 10'000U);
    expect_same(events, recorded(*other, {.hours = hours}, kFrom, kUntil));
  }
}

TEST(SimulatedSeed, gives_another_market_to_another_seed) {
  const auto made = world(Hours::always);
  const std::vector apple{(*made)["US:AAPL"].id};
  const auto first = recorded(*made, {.seed = 1}, kFrom, kUntil, apple);
  const auto second = recorded(*made, {.seed = 2}, kFrom, kUntil, apple);
  EXPECT_NE(first, second);
  std::size_t equal_trades = 0;
  for (std::size_t i = 0; i < std::min(first.size(), second.size()); ++i)
    equal_trades += std::holds_alternative<Trade>(first[i]) && first[i] == second[i] ? 1 : 0;
  EXPECT_EQ(equal_trades, 0U);
}

// Each instrument's events with its row taken out.
std::map<std::string, std::vector<EventBody>> by_code(const World& world,
                                                      const std::vector<EventBody>& events) {
  std::map<std::string, std::vector<EventBody>> streams;
  for (EventBody event : events) {
    const auto id = instrument_of(event);
    if (!id) continue;
    std::visit(
        [](auto& body) {
          if constexpr (requires { body.instrument; }) body.instrument = InstrumentId{};
        },
        event);
    streams[world.instruments.at(*id).code.to_string()].push_back(event);
  }
  return streams;
}

TEST(SimulatedSeed, leaves_the_others_alone_when_an_instrument_comes_or_goes) {
  // Every second instrument, so that the rows of those that stay change as well.
  std::istringstream lines{own_instruments()};
  std::string fewer;
  int number = 0;
  for (std::string line; std::getline(lines, line); ++number)
    if (number == 0 || number % 2 == 0) fewer += line + "\n";

  const auto whole = world(Hours::real);
  const auto half = world(Hours::real, fewer);
  ASSERT_LT(half->instruments.size(), whole->instruments.size());
  const Options options{.hours = Hours::real};
  const auto all_streams = by_code(*whole, recorded(*whole, options, kFrom, kUntil));
  const auto half_streams = by_code(*half, recorded(*half, options, kFrom, kUntil));
  ASSERT_EQ(half_streams.size(), half->instruments.size());
  for (const auto& [code, stream] : half_streams) {
    SCOPED_TRACE(code);
    expect_same(stream, all_streams.at(code));
  }
}

TEST(SimulatedSeed, does_not_depend_on_where_the_run_is_cut) {
  const auto made = world(Hours::always);
  const auto longer = recorded(*made, {}, kFrom, kUntil);
  const auto shorter = recorded(*made, {}, kFrom, "2026-01-05T01:30:00Z");
  ASSERT_LT(shorter.size(), longer.size());
  EXPECT_LT(ts_event_of(shorter.back()), at("2026-01-05T01:30:00Z"));
  EXPECT_GE(ts_event_of(longer[shorter.size()]), at("2026-01-05T01:30:00Z"));
  for (std::size_t i = 0; i < shorter.size(); ++i) ASSERT_EQ(shorter[i], longer[i]);
}

void mix(std::uint64_t& sum, std::int64_t value) {
  sum = scramble(sum ^ static_cast<std::uint64_t>(value));
}

// A checksum that must not change with the compiler, its options or the machine. It changes when the
// simulation does; then every seed's market changes too, which release notes must say.
TEST(SimulatedSeed, gives_the_same_events_on_every_machine) {
  const std::string header = own_instruments().substr(0, own_instruments().find('\n') + 1);
  const auto made =
      world(Hours::always, header +
                               "US:ZZZT,stock,NYSE,USD,,A,1,0.01,,US,,,,,,test\n"
                               "HK:9999,stock,SEHK,HKD,,B,500,0.05,,HK,,,,,,test\n"
                               "CF:ZZZUSDT,perpetual,BINANCE,USDT,,C,1,0.1,0.001,CF,,,,,,test\n");
  made->prices = must(StartPrices::load(""));
  std::uint64_t sum = 0;
  const auto events = simulate(*made, {.seed = 7}, kFrom, kUntil, [&](const EventBody& event) {
    mix(sum, static_cast<std::int64_t>(event.index()));
    mix(sum, unix_nanos(ts_event_of(event)));
    if (const auto* trade = std::get_if<Trade>(&event)) {
      mix(sum, trade->price.raw());
      mix(sum, trade->size.raw());
    }
    if (const auto* delta = std::get_if<BookDelta>(&event)) {
      mix(sum, delta->price.raw());
      mix(sum, delta->size.raw());
    }
    if (const auto* quote = std::get_if<Quote>(&event)) {
      mix(sum, quote->bid.raw());
      mix(sum, quote->ask_size.raw());
    }
  });
  EXPECT_EQ(events, 14'978U);
  EXPECT_EQ(sum, 14'014'447'573'480'688'191U);
}

}  // namespace
}  // namespace qos::feed::simulated
