// A bound TCP socket that takes connections.
//
// Thread: that of the loop it was started on; bind() and address() before that by anyone.
#pragma once

#include <functional>
#include <memory>

#include "core/counter.hpp"
#include "core/result.hpp"
#include "io/address.hpp"
#include "io/descriptor.hpp"
#include "io/loop.hpp"

namespace qos::io {

class Listener final : public ReadyHandler {
 public:
  // A non-blocking socket with TCP_NODELAY set.
  using Accepted = std::function<void(Descriptor socket, const SocketAddress& peer)>;

  // The port is taken when this returns; connections wait in the kernel until start().
  static Result<std::unique_ptr<Listener>> bind(const SocketAddress& address);
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

  Result<void> start(Loop& loop, Accepted accepted);
  void stop();

  // Connections that were closed unheard because the process had no descriptor left for them.
  const Counter& out_of_descriptors() const { return out_of_descriptors_; }

 private:
  Listener(Descriptor socket, SocketAddress address);
  void on_ready(Readiness readiness) override;
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
