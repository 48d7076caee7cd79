#include "server/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "io/file.hpp"
#include "support/temp_folder.hpp"

namespace qos::server {
namespace {

using access::Permission;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Config read(std::string_view toml) {
  const auto config = parse_config(toml, "qos.toml");
  EXPECT_TRUE(config) << config.error().message;
  return config.value_or(Config{});
}

std::string error_of(std::string_view toml) {
  const auto config = parse_config(toml, "qos.toml");
  return config ? "accepted" : config.error().message;
}

const access::Plan& plan(const Config& config, std::string_view name) {
  const auto found = std::ranges::find(config.plans, name, &access::Plan::name);
  QOS_ASSERT(found != config.plans.end());
  return *found;
}

TEST(Config, an_empty_file_gives_the_defaults) {
  EXPECT_EQ(read(""), Config{});
  EXPECT_EQ(read("# nothing\n[http]\n[plans]\n[plans.free]\n"), Config{});
}

TEST(Config, the_free_plan_is_what_qos_documents) {
  const Config config;
  const auto& free = plan(config, "free");
  for (std::size_t place = 0; place < access::kPermissions; ++place) {
    EXPECT_EQ(free.limits[place].product_count, 10U);
    EXPECT_EQ(free.limits[place].request_frequency, 30U);
  }
  EXPECT_EQ(free.limit(Permission::ws).max_connections, 1U);
  EXPECT_EQ(free.limit(Permission::ws).min_interval_ms, 900U);
  EXPECT_EQ(free.valid_days, 15U);
  EXPECT_EQ(free.max_klines, 1'000U);
  const auto& unlimited = plan(config, "unlimited");
  EXPECT_EQ(unlimited.limits, access::Plan{}.limits);
  EXPECT_EQ(unlimited.valid_days, 0U);
}

TEST(Config, reads_every_option) {
  const auto config = read(R"(
listen = ["0.0.0.0:80", "[::1]:8080"]
data = "/srv/qos"
feed = ["simulated:seed=1,hours=always", "binance_usdm:file=a.gz"]
instruments = "i.csv"
markets = "m"
io_threads = 3
stale_after_s = 5
[http]
max_connections = 11
max_body_bytes = 2_000
max_frame_bytes = 3_000
outbox_hard_bytes = 70_000
outbox_soft_bytes = 60_000
outbox_grace_ms = 7
gather_us = 29
congestion_control = "reno"
unsent_bytes = 30_000
heartbeat_timeout_ms = 8_000
idle_timeout_ms = 9_000
drain_ms = 600
status = "always_200"
[registration]
mode = "closed"
demo_key = "off"
plan = "unlimited"
per_day = 12
[state]
trades_kept = 99
klines_kept = 98
ledger_kept = 97
[klines]
anchor = "segment"
adjustment = "subtract"
own_bar = "HK+SH"
history = "off"
[journal]
mode = "off"
commit_ms = 21
segment_mb = 22
tail_events = 8_192
keep_days = 23
keep_mb = 24
archive = "off"
durable_first = "simulated"
checkpoint_events = 25_000
checkpoint_s = 26
checkpoint_spacing_s = 270
[travel]
max_worlds = 28
[tls]
listen = ["127.0.0.1:8443"]
certificate = "c.pem"
key = "k.pem"
[admin]
listen = ""
[log]
level = "debug"
file = "qos.log"
)");
  Config expected{.listen = {"0.0.0.0:80", "[::1]:8080"},
                  .data = "/srv/qos",
                  .feed = {"simulated:seed=1,hours=always", "binance_usdm:file=a.gz"},
                  .instruments = "i.csv",
                  .markets = "m",
                  .io_threads = 3,
                  .stale_after_s = 5,
                  .http = {.max_connections = 11,
                           .max_body_bytes = 2'000,
                           .max_frame_bytes = 3'000,
                           .outbox_hard_bytes = 70'000,
                           .outbox_soft_bytes = 60'000,
                           .outbox_grace_ms = 7,
                           .gather_us = 29,
                           .congestion_control = "reno",
                           .unsent_bytes = 30'000,
                           .heartbeat_timeout_ms = 8'000,
                           .idle_timeout_ms = 9'000,
                           .drain_ms = 600,
                           .status = HttpStatus::always_200},
                  .registration = {.mode = RegistrationMode::closed,
                                   .demo_key = DemoKey::off,
                                   .plan = "unlimited",
                                   .per_day = 12},
                  .state = {.trades_kept = 99, .klines_kept = 98, .ledger_kept = 97},
                  .klines = {.anchor = market::Anchor::segment,
                             .adjustment = market::AdjustmentMethod::subtract,
                             .own_bar = "HK+SH",
                             .history = History::off},
                  .journal = {.mode = JournalMode::off,
                              .commit_ms = 21,
                              .segment_mb = 22,
                              .tail_events = 8'192,
                              .keep_days = 23,
                              .keep_mb = 24,
                              .archive = Archive::off,
                              .durable_first = "simulated",
                              .checkpoint_events = 25'000,
                              .checkpoint_s = 26,
                              .checkpoint_spacing_s = 270},
                  .travel = {.max_worlds = 28},
                  .tls = {.listen = {"127.0.0.1:8443"}, .certificate = "c.pem", .key = "k.pem"},
                  .admin = {.listen = ""},
                  .log = {.level = LogLevel::debug, .file = "qos.log"}};
  EXPECT_EQ(config, expected);
}

TEST(Config, a_plan_changes_only_what_it_says) {
  const auto config = read(R"(
[plans.free]
valid_days = 30
ws = { max_connections = 2 }
[plans.gold]
max_klines = 5
compression = "own"
[plans.gold.ws]
min_interval_ms = 10
[plans.gold.instrument_info]
product_count = 77
)");
  auto free = plan(Config{}, "free");
  free.valid_days = 30;
  free.limits[static_cast<std::size_t>(Permission::ws)].max_connections = 2;
  EXPECT_EQ(plan(config, "free"), free);
  access::Plan gold{.name = "gold", .max_klines = 5, .compression = access::Compression::own};
  gold.limits[static_cast<std::size_t>(Permission::ws)].min_interval_ms = 10;
  gold.limits[static_cast<std::size_t>(Permission::instrument_info)].product_count = 77;
  EXPECT_EQ(plan(config, "gold"), gold);
  std::vector<std::string> names;
  for (const auto& each : config.plans) names.push_back(each.name);
  EXPECT_THAT(names, ElementsAre("free", "gold", "unlimited"));
}

// What is wrong stands in one column, what a person is told in the other.
TEST(Config, refuses_with_file_line_and_reason) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"\n\nlisten = \"127.0.0.1:1\"", "qos.toml:3: listen: expected a list of texts, found a text"},
      {"tls.listen = [\"here\"]",
       "qos.toml:1: tls.listen: 'here' is no ADDRESS:PORT or [V6-ADDRESS]:PORT with a port of 0 to 65535"},
      {"tls.key = 1", "qos.toml:1: tls.key: expected a text in quotes, found an integer"},
      {"listen = []", "qos.toml:1: listen: 0 entries, expected 1 to 64"},
      {"listen = [\"a:1\",\n 5]", "qos.toml:2: listen: expected a text in quotes, found an integer"},
      {"listen = [\"8080\"]",
       "qos.toml:1: listen: '8080' is no ADDRESS:PORT or [V6-ADDRESS]:PORT with a port of 0 to 65535"},
      {"listn = 1", "qos.toml:1: unknown option 'listn', did you mean 'listen'?"},
      {"\n[htpp]\nx = 1", "qos.toml:2: unknown option 'htpp', did you mean 'http'?"},
      {"max_body_bytes = 9000",
       "qos.toml:1: unknown option 'max_body_bytes', did you mean 'http.max_body_bytes'?"},
      {"[http]\nmax_conections = 1",
       "qos.toml:2: unknown option 'http.max_conections', did you mean 'http.max_connections'?"},
      {"[http]\nmax_connectiosn = 1",
       "qos.toml:2: unknown option 'http.max_connectiosn', did you mean 'http.max_connections'?"},
      {"completely_else = 1", "qos.toml:1: unknown option 'completely_else'"},
      {"http = 1", "qos.toml:1: http: expected a table, found an integer"},
      {"[data]\nx = 1", "qos.toml:1: data: expected a text in quotes, found a table"},
      {"data = \"\"", "qos.toml:1: data: must not be empty"},
      {"data = \"a\\u0000b\"", "qos.toml:1: data: must not hold control characters"},
      {"io_threads = \"2\"", "qos.toml:1: io_threads: expected an integer, found a text"},
      {"io_threads = 2.0", "qos.toml:1: io_threads: expected an integer, found a number with decimals"},
      {"io_threads = true", "qos.toml:1: io_threads: expected an integer, found a boolean"},
      {"io_threads = 2026-01-01", "qos.toml:1: io_threads: expected an integer, found a date or time"},
      {"io_threads = -1", "qos.toml:1: io_threads: -1 is out of range, 0 to 32"},
      {"[http]\n\nmax_body_bytes = 1023",
       "qos.toml:3: http.max_body_bytes: 1023 is out of range, 1024 to 16777216 bytes"},
      {"[http]\nmax_body_bytes = 1073741825",
       "qos.toml:2: http.max_body_bytes: 1073741825 is out of range, 1024 to 16777216 bytes"},
      {"http.status = \"always\"",
       "qos.toml:1: http.status: expected one of \"by_class\", \"always_200\", found \"always\""},
      {"log.level = 3",
       "qos.toml:1: log.level: expected one of \"trace\", \"debug\", \"info\", \"warn\", \"error\", found an "
       "integer"},
      {"feed = [\"Simulated\"]",
       "qos.toml:1: feed: feed 'Simulated': 'Simulated' is no kind of feed; expected KIND or "
       "KIND:OPTION=VALUE,…"},
      {"plans = 1", "qos.toml:1: plans: expected a table, found an integer"},
      {"plans.gold = 1", "qos.toml:1: plans.gold: expected a table, found an integer"},
      {"[plans.\"a b\"]",
       "qos.toml:1: plans: 'a b' is no name of a plan: 1 to 32 characters of a-z, 0-9, _ and -"},
      {"[plans.gold]\nmaxklines = 1",
       "qos.toml:2: unknown option 'plans.gold.maxklines', did you mean 'plans.gold.max_klines'?"},
      {"[plans.gold]\nsnapshots = {}",
       "qos.toml:2: unknown option 'plans.gold.snapshots', did you mean 'plans.gold.snapshot'?"},
      {"[plans.gold]\ndepth = 5", "qos.toml:2: plans.gold.depth: expected a table, found an integer"},
      {"[plans.gold.depth]\nproducts_count = 5",
       "qos.toml:2: unknown option 'plans.gold.depth.products_count', did you mean "
       "'plans.gold.depth.product_count'?"},
      {"[plans.gold.depth]\nmax_connections = 5",
       "qos.toml:2: plans.gold.depth.max_connections: only ws has max_connections"},
      {"[plans.gold.ws]\nmin_interval_ms = 3600001",
       "qos.toml:2: plans.gold.ws.min_interval_ms: 3600001 is out of range, 0 to 3600000 milliseconds"},
      {"[plans.gold]\nvalid_days = 36501",
       "qos.toml:2: plans.gold.valid_days: 36501 is out of range, 0 to 36500 days"},
      {"[plans.gold]\ncompression = \"mine\"",
       "qos.toml:2: plans.gold.compression: expected one of \"none\", \"shared\", \"own\", found \"mine\""},
      {"[plans.gold]\ncompresion = \"own\"",
       "qos.toml:2: unknown option 'plans.gold.compresion', did you mean 'plans.gold.compression'?"},
      {"[registration]\nplan = \"gold\"",
       "qos.toml: registration.plan: there is no plan 'gold' among free, unlimited"},
      {"http.outbox_soft_bytes = 5000000",
       "qos.toml: http.outbox_soft_bytes is 5000000, more than http.outbox_hard_bytes, which is 4194304"},
  };
  for (const auto& [toml, message] : rows) EXPECT_EQ(error_of(toml), message) << toml;
}

TEST(Config, says_the_line_of_broken_toml) {
  EXPECT_THAT(error_of("\nlisten = [\n"), HasSubstr("qos.toml:"));
  EXPECT_THAT(error_of("io_threads = 1\n\nio_threads = 2\n"), HasSubstr("qos.toml:3: "));
  EXPECT_THAT(error_of("io_threads = 99999999999999999999"), HasSubstr("qos.toml:1: "));
  EXPECT_THAT(error_of("data = \"\xff\""), HasSubstr("qos.toml:1: "));
}

TEST(Config, tells_all_faults_in_the_order_of_lines_but_not_endlessly) {
  EXPECT_EQ(error_of("stale = 1\nio_threads = -1\ndata = 5\n"),
            "qos.toml:1: unknown option 'stale', did you mean 'state'?\n"
            "qos.toml:2: io_threads: -1 is out of range, 0 to 32\n"
            "qos.toml:3: data: expected a text in quotes, found an integer");
  std::string many;
  for (int i = 0; i < 30; ++i) many += fmt::format("zzzzzzzzz{} = 1\n", i);
  const auto error = error_of(many);
  EXPECT_EQ(std::ranges::count(error, '\n'), 10);
  EXPECT_THAT(error, HasSubstr("qos.toml: and 20 more"));
}

TEST(Config, holds_no_more_plans_than_it_may) {
  std::string many;
  for (int i = 0; i < 254; ++i) many += fmt::format("[plans.p{}]\n", i);
  EXPECT_EQ(read(many).plans.size(), 256U);
  many += "[plans.zz]\n";
  EXPECT_EQ(error_of(many), "qos.toml:255: plans: more than 256 of them");
}

TEST(Config, takes_every_shape_of_address_that_can_be_bound) {
  for (const std::string good : {"127.0.0.1:0", "0.0.0.0:65535", "[::]:1", "localhost:80"})
    EXPECT_EQ(read(fmt::format("listen = [\"{}\"]", good)).listen, std::vector{good});
  for (const std::string bad :
       {"", ":80", "a", "a:", "a:65536", "a:-1", "a:1x", "::1:80", "[::1:80", "a b:1", "a: 1"})
    EXPECT_THAT(error_of(fmt::format("listen = [\"{}\"]", bad)), HasSubstr("is no ADDRESS:PORT")) << bad;
}

TEST(Config, leaves_a_core_to_the_market_thread) {
  EXPECT_EQ(io_thread_count({.io_threads = 5}), 5U);
  const auto cores = std::max(std::thread::hardware_concurrency(), 1U);
  EXPECT_EQ(io_thread_count({.io_threads = 0}), std::max(cores - 1, 1U));
}

class Flags : public ::testing::Test {
 protected:
  std::string file(std::string_view toml) {
    QOS_ASSERT(io::write_file_atomically(folder_ / "qos.toml", toml).has_value());
    return (folder_ / "qos.toml").string();
  }
  static std::string error_of(const ServeFlags& flags) {
    const auto config = effective_config(flags);
    return config ? "accepted" : config.error().message;
  }
  test::TempFolder folder_;
};

TEST_F(Flags, nothing_given_means_the_defaults) {
  EXPECT_EQ(effective_config({}), Config{});
}

TEST_F(Flags, go_before_the_file_and_replace_its_lists) {
  const auto path =
      file("listen = [\"a:1\", \"b:2\"]\ndata = \"file\"\nfeed = [\"simulated:seed=1\"]\nio_threads = 2");
  const auto config = effective_config({.config = path, .listen = {"c:3"}, .data = "fl\"ag"});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_THAT(config->listen, ElementsAre("c:3"));
  EXPECT_EQ(config->data, "fl\"ag");
  EXPECT_THAT(config->feed, ElementsAre("simulated:seed=1"));
  EXPECT_EQ(config->io_threads, 2U);
  EXPECT_THAT(effective_config({.config = path, .feed = {"simulated", "binance_usdm:file=x\\,y"}})->feed,
              ElementsAre("simulated", "binance_usdm:file=x\\,y"));
}

TEST_F(Flags, set_reaches_every_option) {
  const auto config =
      effective_config({.config = file("[http]\nmax_connections = 5"),
                        .set = {"http.max_connections=6", "log.level=debug", "data=7", "log.file=\"a b\"",
                                "plans.gold.ws.product_count=3", "registration.plan=gold"}});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->http.max_connections, 6U);
  EXPECT_EQ(config->log.level, LogLevel::debug);
  EXPECT_EQ(config->data, "7");
  EXPECT_EQ(config->log.file, "a b");
  EXPECT_EQ(config->registration.plan, "gold");
  EXPECT_EQ(plan(*config, "gold").limit(Permission::ws).product_count, 3U);
}

TEST_F(Flags, a_file_is_not_checked_as_a_whole_before_flags_mend_it) {
  EXPECT_TRUE(
      effective_config({.config = file("registration.plan = \"gold\""), .set = {"plans.gold.valid_days=1"}}));
}

TEST_F(Flags, are_checked_as_the_options_of_their_name) {
  const std::pair<ServeFlags, std::string> rows[] = {
      {{.listen = {"8080"}}, "--listen: listen: '8080' is no ADDRESS:PORT"},
      {{.data = ""}, "--data: data: must not be empty"},
      {{.feed = {"simulated:seed"}}, "--feed: feed: feed 'simulated:seed'"},
      {{.set = {"http.max_body_bytes=5"}},
       "--set http.max_body_bytes=5: http.max_body_bytes: 5 is out of range"},
      {{.set = {"logg.level=debug"}}, "--set logg.level=debug: unknown option 'logg', did you mean 'log'?"},
      {{.set = {"loglevel"}}, "--set loglevel: expected NAME=VALUE"},
      {{.config = (folder_ / "absent.toml").string()}, "--config: cannot open"},
      {{.config = file("a = 1")}, "qos.toml:1: unknown option 'a'"},
      {{.set = {"registration.plan=x"}}, "registration.plan: there is no plan 'x' among free, unlimited"},
  };
  for (const auto& [flags, message] : rows) EXPECT_THAT(error_of(flags), HasSubstr(message));
}

}  // namespace
}  // namespace qos::server
