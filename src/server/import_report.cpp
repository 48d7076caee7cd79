#include "server/import_report.hpp"

#include <fmt/ostream.h>

#include <array>
#include <ostream>

#include "market/calendar_rules.hpp"

namespace qos::server {
namespace {

// The order of StoredSeries.
constexpr std::array<std::string_view, archive::kSeries> kSeriesNames{
    "days", "minutes of the night", "minutes of the pre-market", "minutes", "minutes after hours"};

std::string text_of(const Kline& kline) {
  return fmt::format("o {} h {} l {} c {} v {} t {}", kline.open.to_string(), kline.high.to_string(),
                     kline.low.to_string(), kline.close.to_string(), kline.volume.to_string(),
                     kline.turnover.to_string());
}

void print_agreement(std::ostream& out, std::string_view what, const archive::Agreement& agreement) {
  if (agreement.equal + agreement.different == 0) return;
  fmt::print(out, "{}: {} equal, {} different\n", what, agreement.equal, agreement.different);
  if (agreement.different > 0) fmt::print(out, "  the first is {}\n", agreement.first_different);
}

}  // namespace

int import_failed(Terminal terminal, const Error& error) {
  const bool stored = error.message.starts_with(kKlinesStored);
  fmt::print(terminal.err, "qos import: {}\n{}", error.message, stored ? "" : "nothing was stored\n");
  return 1;
}

void print_merge(Terminal terminal, const archive::ImportReport& report, store::OnDifferent on_different) {
  fmt::print(terminal.out, "{} codes\n", report.codes);
  for (std::size_t series = 0; series < archive::kSeries; ++series) {
    const auto& merged = report.merged[series];
    if (merged.added + merged.equal + merged.different == 0) continue;
    fmt::print(terminal.out, "{}: {} new, {} equal, {} different{}\n", kSeriesNames[series], merged.added,
               merged.equal, merged.different,
               merged.different == 0 ? ""
               : on_different == store::OnDifferent::replace
                   ? " (replaced)"
                   : " (what was stored is kept; --on-different replace "
                     "takes the new ones)");
  }
  for (const auto& difference : report.differences)
    fmt::print(terminal.out, "  {} {} ts {}: stored {}, given {}\n", difference.code,
               market::to_string(difference.trading_date), unix_seconds(difference.given.start),
               text_of(difference.stored), text_of(difference.given));
}

void print_tdx(Terminal terminal, const archive::TdxReport& report, const archive::TdxListing& listing) {
  auto& out = terminal.out;
  fmt::print(out, "{} files, {} records\n", report.files, report.records);
  if (report.without_trades > 0)
    fmt::print(out, "{} records without volume left out: nothing was traded\n", report.without_trades);
  if (report.widened > 0)
    fmt::print(out, "{} records widened, whose high or low did not enclose open and close; the first is {}\n",
               report.widened, report.first_widened);
  if (report.five_minute_files > 0)
    fmt::print(out,
               "{} files of five minutes not stored: the store keeps minutes, which say all that they do\n",
               report.five_minute_files);
  print_agreement(out, "days against their minutes", report.days);
  print_agreement(out, "five minutes against their minutes", report.five_minutes);
  for (const auto& [reason, entry] : listing.left_out)
    fmt::print(out, "{} files left out: {} ({})\n", entry.files, reason, entry.first);
}

void print_actions(Terminal terminal, const store::ActionReport& report) {
  fmt::print(terminal.out, "corporate actions: {} new, {} equal, {} different{}\n", report.added,
             report.equal, report.different, report.different > 0 ? " (replaced)" : "");
}

void print_unknown(Terminal terminal, std::size_t codes) {
  if (codes == 0) return;
  fmt::print(
      terminal.err,
      "{} codes are not in the instrument table: they are stored, but not served before they are in it\n",
      codes);
}

int import_done(Terminal terminal, DryRun dry_run) {
  fmt::print(terminal.out, "{}\n", dry_run == DryRun::yes ? "dry run: nothing was stored" : "stored");
  terminal.out.flush();
  return terminal.out ? 0 : 1;
}

}  // namespace qos::server
