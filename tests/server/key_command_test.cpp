#include "server/key_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <sstream>

#include "access/gate.hpp"
#include "io/file.hpp"
#include "server/config.hpp"
#include "server/data_folder.hpp"
#include "server/demo_key.hpp"
#include "server/instant.hpp"
#include "support/temp_folder.hpp"

namespace qos::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

constexpr UnixNanos kNow = from_unix_seconds(1'750'000'000);  // 2025-06-15 15:06:40 UTC

class KeyCommand : public ::testing::Test {
 protected:
  struct Answer {
    int exit_code;
    std::string out;
    std::string err;
  };
  Answer create(const std::string& plan, const std::string& name = "",
                std::optional<std::string> config = {}) {
    return run([&](Terminal terminal) {
      return create_key({.config = std::move(config), .data = data_.string()}, plan, name, kNow, terminal);
    });
  }
  Answer list(UnixNanos now = kNow) {
    return run([&](Terminal terminal) { return list_keys({.data = data_.string()}, now, terminal); });
  }
  Answer disable(const std::string& which) {
    return run([&](Terminal terminal) { return disable_key({.data = data_.string()}, which, terminal); });
  }
  std::unique_ptr<access::Gate> gate() {
    return access::Gate::open({.database = data_ / "keys.sqlite", .plans = Config::default_plans()}).value();
  }
  // The whole command line after `qos`, through CLI11; -1: usage error.
  int command_line(const std::string& arguments) {
    CLI::App app;
    int exit_code = -2;
    add_key_command(app, exit_code);
    try {
      app.parse(arguments);
    } catch (const CLI::ParseError& error) {
      return error.get_exit_code() == 0 ? 0 : -1;
    }
    return exit_code;
  }

  test::TempFolder folder_;
  std::filesystem::path data_ = folder_ / "var";

 private:
  template <typename Body>
  static Answer run(Body body) {
    std::ostringstream out;
    std::ostringstream err;
    const int exit_code = body(Terminal{.out = out, .err = err});
    return {exit_code, out.str(), err.str()};
  }
};

std::string without_newline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

TEST_F(KeyCommand, create_prints_the_key_alone_and_the_rest_beside_it) {
  const auto answer = create("free", "ann");
  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_THAT(answer.out, MatchesRegex("[0-9a-f]{32}\n"));
  EXPECT_THAT(answer.err,
              AllOf(HasSubstr("key 1 of plan free, expires 2025-06-30 15:06:40Z"), HasSubstr("keys.sqlite")));
  EXPECT_EQ(answer.err.find(without_newline(answer.out)), std::string::npos);
  const auto grant = gate()->authenticate(without_newline(answer.out), kNow);
  ASSERT_TRUE(grant);
  EXPECT_EQ(grant->name, "ann");
  EXPECT_EQ(grant->plan->name, "free");
}

TEST_F(KeyCommand, keys_with_a_cursor_and_keys_that_travel_are_told_apart_in_the_list) {
  const std::string data = " --data " + data_.string();
  EXPECT_EQ(command_line("key create --plan free --cursor --name ann" + data), 0);
  EXPECT_EQ(command_line("key create --plan free --travel 2019-02-01T09:30+08:00 --speed 10" + data), 0);
  EXPECT_THAT(list().out,
              AllOf(HasSubstr("ann [cursor]\n"), HasSubstr("[travels from 2019-02-01 01:30:00Z x10]\n")));
  EXPECT_EQ(gate()->list()->at(1).nature.travel,
            (access::Travel{.at = from_unix_seconds(1'548'984'600), .speed = 10}));
  for (const char* wrong :
       {"--travel 2019-02-01", "--travel 2019-02-01T09:30", "--speed 10", "--travel today",
        "--travel 2019-02-01T09:30Z --speed 0", "--travel 2019-02-01T09:30Z --speed 1.5"})
    EXPECT_EQ(command_line(std::string{"key create --plan free "} + wrong + data), -1) << wrong;
}

TEST(Instant, is_read_with_its_offset_and_refused_without) {
  EXPECT_EQ(parse_instant("2019-02-01T09:30+08:00"), from_unix_seconds(1'548'984'600));
  EXPECT_EQ(parse_instant("2019-02-01 01:30:00Z"), from_unix_seconds(1'548'984'600));
  EXPECT_EQ(parse_instant("2019-01-31T20:30:07-05:00"), from_unix_seconds(1'548'984'607));
  for (const char* wrong :
       {"", "2019-02-01", "2019-02-01T09:30", "2019-02-30T09:30Z", "2019-2-01T09:30Z", "2019-02-01T24:00Z",
        "2019-02-01T09:30:60Z", "2019-02-01T09:30+8:00", "2019-02-01T09:30ZZ", "1969-12-31T23:59Z",
        "1970-01-01T00:00+08:00", "2262-01-01T00:00Z", "-019-02-01T09:30Z", "2019-02-01T-9:30Z"})
    EXPECT_FALSE(parse_instant(wrong)) << wrong;
}

TEST_F(KeyCommand, makes_the_data_folder_for_its_owner_only) {
  EXPECT_EQ(create("free").exit_code, 0);
  struct stat status{};
  ASSERT_EQ(::stat(data_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
}

TEST_F(KeyCommand, counts_for_a_gate_that_is_open_already) {
  ASSERT_TRUE(make_data_folder(data_));
  const auto running = gate();
  EXPECT_FALSE(running->authenticate(std::string(32, '0'), kNow));
  const auto key = without_newline(create("free").out);
  EXPECT_TRUE(running->authenticate(key, kNow + std::chrono::seconds{1}));
  EXPECT_EQ(disable(key).exit_code, 0);
  EXPECT_EQ(running->authenticate(key, kNow + std::chrono::seconds{2}).error(), access::Denial::disabled);
}

TEST_F(KeyCommand, takes_plans_and_folder_from_the_configuration) {
  const auto file = (folder_ / "qos.toml").string();
  ASSERT_TRUE(io::write_file_atomically(
      file, fmt::format("data = \"{}\"\n[plans.gold]\n", (folder_ / "elsewhere").string())));
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(create_key({.config = file}, "gold", "", kNow, {.out = out, .err = err}), 0) << err.str();
  EXPECT_TRUE(std::filesystem::exists(folder_ / "elsewhere" / "keys.sqlite"));
  EXPECT_EQ(create("gold", "", file).exit_code, 0) << "--data goes before the file";
  EXPECT_TRUE(std::filesystem::exists(data_ / "keys.sqlite"));
}

TEST_F(KeyCommand, fails_with_the_reason) {
  const auto no_plan = create("gold");
  EXPECT_EQ(no_plan.exit_code, 1);
  EXPECT_EQ(no_plan.out, "");
  EXPECT_EQ(no_plan.err, "qos key: no plan 'gold' is configured; there are: free, unlimited\n");
  EXPECT_THAT(create("free", "", "absent.toml").err, HasSubstr("cannot open absent.toml"));
  const auto unknown = disable("77");
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_EQ(unknown.err, "qos key: no key has this id, prefix or value\n");
}

TEST_F(KeyCommand, asking_for_keys_makes_nothing) {
  for (const auto& answer : {list(), disable("1")}) {
    EXPECT_EQ(answer.exit_code, 1);
    EXPECT_THAT(answer.err, HasSubstr("keys.sqlite does not exist"));
  }
  EXPECT_FALSE(std::filesystem::exists(data_));
}

TEST_F(KeyCommand, a_data_folder_that_cannot_be_is_named) {
  ASSERT_TRUE(io::write_file_atomically(data_, "a file"));
  const auto answer = create("free");
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.err, AllOf(HasSubstr("cannot make the data folder"), HasSubstr("var")));
}

TEST_F(KeyCommand, lists_a_table) {
  const auto first = without_newline(create("free", "ann 王").out);
  const auto second = without_newline(create("unlimited").out);
  const auto third = without_newline(create("unlimited", "gone").out);
  EXPECT_EQ(disable(third).err,
            fmt::format("key 3 ({}…, plan unlimited, gone) is disabled\n", third.substr(0, 6)));
  const auto expected = [&](std::string_view first_state) {
    return fmt::format(
        "    ID  PREFIX  PLAN       STATE         CREATED               EXPIRES               NAME\n"
        "     1  {}  free       {:<12}  2025-06-15 15:06:40Z  2025-06-30 15:06:40Z  ann 王\n"
        "     2  {}  unlimited  ok            2025-06-15 15:06:40Z  never\n"
        "     3  {}  unlimited  disabled      2025-06-15 15:06:40Z  never                 gone\n",
        first.substr(0, 6), first_state, second.substr(0, 6), third.substr(0, 6));
  };
  EXPECT_EQ(list().out, expected("ok"));
  EXPECT_EQ(list(kNow + std::chrono::days{15}).out, expected("expired"));
  EXPECT_EQ(list().exit_code, 0);
}

TEST_F(KeyCommand, marks_keys_whose_plan_is_gone) {
  ASSERT_TRUE(make_data_folder(data_));
  ASSERT_TRUE(access::Gate::open({.database = data_ / "keys.sqlite", .plans = {{.name = "old"}}})
                  .value()
                  ->create("old", "", kNow));
  EXPECT_THAT(list().out, HasSubstr("old   no such plan"));
}

TEST_F(KeyCommand, the_command_line_reaches_it_and_gives_its_exit_code) {
  const auto data = " --data " + data_.string();
  EXPECT_EQ(command_line("key create --plan free --name ann" + data), 0);
  EXPECT_EQ(command_line("key list" + data), 0);
  EXPECT_EQ(command_line("key disable 1" + data), 0);
  EXPECT_EQ(gate()->list()->at(0).name, "ann");
  EXPECT_TRUE(gate()->list()->at(0).disabled);
  EXPECT_EQ(command_line("key disable 2" + data), 1);
  EXPECT_EQ(command_line("key create --plan gold" + data), 1);
  EXPECT_EQ(command_line("key create" + data), -1) << "--plan is missing";
  EXPECT_EQ(command_line("key disable" + data), -1);
  EXPECT_EQ(command_line("key"), -1);
  EXPECT_EQ(command_line("key remove 1"), -1);
  EXPECT_EQ(command_line("key --help"), 0);
}

TEST_F(KeyCommand, the_demo_key_stays_the_same_over_restarts) {
  ASSERT_TRUE(make_data_folder(data_));
  const auto key = demo_key(*gate(), data_, kNow).value();
  EXPECT_EQ(demo_key(*gate(), data_, kNow + std::chrono::days{4'000}), key);
  EXPECT_EQ(gate()->authenticate(key, kNow)->plan->name, "unlimited");
  struct stat status{};
  ASSERT_EQ(::stat((data_ / "demo.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(KeyCommand, the_demo_key_is_made_anew_when_file_or_row_is_no_good) {
  ASSERT_TRUE(make_data_folder(data_));
  std::vector<std::string> keys{demo_key(*gate(), data_, kNow).value()};
  const auto again = [&] {
    const auto key = demo_key(*gate(), data_, kNow);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(std::ranges::count(keys, *key), 0);
    EXPECT_TRUE(gate()->authenticate(*key, kNow));
    EXPECT_EQ(demo_key(*gate(), data_, kNow), *key);
    keys.push_back(*key);
  };
  std::filesystem::remove(data_ / "demo.key");
  again();
  ASSERT_EQ(disable(keys.back()).exit_code, 0);
  again();
  std::filesystem::remove(data_ / "keys.sqlite");
  again();
  for (const std::string_view content : {"", "\n", "no key", "\x00\xff"}) {
    ASSERT_TRUE(io::write_file_atomically(data_ / "demo.key", content));
    again();
  }
  ASSERT_TRUE(io::write_file_atomically(data_ / "demo.key", std::string(5'000, 'a')));
  again();
}

TEST_F(KeyCommand, a_demo_key_that_cannot_be_kept_is_disabled_again) {
  ASSERT_TRUE(make_data_folder(data_));
  std::filesystem::create_directories(data_ / "demo.key" / "in_the_way");
  const auto key = demo_key(*gate(), data_, kNow);
  ASSERT_FALSE(key);
  EXPECT_THAT(key.error().message, AllOf(HasSubstr("demo key: "), HasSubstr("demo.key")));
  EXPECT_TRUE(gate()->list()->at(0).disabled);
}

}  // namespace
}  // namespace qos::server
