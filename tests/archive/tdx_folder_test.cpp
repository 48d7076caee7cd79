#include "archive/tdx_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "io/file.hpp"
#include "support/temp_folder.hpp"

namespace qos::archive {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TdxFolder : public ::testing::Test {
 protected:
  void put(const std::string& name) {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    ASSERT_TRUE(io::write_file_atomically(path, ""));
  }
  Result<TdxListing> list(const std::vector<CodePattern>& skip = {}) {
    return list_tdx_folder(folder_.path(), skip);
  }
  static std::vector<std::string> names(const TdxListing& listing) {
    std::vector<std::string> names;
    for (const auto& file : listing.files) names.push_back(file.code.to_string() + " " + file.name);
    return names;
  }

  test::TempFolder folder_;
};

TEST_F(TdxFolder, lists_days_and_minutes_by_code) {
  put("vipdoc/sz/lday/SZ300059.DAY");
  put("vipdoc/sh/minline/sh600000.lc1");
  put("vipdoc/sh/fzline/sh600000.lc5");
  put("vipdoc/sh/lday/sh600000.day");
  const auto listing = list();
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_THAT(names(*listing),
              ElementsAre("SH:600000 sh/lday/sh600000.day", "SH:600000 sh/minline/sh600000.lc1",
                          "SH:600000 sh/fzline/sh600000.lc5", "SZ:300059 sz/lday/SZ300059.DAY"));
  EXPECT_EQ(listing->files[2].kind, TdxKind::five_minutes);
  EXPECT_TRUE(listing->left_out.empty());
}

TEST_F(TdxFolder, leaves_out_what_it_cannot_read_and_says_why) {
  put("sh/sh600000.day");
  put("sh/lday/sz600001.day");
  put("sh/lday/sh60000.day");
  put("sh/lday/readme.txt");
  put("bj/lday/bj430001.day");
  put("ds/lday/4#CF7D0LAO.day");
  put("elsewhere/sh600002.day");
  std::filesystem::create_symlink(folder_ / "elsewhere/sh600002.day", folder_ / "sh/lday/sh600002.day");
  std::filesystem::create_directory_symlink(folder_ / "elsewhere", folder_ / "sh/minline");
  ASSERT_EQ(::mkfifo((folder_ / "sh/lday/sh600003.day").c_str(), 0600), 0);
  const auto listing = list();
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_THAT(names(*listing), ElementsAre("SH:600000 sh/sh600000.day"));
  const auto count = [&](const std::string& reason) {
    const auto found = listing->left_out.find(reason);
    return found == listing->left_out.end() ? 0 : found->second.files;
  };
  EXPECT_EQ(count("not named like sh600000.day"), 2U);
  EXPECT_EQ(count("neither .day, .lc1 nor .lc5"), 1U);
  EXPECT_EQ(count("symbolic links are not followed"), 2U);
  EXPECT_EQ(count("no regular file"), 1U);
  EXPECT_EQ(count("the market BJ has no codes here"), 1U);
  EXPECT_EQ(count("extended markets are numbered by TDX itself"), 1U);
}

TEST_F(TdxFolder, leaves_out_what_the_operator_skips) {
  put("sh/lday/sh204001.day");
  put("sh/lday/sh600000.day");
  const auto listing = list({CodePattern::parse("SH:204*").value()});
  ASSERT_TRUE(listing);
  EXPECT_THAT(names(*listing), ElementsAre("SH:600000 sh/lday/sh600000.day"));
}

TEST_F(TdxFolder, refuses_two_files_of_one_kind) {
  put("sh/sh600000.day");
  put("sh/lday/sh600000.day");
  EXPECT_THAT(list().error().message, AllOf(HasSubstr("sh/sh600000.day"), HasSubstr("sh/lday/sh600000.day")));
}

TEST_F(TdxFolder, refuses_a_folder_of_something_else) {
  put("notes/readme.txt");
  EXPECT_THAT(list().error().message, HasSubstr("expected a vipdoc folder"));
  EXPECT_THAT(list_tdx_folder(folder_ / "absent", {}).error().message, HasSubstr("is no folder"));
}

}  // namespace
}  // namespace qos::archive
