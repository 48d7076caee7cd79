// From a whole HTTP request to a whole answer: one row a path in routes.cpp. Connections, parsing of HTTP
// itself, compression and keep-alive are the connection's (http/http_connection.hpp); nothing here touches a
// socket.
//
// Thread: the I/O loop's.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/gate.hpp"
#include "api/budget.hpp"
#include "api/error.hpp"
#include "api/query.hpp"
#include "api/server.hpp"
#include "api/worlds.hpp"

namespace qos::api::http {

struct Request {
  std::string_view method;          // "POST"
  std::string_view target;          // "/snapshot?key=K", as sent
  std::string_view key_header;      // the header `key`, empty if absent
  std::string_view authorization;   // the header `Authorization`, empty if absent
  std::string_view body;            // decompressed
  std::string_view remote_address;  // without port
};

// The answer to a question that others work on. Must be called once, on any thread.
using Answerer = std::function<void(struct Response)>;

struct Response {
  int status = 200;  // already mapped by ServerOptions::http_status
  std::string body;  // JSON
  std::vector<std::pair<std::string, std::string>>
      headers;                           // beside Content-Type, Content-Length, Date, Connection
  std::optional<access::Quota> quota{};  // of the permission that was charged
  bool comes_later = false;              // this is none: the Answerer that was taken brings it
  std::shared_ptr<const World> world{};  // then: where it is worked out, to be kept until it has come
};

struct Context {
  const Services& services;  // of the live world
  access::Gate& gate;
  const ServerOptions& options;
  class RegistrationLimiter& registrations;  // http/register.hpp
  Worlds* worlds = nullptr;                  // nullptr: no key travels
  LoopMemory* memory = nullptr;              // of the live world; nullptr: nothing is remembered
  Lag lag{};
  // Makes the request wait for its answer; taken at most once.
  std::function<Answerer()> wait{};
};

Response respond(const Request& request, const Context& context);

// {"msg":"OK","data":…,"missing":["US:NOPE"]}
Response ok_response(std::string data, const std::vector<std::string>& missing);

// The answer that says what is wrong, as an HTTP response.
Response error_response(const ApiError& error, HttpStatus style);

// The key of a request or of a WebSocket handshake: header `key`, then `?key=`, then `Authorization: Bearer`.
Answer<access::Grant> authenticate(const Request& request, access::Gate& gate, UnixNanos now);

// All of them for ?ext=1, none for ?ext=0 and without; anything else is an error.
Answer<Extensions> extensions_in_query(std::string_view target);

// "/snapshot?key=K" -> "/snapshot".
std::string_view path_of(std::string_view target);

}  // namespace qos::api::http
