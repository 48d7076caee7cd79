// Files, with errors that name the path and the reason.
#pragma once

#include <filesystem>
#include <string>

#include "core/result.hpp"

namespace qos::io {

// The whole file. Refuses more than `limit` bytes.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = std::size_t{1} << 30);

// Replaces the file so that a crash leaves either the old or the new content: temporary file, fsync, rename,
// fsync of the folder. mode: permission bits of a new file.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content,
                                   int mode = 0644);

}  // namespace qos::io
