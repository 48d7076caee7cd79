#include <gtest/gtest.h>

#include <vector>

#include "server/nearest_name.hpp"

namespace qos::server {
namespace {

TEST(NearestName, finds_what_was_meant) {
  const std::vector<std::string> known{"listen", "data", "http.status", "log.level", "log.file"};
  const std::pair<std::string, std::optional<std::string>> rows[] = {
      {"listen", "listen"},
      {"lisetn", "listen"},
      {"listne", "listen"},
      {"liste", "listen"},
      {"listenn", "listen"},
      {"LISTEN", std::nullopt},
      {"date", "data"},
      {"xyzw", std::nullopt},
      {"", std::nullopt},
      {"status", "http.status"},
      {"htpp.status", "http.status"},
      {"log.levle", "log.level"},
      {"server.level", "log.level"},
      {std::string(100'000, 'l'), std::nullopt},
  };
  for (const auto& [typed, meant] : rows) EXPECT_EQ(nearest_name(typed, known), meant) << typed.substr(0, 20);
}

}  // namespace
}  // namespace qos::server
