#include "api/connection.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <chrono>

namespace qos::api {
namespace {

// Pieces given to the kernel in one call; IOV_MAX is 1024, and past some dozens nothing is gained.
constexpr std::size_t kPartsPerCall = 256;
constexpr std::chrono::seconds kLinger{2};

}  // namespace

Connection::Connection(LoopContext& context, Transport transport)
    : context_{&context}, transport_{std::move(transport)} {}

Connection::~Connection() {
  if (watched_) context_->loop.remove(transport_.socket.get());
}

void Connection::start() {
  interest_ = {.read = true};
  if (!context_->loop.add(transport_.socket.get(), interest_, *this)) return close_now();
  watched_ = true;
  if (!outbox().empty()) context_->host.visit_at_turn_end(*this);
}

void Connection::on_tick(SteadyTime now) {
  if (phase_ == Phase::lingering && now >= linger_until_) close_now();
}

void Connection::on_ready(io::Readiness readiness) {
  context_->now = context_->services.clock.steady_now();
  if (readiness.broken) return close_now();
  if (readiness.readable) receive();
  if (readiness.writable && !closed()) end_turn();
}

void Connection::receive() {
  auto& input = context_->input;
  const auto got = ::recv(transport_.socket.get(), input.data(), input.size(), 0);
  if (got < 0) {
    if (errno != EAGAIN && errno != EINTR) close_now();
    return;
  }
  context_->tally.bytes_received += static_cast<std::uint64_t>(got);
  if (phase_ == Phase::lingering) {
    if (got == 0) close_now();
    return;
  }
  if (got == 0) {
    read_while(false);
    on_end_of_input();
    return;
  }
  if (accepts_input()) on_bytes({input.data(), static_cast<std::size_t>(got)});
}

channel::Outbox::Verdict Connection::send(channel::Frame frame) {
  if (closed()) return channel::Outbox::Verdict::keep;
  context_->host.visit_at_turn_end(*this);
  return outbox().push(std::move(frame), context_->now);
}

channel::Outbox::Verdict Connection::send_answer(channel::Frame frame) {
  if (closed()) return channel::Outbox::Verdict::keep;
  context_->host.visit_at_turn_end(*this);
  return outbox().push_answer(std::move(frame), context_->now);
}

void Connection::flush() {
  if (closed()) return;
  while (!outbox().empty()) {
    std::array<std::string_view, kPartsPerCall> parts;
    std::array<iovec, kPartsPerCall> pieces;
    const std::size_t count = outbox().gather(parts);
    std::size_t offered = 0;
    for (std::size_t index = 0; index < count; ++index) {
      pieces[index] = {const_cast<char*>(parts[index].data()), parts[index].size()};
      offered += parts[index].size();
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const auto put = ::sendmsg(transport_.socket.get(), &message, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno != EAGAIN) return close_now();
    if (put < 0) break;
    context_->tally.bytes_sent += static_cast<std::uint64_t>(put);
    outbox().sent(static_cast<std::size_t>(put), context_->now);
    on_some_sent();
    if (static_cast<std::size_t>(put) < offered) break;
  }
  if (outbox().empty()) {
    if (phase_ == Phase::sending_last) return linger();
    if (phase_ == Phase::open) on_everything_sent();
  }
  update_interest();
}

void Connection::read_while(bool wanted) {
  read_wanted_ = wanted;
  update_interest();
}

void Connection::update_interest() {
  if (!watched_) return;
  const bool reads = phase_ == Phase::lingering || (phase_ == Phase::open && read_wanted_);
  const io::Interest wanted{.read = reads, .write = !outbox().empty()};
  if (wanted == interest_) return;
  interest_ = wanted;
  context_->loop.modify(transport_.socket.get(), wanted);
}

void Connection::close_when_sent() {
  if (phase_ != Phase::open) return;
  phase_ = Phase::sending_last;
  context_->host.visit_at_turn_end(*this);
}

void Connection::linger() {
  phase_ = Phase::lingering;
  linger_until_ = context_->now + kLinger;
  ::shutdown(transport_.socket.get(), SHUT_WR);
  update_interest();
}

void Connection::close_now() {
  if (closed()) return;
  phase_ = Phase::closed;
  if (watched_) context_->loop.remove(transport_.socket.get());
  watched_ = false;
  transport_.socket.reset();
  on_closed();
  context_->host.retire(*this);
}

Transport Connection::release() {
  phase_ = Phase::closed;
  if (watched_) context_->loop.remove(transport_.socket.get());
  watched_ = false;
  context_->host.retire(*this);
  Transport given{std::move(transport_.socket), std::move(transport_.place), std::move(transport_.outbox)};
  transport_.outbox = channel::Outbox{context_->outbox_limits};
  return given;
}

}  // namespace qos::api
