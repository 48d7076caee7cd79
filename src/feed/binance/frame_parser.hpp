// Turns the JSON of one message into a Frame, or says why it is none. No I/O, no state between messages.
#pragma once

#include <simdjson.h>

#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "feed/binance/frame.hpp"

namespace qos::feed::binance {

// The longest message that is parsed, bytes; the venue's largest is about 60 kB.
inline constexpr std::size_t kMaxFrame = std::size_t{16} << 20;

// One thread. Reuses its memory: a frame's texts and levels live until the next call.
class FrameParser {
 public:
  // `json` is one whole message: {"stream":…,"data":…}, the data alone, or a REST depth answer. A diff and a
  // partial book carry the same e, so only the stream's name tells them apart; a depthUpdate without a stream
  // is taken for a diff.
  Result<Frame> parse(std::string_view json);

 private:
  Result<Frame> parse_depth(simdjson::dom::object data);
  Result<Frame> parse_snapshot(simdjson::dom::object data);

  simdjson::dom::parser parser_{kMaxFrame};
  std::vector<Level> bids_;
  std::vector<Level> asks_;
};

}  // namespace qos::feed::binance
