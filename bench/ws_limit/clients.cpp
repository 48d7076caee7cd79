#include "clients.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include "handshake.hpp"

namespace qos::bench {
namespace {

constexpr std::uint32_t kListener = UINT32_MAX;  // in place of a client's number
constexpr std::size_t kBuffer = 64U << 10U;
constexpr unsigned kText = 1;
constexpr unsigned kClose = 8;
// The answer to every subscription, as the protocol has it.
constexpr std::string_view kAnswer = "\x81\x17{\"type\":\"D\",\"msg\":\"OK\"}";
static_assert(kAnswer.size() == 2 + 0x17);

io::Descriptor listen_on(int port, const std::string& congestion) {
  io::Descriptor listener{socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  const int one = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  // Accepted sockets inherit both.
  setsockopt(listener.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (!congestion.empty() && setsockopt(listener.get(), IPPROTO_TCP, TCP_CONGESTION, congestion.data(),
                                        static_cast<socklen_t>(congestion.size())) < 0)
    throw std::runtime_error("the kernel has no congestion control " + congestion);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
      listen(listener.get(), 4'096) < 0)
    throw std::runtime_error(std::string{"cannot listen: "} + std::strerror(errno));
  return listener;
}

int port_of(const io::Descriptor& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

Clients::Clients(const Options& options, const FrameBook& frames)
    : options_{options},
      frames_{frames},
      listener_{listen_on(options.port, options.congestion)},
      epoll_{epoll_create1(EPOLL_CLOEXEC)},
      port_{port_of(listener_)},
      listeners_(frames.size()),
      buffer_{std::make_unique<char[]>(kBuffer)} {
  epoll_event event{.events = EPOLLIN, .data = {.u32 = kListener}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_.get(), &event);
}

void Clients::poll(std::uint64_t wait_ns) {
  epoll_event events[256];
  const timespec wait{static_cast<time_t>(wait_ns / 1'000'000'000),
                      static_cast<long>(wait_ns % 1'000'000'000)};
  const int ready = epoll_pwait2(epoll_.get(), events, 256, &wait, nullptr);
  for (int i = 0; i < ready; ++i) {
    const auto client = events[i].data.u32;
    if (client == kListener) {
      accept_all();
      continue;
    }
    if ((events[i].events & EPOLLOUT) != 0) write_rest(client);
    if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(client);
  }
}

void Clients::accept_all() {
  for (;;) {
    io::Descriptor socket{accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!socket.valid()) return;
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(clients_.size()));
      clients_.emplace_back();
      lists_.emplace_back();
    }
    const auto client = free_.back();
    free_.pop_back();
    lists_[client].socket = socket.get();
    clients_[client] = {.socket = std::move(socket), .upgraded = false, .received = {}, .rest = {}};
    watch(client, EPOLLIN, EPOLL_CTL_ADD);
    ++open_;
  }
}

void Clients::watch(std::uint32_t client, std::uint32_t events, int operation) {
  epoll_event event{.events = events, .data = {.u32 = client}};
  epoll_ctl(epoll_.get(), operation, clients_[client].socket.get(), &event);
}

void Clients::read(std::uint32_t client) {
  auto& from = clients_[client];
  if (!from.socket.valid()) return;
  const auto got = recv(from.socket.get(), buffer_.get(), kBuffer, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0 || from.received.size() > kBuffer) return close(client);
  from.received.append(buffer_.get(), static_cast<std::size_t>(got));
  if (!from.upgraded && !upgrade(client)) return;
  take_messages(client);
}

bool Clients::upgrade(std::uint32_t client) {
  auto& from = clients_[client];
  const auto end = from.received.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const auto answer = upgrade_answer(std::string_view{from.received}.substr(0, end + 2));
  from.received.erase(0, end + 4);
  if (!answer || send(from.socket.get(), answer->data(), answer->size(), MSG_NOSIGNAL) < 0) {
    close(client);
    return false;
  }
  from.upgraded = true;
  return true;
}

void Clients::take_messages(std::uint32_t client) {
  while (const auto frame = client_frame(clients_[client].received)) {
    clients_[client].received.erase(0, frame->bytes);
    if (frame->opcode == kClose) return close(client);
    if (frame->opcode == kText) subscribe(client, frame->payload);
  }
  // Whoever has said what it wants needs no buffer.
  if (clients_[client].received.empty()) clients_[client].received.shrink_to_fit();
}

// {"type":"D","codes":["CF:…0000001",…]}: looks for the numbers of instruments, wherever they stand.
void Clients::subscribe(std::uint32_t client, std::string_view message) {
  bool any = false;
  for (auto at = message.find(kSymbolHead); at != std::string_view::npos;
       at = message.find(kSymbolHead, at)) {
    at += kSymbolHead.size();
    std::size_t instrument = listeners_.size();
    std::from_chars(message.data() + at, message.data() + std::min(message.size(), at + kSymbolDigits),
                    instrument);
    if (instrument >= listeners_.size()) continue;
    listeners_[instrument].push_back(client);
    ++subscriptions_;
    any = true;
  }
  if (any)
    static_cast<void>(send(clients_[client].socket.get(), kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL));
}

void Clients::publish(std::uint32_t instrument) {
  for (const auto client : listeners_[instrument]) {
    auto& list = lists_[client];
    if (list.blocked) {
      ++missed_;
      continue;
    }
    if (list.count == 0) touched_.push_back(client);
    list.frames[list.count++] = instrument;
    if (list.count == kMaxList) send_list(client);
  }
}

void Clients::flush() {
  for (const auto client : touched_)
    if (lists_[client].count > 0) send_list(client);
  touched_.clear();
}

void Clients::send_list(std::uint32_t client) {
  if (options_.send_by == SendBy::copy) {
    send_copied(client);
  } else {
    send_gathered(client);
  }
  lists_[client].count = 0;
}

void Clients::send_copied(std::uint32_t client) {
  const auto& list = lists_[client];
  char* to = buffer_.get();
  for (std::uint32_t i = 0; i < list.count; ++i, to += kPushBytes)
    std::memcpy(to, frames_.at(list.frames[i]), kPushBytes);
  const auto size = list.count * kPushBytes;
  const auto sent = send(list.socket, buffer_.get(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent == static_cast<ssize_t>(size)) return;
  const auto taken = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  keep_rest(client, {buffer_.get() + taken, size - taken});
}

void Clients::send_gathered(std::uint32_t client) {
  const auto& list = lists_[client];
  iovec pieces[kMaxList];
  for (std::uint32_t i = 0; i < list.count; ++i)
    pieces[i] = {.iov_base = const_cast<char*>(frames_.at(list.frames[i])), .iov_len = kPushBytes};
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = list.count;
  const auto sent = sendmsg(list.socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent == static_cast<ssize_t>(list.count * kPushBytes)) return;
  auto skip = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  std::string rest;
  for (std::uint32_t i = 0; i < list.count; ++i) rest.append(frames_.at(list.frames[i]), kPushBytes);
  keep_rest(client, rest.substr(skip));
}

void Clients::keep_rest(std::uint32_t client, std::string rest) {
  clients_[client].rest = std::move(rest);
  lists_[client].blocked = true;
  watch(client, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
}

void Clients::write_rest(std::uint32_t client) {
  auto& to = clients_[client];
  if (!to.socket.valid() || !lists_[client].blocked) return;
  const auto sent = send(to.socket.get(), to.rest.data(), to.rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent > 0) to.rest.erase(0, static_cast<std::size_t>(sent));
  if (!to.rest.empty()) return;
  lists_[client].blocked = false;
  watch(client, EPOLLIN, EPOLL_CTL_MOD);
}

void Clients::close(std::uint32_t client) {
  for (auto& listeners : listeners_) subscriptions_ -= std::erase(listeners, client);
  clients_[client] = {};
  lists_[client].count = 0;
  lists_[client].blocked = false;
  lists_[client].socket = -1;
  free_.push_back(client);
  --open_;
}

}  // namespace qos::bench
