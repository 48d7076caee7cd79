#include <fmt/ostream.h>

#include <ostream>

#include "archive/tdx_actions.hpp"
#include "io/file.hpp"
#include "server/import_actions.hpp"
#include "server/import_report.hpp"

namespace qos::server {

Result<std::vector<market::CodedAction>> read_actions(const std::string& file, Terminal terminal) {
  const auto csv = io::read_file(file, kMaxActionsFile);
  if (!csv) return std::unexpected{csv.error()};
  if (!archive::is_tdx_actions(*csv)) return market::parse_corporate_actions(file, *csv);
  auto tdx = archive::parse_tdx_actions(file, *csv);
  if (!tdx) return std::unexpected{tdx.error()};
  fmt::print(terminal.out, "{}: {} events; {} rows of other categories and {} of other markets left out\n",
             file, tdx->events, tdx->other_categories, tdx->other_markets);
  if (tdx->fund_splits > 0)
    fmt::print(
        terminal.err,
        "{}: {} splits of funds (categories 11 and 12) left out: the file does not say their ratio; state "
        "them as rows of kind split\n",
        file, tdx->fund_splits);
  return std::move(tdx->actions);
}

int import_actions(const ImportOptions& options, const std::string& file, Terminal terminal) {
  const auto actions = read_actions(file, terminal);
  if (!actions) return import_failed(terminal, actions.error());
  auto place = open_archive_place(options.place, NoHistory::make, terminal);
  if (!place) return import_failed(terminal, place.error());
  if (options.dry_run == DryRun::no) {
    const auto report = place->rows->put(*actions);
    if (!report) return import_failed(terminal, report.error());
    print_actions(terminal, *report);
  } else {
    fmt::print(terminal.out, "{} corporate actions\n", actions->size());
  }
  return import_done(terminal, options.dry_run);
}

}  // namespace qos::server
