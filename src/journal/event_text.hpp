// An event as one line of JSON, with names instead of ids: for people and their scripts, not for the wire.
// {"seq":7,"recv":"2024-08-08T00:00:00.123456789Z","feed":"binance","kind":"trade","code":"CF:BTCUSDT",
//  "ts":"…","price":"61800.2","size":"0.05","id":4,"condition":"regular","aggressor":"buy"}
//
// Pure; any thread.
#pragma once

#include <string>

#include "event/event.hpp"
#include "journal/names.hpp"

namespace qos::journal {

// Without a newline. An id that `names` does not have is "#17".
void append_event_json(std::string& out, const SequencedEvent& event, const Names& names);

// "2024-08-08T00:00:00.123456789Z"
std::string time_text(UnixNanos t);

}  // namespace qos::journal
