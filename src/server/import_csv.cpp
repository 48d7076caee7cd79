#include "server/import_csv.hpp"

#include <filesystem>
#include <ostream>

#include "archive/csv_columns.hpp"
#include "archive/progress.hpp"
#include "io/compressed_reader.hpp"

namespace qos::server {
namespace {

// Longer lines are refused by the columns, with the line's number; this bounds what is read to see that.
constexpr std::size_t kLineBytes = std::size_t{1} << 16;

// What progress is measured by: nothing for a packed file, whose lines do not tell how far it is read.
std::uint64_t bytes_of(const std::string& file) {
  if (file.ends_with(".gz") || file.ends_with(".zst")) return 0;
  std::error_code problem;
  const auto size = std::filesystem::file_size(file, problem);
  return problem ? 0 : size;
}

}  // namespace

Result<archive::CsvTime> read_time(const CsvFlags& flags) {
  if (!flags.time)
    return fail(
        "the file does not say how its times are written: state --time unix (seconds since 1970 UTC) or "
        "--time local with --zone NAME (2019-02-01 09:30:00)");
  if (*flags.time == "unix") {
    if (flags.zone) return fail("--zone goes with --time local; seconds since 1970 have none");
    return archive::CsvTime::unix_seconds();
  }
  if (*flags.time != "local") return fail("--time is unix or local");
  if (!flags.zone) return fail("local times need their zone: state --zone, for example --zone Asia/Shanghai");
  auto zone = market::ZoneOffsets::load(*flags.zone);
  if (!zone) return within("--zone", zone.error());
  return archive::CsvTime::local(std::move(*zone));
}

Result<archive::VolumeUnit> read_volume_unit(const CsvFlags& flags) {
  if (!flags.volume_unit)
    return fail(
        "the file does not say what its volumes count: state --volume-unit shares, lots (of 100, SH and "
        "SZ) or wire (as the API and `qos export` write them)");
  if (*flags.volume_unit == "shares") return archive::VolumeUnit::shares;
  if (*flags.volume_unit == "lots") return archive::VolumeUnit::lots;
  if (*flags.volume_unit == "wire") return archive::VolumeUnit::wire;
  return fail("--volume-unit is shares, lots or wire");
}

Result<void> read_csv(const std::string& file, const CsvPass& pass, Terminal terminal) {
  auto lines = io::LineReader::open(file, kLineBytes);
  if (!lines) return std::unexpected{lines.error()};
  archive::Progress progress{terminal.err, archive::progress_style(terminal.err), pass.label, bytes_of(file)};
  std::uint64_t done = 0;
  for (;;) {
    const auto line = lines->next();
    if (!line) return std::unexpected{line.error()};
    if (!*line) break;
    const bool is_header = lines->line() == 1;
    if (auto ok = (is_header ? pass.header : pass.row)(**line); !ok)
      return fail("{}:{}: {}", file, lines->line(), ok.error().message);
    progress.at(done += (*line)->size() + 1);
  }
  if (lines->line() == 0) return fail("{}: empty, expected a header", file);
  return {};
}

}  // namespace qos::server
