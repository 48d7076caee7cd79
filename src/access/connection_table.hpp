// How many WebSockets each key has open, over all I/O loops.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "core/id.hpp"

namespace qos::access {

// Any thread. Held by shared_ptr, because a place may outlive the gate that gave it.
class ConnectionTable : public std::enable_shared_from_this<ConnectionTable> {
 public:
  // A place, given back when the last copy goes; nullptr if `limit` are taken. limit 0: no limit.
  std::shared_ptr<void> take(KeyId key, std::uint32_t limit);

 private:
  void give_back(KeyId key);

  std::mutex mutex_;
  std::unordered_map<KeyId, std::uint32_t> open_;  // keys without a connection have no entry
};

}  // namespace qos::access
