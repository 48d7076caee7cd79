#include "server/archive_place.hpp"

#include <fmt/ostream.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include "server/data_folder.hpp"

namespace qos::server {
Result<ArchivePlace> open_archive_place(const ArchiveFlags& flags, NoHistory no_history, Terminal terminal) {
  auto config = effective_config({.config = flags.config, .data = flags.data});
  if (!config) return std::unexpected{config.error()};
  const std::filesystem::path data{config->data};
  const auto folder = kline_folder(*config);
  std::error_code ignored;
  if (no_history == NoHistory::refuse && !std::filesystem::exists(folder, ignored))
    return fail("there is no history: {} does not exist (is --data right?)", folder.string());
  if (auto made = make_data_folder(data); !made) return std::unexpected{made.error()};

  ArchivePlace place{.config = std::move(*config), .reference = {}, .rows = {}, .store = {}};
  auto reference = load_reference({.instruments = place.config.instruments, .markets = place.config.markets});
  if (!reference) return std::unexpected{reference.error()};
  place.reference = std::move(*reference);
  settle_closing_prints(place.config, *place.reference);
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

Result<void> keep_simulated_open(ArchivePlace& place) {
  const auto made_up = place.rows->simulated();
  if (!made_up) return std::unexpected{made_up.error()};
  std::map<CalendarId, CalendarId> open;
  for (const auto& past : *made_up) {
    const auto code = market::parse_code(past.code);
    const auto* instrument = code ? place.reference->instruments.find(code->code) : nullptr;
    if (instrument == nullptr || !past.always_open) continue;
    const auto calendar = instrument->calendar;
    auto [always, is_new] = open.try_emplace(calendar);
    if (is_new)
      always->second = place.reference->calendars.add(place.reference->calendars.at(calendar).always_open());
    place.reference->instruments.set_calendar(instrument->id, always->second);
  }
  return {};
}

Result<archive::KlineImport> begin_import(ArchivePlace& place, store::OnDifferent on_different) {
  const auto made_up = place.rows->simulated();
  if (!made_up) return std::unexpected{made_up.error()};
  std::set<std::string> codes;
  for (const auto& past : *made_up) codes.insert(past.code);
  return archive::KlineImport::begin(*place.store, on_different, std::move(codes));
}

Result<void> commit_import(ArchivePlace& place, archive::KlineImport& import, Terminal terminal) {
  if (import.replaced().empty()) return import.commit();
  // The marks go first. Cut short between the two, made-up K-lines stand unmarked and the import is to be
  // made again with --on-different replace; the other way round real ones would be taken for made up, and
  // lost.
  const auto marked = place.rows->simulated();
  if (!marked) return std::unexpected{marked.error()};
  if (auto forgotten = place.rows->forget_simulated(import.replaced()); !forgotten) return forgotten;
  if (auto done = import.commit(); !done) {
    for (const auto& past : *marked)
      if (std::ranges::count(import.replaced(), past.code) > 0)
        if (auto again = place.rows->mark_simulated(std::vector{past.code}, past.always_open); !again)
          return fail("{}; and {}", done.error().message, again.error().message);
    return done;
  }
  fmt::print(terminal.out, "replaced: the simulated past of {} codes\n", import.replaced().size());
  return {};
}

}  // namespace qos::server
