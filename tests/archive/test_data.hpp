// The folder of real market data, which the project may not own.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace qos::test {

// Empty if absent.
inline std::filesystem::path test_data(const std::string& below) {
  const char* const folder = std::getenv("QOS_TEST_DATA");
  const auto root = folder != nullptr ? std::filesystem::path{folder}
                                      : std::filesystem::path{QOS_SOURCE_DIR} / "../shared/data";
  std::error_code ignored;
  return std::filesystem::exists(root / below, ignored) ? root / below : std::filesystem::path{};
}

}  // namespace qos::test
