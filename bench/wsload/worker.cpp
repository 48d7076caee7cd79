#include "worker.hpp"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include "frames.hpp"

namespace qos::bench {
namespace {

constexpr std::size_t kBuffer = 4U << 20U;
constexpr std::size_t kRead = 256U << 10U;
constexpr std::size_t kEvents = 1'024;
constexpr std::uint64_t kRealtimeFrom = 1'000'000'000'000'000'000U;  // 2001: no machine is up that long

std::uint64_t now_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

void watch(int epoll, int operation, int socket, std::uint32_t events, std::size_t place) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = place;
  epoll_ctl(epoll, operation, socket, &event);
}

bool is_settled(const LoadConnection& connection) {
  return connection.state == LoadConnection::State::open || connection.state == LoadConnection::State::closed;
}

}  // namespace

std::uint64_t monotonic_ns() {
  return now_ns(CLOCK_MONOTONIC);
}

LoadWorker::LoadWorker(const LoadOptions& options, const sockaddr_in& to, int index)
    : options_{options},
      to_{to},
      epoll_{epoll_create1(EPOLL_CLOEXEC)},
      buffer_{std::make_unique<char[]>(kBuffer)},
      random_{0x2545F4914F6CDD1DU ^ static_cast<std::uint64_t>(index + 1) * 0x9E3779B97F4A7C15U} {
  if (!epoll_.valid()) throw std::runtime_error("epoll_create1 failed");
  for (int id = index; id < options.connections; id += options.threads) ids_.push_back(id);
  connections_.resize(ids_.size());
  request_ = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}:{}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n",
      options.path, options.host, options.port, kNonce);
  for (const auto& header : options.headers) request_ += header + "\r\n";
  request_ += "\r\n";
}

void LoadWorker::run(const std::atomic<Phase>& phase, std::atomic<int>& up) {
  std::size_t next = 0;
  int pending = 0;
  std::vector<epoll_event> events(kEvents);
  const int wait_ms = options_.spin || options_.poll_us > 0 ? 0 : 20;
  for (;;) {
    const Phase now = phase.load(std::memory_order_relaxed);
    if (now == Phase::done) break;
    if (now == Phase::measure && first_ns_ == 0) begin_measure();
    for (; now == Phase::connect && next < connections_.size() && pending < options_.parallel;
         ++next, ++pending) {
      connect(next);
      if (!is_settled(connections_[next])) continue;
      --pending;
      up.fetch_add(1);
    }
    const int ready = epoll_wait(epoll_.get(), events.data(), kEvents, wait_ms);
    for (int i = 0; i < ready; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      const std::size_t place = event.data.u64;
      const bool was_settled = is_settled(connections_[place]);
      handle(place, event.events);
      if (was_settled || !is_settled(connections_[place])) continue;
      --pending;
      up.fetch_add(1);
    }
    if (now != Phase::connect) send_due_commands();
    if (options_.poll_us > 0) {
      const timespec pause{0, options_.poll_us * 1'000L};
      nanosleep(&pause, nullptr);
    }
  }
  last_ns_ = monotonic_ns();
}

void LoadWorker::begin_measure() {
  stats_ = LoadStats{};
  for (auto& connection : connections_) connection.messages = 0;
  first_ns_ = monotonic_ns();
}

void LoadWorker::connect(std::size_t place) {
  LoadConnection& connection = connections_[place];
  connection.socket.reset(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int fd = connection.socket.get();
  if (fd < 0) return drop(connection);
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  const int bytes = options_.receive_buffer;
  if (bytes > 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  const linger reset{1, 0};  // no port is left in TIME_WAIT between runs
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  connection.state = LoadConnection::State::connecting;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) < 0 && errno != EINPROGRESS)
    return drop(connection);  // no port is left, or nobody listens
  watch(epoll_.get(), EPOLL_CTL_ADD, fd, EPOLLOUT, place);
}

void LoadWorker::drop(LoadConnection& connection) {
  connection.socket.reset();
  connection.state = LoadConnection::State::closed;
  ++stats_.closed;
}

// What a client says is little and rare; a full socket buffer at this point is a failure.
void LoadWorker::put(LoadConnection& connection, std::string_view bytes) {
  if (!connection.socket.valid()) return;
  const auto sent = send(connection.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(bytes.size())) drop(connection);
}

// Spread evenly over the time, so that the server does not get them all at once.
void LoadWorker::send_due_commands() {
  if (options_.command_every <= 0 || options_.command.empty()) return;
  const auto now = monotonic_ns();
  if (commands_from_ns_ == 0) commands_from_ns_ = now;
  const double elapsed = static_cast<double>(now - commands_from_ns_) * 1e-9;
  const auto due =
      static_cast<std::uint64_t>(elapsed / options_.command_every * static_cast<double>(connections_.size()));
  for (; commands_sent_ < due; ++commands_sent_) {
    auto& connection = connections_[commands_sent_ % connections_.size()];
    if (connection.state == LoadConnection::State::open)
      put(connection, client_frame(kText, options_.command, random32()));
  }
}

void LoadWorker::finish_connect(std::size_t place) {
  LoadConnection& connection = connections_[place];
  const int fd = connection.socket.get();
  int fault = 0;
  socklen_t size = sizeof fault;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size);
  if (fault != 0) return drop(connection);
  connection.state = LoadConnection::State::upgrading;
  watch(epoll_.get(), EPOLL_CTL_MOD, fd, EPOLLIN, place);
  put(connection, request_);
}

void LoadWorker::handle(std::size_t place, std::uint32_t events) {
  LoadConnection& connection = connections_[place];
  if (!connection.socket.valid()) return;
  if (connection.state == LoadConnection::State::connecting) return finish_connect(place);
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
  const std::size_t held = connection.held.size();
  if (held > 0) std::memcpy(buffer_.get(), connection.held.data(), held);
  const ssize_t got = recv(connection.socket.get(), buffer_.get() + held, std::min(kRead, kBuffer - held), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return drop(connection);
  ++stats_.reads;
  stats_.bytes += static_cast<std::uint64_t>(got);
  const char* at = buffer_.get();
  const char* const end = at + held + got;
  if (connection.state == LoadConnection::State::upgrading) at = finish_upgrade(place, at, end);
  if (connection.state == LoadConnection::State::open) {
    arrived_monotonic_ = monotonic_ns();
    arrived_realtime_ = 0;
    at = take_frames(connection, at, end);
  }
  if (!connection.socket.valid()) return;
  if (at != end || held > 0) connection.held.assign(at, static_cast<std::size_t>(end - at));
  if (connection.held.size() < kBuffer - kRead) return;
  ++stats_.bad;
  drop(connection);
}

const char* LoadWorker::finish_upgrade(std::size_t place, const char* at, const char* end) {
  LoadConnection& connection = connections_[place];
  const std::string_view text{at, static_cast<std::size_t>(end - at)};
  const auto head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return at;
  const auto head = text.substr(0, head_end);
  if (head.find(" 101") == std::string_view::npos || head.find(kAccept) == std::string_view::npos) {
    if (!std::exchange(refusal_told_, true)) fmt::print(stderr, "wsload: refused: {}\n", head.substr(0, 200));
    drop(connection);
    return end;
  }
  connection.state = LoadConnection::State::open;
  if (!options_.first.empty())
    put(connection, client_frame(kText, first_message(options_, ids_[place]), random32()));
  if (connection.socket.valid() && is_slow(place))
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection.socket.get(), nullptr);
  return at + head_end + 4;
}

const char* LoadWorker::take_frames(LoadConnection& connection, const char* at, const char* end) {
  while (at < end) {
    const auto size = static_cast<std::size_t>(end - at);
    const auto head = frame_head(at, size);
    if (!head) break;
    if (!head->valid || head->payload > kBuffer) {
      ++stats_.bad;
      drop(connection);
      return end;
    }
    if (size < head->bytes + head->payload) break;
    const char* const payload = at + head->bytes;
    at = payload + head->payload;
    if (head->opcode < kClose) {
      take_data(connection, payload, head->payload, head->final);
      continue;
    }
    ++stats_.control;
    if (head->opcode == kPing) put(connection, client_frame(kPong, {payload, head->payload}, random32()));
    if (head->opcode == kClose) drop(connection);
    if (!connection.socket.valid()) return end;
  }
  return at;
}

void LoadWorker::take_data(LoadConnection& connection, const char* payload, std::size_t size, bool final) {
  const char* const end = payload + size;
  const char* value = find_stamp(payload, size);
  if (value == nullptr) {
    if (final) ++stats_.others;
    return;
  }
  do {
    ++stats_.messages;
    ++connection.messages;
    time_message(value, end);
    if (!options_.scan) return;
    const void* next =
        memmem(value, static_cast<std::size_t>(end - value), options_.stamp.data(), options_.stamp.size());
    value = next == nullptr ? nullptr : static_cast<const char*>(next) + options_.stamp.size();
  } while (value != nullptr);
}

// Messages of one feed look alike: look first where it stood the last time.
const char* LoadWorker::find_stamp(const char* payload, std::size_t size) {
  const auto& stamp = options_.stamp;
  if (hint_ + stamp.size() < size && std::memcmp(payload + hint_, stamp.data(), stamp.size()) == 0)
    return payload + hint_ + stamp.size();
  const auto* found = static_cast<const char*>(memmem(payload, size, stamp.data(), stamp.size()));
  if (found == nullptr) return nullptr;
  hint_ = static_cast<std::size_t>(found - payload);
  return found + stamp.size();
}

void LoadWorker::time_message(const char* value, const char* end) {
  const auto stamp = stamp_at(value, end);
  if (!stamp) return;
  const bool is_realtime = *stamp > kRealtimeFrom;
  if (is_realtime && arrived_realtime_ == 0) arrived_realtime_ = now_ns(CLOCK_REALTIME);
  const auto arrived = is_realtime ? arrived_realtime_ : arrived_monotonic_;
  stats_.latency.add(arrived > *stamp ? arrived - *stamp : 0);
}

std::uint32_t LoadWorker::random32() {
  random_ ^= random_ << 13U;
  random_ ^= random_ >> 7U;
  random_ ^= random_ << 17U;
  return static_cast<std::uint32_t>(random_ >> 16U);
}

}  // namespace qos::bench
