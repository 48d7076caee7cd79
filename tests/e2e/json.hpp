// JSON in tests: compared as values, members in any order.
#pragma once

#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <string_view>

namespace qos::e2e {

// Canonical text: members sorted, no blanks. Fails the test if `text` is no JSON.
std::string canonical(std::string_view text);
// The canonical text of a part: "/data/0/lp" (a JSON pointer). Empty if there is no such part.
std::string at(std::string_view text, std::string_view pointer);

inline void expect_json(std::string_view actual, std::string_view expected) {
  EXPECT_EQ(canonical(actual), canonical(expected)) << "actual: " << actual;
}

}  // namespace qos::e2e
