// Values to the protocol's JSON. A push or answer element is  head + spelling + body : the head and the
// spelling differ per client, the body is encoded once per change and shared.
//
//   push:    {"tp":"S","c":"HK:700"   + body
//   answer:  {"c":"HK:700"            + body
#pragma once

#include <string>
#include <string_view>

#include "market/instrument.hpp"
#include "state/snapshot.hpp"

namespace qos::api::json {

// Each appends  ,"lp":"…",…}  : what follows the code, closing brace included.
// Every member that QOS's clients insist on is there: a price there has not been yet is "0", its ts 0.
void append_snapshot_body(std::string& out, const market::Instrument& instrument,
                          const state::Snapshot& snapshot);
// With pq, aq, nq: the answers of /snapshot and RS. Pushes go without.
void append_full_snapshot_body(std::string& out, const market::Instrument& instrument,
                               const state::Snapshot& snapshot);
// `levels`: at most so many a side; 0: as many as the market publishes.
void append_depth_body(std::string& out, const market::Instrument& instrument, const state::Depth& depth,
                       std::size_t levels = 0);
void append_trade_body(std::string& out, const market::Instrument& instrument, const state::TapeTrade& trade);
// With tn, the nanoseconds of its time: the extension ns.
void append_precise_trade_body(std::string& out, const market::Instrument& instrument,
                               const state::TapeTrade& trade);

// What a K-line says beyond the protocol of QOS.
struct KlineExtras {
  bool turnover = false;  // t turnover, n trade count
  bool closed = false;  // f: 1 final, 2 final and revised since; rev: how often. Absent while it is open or 0
  StoredSeries session = StoredSeries::regular;  // another one is told as ses
};
void append_kline_body(std::string& out, const market::Instrument& instrument, market::KlineType type,
                       const state::Kline& kline, const KlineExtras& extras = {});

// "text" with quotes, escaped: for anything that came from outside.
void append_string(std::string& out, std::string_view text);

}  // namespace qos::api::json
