// A client's socket on its I/O loop: reading into the loop's buffer, sending from an outbox, and ending
// decently. What the bytes mean is the business of http::HttpConnection and ws::Session.
//
// Thread: the loop's. Owned by the loop's ConnectionHost; after close_now() it is destroyed at the turn's
// end.
#pragma once

#include <span>

#include "api/counted_place.hpp"
#include "api/loop_context.hpp"
#include "channel/outbox.hpp"
#include "io/loop.hpp"
#include "io/stream.hpp"

namespace qos::api {

// What passes from an HTTP connection to the WebSocket it becomes.
struct Transport {
  io::Stream stream;
  CountedPlace place;
  channel::Outbox outbox;
};

class Connection : public io::ReadyHandler {
 public:
  Connection(LoopContext& context, Transport transport);
  ~Connection() override;

  // Watches the socket. Closes at once if the kernel refuses.
  void start();

  // The host's call that visit_at_turn_end() asked for.
  void visit();
  virtual void on_tick(SteadyTime now);
  // The server stops: say goodbye, soon.
  virtual void on_stop() = 0;
  // The server stops, but not yet: finish what is under way, then go.
  virtual void leave() { on_stop(); }
  // Sends what the turn has gathered, in as few system calls as the kernel allows.
  virtual void end_turn() { flush(); }

  bool closed() const { return phase_ == Phase::closed; }
  void close_now();
  // The host's: where the connection stands among its others, and whether it will be visited.
  std::size_t place_in_host = 0;
  bool visit_pending = false;
  bool asked_to_leave = false;

 protected:
  virtual void on_bytes(std::span<char> bytes) = 0;
  // The client will send no more. The answers that wait are still sent.
  virtual void on_end_of_input() { close_when_sent(); }
  // What waits is about to be given to the kernel: the last moment to change it.
  virtual void on_sending() {}
  // The kernel took something of what waited.
  virtual void on_some_sent() {}
  virtual void on_everything_sent() {}
  virtual void on_closed() {}

  bool accepts_input() const { return phase_ == Phase::open; }
  channel::Outbox& outbox() { return transport_.outbox; }
  const channel::Outbox& outbox() const { return transport_.outbox; }
  const io::Stream& stream() const { return transport_.stream; }
  LoopContext& context() const { return *context_; }

  // Gives bytes to the kernel at once, as many as it takes; nothing may wait in the outbox. What it did not
  // take is the caller's to queue. 0 too if this has closed the connection.
  std::size_t put(std::string_view bytes);
  // Queues bytes that are sent at the turn's end.
  channel::Outbox::Verdict send(channel::Frame frame);
  // Likewise what the client has asked for: its length alone makes nobody a slow client.
  channel::Outbox::Verdict send_answer(channel::Frame frame);
  void flush();
  // What waits is sent when the kernel has room for it.
  void await_room() { update_interest(); }
  void read_while(bool wanted);
  // Sends what waits, then a FIN, then discards what still comes for a moment: closing a socket with unread
  // bytes would reset the connection and destroy the last answer on its way.
  void close_when_sent();
  // Gives the socket away; this connection is closed without closing it.
  Transport release();

 private:
  enum class Phase : std::uint8_t { open, sending_last, lingering, closed };

  void on_ready(io::Readiness readiness) final;
  void receive();
  void take(const io::StreamResult& got);
  void linger();
  void update_interest();
  bool reads() const;
  void visit_if_unread();

  LoopContext* context_;
  Transport transport_;
  SteadyTime linger_until_{};
  Phase phase_ = Phase::open;
  bool watched_ = false;
  bool read_wanted_ = true;
  io::Interest interest_{};
};

}  // namespace qos::api
