// Files as the journal needs them, behind a seam: the machine's own disk in production, in tests one that
// fails the Nth call, forgets what was not synced, or lies.
//
// Threads: a Disk may be called by any thread, a DiskFile by one at a time. Errors name path and reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace qos::io {

class DiskFile {
 public:
  virtual ~DiskFile() = default;
  // How many bytes were read; fewer than asked for at the end of the file only.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) = 0;
  // All of it. After an error any part of it may be written.
  virtual Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  // What was written is on the disk when this returns. After an error nobody knows what is (the kernel may
  // have dropped the pages): write it again, elsewhere.
  virtual Result<void> sync() = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() = 0;
};

// Memory that is a file: what is stored there survives this process (kill -9 at any instruction), not the
// machine.
class Mapping {
 public:
  virtual ~Mapping() = default;
  virtual std::span<std::byte> bytes() = 0;
};

// Held as long as this lives, and no longer than its process.
class DiskLock {
 public:
  virtual ~DiskLock() = default;
};

class Disk {
 public:
  enum class Open : std::uint8_t { read, write, create };  // create: it must not exist
  virtual ~Disk() = default;

  virtual Result<std::unique_ptr<DiskFile>> open(const std::filesystem::path& path, Open how) = 0;
  // Makes the file that long first, with its blocks reserved.
  virtual Result<std::unique_ptr<Mapping>> map(const std::filesystem::path& path, std::size_t size) = 0;
  // Makes the file if it is missing. An error names who has it.
  virtual Result<std::unique_ptr<DiskLock>> lock(const std::filesystem::path& path) = 0;
  virtual bool exists(const std::filesystem::path& path) = 0;
  // Names of the files in it, sorted; none if there is no such folder.
  virtual Result<std::vector<std::string>> list(const std::filesystem::path& folder) = 0;
  virtual Result<void> make_folder(const std::filesystem::path& folder) = 0;
  virtual Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual Result<void> remove(const std::filesystem::path& path) = 0;
  // Files made, renamed and removed in it are so on the disk.
  virtual Result<void> sync_folder(const std::filesystem::path& folder) = 0;
  // Differs after the machine was started again; what a Mapping holds is then not to be trusted.
  virtual Result<std::string> boot_id() = 0;
};

Disk& system_disk();

}  // namespace qos::io
