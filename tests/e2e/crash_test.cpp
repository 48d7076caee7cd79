// The binary is killed again and again, at random and at every named crash point, and nothing may be lost:
// not for a client that knows its numbers, not for one that knows nothing and has a key with a cursor.
// QOS_CRASH_ROUNDS=1000 for a long run, QOS_CRASH_SEED=N to see a failure again.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <thread>

#include "core/crash_point.hpp"
#include "e2e/json.hpp"
#include "e2e/program.hpp"
#include "e2e/recording.hpp"
#include "support/temp_folder.hpp"

namespace qos::e2e {
namespace {

constexpr std::string_view kInstruments =
    "code,kind,exchange,currency,name_zh,name_en,lot_size,tick,volume_step,calendar,total_shares,"
    "outstanding_shares,eps,naps,dividend_yield,source\n"
    "US:AAPL,stock,NASD,USD,,Apple Inc.,1,US,,,,,,,,test\n"
    "HK:700,stock,SEHK,HKD,,Tencent,100,HKEX,,,,,,,,test\n"
    "SH:600519,stock,SSE,CNY,,Kweichow Moutai,100,0.01,,,,,,,,test\n"
    "CF:BTCUSDT,perpetual,BINANCE,USDT,,BTC/USDT perpetual,,0.10,0.001,,,,,,,test\n"
    "FX:USDJPY,currency_pair,OTC,JPY,,US dollar / yen,,0.001,,,,,,,,test\n";
const std::vector<std::string> kCodes{"US:AAPL", "HK:700", "SH:600519", "CF:BTCUSDT", "FX:USDJPY"};

// How many pushes a server that is to die by itself may send before it is killed: a point that is rare is
// not reached in every life.
constexpr std::uint64_t kPatiencePushes = 8'000;
constexpr std::uint64_t kLongLife = 15'000;
constexpr int kLongestWalk = 6;  // rounds for each crash point, until it must have been reached

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string part(const std::string& text, const char* pattern) {
  std::smatch match;
  return std::regex_search(text, match, std::regex{pattern}) ? match[1].str() : std::string{};
}

// One life of the server.
class Life {
 public:
  Life(const std::filesystem::path& folder, std::string_view feed, std::string_view history,
       const std::string& crash_point = {})
      : program_{command(folder, feed, history, crash_point)} {
    const auto text = program_.wait_for("curl -s");
    address_ = part(text, "http://([0-9.:]+)\n");
    metrics_ = part(text, "metrics +http://([0-9.:]+)/");
    key_ = part(text, "key +([0-9a-f]{32})\n");
  }
  bool ready() const { return !key_.empty(); }
  const std::string& address() const { return address_; }
  WsClient connect() const { return {address_, fmt::format("/ws?key={}&ext=1", key_)}; }
  HttpAnswer post(std::string_view path, std::string_view body) const {
    return HttpClient{address_}.post(path, body, {{"key", key_}});
  }
  std::string metric(const std::string& name) const {
    const auto page = HttpClient{metrics_}.request("GET", "/metrics", "");
    return part(page.body, ("\n" + name + " ([0-9]+)").c_str());
  }
  void wait_for_end() { EXPECT_EQ(program_.wait_for("what it never says"), ""); }
  void kill() { program_.stop(SIGKILL); }

 private:
  static std::vector<std::string> command(const std::filesystem::path& folder, std::string_view feed,
                                          std::string_view history, const std::string& crash_point) {
    const auto set = [](auto name, auto value) { return fmt::format("{}={}", name, value); };
    return {"/usr/bin/env",
            set("QOS_CRASH_POINT", crash_point.empty() ? "market.applied:1000000000" : crash_point),
            QOS_BINARY,
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data",
            (folder / "data").string(),
            "--feed",
            std::string{feed},
            "--set",
            set("instruments", fmt::format("'{}'", (folder / "instruments.csv").string())),
            "--set",
            "admin.listen='127.0.0.1:0'",
            "--set",
            set("klines.history", fmt::format("'{}'", history)),
            "--set",
            "log.level='warn'",
            "--set",
            "journal.segment_mb=1",
            "--set",
            "journal.keep_mb=2",
            "--set",
            "journal.tail_events=4096",
            "--set",
            "journal.checkpoint_s=1",
            "--set",
            "journal.checkpoint_events=4000"};
  }

  Program program_;
  std::string address_;
  std::string metrics_;
  std::string key_;
};

// A client that knows nothing of numbers, on a thread of its own: it hears trades until its server dies.
class OldClient {
 public:
  OldClient(const std::string& address, const std::string& key,
            std::map<std::string, std::vector<std::string>>& heard)
      : client_{address, "/ws?key=" + key}, thread_{[this, &heard] {
          std::string codes;
          for (const auto& code : kCodes) codes += fmt::format(R"({}"{}")", codes.empty() ? "" : ",", code);
          client_.send(fmt::format(R"({{"type":"T","codes":[{}]}})", codes));
          while (const auto message = client_.receive()) {
            if (message->find(R"("tp":)") == std::string::npos) continue;
            auto push = push_of(*message);
            heard[push.stream].push_back(std::move(push.body));
          }
        }} {}

 private:
  WsClient client_;
  std::jthread thread_;
};

// What the numbered client has of a trade that the old one has not.
std::string old_form(std::string body) {
  if (const auto from = body.find(" tn="); from != std::string::npos)
    body.erase(from, body.find(' ', from + 1) - from);
  return body;
}

class World {
 public:
  // `filler` is the feed of the first life, which fills the journal.
  World(std::string_view filler, std::string_view feed, std::string_view history, std::uint64_t seed)
      : filler_{filler}, feed_{feed}, history_{history}, random_{seed} {
    std::ofstream{folder_ / "instruments.csv"} << kInstruments;
    for (const auto point : kCrashPoints)
      if ((history_ == "on") == (point.starts_with("klines.") || point.starts_with("recovery.")))
        walk_.emplace_back(point);
  }

  // A life as fast as the disk takes it, until the journal is larger than is kept: without clients, for they
  // could not follow.
  void fill() {
    Life life{folder_.path(), filler_, history_, "retention.removed"};
    ASSERT_TRUE(life.ready());
    life.wait_for_end();
    std::erase(walk_, "retention.removed");
    const auto made = run_program({QOS_BINARY, "key", "create", "--plan", "unlimited", "--cursor", "--data",
                                   (folder_ / "data").string()});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    key_with_cursor_ = made.out.substr(0, 32);
  }

  // One life, and how it ends. Two of three end at a crash point.
  void round() {
    const bool named = ++rounds_ % 3 != 1 && !walk_.empty();
    std::string point;
    if (named) {
      point = walk_.front();
      walk_.pop_front();
      if (point == "recovery.torn_end_cut") tear();
    }
    const auto count = named ? passes(point) : 0;
    SCOPED_TRACE(fmt::format("round {} {}:{}", rounds_, point, count));
    const bool reached = live(named ? fmt::format("{}:{}", point, count) : "");
    if (named && !reached) {
      ASSERT_LT(++in_vain_[point], kLongestWalk) << point << " is never reached";
      walk_.push_back(point);
    }
  }
  bool has_walked() const { return walk_.empty(); }

  void finish() {
    {
      Life life{folder_.path(), feed_, history_};
      ASSERT_TRUE(life.ready());
      auto client = life.connect();
      recording_.subscribe(client);
      check(life, client);
    }
    std::size_t heard_by_old = 0;
    std::size_t trades = 0;
    for (const auto& code : kCodes) {
      std::vector<std::string> all;
      for (const auto& [number, body] : recording_.pushes_of("T " + code)) all.push_back(old_form(body));
      trades += all.size();
      EXPECT_EQ(hole_in(heard_by_old_["T " + code], all), "") << code;
      for (const auto& trades : heard_by_old_["T " + code]) heard_by_old += trades.size();
    }
    const auto verify =
        run_program({QOS_BINARY, "journal", "verify", (folder_ / "data" / "journal").string()});
    EXPECT_EQ(verify.exit_code, 0) << verify.out << verify.err;
    fmt::print("{} rounds, {} pushes, {} of them heard again; {} trades, the old client was sent {}\n",
               rounds_, recording_.pushes(), recording_.heard_again(), trades, heard_by_old);
  }

 private:
  // Returns whether it died by itself.
  bool live(const std::string& crash_point) {
    Life life{folder_.path(), feed_, history_, crash_point};
    if (!life.ready()) {
      EXPECT_FALSE(crash_point.empty()) << "it does not start";
      return true;
    }
    std::map<std::string, std::vector<std::string>> heard;
    bool reached = false;
    {
      std::optional<OldClient> old;
      try {
        auto client = life.connect();
        recording_.subscribe(client, random(100));
        // Behind the other: what it hears first, the recording has.
        old.emplace(life.address(), key_with_cursor_, heard);
        if (crash_point.empty()) check(life, client);
        const auto end = recording_.pushes() + longest(crash_point);
        while (recording_.pushes() < end && !reached) reached = !recording_.take(client);
        life.kill();
        // What it had sent before it died still arrives.
        while (!reached && recording_.take(client)) continue;
      } catch (const std::exception& problem) {
        EXPECT_FALSE(crash_point.empty())
            << problem.what() << " " << WsClient::refusal(life.address(), "/ws?key=" + key_with_cursor_).body;
        reached = true;
      }
      life.kill();
    }
    for (auto& [stream, trades] : heard) heard_by_old_[stream].push_back(std::move(trades));
    EXPECT_FALSE(crash_point.empty() && reached) << "it died by itself";
    return reached;
  }

  // Every answer equals what was pushed.
  void check(const Life& life, WsClient& client) {
    EXPECT_EQ(life.metric("qos_state_digest_mismatches_total"), "0");
    for (const auto& code : kCodes) {
      check_trades(life, client, code);
      check_snapshot(life, client, code);
      for (const int kt : {1, 5, 60, 1001}) check_klines(life, code, kt);
    }
  }

  // Reads on until what an answer said was pushed on this stream, too.
  bool read_until(WsClient& client, const Stream& stream, const auto& is_heard) {
    const auto end = recording_.pushes() + kPatiencePushes;
    for (std::size_t looked_at = 0;;) {
      const auto size = recording_.pushes_of(stream).size();
      if (size != looked_at && is_heard()) return true;
      looked_at = size;
      if (recording_.pushes() >= end || !recording_.take(client)) return false;
    }
  }

  void check_trades(const Life& life, WsClient& client, const std::string& code) {
    const auto& pushed = recording_.pushes_of("T " + code);
    const auto answer = life.post("/trade", fmt::format(R"({{"codes":["{}"],"count":50}})", code));
    const auto trades = elements(answer.body, "/data");
    // Otherwise some of them are from before the recording.
    if (pushed.size() < 50 || trades.size() < 50) return;
    EXPECT_TRUE(read_until(
        client, "T " + code,
        [&] {
          std::size_t looked = 0;
          for (auto place = pushed.rbegin(); place != pushed.rend() && looked < 2'000; ++place, ++looked) {
            auto there = place;
            auto trade = trades.rbegin();
            while (there != pushed.rend() && trade != trades.rend() && old_form(there->second) == *trade)
              ++there, ++trade;
            if (trade == trades.rend() || there == pushed.rend()) return true;
          }
          return false;
        }))
        << code << " " << answer.body;
  }

  // A body has it as  v="15701"
  static double volume_of(std::string_view body) {
    const auto at = body.find(" v=\"");
    return at == std::string_view::npos ? 0 : std::stod(std::string{body.substr(at + 4)});
  }

  // What is shown was pushed, or a later one that was pushed stands for it.
  void check_snapshot(const Life& life, WsClient& client, const std::string& code) {
    const auto& pushed = recording_.pushes_of("S " + code);
    if (pushed.empty()) return;
    const auto answer = life.post("/snapshot", fmt::format(R"({{"codes":["{}"]}})", code));
    const auto shown = elements(answer.body, "/data");
    EXPECT_TRUE(read_until(
        client, "S " + code,
        [&] {
          std::size_t looked = 0;
          for (auto place = pushed.rbegin(); place != pushed.rend() && looked < 4'000; ++place, ++looked)
            if (place->second == shown.front() || (recording_.merged_into("S " + code, place->first) > 0 &&
                                                   volume_of(place->second) >= volume_of(shown.front())))
              return true;
          return false;
        }))
        << code << " " << answer.body;
  }

  // Those that were pushed as final are still the same.
  void check_klines(const Life& life, const std::string& code, int kt) {
    const auto answer = life.post(
        "/kline?ext=1", fmt::format(R"({{"kline_reqs":[{{"c":"{}","co":900,"kt":{}}}]}})", code, kt));
    std::map<std::int64_t, std::string> shown;
    for (const auto& element : raw_elements(answer.body, "/data/0/k"))
      shown.emplace(std::stoll(at(element, "/ts")), body_of(element));
    const auto stream = fmt::format("K{} {}", kt, code);
    const auto& finals = recording_.finals();
    for (auto place = finals.lower_bound({stream, 0}); place != finals.end() && place->first.first == stream;
         ++place) {
      const auto start = place->first.second;
      if (shown.size() >= 900 && start < shown.begin()->first) continue;
      const auto found = shown.find(start);
      EXPECT_TRUE(found != shown.end()) << stream << " " << start << " is gone; it was " << place->second;
      if (found == shown.end()) continue;
      EXPECT_EQ(found->second, place->second) << stream;
    }
  }

  static std::vector<std::string> raw_elements(const std::string& text, std::string_view pointer) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    simdjson::dom::array array;
    std::vector<std::string> found;
    const simdjson::padded_string padded{text};
    if (parser.parse(padded).get(root) != simdjson::SUCCESS ||
        root.at_pointer(pointer).get(array) != simdjson::SUCCESS) {
      ADD_FAILURE() << text;
      return found;
    }
    for (const auto element : array) found.push_back(simdjson::minify(element));
    return found;
  }
  // As the bodies of pushes; what only answers have is left out.
  static std::vector<std::string> elements(const std::string& text, std::string_view pointer) {
    const std::regex extended{R"( ?(aq|nq|pq)=\{[^}]*\})"};
    std::vector<std::string> found;
    for (const auto& element : raw_elements(text, pointer))
      found.push_back(std::regex_replace(body_of(element), extended, ""));
    return found;
  }

  // The end of the newest segment, as a machine that dies while it writes leaves it.
  void tear() {
    std::filesystem::path newest;
    for (const auto& entry : std::filesystem::directory_iterator{folder_ / "data" / "journal"})
      if (entry.path().extension() == ".qosj" && entry.path() > newest) newest = entry.path();
    if (!newest.empty()) std::ofstream{newest, std::ios::app | std::ios::binary} << std::string(100, '\x55');
  }

  std::uint64_t random(std::uint64_t most) { return random_() % (most + 1); }
  // After how many pushes a life is ended that does not end by itself. Some last so long that the positions
  // of keys with a cursor are surely written, the first among them; they are every second.
  std::uint64_t longest(std::string_view crash_point) {
    if (crash_point.starts_with("cursors.") || rounds_ % 12 == 1) return kLongLife;
    return crash_point.empty() ? random(2'000) : kPatiencePushes;
  }
  // At which pass to die: often enough that clients heard much before, seldom enough that it is reached.
  std::uint64_t passes(std::string_view point) {
    if (point.starts_with("tail.") || point.starts_with("market.")) return 1 + random(4'000);
    if (point.starts_with("commit.")) return 1 + random(40);
    if (point.starts_with("klines.")) return 1 + random(3);
    return 1;
  }

  const std::string filler_;
  const std::string feed_;
  const std::string history_;
  std::mt19937_64 random_;
  test::TempFolder folder_;
  Recording recording_{kCodes};
  std::deque<std::string> walk_;
  std::map<std::string, int> in_vain_;
  std::string key_with_cursor_;
  std::map<std::string, std::vector<std::vector<std::string>>> heard_by_old_;
  std::uint64_t rounds_ = 0;
};

void run(World& world, std::uint64_t rounds) {
  world.fill();
  for (std::uint64_t round = 0; (round < rounds || !world.has_walked()) && !testing::Test::HasFailure();
       ++round)
    world.round();
  world.finish();
}

std::uint64_t seed() {
  static const auto kSeed = from_environment("QOS_CRASH_SEED", std::random_device{}());
  fmt::print("QOS_CRASH_SEED={}\n", kSeed);
  return kSeed;
}
std::uint64_t rounds() {
  return from_environment("QOS_CRASH_ROUNDS", 50);
}

TEST(Crash, a_hole_in_what_an_old_client_heard_is_found) {
  const std::vector<std::string> all{"1", "2", "3", "4", "5", "6"};
  EXPECT_EQ(hole_in({{"2", "3"}, {}, {"4", "5", "6"}}, all), "");
  EXPECT_EQ(hole_in({{"2", "3", "4"}, {"3", "4", "5"}, {"6", "7"}}, all), "");
  EXPECT_NE(hole_in({{"2", "3"}, {"5", "6"}}, all), "");
  EXPECT_NE(hole_in({{"2", "4"}}, all), "");
  EXPECT_NE(hole_in({{}}, all), "");
}

// A market from a fixed instant on: a new start hands over the same events again.
TEST(Crash, loses_nothing_of_a_closed_world_at_any_crash_point_of_a_running_server) {
  World world{"simulated:from=2026-01-02T09:35:00+08:00,hours=real,speed=max,until=2026-01-05T09:00:00+08:00",
              "simulated:from=2026-01-05T09:35:00+08:00,hours=real,speed=60", "off", seed()};
  run(world, rounds() * 3 / 5);
}

// A market that goes on where it stopped, with K-lines that are stored.
TEST(Crash, loses_nothing_of_a_world_that_goes_on_at_any_crash_point_of_a_start_or_of_the_store) {
  World world{"simulated:history=2m,past=off,speed=max", "simulated:history=2m,past=off,speed=60", "on",
              seed() + 1};
  run(world, rounds() * 2 / 5);
}

}  // namespace
}  // namespace qos::e2e
