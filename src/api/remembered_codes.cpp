#include "api/remembered_codes.hpp"

namespace qos::api {

const RequestedCodes* RememberedCodes::find(std::string_view request) const {
  if (request.size() > kMaxRequestBytes) return nullptr;
  const auto found = requests_.find(request);
  return found == requests_.end() ? nullptr : &found->second;
}

void RememberedCodes::remember(std::string_view request, const RequestedCodes& codes) {
  if (request.size() > kMaxRequestBytes) return;
  if (bytes_ + request.size() > kMaxBytes) {
    requests_.clear();
    bytes_ = 0;
  }
  if (requests_.try_emplace(std::string{request}, codes).second) bytes_ += request.size();
}

}  // namespace qos::api
