#include "server/archive_place.hpp"

#include <fmt/ostream.h>

#include <ostream>

#include "server/data_folder.hpp"

namespace qos::server {

Result<ArchivePlace> open_archive_place(const ArchiveFlags& flags, NoHistory no_history, Terminal terminal) {
  auto config = effective_config({.config = flags.config, .data = flags.data});
  if (!config) return std::unexpected{config.error()};
  const std::filesystem::path data{config->data};
  const auto folder = data / "klines";
  std::error_code ignored;
  if (no_history == NoHistory::refuse && !std::filesystem::exists(folder, ignored))
    return fail("there is no history: {} does not exist (is --data right?)", folder.string());
  if (auto made = make_data_folder(data); !made) return std::unexpected{made.error()};

  ArchivePlace place{.config = std::move(*config), .reference = {}, .rows = {}, .store = {}};
  auto reference = load_reference({.instruments = place.config.instruments, .markets = place.config.markets});
  if (!reference) return std::unexpected{reference.error()};
  place.reference = std::move(*reference);
  auto rows = store::ReferenceRows::open(reference_database(data));
  if (!rows) return std::unexpected{rows.error()};
  const auto calendar_rows = rows->calendar_rows();
  if (!calendar_rows) return std::unexpected{calendar_rows.error()};
  for (const auto& left_out : apply_calendar_rows(place.reference->calendars, *calendar_rows))
    fmt::print(terminal.err, "not in force: {}\n", left_out.message);
  place.rows.emplace(std::move(*rows));
  auto store = store::KlineStore::open({.folder = folder});
  if (!store) return std::unexpected{store.error()};
  place.store = std::move(*store);
  return place;
}

}  // namespace qos::server
