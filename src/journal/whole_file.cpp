#include "journal/whole_file.hpp"

#include <span>

namespace qos::journal {
namespace {

constexpr std::string_view kAside = ".new";

std::filesystem::path aside(std::filesystem::path path) {
  path += kAside;
  return path;
}

}  // namespace

Result<std::string> read_whole_file(io::Disk& disk, const std::filesystem::path& path) {
  const auto file = disk.open(path, io::Disk::Open::read);
  if (!file) return std::unexpected{file.error()};
  const auto size = (*file)->size();
  if (!size) return std::unexpected{size.error()};
  std::string content(*size, '\0');
  const auto got = (*file)->read_at(0, std::as_writable_bytes(std::span{content}));
  if (!got) return std::unexpected{got.error()};
  content.resize(*got);
  return content;
}

Result<void> write_whole_file(io::Disk& disk, const std::filesystem::path& path, std::string_view content) {
  auto file = FileAside::create(disk, path);
  if (!file) return std::unexpected{file.error()};
  if (auto done = file->append(content); !done) return done;
  return file->finish();
}

Result<FileAside> FileAside::create(io::Disk& disk, std::filesystem::path path) {
  const auto name = aside(path);
  // One that was broken off.
  if (disk.exists(name))
    if (auto removed = disk.remove(name); !removed) return std::unexpected{removed.error()};
  auto file = disk.open(name, io::Disk::Open::create);
  if (!file) return std::unexpected{file.error()};
  return FileAside{disk, std::move(path), std::move(*file)};
}

Result<void> FileAside::append(std::string_view bytes) {
  auto done = file_->write_at(size_, std::as_bytes(std::span{bytes}));
  size_ += bytes.size();
  return done;
}

Result<void> FileAside::finish() {
  if (auto done = file_->sync(); !done) return done;
  if (auto done = disk_->rename(aside(path_), path_); !done) return done;
  return disk_->sync_folder(path_.parent_path());
}

}  // namespace qos::journal
