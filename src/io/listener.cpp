#include "io/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace qos::io {
namespace {

// Taken in one turn, so that a flood of connections leaves the others their share.
constexpr int kAcceptsPerTurn = 64;

Descriptor open_spare() {
  return Descriptor{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
}

bool set_option(int fd, int level, int name) {
  const int on = 1;
  return ::setsockopt(fd, level, name, &on, sizeof on) == 0;
}

}  // namespace

std::unique_ptr<Listener> take_bound(BoundSockets& sockets, std::string_view listen) {
  const auto found = std::ranges::find(sockets, listen, &BoundSocket::listen);
  if (found == sockets.end()) return nullptr;
  auto taken = std::move(found->listener);
  sockets.erase(found);
  return taken;
}

Result<std::unique_ptr<Listener>> Listener::bind(const SocketAddress& address) {
  const auto refused = [&](const char* what) {
    return fail("cannot {} {}: {}", what, address.to_string(), std::strerror(errno));
  };
  Descriptor socket{::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket.valid()) return refused("open a socket for");
  // A restarted server must not wait for the last one's connections to time out.
  if (!set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR)) return refused("prepare");
  // [::]:8080 and 0.0.0.0:8080 may both be asked for.
  if (address.family() == AF_INET6 && !set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY))
    return refused("prepare");
  if (::bind(socket.get(), address.data(), address.size()) != 0) return refused("bind");
  // Those who are accepted inherit it.
  if (!set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY)) return refused("prepare");
  if (::listen(socket.get(), SOMAXCONN) != 0) return refused("listen on");
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) return refused("name");
  return std::unique_ptr<Listener>{
      new Listener{std::move(socket), SocketAddress::from_kernel(storage, size)}};
}

// Accepted sockets inherit both (tcp(7)).
Result<void> Listener::tune(const Sending& sending) {
  const auto set = [this](int name, const void* value, socklen_t size) {
    return ::setsockopt(socket_.get(), IPPROTO_TCP, name, value, size) == 0;
  };
  const auto& wanted = sending.congestion_control;
  Result<void> tuned;
  if (sending.unsent_bytes > 0 && !set(TCP_NOTSENT_LOWAT, &sending.unsent_bytes, sizeof sending.unsent_bytes))
    tuned = fail("cannot bound the unsent bytes of {}: {}", address_.to_string(), std::strerror(errno));
  if (!wanted.empty() && !set(TCP_CONGESTION, wanted.data(), static_cast<socklen_t>(wanted.size())))
    tuned = fail(
        "cannot have the congestion control '{}' for {}: {} (net.ipv4.tcp_allowed_congestion_control "
        "names what there is)",
        wanted, address_.to_string(), std::strerror(errno));
  return tuned;
}

Result<std::unique_ptr<Listener>> Listener::adopt(Descriptor socket) {
  const auto refused = [](const char* what) {
    return fail("the socket handed over cannot be used: {}: {}", what, std::strerror(errno));
  };
  int listens = 0;
  socklen_t size = sizeof listens;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0)
    return refused("it is no socket");
  sockaddr_storage storage{};
  size = sizeof storage;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0)
    return refused("it has no address");
  if (listens == 0 || (storage.ss_family != AF_INET && storage.ss_family != AF_INET6))
    return fail("the socket handed over cannot be used: it does not listen for TCP connections");
  const int flags = ::fcntl(socket.get(), F_GETFL);
  if (flags < 0 || ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
      ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0)
    return refused("it cannot be prepared");
  // Those who are accepted inherit it; one of an older server may lack it.
  if (!set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY)) return refused("it cannot be prepared");
  return std::unique_ptr<Listener>{
      new Listener{std::move(socket), SocketAddress::from_kernel(storage, size)}};
}

Listener::Listener(Descriptor socket, SocketAddress address)
    : socket_{std::move(socket)}, spare_{open_spare()}, address_{address} {}

Listener::~Listener() {
  stop();
}

Result<void> Listener::start(Loop& loop, Accepted accepted) {
  QOS_ASSERT(loop_ == nullptr);
  accepted_ = std::move(accepted);
  if (auto added = loop.add(socket_.get(), {.read = true}, *this); !added) return added;
  loop_ = &loop;
  return {};
}

void Listener::stop() {
  if (loop_ != nullptr) loop_->remove(socket_.get());
  loop_ = nullptr;
  socket_.reset();
}

void Listener::pause() {
  if (loop_ != nullptr) loop_->modify(socket_.get(), {});
}

void Listener::resume() {
  if (loop_ != nullptr) loop_->modify(socket_.get(), {.read = true});
}

void Listener::on_ready(Readiness) {
  take_some();
}

void Listener::take_waiting() {
  for (int taken = 0; taken < SOMAXCONN && take_some(); taken += kAcceptsPerTurn) continue;
}

// Whether there may be more.
bool Listener::take_some() {
  for (int count = 0; count < kAcceptsPerTurn && socket_.valid(); ++count) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    Descriptor taken{
        ::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (taken.valid()) {
      accepted_(std::move(taken), SocketAddress::from_kernel(peer, size));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE) {
      turn_one_away();
      return true;
    }
    // A connection that broke before it was taken is no reason to stop; anything else is the end of the
    // queue.
    if (errno != ECONNABORTED && errno != EINTR) return false;
  }
  return socket_.valid();
}

void Listener::turn_one_away() {
  spare_.reset();
  Descriptor unheard{::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  if (unheard.valid()) out_of_descriptors_.add();
  unheard.reset();
  spare_ = open_spare();
}

}  // namespace qos::io
