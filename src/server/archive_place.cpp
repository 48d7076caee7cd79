#include "server/archive_place.hpp"

#include "server/data_folder.hpp"

namespace qos::server {

Result<ArchivePlace> open_archive_place(const ArchiveFlags& flags, NoHistory no_history) {
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
  auto rows = store::ReferenceRows::open(data / "reference.sqlite");
  if (!rows) return std::unexpected{rows.error()};
  place.rows.emplace(std::move(*rows));
  auto store = store::KlineStore::open({.folder = folder});
  if (!store) return std::unexpected{store.error()};
  place.store = std::move(*store);
  return place;
}

}  // namespace qos::server
