#include "core/crash_point.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <set>

namespace qos {
namespace {

void pass_twice() {
  crash_point("commit.written");
  crash_point("commit.written");
}

TEST(CrashPoint, does_nothing_when_it_is_not_armed) {
  pass_twice();
}

TEST(CrashPoint, kills_at_the_pass_that_was_asked_for) {
  EXPECT_EXIT(
      {
        if (!arm_crash_point("commit.written")) ::_exit(1);
        crash_point("commit.written");
        ::_exit(0);
      },
      testing::KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(
      {
        if (!arm_crash_point("commit.written:3")) ::_exit(1);
        pass_twice();
        ::_exit(7);
      },
      testing::ExitedWithCode(7), "");
  EXPECT_EXIT(
      {
        if (!arm_crash_point("commit.written:2")) ::_exit(1);
        pass_twice();
        ::_exit(7);
      },
      testing::KilledBySignal(SIGKILL), "");
}

TEST(CrashPoint, is_not_armed_by_another_one) {
  EXPECT_EXIT(
      {
        if (!arm_crash_point("commit.synced")) ::_exit(1);
        pass_twice();
        ::_exit(7);
      },
      testing::ExitedWithCode(7), "");
}

TEST(CrashPoint, refuses_a_name_that_is_not_there_and_a_count_that_is_none) {
  for (const char* text : {"", "commit.writen", "commit.written:", "commit.written:0", "commit.written:-1",
                           "commit.written:2x", "commit.written:99999999999999999999"}) {
    const auto armed = arm_crash_point(text);
    ASSERT_FALSE(armed) << text;
    EXPECT_FALSE(armed.error().message.empty());
  }
}

TEST(CrashPoint, has_no_name_twice) {
  const std::set<std::string_view> names(kCrashPoints.begin(), kCrashPoints.end());
  EXPECT_EQ(names.size(), kCrashPoints.size());
}

}  // namespace
}  // namespace qos
