// The snapshots of /snapshot and RS as one I/O loop has last encoded them. An instrument that has not changed
// since is not encoded again.
//
// A text is given out only while the view's stamp is the even number it was read under: nothing was being
// written then and nothing has been written since, so the text is what encoding the view at this moment would
// give. While an event is being applied the view is encoded anew and nothing is kept.
//
// Thread: the loop's. Memory: a text for each instrument asked for, about 300 bytes, and a pointer for each
// of the table up to the highest of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "market/instrument.hpp"
#include "state/view.hpp"

namespace qos::api {

class SnapshotTexts {
 public:
  explicit SnapshotTexts(const state::ViewTable& views) : views_{views} {}

  // What json::append_full_snapshot_body() would append.
  void append(std::string& out, const market::Instrument& instrument);

 private:
  struct Entry {
    const state::InstrumentView* view;
    std::uint64_t stamp = 0;  // of `text`; 0: there is none. A view that was never written has this stamp too
    std::string text{};
  };
  Entry* entry_of(InstrumentId id);

  const state::ViewTable& views_;
  std::vector<std::unique_ptr<Entry>> entries_;  // by instrument
};

}  // namespace qos::api
