#include "api/http/routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/explain.hpp"
#include "api/explain_answer.hpp"
#include "api/http/register.hpp"
#include "api/json/encode.hpp"

namespace qos::api::http {
namespace {

// What a path leads to. /register needs no key and reads no market; /explain is answered later.
enum class Kind : std::uint8_t { question, registration, explanation, health };

struct Route {
  std::string_view path;
  std::string_view method;
  Endpoint question = Endpoint::snapshot;
  Kind kind = Kind::question;
};

constexpr std::array<Route, 12> kRoutes{{
    {"/snapshot", "POST", Endpoint::snapshot},
    {"/depth", "POST", Endpoint::depth},
    {"/trade", "POST", Endpoint::trade},
    {"/kline", "POST", Endpoint::kline},
    {"/history", "POST", Endpoint::history},
    {"/instrument-info", "POST", Endpoint::instrument_info},
    {"/product-list", "POST", Endpoint::product_list},
    {"/market-calendar", "POST", Endpoint::market_calendar},
    {"/corporate-actions", "POST", Endpoint::corporate_actions},
    {.path = "/register", .method = "POST", .kind = Kind::registration},
    {.path = "/health", .method = "GET", .kind = Kind::health},
    {.path = "/explain", .method = "POST", .kind = Kind::explanation},
}};

const Route* find_route(std::string_view path) {
  const auto* route = std::ranges::find(kRoutes, path, &Route::path);
  return route == kRoutes.end() ? nullptr : route;
}

void add_quota(Response& response, const access::Quota& quota) {
  response.quota = quota;
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

}  // namespace

Response ok_response(std::string data, const std::vector<std::string>& missing) {
  Response response;
  response.body = std::move(data);
  response.body.insert(0, R"({"msg":"OK","data":)");
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

namespace {

// Who asks, how often he has, and in which world.
struct Asker {
  access::Grant grant;
  access::Quota quota;
  std::shared_ptr<const World> world;  // nullptr: the live one

  const Services& services(const Context& context) const {
    return world ? world->services : context.services;
  }
};

std::expected<Asker, Response> let_in(access::Permission permission, const Request& request,
                                      const Context& context) {
  const auto style = context.options.http_status;
  auto& clock = context.services.clock;
  auto grant = authenticate(request, context.gate, clock.now());
  if (!grant) return std::unexpected{error_response(grant.error(), style)};
  Asker asker{.grant = std::move(*grant), .quota = {}, .world = nullptr};
  asker.quota = context.gate.take(asker.grant, permission, clock.steady_now());
  const auto refuse = [&](ApiError error) {
    error.quota = asker.quota;
    return std::unexpected{error_response(error, style)};
  };
  if (!asker.quota.allowed)
    return refuse(make_error(ErrorKind::too_many_requests, fmt::format("{} a minute", asker.quota.limit)));
  if (!asker.grant.nature.travel) return asker;
  if (context.worlds != nullptr) asker.world = context.worlds->of(asker.grant);
  if (!asker.world) return refuse(not_ready_yet(kWorldNotReady));
  return asker;
}

// The questions whose body has a member `ext`.
bool has_extensions(Endpoint endpoint) {
  return endpoint == Endpoint::kline || endpoint == Endpoint::history;
}

// Which of lim and lag the client asks to be told: a parameter ?ext=1, or names in the body's member `ext`.
// What is wrong with the body is not for here to say, and it may not have been looked at: then the answer is
// a 429.
Extensions budget_extensions(const Request& request) {
  if (const auto ext = extensions_in_query(request.target); ext && (ext->lim || ext->lag)) return *ext;
  const Route* route = find_route(path_of(request.target));
  if (!route || route->kind != Kind::question || !has_extensions(route->question)) return {};
  if (!request.body.contains(R"("lim")") && !request.body.contains(R"("lag")")) return {};
  thread_local RequestParser parser;
  auto object = parser.read(request.body);
  const auto ext = object ? read_kline_extensions(*object) : Answer<Extensions>{};
  return ext.value_or(Extensions{});
}

Response answer_question(Endpoint endpoint, const Request& request, const Context& context) {
  const auto style = context.options.http_status;
  const auto asker = let_in(permission_of(endpoint), request, context);
  if (!asker) return asker.error();
  // Elsewhere ?ext= asks for lim and lag alone, and anything but 1 is a parameter that nobody knows.
  const auto ext = has_extensions(endpoint) ? extensions_in_query(request.target) : Extensions{};
  LoopMemory* memory = asker->world ? nullptr : context.memory;
  auto answer = ext ? ask(endpoint, request.body, asker->grant, asker->services(context), *ext, memory)
                    : Answer<QueryAnswer>{std::unexpected{ext.error()}};
  if (!answer) {
    answer.error().quota = asker->quota;
    return error_response(answer.error(), style);
  }
  auto response = ok_response(std::move(answer->data), answer->missing);
  add_quota(response, asker->quota);
  return response;
}

// The journal is asked, and its answer is put into words on the thread that brings it.
Response answer_explanation(const Request& request, const Context& context) {
  const auto style = context.options.http_status;
  auto asker = let_in(access::Permission::history, request, context);
  if (!asker) return asker.error();
  const auto refuse = [&](ApiError error) {
    error.quota = asker->quota;
    return error_response(error, style);
  };
  const Services& services = asker->services(context);
  if (!services.health.ready()) return refuse(make_error(ErrorKind::not_ready, "the server is recovering"));
  if (services.explainer == nullptr || !context.wait)
    return refuse(make_error(ErrorKind::not_found, "/explain: this server keeps no journal"));
  auto question = read_explain_question(request.body, services.instruments);
  if (!question) return refuse(question.error());
  if (question->instrument == nullptr) {
    auto response = ok_response("{}", {question->spelling});
    response.quota = asker->quota;
    return response;
  }

  // On the thread that works it out. It keeps no world alive: a world must not end on a thread of its own.
  const auto finish = [style, quota = asker->quota, ext = budget_extensions(request),
                       lag = context.lag](const Answer<std::string>& data) {
    Response response;
    if (data) {
      response = ok_response(*data, {});
      add_quota(response, quota);
    } else {
      auto error = data.error();
      error.quota = quota;
      response = error_response(error, style);
    }
    tell_budget(response.body, ext, quota, lag);
    return response;
  };
  const bool is_taken = services.explainer->ask(
      question->query, [finish, question = *question, answer = context.wait()](const auto& explained) {
        answer(finish(explain(question, explained)));
      });
  // Then the answerer has gone unused with what was asked, and this is the answer.
  if (!is_taken) return refuse(not_ready_yet("too many explanations are being worked out"));
  return {.comes_later = true, .world = asker->world};
}

Response answer_registration(const Request& request, const Context& context) {
  const auto data = register_key(request, context);
  return data ? ok_response(*data, {}) : error_response(data.error(), context.options.http_status);
}

// {"msg":"OK","data":{"ready":true,"draining":false,"journal":"ok"}}: for whoever watches the server, without
// a key. 503 until the server is ready and once it drains, even where every other answer is a 200: a load
// balancer reads nothing else.
Response answer_health(const Health& health) {
  auto response = ok_response(fmt::format(R"({{"ready":{},"draining":{},"journal":"{}"}})", health.ready(),
                                          health.draining(), health.journal()),
                              {});
  if (!health.ready() || health.draining()) response.status = 503;
  return response;
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
  if (error.retry_after)
    response.headers.emplace_back("Retry-After", fmt::format("{}", error.retry_after->count()));
  if (error.quota) add_quota(response, *error.quota);
  return response;
}

namespace {

Response answer_by_route(const Request& request, const Context& context) {
  const auto style = context.options.http_status;
  const auto path = path_of(request.target);
  const Route* route = find_route(path);
  // A server that registers nobody has no such path.
  const bool is_closed =
      route && route->kind == Kind::registration && context.options.registration == Registration::closed;
  if (!route || is_closed) return error_response(make_error(ErrorKind::not_found, path), style);
  if (request.method != route->method) {
    auto error =
        make_error(ErrorKind::method_not_allowed, fmt::format("{} asks with {}", route->path, route->method));
    error.allow = route->method;
    return error_response(error, style);
  }
  switch (route->kind) {
    case Kind::registration:
      return answer_registration(request, context);
    case Kind::explanation:
      return answer_explanation(request, context);
    case Kind::health:
      return answer_health(context.services.health);
    case Kind::question:
      break;
  }
  return answer_question(route->question, request, context);
}

}  // namespace

Response respond(const Request& request, const Context& context) {
  auto response = answer_by_route(request, context);
  if (response.comes_later) return response;
  tell_budget(response.body, budget_extensions(request), response.quota, context.lag);
  return response;
}

}  // namespace qos::api::http
