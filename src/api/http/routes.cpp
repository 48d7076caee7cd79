#include "api/http/routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/http/register.hpp"
#include "api/json/encode.hpp"

namespace qos::api::http {
namespace {

// What a path leads to. /register is no question: it needs no key and reads no market.
struct Route {
  std::string_view path;
  std::string_view method;
  std::optional<Endpoint> question;  // nullopt: /register
};

constexpr std::array<Route, 10> kRoutes{{
    {"/snapshot", "POST", Endpoint::snapshot},
    {"/depth", "POST", Endpoint::depth},
    {"/trade", "POST", Endpoint::trade},
    {"/kline", "POST", Endpoint::kline},
    {"/history", "POST", Endpoint::history},
    {"/instrument-info", "POST", Endpoint::instrument_info},
    {"/product-list", "POST", Endpoint::product_list},
    {"/market-calendar", "POST", Endpoint::market_calendar},
    {"/corporate-actions", "POST", Endpoint::corporate_actions},
    {"/register", "POST", std::nullopt},
}};

const Route* find_route(std::string_view path) {
  const auto* route = std::ranges::find(kRoutes, path, &Route::path);
  return route == kRoutes.end() ? nullptr : route;
}

void add_quota(Response& response, const access::Quota& quota) {
  if (quota.limit == 0) return;  // unlimited: there is nothing to count
  response.headers.emplace_back("RateLimit-Limit", fmt::format("{}", quota.limit));
  response.headers.emplace_back("RateLimit-Remaining", fmt::format("{}", quota.remaining));
  response.headers.emplace_back("RateLimit-Reset", fmt::format("{}", quota.reset.count()));
}

// Seconds after which asking again makes sense. A quota starts anew at its reset; a request for too many
// products or a connection too many has no such time, and is told the length of a quota's window.
std::chrono::seconds retry_after(const ApiError& error) {
  if (!error.quota || error.quota->limit == 0) return std::chrono::minutes{1};
  return std::max(error.quota->reset, std::chrono::seconds{1});
}

// {"msg":"OK","data":…,"missing":["US:NOPE"]}
Response ok_response(std::string_view data, const std::vector<std::string>& missing) {
  Response response;
  response.body.reserve(data.size() + 32);
  response.body += R"({"msg":"OK","data":)";
  response.body += data;
  if (!missing.empty()) {
    response.body += R"(,"missing":[)";
    for (const auto& code : missing) {
      if (response.body.back() != '[') response.body += ',';
      json::append_string(response.body, code);
    }
    response.body += ']';
  }
  response.body += '}';
  return response;
}

Response answer_question(Endpoint endpoint, const Request& request, const Context& context) {
  const auto style = context.options.http_status;
  auto& clock = context.services.clock;
  auto grant = authenticate(request, context.gate, clock.now());
  if (!grant) return error_response(grant.error(), style);

  const auto quota = context.gate.take(*grant, permission_of(endpoint), clock.steady_now());
  if (!quota.allowed) {
    auto error = make_error(ErrorKind::too_many_requests, fmt::format("{} a minute", quota.limit));
    error.quota = quota;
    return error_response(error, style);
  }
  // Elsewhere ?ext= is a parameter like any other that nobody knows.
  const bool has_extensions = endpoint == Endpoint::kline || endpoint == Endpoint::history;
  const auto ext = has_extensions ? extensions_in_query(request.target) : Extensions{};
  auto answer = ext ? ask(endpoint, request.body, *grant, context.services, *ext)
                    : Answer<QueryAnswer>{std::unexpected{ext.error()}};
  if (!answer) {
    answer.error().quota = quota;
    return error_response(answer.error(), style);
  }
  auto response = ok_response(answer->data, answer->missing);
  add_quota(response, quota);
  return response;
}

Response answer_registration(const Request& request, const Context& context) {
  const auto data = register_key(request, context);
  return data ? ok_response(*data, {}) : error_response(data.error(), context.options.http_status);
}

}  // namespace

Response error_response(const ApiError& error, HttpStatus style) {
  const auto& row = row_of(error.kind);
  Response response;
  response.status = style == HttpStatus::always_200 ? 200 : row.status;
  response.body = R"({"msg":)";
  json::append_string(response.body, error.message);
  fmt::format_to(std::back_inserter(response.body), R"(,"code":{}}})", row.code);
  if (!error.allow.empty()) response.headers.emplace_back("Allow", error.allow);
  if (row.status == 429)
    response.headers.emplace_back("Retry-After", fmt::format("{}", retry_after(error).count()));
  if (error.quota) add_quota(response, *error.quota);
  return response;
}

Response respond(const Request& request, const Context& context) {
  const auto style = context.options.http_status;
  const auto path = path_of(request.target);
  const Route* route = find_route(path);
  // A server that registers nobody has no such path.
  const bool is_closed = route && !route->question && context.options.registration == Registration::closed;
  if (!route || is_closed) return error_response(make_error(ErrorKind::not_found, path), style);
  if (request.method != route->method) {
    auto error =
        make_error(ErrorKind::method_not_allowed, fmt::format("{} asks with {}", route->path, route->method));
    error.allow = route->method;
    return error_response(error, style);
  }
  return route->question ? answer_question(*route->question, request, context)
                         : answer_registration(request, context);
}

}  // namespace qos::api::http
