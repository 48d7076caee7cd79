#include "api/snapshot_texts.hpp"

#include <atomic>

#include "api/json/encode.hpp"

namespace qos::api {

SnapshotTexts::Entry* SnapshotTexts::entry_of(InstrumentId id) {
  const auto place = static_cast<std::size_t>(id.value());
  if (place < entries_.size() && entries_[place]) return entries_[place].get();
  // A view is there from the first event on, and stays where it is.
  const auto* view = views_.find(id);
  if (view == nullptr) return nullptr;
  if (place >= entries_.size()) entries_.resize(place + 1);
  entries_[place] = std::make_unique<Entry>(view);
  return entries_[place].get();
}

void SnapshotTexts::append(std::string& out, const market::Instrument& instrument) {
  Entry* entry = entry_of(instrument.id);
  if (entry == nullptr) return json::append_full_snapshot_body(out, instrument, {});
  const std::uint64_t stamp = entry->view->stamp();
  if (stamp != 0 && stamp == entry->stamp) {
    out += entry->text;
    return;
  }
  const auto snapshot = entry->view->snapshot();
  // Orders the look at the snapshot before the second one at the stamp.
  std::atomic_thread_fence(std::memory_order_acquire);
  const bool is_settled = stamp % 2 == 0 && entry->view->stamp() == stamp;
  const auto begin = out.size();
  json::append_full_snapshot_body(out, instrument, snapshot);
  entry->stamp = is_settled ? stamp : 0;
  if (entry->stamp != 0) entry->text.assign(out, begin);
}

}  // namespace qos::api
