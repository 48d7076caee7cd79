#include "api/connection.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace qos::api {
namespace {

constexpr std::chrono::seconds kLinger{2};

}  // namespace

Connection::Connection(LoopContext& context, Transport transport)
    : context_{&context}, transport_{std::move(transport)} {}

Connection::~Connection() {
  if (watched_) context_->loop.remove(transport_.stream.fd());
}

void Connection::start() {
  interest_ = {.read = true};
  if (!context_->loop.add(transport_.stream.fd(), interest_, *this)) return close_now();
  watched_ = true;
  if (!outbox().empty() || transport_.stream.has_unread()) context_->host.visit_at_turn_end(*this);
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

void Connection::visit() {
  if (transport_.stream.has_unread() && reads()) receive();
  if (!closed()) end_turn();
}

void Connection::receive() {
  take(transport_.stream.read(context_->input));
  if (closed()) return;
  update_interest();
  visit_if_unread();
}

void Connection::take(const io::StreamResult& got) {
  using enum io::StreamResult::State;
  if (got.state == again) return;
  if (got.state == broken) return close_now();
  context_->tally.bytes_received += got.bytes;
  if (phase_ == Phase::lingering) {
    if (got.state == ended) close_now();
    return;
  }
  if (got.state == ended) {
    read_while(false);
    on_end_of_input();
    return;
  }
  if (accepts_input()) on_bytes(std::span{context_->input}.first(got.bytes));
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

std::size_t Connection::put(std::string_view bytes) {
  if (closed()) return 0;
  const auto put = transport_.stream.write(bytes);
  if (put.state == io::StreamResult::State::broken) {
    close_now();
    return 0;
  }
  context_->tally.bytes_sent += put.bytes;
  // What lies between may have taken everything and wait for the kernel itself.
  if (transport_.stream.wants_to_write()) update_interest();
  return put.bytes;
}

void Connection::flush() {
  if (closed()) return;
  while (!outbox().empty() || transport_.stream.wants_to_write()) {
    on_sending();
    const auto bytes = outbox().gather(context_->output);
    const auto put = transport_.stream.write(bytes);
    if (put.state == io::StreamResult::State::broken) return close_now();
    if (put.bytes > 0) {
      context_->tally.bytes_sent += put.bytes;
      outbox().sent(put.bytes, context_->now);
      on_some_sent();
    }
    if (put.state != io::StreamResult::State::ok || put.bytes < bytes.size()) break;
  }
  if (outbox().empty() && !transport_.stream.wants_to_write()) {
    if (phase_ == Phase::sending_last) return linger();
    if (phase_ == Phase::open) on_everything_sent();
  }
  update_interest();
  visit_if_unread();
}

void Connection::read_while(bool wanted) {
  read_wanted_ = wanted;
  update_interest();
  visit_if_unread();
}

bool Connection::reads() const {
  return phase_ == Phase::lingering || (phase_ == Phase::open && read_wanted_);
}

// The kernel will not wake the loop for bytes that have left it already.
void Connection::visit_if_unread() {
  if (transport_.stream.has_unread() && reads()) context_->host.visit_at_turn_end(*this);
}

void Connection::update_interest() {
  if (!watched_) return;
  // What is sent at this turn's end anyway needs no word to the kernel: two calls an answer less.
  const bool waits = !visit_pending && (!outbox().empty() || transport_.stream.wants_to_write());
  const io::Interest wanted{.read = reads(), .write = waits};
  if (wanted == interest_) return;
  interest_ = wanted;
  context_->loop.modify(transport_.stream.fd(), wanted);
}

void Connection::close_when_sent() {
  if (phase_ != Phase::open) return;
  phase_ = Phase::sending_last;
  context_->host.visit_at_turn_end(*this);
}

void Connection::linger() {
  phase_ = Phase::lingering;
  linger_until_ = context_->now + kLinger;
  transport_.stream.shutdown_write();
  update_interest();
  visit_if_unread();
}

void Connection::close_now() {
  if (closed()) return;
  phase_ = Phase::closed;
  if (watched_) context_->loop.remove(transport_.stream.fd());
  watched_ = false;
  transport_.stream.close();
  on_closed();
  context_->host.retire(*this);
}

Transport Connection::release() {
  phase_ = Phase::closed;
  if (watched_) context_->loop.remove(transport_.stream.fd());
  watched_ = false;
  context_->host.retire(*this);
  Transport given{std::move(transport_.stream), std::move(transport_.place), std::move(transport_.outbox)};
  transport_.outbox = channel::Outbox{context_->outbox_limits};
  return given;
}

}  // namespace qos::api
