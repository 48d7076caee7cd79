// Which files of a TDX vipdoc folder are K-lines, and what is left out, with the reason. Looks at names only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "archive/tdx_units.hpp"
#include "core/result.hpp"
#include "market/code.hpp"

namespace qos::archive {

enum class TdxKind : std::uint8_t { day, minute, five_minutes };

struct TdxFile {
  std::filesystem::path path;
  std::string name;  // below the folder, for messages: "sh/lday/sh600000.day"
  market::Code code;
  TdxKind kind = TdxKind::day;
};

struct TdxListing {
  std::vector<TdxFile> files;  // by code and kind
  struct LeftOut {
    std::uint64_t files = 0;
    std::string first;  // name of one of them, as it may be shown
  };
  std::map<std::string, LeftOut> left_out;  // by reason
};

// More files than both exchanges ever had codes, three each.
inline constexpr std::size_t kMaxTdxFiles = 200'000;

// `folder` is a vipdoc folder or the one above it. Reads sh/ and sz/: lday/*.day, minline/*.lc1,
// fzline/*.lc5, and such files in sh/ and sz/ themselves. Only regular files named like sh600000.day in the
// folder of their market: symbolic links are not followed, so nothing outside `folder` is read. The same code
// and kind twice is an error, as is a folder without sh/ and sz/.
Result<TdxListing> list_tdx_folder(const std::filesystem::path& folder, const std::vector<CodePattern>& skip);

}  // namespace qos::archive
