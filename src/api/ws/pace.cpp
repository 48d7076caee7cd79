#include "api/ws/pace.hpp"

#include <fmt/format.h>

#include <chrono>

namespace qos::api::ws {

std::optional<ApiError> Pace::refuse(access::Gate& gate, const access::Grant& grant, SteadyTime now) {
  const std::chrono::milliseconds interval{grant.plan->limit(access::Permission::ws).min_interval_ms};
  if (last_command_ && now - *last_command_ < interval)
    return make_error(ErrorKind::too_many_requests,
                      fmt::format("commands on a WebSocket at least {} ms apart", interval.count()));
  if (auto error = refuse_request(gate, grant, access::Permission::ws, now)) return error;
  last_command_ = now;
  return std::nullopt;
}

std::optional<ApiError> refuse_request(access::Gate& gate, const access::Grant& grant,
                                       access::Permission permission, SteadyTime now) {
  const auto quota = gate.take(grant, permission, now);
  if (quota.allowed) return std::nullopt;
  auto error = make_error(
      ErrorKind::too_many_requests,
      fmt::format("{} a minute for {}, again in {} s", quota.limit,
                  access::kPermissionNames[static_cast<std::size_t>(permission)], quota.reset.count()));
  error.quota = quota;
  return error;
}

}  // namespace qos::api::ws
