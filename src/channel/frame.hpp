// Bytes that are encoded once and shared by everyone they go to. Immutable from the moment they are made.
#pragma once

#include <memory>
#include <string>

namespace qos::channel {

using Frame = std::shared_ptr<const std::string>;

inline Frame make_frame(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

}  // namespace qos::channel
