// K-lines outlive the server: what it showed before a restart it shows after it, and goes on from there.
#include <gtest/gtest.h>

#include <random>

#include "e2e/json.hpp"
#include "e2e/test_server.hpp"
#include "store/reference_rows.hpp"

namespace qos::e2e {
namespace {

using namespace std::chrono_literals;

constexpr std::array kTypes{1, 5, 15, 30, 60, 120, 240, 1001, 1007, 1030, 2001};
constexpr std::array kCodes{"HK:700", "US:AAPL", "SH:600519", "CF:BTCUSDT"};

// A schedule of trades and clock ticks of all calendars: some days of a few markets, in minutes.
std::vector<std::vector<EventBody>> minutes_of_trading(const TestServer& server, UnixNanos from,
                                                       std::size_t count, std::uint32_t seed) {
  std::mt19937 random{seed};
  std::vector<std::vector<EventBody>> minutes;
  std::map<std::string, std::int64_t> cents;
  for (std::size_t index = 0; index < count; ++index) {
    // Thirteen minutes at a time, so that a few hundred steps cross sessions, nights and a week end.
    const UnixNanos minute = from + index * 13min;
    auto& events = minutes.emplace_back();
    for (std::uint16_t calendar = 0; calendar < 6; ++calendar)
      events.push_back(ClockTick{.calendar = CalendarId{calendar}, .ts_event = minute});
    for (const char* code : kCodes) {
      auto& price = cents.try_emplace(code, 50'000).first->second;
      const auto trades = random() % 4;
      for (std::uint32_t trade = 0; trade < trades; ++trade) {
        price += static_cast<std::int64_t>(random() % 201) - 100;
        events.push_back(Trade{.instrument = server.id(code),
                               .price = Price::from_raw(price * 10'000'000),
                               .size = Quantity::from_units(1 + random() % 500),
                               .trade_id = index * 10 + trade + 1,
                               .ts_event = minute + (1 + trade) * 11s});
      }
    }
    for (std::uint16_t calendar = 0; calendar < 6; ++calendar)
      events.push_back(ClockTick{.calendar = CalendarId{calendar}, .ts_event = minute + 1min});
  }
  return minutes;
}

void play(TestServer& server, std::span<const std::vector<EventBody>> minutes) {
  for (const auto& minute : minutes)
    for (const auto& event : minute) server.say(event);
  server.settle_history();
}

std::string all_klines(const TestServer& server, std::string_view path = "/kline",
                       std::string_view extra = "") {
  std::string all;
  for (const auto* code : kCodes)
    for (const int kt : kTypes)
      all += server
                 .post(path, fmt::format(R"({{"kline_reqs":[{{"c":"{}","co":2000,"a":0,"kt":{}{}}}]}})", code,
                                         kt, extra))
                 .body +
             '\n';
  return all;
}

std::string snapshots(const TestServer& server) {
  return canonical(
      server.post("/snapshot", R"({"codes":["HK:700","US:AAPL","SH:600519","CF:BTCUSDT"]})").body);
}

TEST(History, answers_are_the_same_after_a_restart) {
  TestServer server;
  play(server, minutes_of_trading(server, kMonday, 500, 1));
  const auto before = all_klines(server);
  const auto snapshot_before = snapshots(server);
  EXPECT_NE(before.find(R"("kt":2001)"), std::string::npos);
  server.restart();
  EXPECT_EQ(all_klines(server), before);
  EXPECT_EQ(snapshots(server), snapshot_before);
}

// The same trades with and without restarts between minutes: nobody can tell from the answers.
TEST(History, a_server_that_was_restarted_again_and_again_answers_like_one_that_was_not) {
  TestServer steady;
  TestServer restarted;
  const auto minutes = minutes_of_trading(steady, kMonday + 4 * 24h, 600, 2);
  std::mt19937 random{3};
  for (std::size_t from = 0; from < minutes.size();) {
    const auto count = std::min<std::size_t>(minutes.size() - from, 20 + random() % 120);
    const auto part = std::span{minutes}.subspan(from, count);
    play(steady, part);
    play(restarted, part);
    restarted.restart();
    EXPECT_EQ(all_klines(restarted), all_klines(steady)) << "after " << from + count << " minutes";
    EXPECT_EQ(snapshots(restarted), snapshots(steady));
    from += count;
  }
}

TEST(History, more_klines_than_memory_holds_come_from_the_store) {
  TestServer small{[](server::Config& config) { config.state.klines_kept = 10; }};
  TestServer large;
  const auto minutes = minutes_of_trading(small, kMonday, 400, 4);
  play(small, minutes);
  play(large, minutes);
  EXPECT_EQ(all_klines(small), all_klines(large));
  const auto until = fmt::format(R"(,"e":{})", unix_seconds(kMonday + 30h));
  EXPECT_EQ(all_klines(small, "/history", until), all_klines(large, "/history", until));
}

TEST(History, without_it_only_memory_is_shown_and_nothing_is_written) {
  TestServer server{[](server::Config& config) { config.klines.history = server::History::off; }};
  play(server, minutes_of_trading(server, kMonday, 50, 5));
  EXPECT_NE(all_klines(server).find(R"("kt":1)"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(server.folder() / "klines"));
  server.restart();
  EXPECT_EQ(all_klines(server).find(R"("kt":1,)"), std::string::npos);
}

// The feed is a recording: after a restart it hands over all it has once more, and what the journal has of it
// does not count twice.
TEST(History, a_recording_played_again_goes_on_behind_what_the_journal_has) {
  TestServer steady;
  const auto minutes = minutes_of_trading(steady, kMonday, 200, 6);
  play(steady, minutes);
  TestServer server;
  server.continues = false;
  const auto first = std::span{minutes}.first(120);
  play(server, first);
  const auto before = all_klines(server);
  server.restart();
  EXPECT_EQ(all_klines(server), before);
  for (const auto& minute : first)
    for (const auto& event : minute) server.say_again(event);
  play(server, std::span{minutes}.subspan(120));
  EXPECT_EQ(all_klines(server), all_klines(steady));
}

// What `qos calendar add` does beside a running server: in force for sessions, K-lines and the calendar.
TEST(History, a_typhoon_row_is_in_force_without_a_restart) {
  TestServer server;
  const auto calendar = [&] { return server.post("/market-calendar", R"({"market":["HK"]})").body; };
  const auto id = server.id("HK:700");
  server.apply(trade_at(id, "600", 100, kMonday));
  ASSERT_NE(calendar().find("20260105,F"), std::string::npos);

  auto rows = store::ReferenceRows::open(server.folder() / "reference.sqlite");
  ASSERT_TRUE(rows) << rows.error().message;
  // 10:30 and everything after it.
  ASSERT_TRUE(rows->put(store::CalendarRow{
      .calendar = "HK",
      .date = std::chrono::sys_days{std::chrono::year{2026} / 1 / 5},
      .row = {.kind = market::DayRow::Kind::partial, .close = std::chrono::minutes{10 * 60 + 30}},
      .name = "typhoon",
      .source = "test"}));
  TestServer::wait_until([&] { return calendar().find("20260105,H") != std::string::npos; });
  server.say(trade_at(id, "777", 100, kMonday + 45min));
  TestServer::wait_until([&] {
    return server.post("/trade", R"({"codes":["HK:700"],"count":1})").body.find("777") != std::string::npos;
  });
  EXPECT_EQ(at(server.post("/snapshot", R"({"codes":["HK:700"]})").body, "/data/0/h"), R"("600")");
  EXPECT_EQ(all_klines(server).find("777"), std::string::npos);

  ASSERT_TRUE(rows->remove("HK", std::chrono::sys_days{std::chrono::year{2026} / 1 / 5}));
  TestServer::wait_until([&] { return calendar().find("20260105,F") != std::string::npos; });
  server.say(trade_at(id, "778", 100, kMonday + 50min));
  TestServer::wait_until([&] {
    return at(server.post("/snapshot", R"({"codes":["HK:700"]})").body, "/data/0/h") == R"("778")";
  });
}

TEST(History, corporate_actions_loaded_beside_the_server_adjust_the_next_answer) {
  TestServer server;
  const auto id = server.id("HK:700");
  server.say(trade_at(id, "600", 100, kMonday));
  server.say(trade_at(id, "300", 100, kMonday + 24h));
  server.settle();
  const auto day = [&](int a) {
    return at(
        server
            .post("/kline", fmt::format(R"({{"kline_reqs":[{{"c":"HK:700","co":2,"a":{},"kt":1001}}]}})", a))
            .body,
        "/data/0/k/0/cl");
  };
  ASSERT_EQ(day(1), R"("600")");
  auto rows = store::ReferenceRows::open(server.folder() / "reference.sqlite");
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_TRUE(rows->put(std::vector{market::CodedAction{
      .code = {market::Market::HK, "700"},
      .action = {.ex_date = std::chrono::year{2026} / 1 / 6, .split = {2, 1}, .source = "test"}}}));
  TestServer::wait_until([&] { return day(1) == R"("300")"; });
  EXPECT_EQ(day(0), R"("600")");
}

}  // namespace
}  // namespace qos::e2e
