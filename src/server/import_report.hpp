// What an import prints when it is done.
#pragma once

#include <string_view>

#include "archive/kline_import.hpp"
#include "archive/tdx_import.hpp"
#include "server/import_command.hpp"

namespace qos::server {

// How an error begins after the K-lines were committed.
inline constexpr std::string_view kKlinesStored = "the K-lines are stored, ";
int import_failed(Terminal terminal, const Error& error);

void print_merge(Terminal terminal, const archive::ImportReport& report, store::OnDifferent on_different);
void print_tdx(Terminal terminal, const archive::TdxReport& report, const archive::TdxListing& listing);
void print_actions(Terminal terminal, const store::ActionReport& report);
void print_unknown(Terminal terminal, std::size_t codes);
// The last line; 0, or 1 if the report could not be written out.
int import_done(Terminal terminal, DryRun dry_run);

}  // namespace qos::server
