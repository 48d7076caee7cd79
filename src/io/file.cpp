#include "io/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace qos::io {
namespace {

// Closes a file descriptor when the scope ends.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_{fd} {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> failed(std::string_view what, const std::filesystem::path& path) {
  return fail("{} {}: {}", what, path.string(), std::strerror(errno));
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() < 0) return failed("cannot open", path);
  std::string content;
  std::string chunk(1 << 16, '\0');
  for (;;) {
    const auto got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("cannot read", path);
    if (got == 0) return content;
    if (content.size() + static_cast<std::size_t>(got) > limit)
      return fail("{} is larger than {} bytes", path.string(), limit);
    content.append(chunk, 0, static_cast<std::size_t>(got));
  }
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content, int mode) {
  auto temporary = path;
  temporary += ".new";
  {
    const Descriptor file{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)};
    if (file.get() < 0) return failed("cannot create", temporary);
    for (std::size_t written = 0; written < content.size();) {
      const auto put = ::write(file.get(), content.data() + written, content.size() - written);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return failed("cannot write", temporary);
      written += static_cast<std::size_t>(put);
    }
    if (::fsync(file.get()) != 0) return failed("cannot sync", temporary);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failed("cannot rename to", path);
  const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
  const Descriptor folder{::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.get() < 0 || ::fsync(folder.get()) != 0) return failed("cannot sync folder", parent);
  return {};
}

}  // namespace qos::io
