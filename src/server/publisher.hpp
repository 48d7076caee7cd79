// Hands the pushes of a change of state to the fan-out, which encodes what someone listens to, once.
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
  const market::InstrumentTable& instruments_;
  channel::Fanout& fanout_;
};

}  // namespace qos::server
