// A connected, non-blocking socket as its owner sees it: bytes in, bytes out, plain or TLS.
//
// Level-triggered epoll wakes the owner for the socket; wants_to_write() and has_unread() say what the owner
// has to do besides, on behalf of TLS. Both are false of a plain socket.
//
// Thread: the loop's that watches the socket. Small, because there is one per connection.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "io/descriptor.hpp"
#include "io/stream_result.hpp"
#include "io/tls_session.hpp"

namespace qos::io {

class Stream {
 public:
  Stream() = default;
  explicit Stream(Descriptor socket) : socket_{std::move(socket)} {}
  Stream(Descriptor socket, std::unique_ptr<TlsSession> tls)
      : socket_{std::move(socket)}, tls_{std::move(tls)} {}

  // At most one call of the kernel's each for a plain socket. What write() has taken is on its way and is not
  // to be offered again; what it has not taken may be replaced by other bytes. An empty write() sends only
  // what wants_to_write() speaks of.
  StreamResult read(std::span<char> into);
  StreamResult write(std::string_view bytes);

  // The socket is to be watched for writing although the owner has no bytes to send.
  bool wants_to_write() const { return tls_ && tls_->wants_to_write(); }
  // Bytes arrived that the kernel no longer knows of: read() again without waiting for the socket.
  bool has_unread() const { return tls_ && tls_->has_unread(); }
  // The two sides have not agreed yet how to speak.
  bool is_opening() const { return tls_ && tls_->is_opening(); }
  bool is_tls() const { return tls_ != nullptr; }

  // Sends the end of the stream behind what was written; reading goes on. Wait first until wants_to_write()
  // is false.
  void shutdown_write();
  void close();

  int fd() const { return socket_.get(); }
  bool valid() const { return socket_.valid(); }

 private:
  Descriptor socket_;
  std::unique_ptr<TlsSession> tls_;  // nullptr: plain
};

}  // namespace qos::io
