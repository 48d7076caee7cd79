// What `qos verify` answers where there is nothing to verify; with a journal: verify_test.cpp.
#include "server/verify_command.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "support/temp_folder.hpp"

namespace qos::server {
namespace {

using testing::HasSubstr;

struct Answer {
  int exit_code = 0;
  std::string out;
  std::string err;
};

Answer run(const VerifyFlags& flags) {
  std::ostringstream out;
  std::ostringstream err;
  const int exit_code = verify(flags, {.out = out, .err = err});
  return {exit_code, out.str(), err.str()};
}

TEST(VerifyCommand, a_date_that_is_none_is_a_usage_error) {
  for (const auto* date : {"", "yesterday", "2024-13-01", "2024-02-30", "20240806"}) {
    const auto answer = run({.date = date});
    EXPECT_EQ(answer.exit_code, 2) << date;
    EXPECT_THAT(answer.err, HasSubstr("is no date like 2019-02-01"));
    EXPECT_EQ(answer.out, "");
  }
}

TEST(VerifyCommand, a_folder_without_a_server_s_data_proves_nothing) {
  test::TempFolder folder;
  const auto answer = run({.date = "2024-08-06", .data = folder.path().string()});
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.err, HasSubstr(folder.path().string()));
  EXPECT_EQ(answer.out, "");
  // Looking made nothing.
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(VerifyCommand, without_a_journal_says_that_there_is_none) {
  test::TempFolder folder;
  std::filesystem::create_directories(folder / "klines");
  const auto answer = run({.date = "2024-08-06", .data = folder.path().string()});
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.err, HasSubstr("journal"));
  const auto unknown = run({.date = "2024-08-06", .data = folder.path().string(), .code = "US:NOSUCH"});
  EXPECT_NE(unknown.exit_code, 0);
}

}  // namespace
}  // namespace qos::server
