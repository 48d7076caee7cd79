#include <algorithm>
#include <ostream>

#include "archive/progress.hpp"
#include "archive/tdx_import.hpp"
#include "server/import_actions.hpp"
#include "server/import_report.hpp"

namespace qos::server {
namespace {

// The calendar of SH and SZ.
constexpr std::string_view kChina = "CN";

struct Stated {
  archive::TdxUnitRules units;
  std::vector<archive::CodePattern> skip;
  archive::Noise noise = archive::Noise::refuse;
};

Result<Stated> read_flags(const TdxFlags& flags) {
  Stated stated;
  for (const auto& text : flags.price_scales)
    if (auto ok = stated.units.state_price_scale(text); !ok) return within("--price-scale", ok.error());
  for (const auto& text : flags.volume_units)
    if (auto ok = stated.units.state_volume_unit(text); !ok) return within("--volume-unit", ok.error());
  for (const auto& text : flags.skip) {
    auto pattern = archive::CodePattern::parse(text);
    if (!pattern) return within("--skip", pattern.error());
    stated.skip.push_back(std::move(*pattern));
  }
  if (flags.noise != "refuse" && flags.noise != "widen") return fail("--noise is refuse or widen");
  stated.noise = flags.noise == "widen" ? archive::Noise::widen : archive::Noise::refuse;
  return stated;
}

std::size_t not_in_table(const archive::TdxListing& listing, const market::InstrumentTable& instruments) {
  std::size_t count = 0;
  const market::Code* last = nullptr;
  for (const auto& file : listing.files) {
    if (last != nullptr && *last == file.code) continue;
    last = &file.code;
    count += instruments.find(file.code) == nullptr ? 1 : 0;
  }
  return count;
}

Result<archive::TdxReport> read_all(const archive::TdxListing& listing, const archive::TdxReading& reading,
                                    Terminal terminal, const std::string& label,
                                    const archive::TakeKlines& take) {
  archive::Progress progress{terminal.err, archive::progress_style(terminal.err), label,
                             listing.files.size()};
  return archive::read_tdx(listing, reading, [&](std::uint64_t done) { progress.at(done); }, take);
}

struct Imported {
  archive::TdxListing listing;
  archive::TdxReport read;
  archive::ImportReport merged;
  std::optional<store::ActionReport> actions;
  std::size_t not_in_table = 0;
};

// Everything is read once before the store is touched, so that a running server waits for the merge only.
Result<Imported> import_folder(const ImportOptions& options, const TdxFlags& flags, Terminal terminal) {
  auto stated = read_flags(flags);
  if (!stated) return std::unexpected{stated.error()};
  auto listing = archive::list_tdx_folder(flags.folder, stated->skip);
  if (!listing) return std::unexpected{listing.error()};
  if (auto ok = archive::check_units(*listing, stated->units); !ok) return std::unexpected{ok.error()};
  std::vector<market::CodedAction> actions;
  if (flags.actions) {
    auto read = read_actions(*flags.actions, terminal);
    if (!read) return std::unexpected{read.error()};
    actions = std::move(*read);
  }
  auto place = open_archive_place(options.place, NoHistory::make, terminal);
  if (!place) return std::unexpected{place.error()};
  const auto china = place->reference->calendars.find(kChina);
  if (!china) return fail("there is no calendar {}, by which SH and SZ trade", kChina);
  const archive::TdxReading reading{
      .calendar = place->reference->calendars.at(*china), .units = stated->units, .noise = stated->noise};
  const auto nothing = [](const auto&, const auto&) -> Result<void> { return {}; };
  auto read = read_all(*listing, reading, terminal, "checking", nothing);
  if (!read) return std::unexpected{read.error()};

  auto import = begin_import(*place, options.on_different);
  if (!import) return std::unexpected{import.error()};
  const auto take = [&](const archive::TdxFile& file, const archive::TdxKlines& klines) {
    const auto series = file.kind == archive::TdxKind::day ? StoredSeries::day : StoredSeries::regular;
    return import->add(file.code, series, klines.klines);
  };
  read = read_all(*listing, reading, terminal, "storing", take);
  if (!read) return std::unexpected{read.error()};
  Imported imported{.listing = std::move(*listing),
                    .read = std::move(*read),
                    .merged = import->report(),
                    .actions = {},
                    .not_in_table = 0};
  imported.not_in_table = not_in_table(imported.listing, place->reference->instruments);
  if (options.dry_run == DryRun::yes) return imported;
  if (auto ok = commit_import(*place, *import, terminal); !ok) return std::unexpected{ok.error()};
  if (!actions.empty()) {
    const auto put = place->rows->put(actions);
    if (!put) return fail("{}the corporate actions are not: {}", kKlinesStored, put.error().message);
    imported.actions = *put;
  }
  return imported;
}

}  // namespace

int import_tdx(const ImportOptions& options, const TdxFlags& flags, Terminal terminal) {
  const auto imported = import_folder(options, flags, terminal);
  if (!imported) return import_failed(terminal, imported.error());
  print_tdx(terminal, imported->read, imported->listing);
  print_merge(terminal, imported->merged, options.on_different);
  if (imported->actions) print_actions(terminal, *imported->actions);
  print_unknown(terminal, imported->not_in_table);
  return import_done(terminal, options.dry_run);
}

}  // namespace qos::server
