#include "access/connection_table.hpp"

namespace qos::access {

std::shared_ptr<void> ConnectionTable::take(KeyId key, std::uint32_t limit) {
  {
    const std::scoped_lock lock{mutex_};
    auto& open = open_[key];
    if (limit != 0 && open >= limit) return nullptr;
    ++open;
  }
  // The address only has to be something; what counts is the deleter.
  return {this, [table = shared_from_this(), key](void*) { table->give_back(key); }};
}

void ConnectionTable::give_back(KeyId key) {
  const std::scoped_lock lock{mutex_};
  const auto entry = open_.find(key);
  if (--entry->second == 0) open_.erase(entry);
}

}  // namespace qos::access
