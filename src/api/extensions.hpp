// What this server says beyond the protocol of QOS. Off unless asked for, so that old clients see the old
// shapes (QOS protocol, section 5; docs/api/websocket.md).
#pragma once

#include <string>

#include "api/error.hpp"
#include "api/request.hpp"

namespace qos::api {

struct Extensions {
  bool turnover = false;  // K-lines: turnover and trade count
  bool closed = false;    // K-lines: whether they are final, and how often they were revised since
  bool ses = false;       // pushes of the minutes of US night, pre-market and after hours
  bool ns = false;        // trades: nanoseconds
  bool seq = false;       // pushes say which of their code and channel they are
  bool lim = false;       // answers: what is used of the plan
  bool lag = false;       // answers: how late the server is

  static constexpr Extensions all() {
    return {.turnover = true, .closed = true, .ses = true, .ns = true, .seq = true, .lim = true, .lag = true};
  }
  friend bool operator==(const Extensions&, const Extensions&) = default;
};

// The member `ext` of /kline and /history: names among turnover, closed, lim and lag; absent: none. An
// unknown name is an error that names the known ones.
Answer<Extensions> read_kline_extensions(const RequestObject& request);

// The member `ext` of the command X, required; may be empty. turnover and closed come together.
Answer<Extensions> read_push_extensions(const RequestObject& request);

// ["turnover","closed"]
void append_extension_names(std::string& out, const Extensions& extensions);

}  // namespace qos::api
