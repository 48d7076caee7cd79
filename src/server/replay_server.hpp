// A server over the data folder of another one, which may be running or not: without feeds, it shows every
// key the world as of an instant of the past and from there on (travel_worlds.hpp). Of the folder it writes
// keys only.
//
// Threads: everything belongs to one thread, but for what the server and the worlds start.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "access/gate.hpp"
#include "api/server.hpp"
#include "core/result.hpp"
#include "io/clock.hpp"
#include "server/config.hpp"
#include "server/travel_clock.hpp"

namespace qos::server {

class ReplayServer {
 public:
  // Makes the world, which may take a while, and binds the sockets. `config` as the other server has it: its
  // feeds say which ids and calendars there are. An error: there is no journal, it does not go back so far,
  // or a file's or a socket's.
  static Result<std::unique_ptr<ReplayServer>> open(const Config& config, const Journey& journey,
                                                    io::Clock& clock);
  ~ReplayServer();

  void start();
  void stop();
  std::vector<std::string> addresses() const;
  access::Gate& gate();

 private:
  class Impl;
  explicit ReplayServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace qos::server
