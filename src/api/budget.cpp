#include "api/budget.hpp"

#include <fmt/format.h>

#include <iterator>

#include "core/result.hpp"

namespace qos::api {

void tell_budget(std::string& answer, const Extensions& ext, const std::optional<access::Quota>& quota,
                 const Lag& lag) {
  if (!ext.lim && !ext.lag) return;
  QOS_ASSERT(answer.ends_with('}'));
  answer.pop_back();
  auto to = std::back_inserter(answer);
  if (ext.lim && quota)
    fmt::format_to(to, R"(,"lim":{{"used":{},"cap":{},"reset":{}}})", quota->limit - quota->remaining,
                   quota->limit, quota->reset.count());
  if (ext.lag) fmt::format_to(to, R"(,"lag":{{"us":{},"queue":{}}})", lag.us, lag.queue);
  answer += '}';
}

}  // namespace qos::api
