#include "api/http/register.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/http/routes.hpp"
#include "api/json/encode.hpp"
#include "api/request.hpp"
#include "core/decimal.hpp"

namespace qos::api::http {
namespace {

// What counts as one address: IPv4 whole (also as ::ffff:a.b.c.d), IPv6 by its first 64 bits.
std::string network_of(std::string_view remote_address) {
  std::string text{remote_address.substr(0, INET6_ADDRSTRLEN)};
  text = text.substr(0, text.find('%'));  // the zone of a link-local address
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return text;
  const std::string bytes{reinterpret_cast<const char*>(v6.s6_addr), sizeof v6.s6_addr};
  if (!IN6_IS_ADDR_V4MAPPED(&v6)) return bytes.substr(0, 8);
  std::array<char, INET_ADDRSTRLEN> v4{};
  inet_ntop(AF_INET, v6.s6_addr + 12, v4.data(), v4.size());
  return v4.data();
}

std::chrono::seconds seconds_until(SteadyTime end, SteadyTime now) {
  return std::max(std::chrono::ceil<std::chrono::seconds>(end - now), std::chrono::seconds{1});
}

// RFC 3339, whole seconds.
std::string date_time(UnixNanos t) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
  const auto days = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date{days};
  const std::chrono::hh_mm_ss time{seconds - days};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

void append_limit(std::string& out, std::string_view name, const access::Limit& limit,
                  bool with_connections) {
  if (out.back() != '{') out += ',';
  fmt::format_to(std::back_inserter(out), R"("{}":{{"product_count":{},"request_frequency":{})", name,
                 limit.product_count, limit.request_frequency);
  if (with_connections)
    fmt::format_to(std::back_inserter(out), R"(,"max_connections":{})", limit.max_connections);
  out += '}';
}

void append_permission(std::string& out, const access::Plan& plan) {
  using access::Permission;
  out += '{';
  for (std::size_t index = 0; index < access::kPermissions; ++index) {
    const auto permission = static_cast<Permission>(index);
    const auto& limit = plan.limit(permission);
    // The original spells it so, and clients of the original read it so.
    if (permission == Permission::instrument_info) append_limit(out, "instrumen_info", limit, false);
    append_limit(out, access::kPermissionNames[index], limit, permission == Permission::ws);
  }
  out += '}';
}

std::string data_of(const access::NewKey& made, const access::Plan& plan) {
  std::string out = R"({"key":)";
  json::append_string(out, made.key);
  out += R"(,"email":)";
  json::append_string(out, made.record.name);
  out += R"(,"created_at":")" + date_time(made.record.created_at) + '"';
  if (made.record.expires_at) out += R"(,"expires_at":")" + date_time(*made.record.expires_at) + '"';
  out += R"(,"permission":)";
  append_permission(out, plan);
  out += '}';
  return out;
}

bool is_label(std::string_view label) {
  const auto is_inner = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !label.empty() && label.size() <= 63 && std::ranges::all_of(label, is_inner) &&
         label.front() != '-' && label.back() != '-';
}

// At least two labels: mail to "user@localhost" leads nowhere.
bool is_mail_host(std::string_view host) {
  std::size_t labels = 0;
  while (true) {
    const auto label = host.substr(0, host.find('.'));
    if (!is_label(label)) return false;
    ++labels;
    if (label.size() == host.size()) return labels >= 2;
    host.remove_prefix(label.size() + 1);
  }
}

bool is_local_part(std::string_view local) {
  constexpr std::string_view kAllowed = "!#$%&'*+-/=?^_`{|}~.";  // RFC 5322 atext, and the point
  const auto is_allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kAllowed.contains(c);
  };
  return !local.empty() && local.size() <= 64 && std::ranges::all_of(local, is_allowed) &&
         local.front() != '.' && local.back() != '.' && !local.contains("..");
}

}  // namespace

void RegistrationLimiter::forget_ended(SteadyTime now) {
  while (!by_end_.empty()) {
    const auto day = days_.find(by_end_.front());
    if (now < day->second.end) return;
    days_.erase(day);
    by_end_.pop_front();
  }
}

access::Quota RegistrationLimiter::take(std::string_view remote_address, SteadyTime now) {
  if (options_.per_address == 0) return {};
  std::string network = network_of(remote_address);
  const std::scoped_lock lock{mutex_};
  forget_ended(now);
  access::Quota quota{.allowed = false, .limit = options_.per_address};
  auto day = days_.find(network);
  if (day == days_.end()) {
    if (days_.size() >= options_.max_addresses) {
      quota.reset = by_end_.empty() ? options_.day : seconds_until(days_.at(by_end_.front()).end, now);
      return quota;
    }
    by_end_.push_back(network);
    day = days_.emplace(std::move(network), Day{.end = now + options_.day}).first;
  }
  quota.allowed = day->second.taken < options_.per_address;
  if (quota.allowed) ++day->second.taken;
  quota.remaining = options_.per_address - day->second.taken;
  quota.reset = seconds_until(day->second.end, now);
  return quota;
}

bool is_email(std::string_view text) {
  const auto at = text.find('@');
  return text.size() <= 254 && at != std::string_view::npos && is_local_part(text.substr(0, at)) &&
         is_mail_host(text.substr(at + 1));
}

Answer<std::string> register_key(const Request& request, const Context& context) {
  thread_local RequestParser parser;
  auto object = parser.read(request.body);
  if (!object) return passed_on(object);
  auto email = object->text("email");
  if (!email) return passed_on(email);
  if (!is_email(*email))
    return invalid("email: expected an address such as name@example.com, seen \"{}\"", *email);

  const auto quota = context.registrations.take(request.remote_address, context.services.clock.steady_now());
  if (!quota.allowed) {
    auto error = make_error(ErrorKind::too_many_requests,
                            fmt::format("{} registrations a day and address", quota.limit));
    error.quota = quota;
    return std::unexpected{std::move(error)};
  }
  const auto plan = context.gate.plan(context.options.registration_plan);
  if (!plan) return std::unexpected{make_error(ErrorKind::not_ready, "registration has no plan to give")};
  const auto made = context.gate.create(plan->name, *email, context.services.clock.now());
  if (!made) return std::unexpected{make_error(ErrorKind::not_ready, "the key could not be stored")};
  return data_of(*made, *plan);
}

}  // namespace qos::api::http
