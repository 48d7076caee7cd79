// A connected, non-blocking socket as its owner sees it: bytes in, bytes out, whatever lies between.
//
// Level-triggered epoll wakes the owner for the socket; wants_to_write() and has_unread() say what the owner
// has to do besides, on behalf of what lies between. Both are false of a plain socket.
//
// Thread: the loop's that watches the socket. Small, because there is one per connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "io/descriptor.hpp"

namespace qos::io {

struct StreamResult {
  enum class State : std::uint8_t {
    ok,      // `bytes` of them went; fewer than offered is normal
    again,   // none went: wait until the socket is ready
    ended,   // read only: the other side will send no more
    broken,  // the connection is of no use any more
  };
  std::size_t bytes = 0;
  State state = State::again;
};

class Stream {
 public:
  Stream() = default;
  explicit Stream(Descriptor socket) : socket_{std::move(socket)} {}

  // At most one call of the kernel's each for a plain socket. What write() has taken is on its way and is not
  // to be offered again; what it has not taken may be replaced by other bytes. An empty write() sends only
  // what wants_to_write() speaks of.
  StreamResult read(std::span<char> into);
  StreamResult write(std::string_view bytes);

  // The socket is to be watched for writing although the owner has no bytes to send.
  bool wants_to_write() const { return false; }
  // Bytes arrived that the kernel no longer knows of: read() again without waiting for the socket.
  bool has_unread() const { return false; }

  // Sends the end of the stream behind what was written; reading goes on. Wait first until wants_to_write()
  // is false.
  void shutdown_write();
  void close() { socket_.reset(); }

  int fd() const { return socket_.get(); }
  bool valid() const { return socket_.valid(); }

 private:
  Descriptor socket_;
};

}  // namespace qos::io
