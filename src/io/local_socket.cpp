#include "io/local_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace qos::io {
namespace {

// A waiting line: a second successor is told to go away soon.
constexpr int kWaiting = 8;

// The path of a Unix socket has 107 bytes at most, so a longer one is named by its folder's descriptor.
struct Name {
  Descriptor folder;
  sockaddr_un address{};

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&address); }
};

Result<Name> name_of(const std::filesystem::path& path) {
  Name name;
  name.address.sun_family = AF_UNIX;
  auto text = path.string();
  if (text.size() >= sizeof name.address.sun_path) {
    const auto folder = path.parent_path();
    name.folder = Descriptor{::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!name.folder.valid()) return fail("cannot open {}: {}", folder.string(), std::strerror(errno));
    text = fmt::format("/proc/self/fd/{}/{}", name.folder.get(), path.filename().string());
  }
  if (text.size() >= sizeof name.address.sun_path) return fail("{}: the name is too long", path.string());
  std::memcpy(name.address.sun_path, text.c_str(), text.size() + 1);
  return name;
}

Descriptor make_socket() {
  return Descriptor{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

// Room for the descriptors of one message, aligned as the kernel writes them.
using Ancillary = std::array<std::byte, CMSG_SPACE(sizeof(int) * kMaxLocalDescriptors)>;

std::vector<Descriptor> descriptors_in(msghdr& header) {
  std::vector<Descriptor> taken;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t place = 0; place < count; ++place) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + place * sizeof fd, sizeof fd);
      taken.emplace_back(fd);
    }
  }
  return taken;
}

}  // namespace

Result<std::optional<LocalPeer>> LocalPeer::find(const std::filesystem::path& path) {
  auto name = name_of(path);
  if (!name) return std::unexpected{name.error()};
  auto socket = make_socket();
  if (socket.valid() && ::connect(socket.get(), name->data(), sizeof name->address) == 0)
    return LocalPeer{std::move(socket)};
  if (socket.valid() && (errno == ENOENT || errno == ECONNREFUSED)) return std::nullopt;
  return fail("cannot connect to {}: {}", path.string(), std::strerror(errno));
}

Result<LocalPeer> LocalPeer::connect(const std::filesystem::path& path) {
  auto found = find(path);
  if (!found) return std::unexpected{std::move(found.error())};
  if (!*found) return fail("cannot connect to {}: nobody listens there", path.string());
  return std::move(**found);
}

Result<void> LocalPeer::send(std::string_view text, std::span<const int> descriptors) {
  if (text.size() > kMaxLocalMessage || descriptors.size() > kMaxLocalDescriptors)
    return fail("a message of {} bytes with {} descriptors is too long", text.size(), descriptors.size());
  iovec piece{const_cast<char*>(text.data()), text.size()};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  alignas(cmsghdr) Ancillary ancillary{};
  if (!descriptors.empty()) {
    header.msg_control = ancillary.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
  }
  if (::sendmsg(socket_.get(), &header, MSG_NOSIGNAL) < 0)
    return fail("cannot send: {}", std::strerror(errno));
  return {};
}

Result<LocalMessage> LocalPeer::receive(std::chrono::milliseconds patience) {
  pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0)
    return fail("silent for {} ms", patience.count());
  LocalMessage message;
  message.text.resize(kMaxLocalMessage);
  iovec piece{message.text.data(), message.text.size()};
  alignas(cmsghdr) Ancillary ancillary{};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = ancillary.data();
  header.msg_controllen = ancillary.size();
  const auto got = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
  if (got < 0) return fail("cannot receive: {}", std::strerror(errno));
  message.descriptors = descriptors_in(header);
  if (got == 0) return fail("the other side is gone");
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    return fail("a message beyond {} bytes and {} descriptors", kMaxLocalMessage, kMaxLocalDescriptors);
  message.text.resize(static_cast<std::size_t>(got));
  return message;
}

Result<LocalListener> LocalListener::bind(const std::filesystem::path& path) {
  // Made under another name, so that nobody connects before all is right, and what stood there goes at once.
  auto fresh = path;
  fresh += ".new";
  const auto refused = [&](const char* what) {
    return fail("cannot {} {}: {}", what, path.string(), std::strerror(errno));
  };
  auto name = name_of(fresh);
  if (!name) return std::unexpected{name.error()};
  auto socket = make_socket();
  if (!socket.valid()) return refused("open a socket for");
  std::error_code ignored;
  std::filesystem::remove(fresh, ignored);
  // The file of a Unix socket begins with the socket's own mode.
  if (::fchmod(socket.get(), 0600) != 0) return refused("protect");
  if (::bind(socket.get(), name->data(), sizeof name->address) != 0) return refused("bind");
  struct ::stat made{};
  if (::chmod(fresh.c_str(), 0600) != 0 || ::lstat(fresh.c_str(), &made) != 0) return refused("protect");
  if (::listen(socket.get(), kWaiting) != 0) return refused("listen on");
  if (::rename(fresh.c_str(), path.c_str()) != 0) return refused("name");
  return LocalListener{std::move(socket), path, made};
}

LocalListener::~LocalListener() {
  struct ::stat now{};
  if (!socket_.valid() || path_.empty() || ::lstat(path_.c_str(), &now) != 0) return;
  if (now.st_dev == device_ && now.st_ino == inode_) ::unlink(path_.c_str());
}

Result<std::optional<LocalPeer>> LocalListener::accept() {
  Descriptor taken{::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  if (!taken.valid() && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR)) return std::nullopt;
  if (!taken.valid()) return fail("cannot accept: {}", std::strerror(errno));
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(taken.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || who.uid != ::geteuid())
    return fail("process {} of user {}, expected user {}", who.pid, who.uid, ::geteuid());
  return LocalPeer{std::move(taken)};
}

}  // namespace qos::io
