// The server's end of one TLS connection over a non-blocking socket: the handshake, and the bytes both ways.
// io::Stream owns it and has the same contract.
//
// What write() has taken is taken, although the library wants to be offered the same bytes again where the
// socket is full: a session keeps that piece, one record at most, itself. So an owner may replace what still
// waits.
//
// Where the kernel has taken over (kTLS), sending is the socket's own business: sends_by_kernel().
//
// A handshake that fails is the end of the other side's stream, not a broken connection, so that its owner
// ends it decently and the alert that says why is not destroyed on its way.
//
// Thread: that of the loop. Memory while nothing is under way: the library's, about 13 KB (docs/tls.md).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/counter.hpp"
#include "io/stream_result.hpp"

struct ssl_st;

namespace qos::io {

// Of all sessions of a server; outlives them.
struct TlsCounters {
  Counter handshakes;          // that were completed
  Counter resumed_handshakes;  // of them, with a ticket of an earlier connection
  Counter handshake_failures;  // that were refused, broken off or took too long
  Counter plain_http;          // of the failures, those that spoke HTTP without TLS
  Counter kernel_sessions;     // sessions whose sending the kernel took over
};

class TlsSession {
 public:
  // `ssl` is its own, `socket` is not.
  TlsSession(ssl_st* ssl, int socket, TlsCounters& counters);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  StreamResult read(std::span<char> into);
  // Of no bytes: sends what wants_to_write() speaks of.
  StreamResult write(std::string_view bytes);

  bool wants_to_write() const { return wants_to_write_ || !held_.empty() || phase_ == Phase::ending; }
  bool has_unread() const { return has_unread_; }
  bool is_opening() const { return phase_ == Phase::opening; }
  bool sends_by_kernel() const {
    return sends_by_kernel_ && !wants_to_write_ && held_.empty() && phase_ == Phase::open;
  }

  // Tells the other side that nothing more comes, then ends the socket's stream. Reading goes on.
  void shutdown_write();

 private:
  // refused: the handshake failed; what still comes is thrown away. ending: the library's farewell waits for
  // the socket.
  enum class Phase : std::uint8_t { opening, refused, open, ending, ended, broken };

  StreamResult drop_input(std::span<char> into);
  void shake_hands();
  void opened();
  void refuse();
  bool put(std::string_view piece);
  // What the last call of the library, which returned `result`, waits for.
  enum class Obstacle : std::uint8_t { read, write, end, failure };
  Obstacle obstacle(int result);

  struct Release {
    void operator()(ssl_st* ssl) const;
  };
  std::unique_ptr<ssl_st, Release> ssl_;
  TlsCounters* counters_;
  std::string held_;  // taken by write(), and the library must be offered it again
  int socket_;
  Phase phase_ = Phase::opening;
  bool wants_to_write_ = false;
  bool has_unread_ = false;
  bool sends_by_kernel_ = false;
};

}  // namespace qos::io
