// The published vectors are what the calendars say today. session_vectors_check.py looks at the same file
// without our code.
#include "market/session_vectors.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "calendars.hpp"

namespace qos::market {
namespace {

CalendarTable shipped() {
  CalendarTable table;
  for (const char* name : {"CF", "CM", "CN", "FX", "HK", "US"}) table.add(calendar(name));
  return table;
}

// To write the file again after a change of the calendars: build/release/src/server/qos calendar vectors
// --out docs/vectors/sessions.csv
TEST(SessionVectors, are_published_as_the_calendars_make_them) {
  const auto path = std::filesystem::path{QOS_SOURCE_DIR} / "docs" / "vectors" / "sessions.csv";
  const auto published = io::read_file(path);
  ASSERT_TRUE(published) << published.error().message;
  const std::string made = session_vectors(shipped());
  if (made == *published) return;
  const auto differs = std::mismatch(made.begin(), made.end(), published->begin(), published->end()).first;
  FAIL() << "differs from line " << std::count(made.begin(), differs, '\n') + 1;
}

TEST(SessionVectors, leave_out_a_market_that_is_not_there) {
  CalendarTable table;
  table.add(calendar("CF"));
  const std::string made = session_vectors(table);
  EXPECT_NE(made.find("\nCF,UTC,"), std::string::npos);
  EXPECT_EQ(made.find("\nHK,"), std::string::npos);
}

}  // namespace
}  // namespace qos::market
