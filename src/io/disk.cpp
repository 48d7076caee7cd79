#include "io/disk.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "io/descriptor.hpp"
#include "io/file.hpp"

namespace qos::io {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> failed(std::string_view what, const fs::path& path, int error = errno) {
  return fail("cannot {} {}: {}", what, path.string(), std::strerror(error));
}

Result<void> sync_descriptor(int fd, const fs::path& path, int (*sync)(int)) {
  // No second try after EINTR either: whether pages were dropped is not known, so the caller decides.
  if (sync(fd) != 0) return failed("sync", path);
  return {};
}

class SystemFile final : public DiskFile {
 public:
  SystemFile(Descriptor file, fs::path path) : file_{std::move(file)}, path_{std::move(path)} {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    std::size_t got = 0;
    while (got < into.size()) {
      const auto part =
          ::pread(file_.get(), into.data() + got, into.size() - got, static_cast<off_t>(offset + got));
      if (part < 0 && errno == EINTR) continue;
      if (part < 0) return failed("read", path_);
      if (part == 0) break;
      got += static_cast<std::size_t>(part);
    }
    return got;
  }

  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const auto part = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (part < 0 && errno == EINTR) continue;
      // A file system that takes nothing and names no reason would otherwise keep us here.
      if (part <= 0) return failed("write", path_, part == 0 ? ENOSPC : errno);
      offset += static_cast<std::uint64_t>(part);
      bytes = bytes.subspan(static_cast<std::size_t>(part));
    }
    return {};
  }

  Result<void> sync() override { return sync_descriptor(file_.get(), path_, ::fdatasync); }

  Result<void> truncate(std::uint64_t size) override {
    if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) return failed("cut", path_);
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat facts{};
    if (::fstat(file_.get(), &facts) != 0) return failed("look at", path_);
    return static_cast<std::uint64_t>(facts.st_size);
  }

 private:
  Descriptor file_;
  fs::path path_;
};

class SystemMapping final : public Mapping {
 public:
  SystemMapping(void* memory, std::size_t size) : memory_{memory}, size_{size} {}
  ~SystemMapping() override { ::munmap(memory_, size_); }
  SystemMapping(const SystemMapping&) = delete;
  SystemMapping& operator=(const SystemMapping&) = delete;

  std::span<std::byte> bytes() override { return {static_cast<std::byte*>(memory_), size_}; }

 private:
  void* memory_;
  std::size_t size_;
};

// The kernel lets go of it when the descriptor is closed, which a dying process does too.
class SystemLock final : public DiskLock {
 public:
  explicit SystemLock(Descriptor file) : file_{std::move(file)} {}

 private:
  Descriptor file_;
};

// Who wrote its number there; the lock itself may be older than the number for a moment.
std::string holder(int fd) {
  std::array<char, 32> text{};
  const auto got = ::pread(fd, text.data(), text.size() - 1, 0);
  std::string number{text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  number.erase(std::find_if_not(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; }),
               number.end());
  return number.empty() ? "another process" : "process " + number;
}

class SystemDisk final : public Disk {
 public:
  Result<std::unique_ptr<DiskFile>> open(const fs::path& path, Open how) override {
    const int flags = how == Open::read ? O_RDONLY : how == Open::write ? O_RDWR : O_RDWR | O_CREAT | O_EXCL;
    Descriptor file{::open(path.c_str(), flags | O_CLOEXEC, 0644)};
    if (!file.valid()) return failed(how == Open::create ? "create" : "open", path);
    return std::make_unique<SystemFile>(std::move(file), path);
  }

  Result<std::unique_ptr<Mapping>> map(const fs::path& path, std::size_t size) override {
    const Descriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
    if (!file.valid()) return failed("open", path);
    // Without its blocks a full disk would be a SIGBUS in the middle of a store.
    if (const int error = ::posix_fallocate(file.get(), 0, static_cast<off_t>(size)); error != 0)
      return failed("reserve", path, error);
    void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (memory == MAP_FAILED) return failed("map", path);
    return std::make_unique<SystemMapping>(memory, size);
  }

  Result<std::unique_ptr<DiskLock>> lock(const fs::path& path) override {
    Descriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
    if (!file.valid()) return failed("open", path);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return failed("lock", path);
      return fail("{} is in use by {}", path.parent_path().string(), holder(file.get()));
    }
    // Only for the sentence above: on a full disk the lock holds all the same.
    const std::string number = std::to_string(::getpid()) + "\n";
    if (::ftruncate(file.get(), 0) == 0)
      static_cast<void>(!::pwrite(file.get(), number.data(), number.size(), 0));
    return std::make_unique<SystemLock>(std::move(file));
  }

  bool exists(const fs::path& path) override {
    std::error_code error;
    return fs::exists(path, error);
  }

  Result<std::vector<std::string>> list(const fs::path& folder) override {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator at{folder, error}; !error && at != fs::directory_iterator{};
         at.increment(error)) {
      std::error_code ignored;
      if (at->is_regular_file(ignored)) names.push_back(at->path().filename().string());
    }
    if (error && error != std::errc::no_such_file_or_directory) return failed("list", folder, error.value());
    std::ranges::sort(names);
    return names;
  }

  Result<void> make_folder(const fs::path& folder) override {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return failed("make folder", folder, error.value());
    return {};
  }

  Result<void> rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0)
      return fail("cannot rename {} to {}: {}", from.string(), to.string(), std::strerror(errno));
    return {};
  }

  Result<void> remove(const fs::path& path) override {
    if (::unlink(path.c_str()) != 0) return failed("remove", path);
    return {};
  }

  Result<void> sync_folder(const fs::path& folder) override {
    const Descriptor file{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!file.valid()) return failed("open folder", folder);
    return sync_descriptor(file.get(), folder, ::fsync);
  }

  Result<std::string> boot_id() override {
    auto text = read_file("/proc/sys/kernel/random/boot_id", 256);
    if (!text) return std::unexpected{std::move(text.error())};
    while (!text->empty() && text->back() == '\n') text->pop_back();
    return text;
  }
};

}  // namespace

Disk& system_disk() {
  static SystemDisk disk;
  return disk;
}

}  // namespace qos::io
