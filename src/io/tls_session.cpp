#include "io/tls_session.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace qos::io {
namespace {

using State = StreamResult::State;

// The plain bytes of a record at most. Handed over in such pieces, a call is all or nothing.
constexpr std::size_t kRecord = SSL3_RT_MAX_PLAIN_LENGTH;

bool has_room(int socket) {
  pollfd looked{socket, POLLOUT, 0};
  return ::poll(&looked, 1, 0) > 0;
}

}  // namespace

void TlsSession::Release::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

TlsSession::TlsSession(ssl_st* ssl, int socket, TlsCounters& counters)
    : ssl_{ssl}, counters_{&counters}, socket_{socket} {}

TlsSession::~TlsSession() {
  if (phase_ == Phase::opening) counters_->handshake_failures.add();
}

TlsSession::Obstacle TlsSession::obstacle(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Obstacle::read;
    case SSL_ERROR_WANT_WRITE:
      return Obstacle::write;
    case SSL_ERROR_ZERO_RETURN:
      return Obstacle::end;
    default:
      return Obstacle::failure;
  }
}

void TlsSession::shake_hands() {
  // The library's list of errors is the thread's, so of all sessions: what another one left must not be read
  // as this one's.
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  wants_to_write_ = false;
  if (result == 1) return opened();
  switch (obstacle(result)) {
    case Obstacle::read:
      return;
    case Obstacle::write:
      wants_to_write_ = true;
      return;
    default:
      return refuse();
  }
}

void TlsSession::opened() {
  phase_ = Phase::open;
  counters_->handshakes.add();
  if (SSL_session_reused(ssl_.get()) == 1) counters_->resumed_handshakes.add();
  sends_by_kernel_ = BIO_get_ktls_send(SSL_get_wbio(ssl_.get()));
  if (sends_by_kernel_) counters_->kernel_sessions.add();
  has_unread_ = SSL_has_pending(ssl_.get()) == 1;
}

void TlsSession::refuse() {
  phase_ = Phase::refused;
  counters_->handshake_failures.add();
  if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST) counters_->plain_http.add();
}

// Behind a refused handshake, until the other side ends.
StreamResult TlsSession::drop_input(std::span<char> into) {
  const auto got = ::recv(socket_, into.data(), into.size(), 0);
  if (got > 0) return {.bytes = static_cast<std::size_t>(got), .state = State::ok};
  if (got == 0) return {.state = State::ended};
  return {.state = errno == EAGAIN || errno == EINTR ? State::again : State::broken};
}

StreamResult TlsSession::read(std::span<char> into) {
  if (phase_ == Phase::refused) return drop_input(into);
  if (phase_ == Phase::broken) return {.state = State::broken};
  if (phase_ == Phase::opening) {
    shake_hands();
    if (phase_ == Phase::refused) return {.state = State::ended};
    if (phase_ == Phase::opening) return {};
  }
  std::size_t total = 0;
  has_unread_ = false;
  while (total < into.size()) {
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &got);
    total += got;
    // The library cannot change the key of a kernel that encrypts for it, which the other side asks for.
    if (sends_by_kernel_ && SSL_get_key_update_type(ssl_.get()) != SSL_KEY_UPDATE_NONE) {
      phase_ = Phase::broken;
      return {.state = State::broken};
    }
    if (result == 1) {
      // The library has read ahead; when that is used up, the kernel says when there is more.
      if (SSL_has_pending(ssl_.get()) == 1) continue;
      break;
    }
    const Obstacle why = obstacle(result);
    if (why == Obstacle::read || why == Obstacle::write) {
      wants_to_write_ = why == Obstacle::write;
      return {.bytes = total, .state = total > 0 ? State::ok : State::again};
    }
    if (why == Obstacle::failure) phase_ = Phase::broken;
    if (total == 0) return {.state = why == Obstacle::end ? State::ended : State::broken};
    // First what came before the end, which the next call finds again without the kernel.
    has_unread_ = true;
    return {.bytes = total, .state = State::ok};
  }
  has_unread_ = SSL_has_pending(ssl_.get()) == 1;
  return {.bytes = total, .state = State::ok};
}

// False: the socket is full, or the session broken.
bool TlsSession::put(std::string_view piece) {
  ERR_clear_error();
  std::size_t ignored = 0;
  const int result = SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &ignored);
  if (result != 1 && obstacle(result) == Obstacle::failure) phase_ = Phase::broken;
  return result == 1;
}

StreamResult TlsSession::write(std::string_view bytes) {
  if (phase_ == Phase::opening) shake_hands();
  if (phase_ == Phase::ending) shutdown_write();
  if (phase_ == Phase::opening || phase_ == Phase::ending) return {};
  // A read that the full socket stopped goes on now.
  if (wants_to_write_) {
    if (!has_room(SSL_get_fd(ssl_.get()))) return {};
    wants_to_write_ = false;
    has_unread_ = true;
  }
  if (phase_ != Phase::open)
    return {.state = bytes.empty() && phase_ != Phase::broken ? State::ok : State::broken};
  if (!held_.empty()) {
    if (!put(held_)) return {.state = phase_ == Phase::broken ? State::broken : State::again};
    held_ = {};
  }
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    const auto piece = bytes.substr(taken, kRecord);
    const bool is_sent = put(piece);
    if (phase_ == Phase::broken) return {.state = State::broken};
    taken += piece.size();
    if (is_sent) continue;
    held_ = piece;
    break;
  }
  return {.bytes = taken, .state = State::ok};
}

void TlsSession::shutdown_write() {
  held_ = {};
  if (phase_ == Phase::open || phase_ == Phase::ending) {
    ERR_clear_error();
    const int result = SSL_shutdown(ssl_.get());
    if (result < 0 && obstacle(result) == Obstacle::write) {
      phase_ = Phase::ending;
      return;
    }
    phase_ = Phase::ended;
  }
  ::shutdown(socket_, SHUT_WR);
}

}  // namespace qos::io
