// What a server is made of before its first thread: files that were read, stores that were opened, the state
// as it was.
//
// Thread: the one that opens the pipeline.
#pragma once

#include <memory>
#include <vector>

#include "access/gate.hpp"
#include "core/result.hpp"
#include "io/clock.hpp"
#include "io/listener.hpp"
#include "io/tls_certificate.hpp"
#include "journal/names.hpp"
#include "server/config.hpp"
#include "server/hand_over.hpp"
#include "server/kept_data.hpp"
#include "server/kept_events.hpp"
#include "server/planned_feeds.hpp"
#include "server/reference.hpp"
#include "state/machine.hpp"

namespace qos::server {

struct Opened {
  Config config;
  io::Clock& clock;
  std::unique_ptr<io::TlsCertificate> certificate;  // null: no TLS
  std::unique_ptr<Reference> reference;
  std::unique_ptr<market::CalendarTable> calendars_of_files;
  std::unique_ptr<access::Gate> gate;
  std::unique_ptr<KeptData> kept;
  journal::Names names;
  std::unique_ptr<KeptEvents> events;  // null: journal.mode is off
  std::unique_ptr<state::Machine> machine;
};

// Whatever is wrong with the configuration or the world is an error before anything was changed. With a
// `succession` the running server's sockets come into `sockets`, and it gives up the data folder in between.
Result<Opened> open_files(Config config, io::Clock& clock, const std::vector<PlannedFeed>& feeds,
                          Succession* succession, io::BoundSockets& sockets);

// Appends the instruments of the markets that the feed plans for.
void add_instruments(const PlannedFeed& planned, const market::InstrumentTable& instruments,
                     std::vector<InstrumentId>& ids);

}  // namespace qos::server
