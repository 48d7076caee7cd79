// The binary on a disk that is full, and on one that cannot be written. The disk is a small file system in
// memory, so these tests need the right to mount one.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>

#include <atomic>
#include <fstream>
#include <regex>
#include <thread>

#include "e2e/program.hpp"
#include "e2e/recording.hpp"
#include "e2e/test_server.hpp"

namespace qos::e2e {
namespace {

// A disk of its own, as large as it is told.
class SmallDisk {
 public:
  explicit SmallDisk(int mib) {
    mounted_ = ::mount("tmpfs", path().c_str(), "tmpfs", 0, fmt::format("size={}m", mib).c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  std::string path() const { return folder_.path().string(); }
  bool make_read_only() const {
    return ::mount(nullptr, path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }
  // A file that takes all the room but some.
  void fill(std::uintmax_t leave) const {
    const auto size = std::filesystem::space(path()).available - leave;
    std::ofstream{ballast(), std::ios::binary} << std::string(size, 'x');
  }
  void make_room() const { std::filesystem::remove(ballast()); }

 private:
  std::filesystem::path ballast() const { return folder_.path() / "ballast"; }

  test::TempFolder folder_;
  bool mounted_ = false;
};

std::string part(const std::string& text, const std::string& pattern) {
  std::smatch match;
  return std::regex_search(text, match, std::regex{pattern}) ? match[1].str() : std::string{};
}

std::vector<std::string> serve(const SmallDisk& disk) {
  return {QOS_BINARY, "serve",
          "--listen", "127.0.0.1:0",
          "--data",   disk.path() + "/data",
          "--feed",   "simulated:markets=CF+FX,history=10s,past=off,speed=60,rate=0.5",
          "--set",    "admin.listen='127.0.0.1:0'",
          "--set",    "klines.history='off'",
          "--set",    "journal.tail_events=4096",
          "--set",    "log.file='" + disk.path() + ".log'"};
}

struct Addresses {
  std::string server;
  std::string metrics;
  std::string key;

  std::string metric(const std::string& name) const {
    return part(HttpClient{metrics}.request("GET", "/metrics", "").body, "\n" + name + " ([0-9]+)");
  }
};
Addresses addresses_of(Program& program) {
  const auto text = program.wait_for("curl -s");
  return {.server = part(text, "http://([0-9.:]+)\n"),
          .metrics = part(text, "metrics +http://([0-9.:]+)/"),
          .key = part(text, "key +([0-9a-f]{32})\n")};
}

TEST(FullDisk, stops_the_events_and_not_the_answers_and_goes_on_by_itself) {
  const SmallDisk disk{48};
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount a small disk";
  const auto log = disk.path() + ".log";
  Recording recording{{"CF:BTCUSDT", "FX:USDJPY"}};
  {
    Program program{serve(disk)};
    const auto at = addresses_of(program);
    ASSERT_FALSE(at.key.empty());
    WsClient client{at.server, "/ws?ext=1&key=" + at.key};
    recording.subscribe(client);
    disk.fill(64 << 10);

    std::atomic<bool> room_again = false;
    const std::jthread operator_of_it{[&] {
      TestServer::wait_until([&] { return at.metric("qos_journal_held_total") != "0"; });
      EXPECT_EQ(at.metric("qos_journal_failing"), "1");
      const auto answer =
          HttpClient{at.server}.post("/snapshot", R"({"codes":["CF:BTCUSDT"]})", {{"key", at.key}});
      EXPECT_EQ(answer.status, 200) << "what is there is still served: " << answer.body;
      disk.make_room();
      TestServer::wait_until([&] { return at.metric("qos_journal_failing") == "0"; });
      room_again = true;
    }};
    while (!room_again) ASSERT_TRUE(recording.take(client));
    for (const auto end = recording.pushes() + 1'000; recording.pushes() < end;)
      ASSERT_TRUE(recording.take(client));
    program.stop(SIGKILL);
  }
  std::ifstream lines{log};
  const std::string told{std::istreambuf_iterator<char>{lines}, {}};
  EXPECT_NE(told.find("the journal cannot be written"), std::string::npos) << told;
  EXPECT_NE(told.find("the journal can be written again"), std::string::npos) << told;
  std::filesystem::remove(log);

  Program program{serve(disk)};
  const auto at = addresses_of(program);
  ASSERT_FALSE(at.key.empty());
  WsClient client{at.server, "/ws?ext=1&key=" + at.key};
  recording.subscribe(client, 2'000);
  for (const auto end = recording.pushes() + 3'000; recording.pushes() < end;)
    ASSERT_TRUE(recording.take(client));
  EXPECT_GT(recording.heard_again(), 1'000U);
  EXPECT_EQ(at.metric("qos_state_digest_mismatches_total"), "0");
  program.stop(SIGKILL);
  std::filesystem::remove(log);
}

TEST(FullDisk, does_not_start_on_a_disk_that_cannot_be_written_and_says_why) {
  const SmallDisk disk{16};
  if (!disk.mounted() || !disk.make_read_only()) GTEST_SKIP() << "no right to mount a small disk";
  const auto refused = run_program(serve(disk));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find(disk.path()), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("Read-only"), std::string::npos) << refused.err;
  std::filesystem::remove(disk.path() + ".log");
}

// With a journal that an earlier run has left.
TEST(FullDisk, does_not_start_on_its_own_data_once_that_cannot_be_written) {
  const SmallDisk disk{48};
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount a small disk";
  {
    Program program{serve(disk)};
    ASSERT_FALSE(addresses_of(program).key.empty());
    program.stop(SIGKILL);
  }
  if (!disk.make_read_only()) GTEST_SKIP() << "no right to mount it again";
  const auto refused = run_program(serve(disk));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find(disk.path()), std::string::npos) << refused.err;
  std::filesystem::remove(disk.path() + ".log");
}

}  // namespace
}  // namespace qos::e2e
