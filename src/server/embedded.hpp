// The files that the binary carries: markets, instruments. cmake/Embed.cmake makes the table.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace qos::server {

struct EmbeddedFile {
  std::string_view path;  // below the project's root: "config/markets/US.toml"
  std::string_view text;
};

std::span<const EmbeddedFile> embedded_files();

// nullopt: there is no such file.
inline std::optional<std::string_view> embedded_file(std::string_view path) {
  for (const auto& file : embedded_files())
    if (file.path == path) return file.text;
  return std::nullopt;
}

}  // namespace qos::server
