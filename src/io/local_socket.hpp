// Conversations between processes of one machine and one user, over a Unix socket at a path: messages that
// come whole or not at all (SOCK_SEQPACKET), with file descriptors beside the text (SCM_RIGHTS).
//
// Threads: an object belongs to one thread at a time. Waiting is on the real clock: the other side is a
// process.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "io/descriptor.hpp"

namespace qos::io {

// Of one message: text, and what is passed beside it (the kernel's own limit is 253).
inline constexpr std::size_t kMaxLocalMessage = 16 * 1024;
inline constexpr std::size_t kMaxLocalDescriptors = 128;

struct LocalMessage {
  std::string text;
  std::vector<Descriptor> descriptors;
};

// One end of a conversation.
class LocalPeer {
 public:
  explicit LocalPeer(Descriptor socket) : socket_{std::move(socket)} {}
  // nullopt: nobody listens there. An error: somebody may, who cannot be reached.
  static Result<std::optional<LocalPeer>> find(const std::filesystem::path& path);
  // Likewise, where nobody is an error too.
  static Result<LocalPeer> connect(const std::filesystem::path& path);

  int descriptor() const { return socket_.get(); }
  // Does not wait: an error too where the other side leaves too much unread.
  Result<void> send(std::string_view text, std::span<const int> descriptors = {});
  // The next message. An error: the other side is gone, or silent for that long, or said more than the
  // limits.
  Result<LocalMessage> receive(std::chrono::milliseconds patience);

 private:
  Descriptor socket_;
};

// The place that others connect to. The path goes with this object, unless another one has taken it since.
class LocalListener {
 public:
  // Takes the path, even from one that listens there: mode 0600, never for a moment more.
  static Result<LocalListener> bind(const std::filesystem::path& path);
  ~LocalListener();
  LocalListener(LocalListener&&) = default;
  LocalListener& operator=(LocalListener&&) = delete;

  // Readable when somebody waits.
  int descriptor() const { return socket_.get(); }
  // Who waits; nullopt: nobody. An error: a process of another user, turned away.
  Result<std::optional<LocalPeer>> accept();
  // The path is left alone from now on: it is another one's.
  void leave_path() { path_.clear(); }

 private:
  LocalListener(Descriptor socket, std::filesystem::path path, const struct ::stat& made)
      : socket_{std::move(socket)}, path_{std::move(path)}, device_{made.st_dev}, inode_{made.st_ino} {}

  Descriptor socket_;
  std::filesystem::path path_;
  dev_t device_;
  ino_t inode_;
};

}  // namespace qos::io
