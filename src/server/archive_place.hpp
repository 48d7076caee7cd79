// Where `qos import` and `qos export` work: the data folder of a server, which may run meanwhile, with the
// calendars and instruments that it has.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "archive/kline_import.hpp"
#include "core/result.hpp"
#include "server/config.hpp"
#include "server/key_command.hpp"
#include "server/reference.hpp"
#include "store/kline_store.hpp"
#include "store/reference_rows.hpp"

namespace qos::server {

struct ArchiveFlags {
  std::optional<std::string> config;  // --config FILE
  std::optional<std::string> data;    // --data DIR, goes before the file's
};

// Whether a data folder without a history is made or refused.
enum class NoHistory : std::uint8_t { make, refuse };

struct ArchivePlace {
  Config config;
  std::unique_ptr<Reference> reference;
  std::optional<store::ReferenceRows> rows;
  std::unique_ptr<store::KlineStore> store;
};

// Rows of the operator that do not fit the calendars any more are told of on `err`; the others hold.
Result<ArchivePlace> open_archive_place(const ArchiveFlags& flags, NoHistory no_history, Terminal terminal);

// For reading: what the simulated market made around the clock has K-lines where the calendars have no
// session. Those instruments get the always-open form of their calendar, as the server had it.
Result<void> keep_simulated_open(ArchivePlace& place);

// An import into the place: what the simulated market made of its codes goes with it.
Result<archive::KlineImport> begin_import(ArchivePlace& place, store::OnDifferent on_different);
Result<void> commit_import(ArchivePlace& place, archive::KlineImport& import, Terminal terminal);

}  // namespace qos::server
