// The frames that one turn of an I/O loop sends: each spelled once, all in one piece of memory that the next
// turn uses again. Whoever cannot send his at once keeps a copy, which is made once for all of them.
//
// Thread: the loop's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "channel/frame.hpp"
#include "channel/update.hpp"

namespace qos::channel {

// Whether pushes say which of their channel they are, and whether their frames are made smaller.
enum class Form : std::uint8_t { plain, numbered, packed, packed_numbered };

constexpr bool is_numbered(Form form) {
  return form == Form::numbered || form == Form::packed_numbered;
}
constexpr bool is_packed(Form form) {
  return form == Form::packed || form == Form::packed_numbered;
}
constexpr Form form_of(bool numbered, bool packed) {
  if (packed) return numbered ? Form::packed_numbered : Form::packed;
  return numbered ? Form::numbered : Form::plain;
}

class Batch {
 public:
  using Index = std::uint32_t;

  // `write(std::string& out)` appends the frame.
  template <typename Write>
  Index add(const Label& label, Form form, Write&& write) {
    const std::size_t begin = bytes_.size();
    write(bytes_);
    frames_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(bytes_.size() - begin)});
    labels_.push_back({label, form});
    return static_cast<Index>(frames_.size() - 1);
  }

  // Valid until the next add().
  std::string_view bytes(Index index) const {
    const Place place = frames_[index];
    return {bytes_.data() + place.begin, place.size};
  }
  const Label& label(Index index) const { return labels_[index].label; }
  Form form(Index index) const { return labels_[index].form; }
  // The frame as something that outlives the turn.
  const Frame& shared(Index index);

  std::size_t size() const { return frames_.size(); }
  std::size_t total_bytes() const { return bytes_.size(); }
  void clear();

 private:
  struct Place {
    std::uint32_t begin;
    std::uint32_t size;
  };
  struct Labelled {
    Label label;
    Form form;
  };

  std::string bytes_;
  std::vector<Place> frames_;  // apart from the labels, which a client that keeps up needs none of
  std::vector<Labelled> labels_;
  std::vector<Frame> shared_;  // made when first asked for
};

}  // namespace qos::channel
