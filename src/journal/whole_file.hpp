// Small files of a journal's folder, read and written whole.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "io/disk.hpp"

namespace qos::journal {

Result<std::string> read_whole_file(io::Disk& disk, const std::filesystem::path& path);

// Written aside, synced, renamed: either the old content or the new one is there, and the new one durably
// when this returns.
Result<void> write_whole_file(io::Disk& disk, const std::filesystem::path& path, std::string_view content);

// A file that is written aside and takes its name only when it is complete.
class FileAside {
 public:
  static Result<FileAside> create(io::Disk& disk, std::filesystem::path path);
  Result<void> append(std::string_view bytes);
  // Synced, renamed, and the folder synced.
  Result<void> finish();
  std::uint64_t size() const { return size_; }

 private:
  FileAside(io::Disk& disk, std::filesystem::path path, std::unique_ptr<io::DiskFile> file)
      : disk_{&disk}, path_{std::move(path)}, file_{std::move(file)} {}

  io::Disk* disk_;
  std::filesystem::path path_;
  std::unique_ptr<io::DiskFile> file_;
  std::uint64_t size_ = 0;
};

}  // namespace qos::journal
