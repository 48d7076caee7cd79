#include "archive/progress.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace qos::archive {
namespace {

TEST(Progress, is_a_line_a_quarter_in_a_log) {
  std::ostringstream out;
  {
    Progress progress{out, Progress::Style::lines, "reading", 1'000};
    for (std::uint64_t done = 0; done <= 1'000; ++done) progress.at(done);
  }
  EXPECT_EQ(out.str(), "reading: 0 %\nreading: 25 %\nreading: 50 %\nreading: 75 %\nreading: 100 %\n");
}

TEST(Progress, is_a_bar_on_a_terminal_that_goes_away) {
  std::ostringstream out;
  {
    Progress progress{out, Progress::Style::bar, "reading", 2};
    progress.at(1);
    progress.at(1);
  }
  EXPECT_EQ(out.str(), "\rreading [####################....................]  50 %\r\x1b[K");
}

TEST(Progress, says_its_label_where_the_end_is_not_known) {
  std::ostringstream out;
  {
    Progress progress{out, Progress::Style::lines, "reading", 0};
    progress.at(5);
  }
  EXPECT_EQ(out.str(), "reading\n");
}

}  // namespace
}  // namespace qos::archive
