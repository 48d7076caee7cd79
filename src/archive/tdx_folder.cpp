#include "archive/tdx_folder.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

#include "market/plain_text.hpp"

namespace qos::archive {
namespace {

namespace fs = std::filesystem;

struct MarketFolder {
  std::string_view name;
  market::Market market;
};
constexpr std::array kMarkets{MarketFolder{"sh", market::Market::SH}, MarketFolder{"sz", market::Market::SZ}};
constexpr std::array<std::string_view, 3> kKlineFolders{"lday", "minline", "fzline"};

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::optional<TdxKind> kind_of(std::string_view extension) {
  if (extension == ".day") return TdxKind::day;
  if (extension == ".lc1") return TdxKind::minute;
  if (extension == ".lc5") return TdxKind::five_minutes;
  return std::nullopt;
}

class Lister {
 public:
  Lister(fs::path root, const std::vector<CodePattern>& skip) : root_{std::move(root)}, skip_{skip} {}

  Result<void> market(const MarketFolder& market) {
    const auto folder = root_ / market.name;
    if (auto ok = kline_files(folder, market); !ok) return ok;
    for (const auto name : kKlineFolders)
      if (fs::is_directory(fs::symlink_status(folder / name)))
        if (auto ok = kline_files(folder / name, market); !ok) return ok;
    return {};
  }

  // Counts the files below a folder of another market.
  void leave_out_folder(std::string_view name, const std::string& reason) {
    std::error_code ignored;
    fs::recursive_directory_iterator at{root_ / name, ignored};
    for (const fs::recursive_directory_iterator end; !ignored && at != end; at.increment(ignored))
      if (at->is_regular_file(ignored)) leave_out(at->path(), reason);
  }

  Result<TdxListing> take() {
    const auto order = [](const TdxFile& file) {
      return std::tuple{file.code.market, std::string_view{file.code.symbol}, file.kind};
    };
    std::ranges::sort(found_.files, [&](const auto& a, const auto& b) { return order(a) < order(b); });
    const auto twin = std::ranges::adjacent_find(
        found_.files, [&](const auto& a, const auto& b) { return order(a) == order(b); });
    if (twin != found_.files.end())
      return fail("{} and {} are files of the same code and kind: which one is meant?", twin->name,
                  std::next(twin)->name);
    return std::move(found_);
  }

 private:
  Result<void> kline_files(const fs::path& folder, const MarketFolder& market) {
    std::error_code problem;
    for (fs::directory_iterator at{folder, problem}, end; !problem && at != end; at.increment(problem)) {
      const auto status = at->symlink_status(problem);
      if (problem) break;
      if (fs::is_directory(status)) continue;
      if (found_.files.size() == kMaxTdxFiles)
        return fail("{}: more than {} files", root_.string(), kMaxTdxFiles);
      consider(at->path(), status, market);
    }
    if (problem) return fail("cannot read the folder {}: {}", folder.string(), problem.message());
    return {};
  }

  void consider(const fs::path& path, fs::file_status status, const MarketFolder& market) {
    if (fs::is_symlink(status)) return leave_out(path, "symbolic links are not followed");
    if (!fs::is_regular_file(status)) return leave_out(path, "no regular file");
    const auto name = lower(path.filename().string());
    const auto dot = name.find('.');
    const auto kind = dot == std::string::npos ? std::nullopt : kind_of(name.substr(dot));
    if (!kind) return leave_out(path, "neither .day, .lc1 nor .lc5");
    const auto code =
        market::parse_code(std::string{market.name} + ':' + name.substr(0, dot).substr(0, 64).erase(0, 2));
    if (!name.starts_with(market.name) || !code)
      return leave_out(path, fmt::format("not named like {}600000.day", market.name));
    if (std::ranges::any_of(skip_, [&](const auto& pattern) { return pattern.fits(code->code); }))
      return leave_out(path, "left out with --skip");
    found_.files.push_back({.path = path, .name = below(path), .code = code->code, .kind = *kind});
  }

  void leave_out(const fs::path& path, const std::string& reason) {
    auto& entry = found_.left_out[reason];
    if (entry.files++ == 0) entry.first = market::shown(below(path));
  }

  std::string below(const fs::path& path) const { return path.lexically_relative(root_).string(); }

  fs::path root_;
  const std::vector<CodePattern>& skip_;
  TdxListing found_;
};

bool has_market(const fs::path& folder) {
  return std::ranges::any_of(kMarkets, [&](const auto& market) {
    return fs::is_directory(fs::symlink_status(folder / market.name));
  });
}

}  // namespace

Result<TdxListing> list_tdx_folder(const fs::path& folder, const std::vector<CodePattern>& skip) {
  std::error_code problem;
  if (!fs::is_directory(folder, problem)) return fail("{} is no folder", folder.string());
  const auto vipdoc = folder / "vipdoc";
  const auto root = !has_market(folder) && has_market(vipdoc) ? vipdoc : folder;
  if (!has_market(root))
    return fail("{} has no folder sh or sz: expected a vipdoc folder with files like sh/lday/sh600000.day",
                folder.string());
  Lister lister{root, skip};
  for (const auto& market : kMarkets)
    if (fs::is_directory(fs::symlink_status(root / market.name)))
      if (auto ok = lister.market(market); !ok) return std::unexpected{ok.error()};
  lister.leave_out_folder("bj", "the market BJ has no codes here");
  lister.leave_out_folder("ds", "extended markets are numbered by TDX itself");
  return lister.take();
}

}  // namespace qos::archive
