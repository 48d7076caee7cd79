#include "io/stream.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace qos::io {
namespace {

StreamResult failure() {
  // An interrupted call is tried again when the socket is reported ready, which it still is.
  return {.state =
              errno == EAGAIN || errno == EINTR ? StreamResult::State::again : StreamResult::State::broken};
}

}  // namespace

StreamResult Stream::read(std::span<char> into) {
  if (tls_) return tls_->read(into);
  const auto got = ::recv(socket_.get(), into.data(), into.size(), 0);
  if (got < 0) return failure();
  if (got == 0) return {.state = StreamResult::State::ended};
  return {.bytes = static_cast<std::size_t>(got), .state = StreamResult::State::ok};
}

StreamResult Stream::write(std::string_view bytes) {
  if (tls_ && !tls_->sends_by_kernel()) return tls_->write(bytes);
  if (bytes.empty()) return {.state = StreamResult::State::ok};
  const auto put = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (put < 0) return failure();
  return {.bytes = static_cast<std::size_t>(put), .state = StreamResult::State::ok};
}

void Stream::shutdown_write() {
  if (tls_) return tls_->shutdown_write();
  ::shutdown(socket_.get(), SHUT_WR);
}

void Stream::close() {
  // The other side is to know that nothing was cut off; if the socket is full, it learns that it was.
  if (tls_) tls_->shutdown_write();
  tls_.reset();
  socket_.reset();
}

}  // namespace qos::io
