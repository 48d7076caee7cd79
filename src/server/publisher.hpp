// Turns a change of state into pushes: trade, snapshot, depth, K-lines, in this order. Encodes only what
// someone listens to, once.
//
// Thread: the market thread.
#pragma once

#include "channel/fanout.hpp"
#include "market/instrument.hpp"
#include "state/machine.hpp"

namespace qos::server {

class Publisher {
 public:
  Publisher(const market::InstrumentTable& instruments, channel::Fanout& fanout)
      : instruments_{instruments}, fanout_{fanout} {}

  void publish(const state::Change& change);

 private:
  void publish_kline(const state::Change& change, const market::Instrument& instrument,
                     const state::KlineChange& told);

  const market::InstrumentTable& instruments_;
  channel::Fanout& fanout_;
};

}  // namespace qos::server
