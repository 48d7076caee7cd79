// What an I/O loop keeps from one question to the next, so that the next costs less. Of the live world only.
//
// Thread: the loop's.
#pragma once

#include <string>
#include <utility>

#include "api/remembered_codes.hpp"
#include "api/snapshot_texts.hpp"

namespace qos::api {

struct LoopMemory {
  explicit LoopMemory(const state::ViewTable& views) : snapshots{views} {}

  SnapshotTexts snapshots;
  RememberedCodes codes;

  // A text to write an answer into, empty, with the memory of an answer that was sent.
  std::string take_text() {
    std::string text = std::exchange(text_, {});
    text.clear();
    return text;
  }
  void give_back(std::string text) {
    if (text.capacity() > text_.capacity() && text.capacity() <= kMaxKept) text_ = std::move(text);
  }

 private:
  static constexpr std::size_t kMaxKept = std::size_t{64} << 10U;
  std::string text_;
};

}  // namespace qos::api
