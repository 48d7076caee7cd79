// A bound TCP socket that takes connections.
//
// Thread: that of the loop it was started on; bind() and address() before that by anyone.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/counter.hpp"
#include "core/result.hpp"
#include "io/address.hpp"
#include "io/descriptor.hpp"
#include "io/loop.hpp"

namespace qos::io {

class Listener;

// Sockets that are bound already, and for which address of a configuration each is: of another process, or of
// an earlier moment.
struct BoundSocket {
  std::string listen;
  std::unique_ptr<Listener> listener;
};
using BoundSockets = std::vector<BoundSocket>;
// The one for that address, taken out; nullptr: there is none.
std::unique_ptr<Listener> take_bound(BoundSockets& sockets, std::string_view listen);

class Listener final : public ReadyHandler {
 public:
  // A non-blocking socket with TCP_NODELAY set.
  using Accepted = std::function<void(Descriptor socket, const SocketAddress& peer)>;

  // The port is taken when this returns; connections wait in the kernel until start().
  static Result<std::unique_ptr<Listener>> bind(const SocketAddress& address);
  // A socket that was bound and listens already, of another process. An error: it is none.
  static Result<std::unique_ptr<Listener>> adopt(Descriptor socket);
  ~Listener() override;

  // How the kernel sends to those who are accepted from now on.
  struct Sending {
    // "bbr", "cubic" or another that the kernel has; empty: the machine's own choice.
    std::string congestion_control;
    // Bytes that a socket takes although they cannot be sent yet; 0: as many as its buffer holds. What the
    // kernel has taken, no later state can supersede.
    std::uint32_t unsent_bytes = 0;
  };
  // Fails where the kernel refuses one of them; the other is in force.
  Result<void> tune(const Sending& sending);

  // With the real port.
  const SocketAddress& address() const { return address_; }

  // To be given to another process, which may adopt() it.
  int descriptor() const { return socket_.get(); }

  Result<void> start(Loop& loop, Accepted accepted);
  // Between start() and stop(): connections wait in the kernel, at most SOMAXCONN of them, or go on being
  // taken.
  void pause();
  void resume();
  // Takes all that wait now.
  void take_waiting();
  void stop();

  // Connections that were closed unheard because the process had no descriptor left for them.
  const Counter& out_of_descriptors() const { return out_of_descriptors_; }

 private:
  Listener(Descriptor socket, SocketAddress address);
  void on_ready(Readiness readiness) override;
  bool take_some();
  void turn_one_away();

  Descriptor socket_;
  // Given up for a moment when descriptors run out, so that the waiting connection can be taken and closed: a
  // level-triggered loop would otherwise spin on it.
  Descriptor spare_;
  SocketAddress address_;
  Loop* loop_ = nullptr;
  Accepted accepted_;
  Counter out_of_descriptors_;
};

}  // namespace qos::io
