#include "server/data_folder.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace qos::server {

Result<void> make_data_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return {};
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) == 0) return {};
  const int reason = errno;
  // Another process may have made it a moment ago.
  if (std::filesystem::is_directory(folder, error)) return {};
  return fail("cannot make the data folder {}: {}", folder.string(), std::strerror(reason));
}

}  // namespace qos::server
