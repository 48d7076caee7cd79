// The shapes in which people record the venue's messages, one a line. README.md has an example of each.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string_view>

#include "core/result.hpp"
#include "core/time.hpp"

namespace qos::feed::binance {

struct RecordedMessage {
  std::string_view json;
  std::optional<UnixNanos> ts_recv;  // the recorder's clock, where the line has it
  std::string_view symbol;           // of the request that a REST answer belongs to; empty: not said

  friend bool operator==(const RecordedMessage&, const RecordedMessage&) = default;
};

// One thread. What it returns lives until the next call and no longer than the line.
class RecordedLineParser {
 public:
  // nullopt: a line that is valid and no message, as a header, a connection's start, an answer about anything
  // but depth, an empty line.
  Result<std::optional<RecordedMessage>> parse(std::string_view line);

 private:
  Result<std::optional<RecordedMessage>> parse_wrapped(std::string_view line);

  simdjson::dom::parser parser_;
};

}  // namespace qos::feed::binance
