// Typed access to the JSON of a request. Every error says which member, where, what was expected and what was
// seen: "invalid request: kline_reqs[2].co: expected an integer from 1 to 1000, seen 0".
//
// A member that is not asked for is ignored. An optional member that is null counts as absent: many clients
// serialise their unset fields so.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/error.hpp"

namespace qos::api {

// Inclusive.
struct IntegerRange {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

// One JSON object and where it stands. Views into the parser's memory: valid until its next read().
class RequestObject {
 public:
  RequestObject(simdjson::dom::object object, std::string place)
      : object_{object}, place_{std::move(place)} {}

  Answer<std::int64_t> integer(std::string_view name, IntegerRange range) const;
  Answer<std::optional<std::int64_t>> optional_integer(std::string_view name, IntegerRange range) const;
  Answer<bool> flag(std::string_view name, bool otherwise) const;
  Answer<std::string_view> text(std::string_view name) const;
  Answer<std::optional<std::string_view>> optional_text(std::string_view name) const;
  // May be empty.
  Answer<std::optional<std::vector<std::string_view>>> optional_texts(std::string_view name) const;
  // Required and not empty.
  Answer<std::vector<std::string_view>> texts(std::string_view name) const;
  Answer<std::vector<RequestObject>> objects(std::string_view name) const;
  // {"a":1,"b":2}, in its order; may be empty.
  using Named = std::pair<std::string_view, std::int64_t>;
  Answer<std::optional<std::vector<Named>>> optional_named_integers(std::string_view name,
                                                                    IntegerRange range) const;

  // "kline_reqs[2]" and "co" -> "kline_reqs[2].co".
  std::string place_of(std::string_view name) const;

 private:
  std::optional<simdjson::dom::element> find(std::string_view name) const;
  Answer<std::vector<std::string_view>> texts_in(simdjson::dom::array array, std::string_view name) const;

  simdjson::dom::object object_;
  std::string place_;
};

// Reads one request at a time and keeps its memory for the next: about fourteen bytes for each byte of the
// largest request so far. Belongs to one thread.
class RequestParser {
 public:
  RequestParser();
  // The whole text must be one JSON object, at most kMaxRequestDepth deep.
  Answer<RequestObject> read(std::string_view json);

 private:
  simdjson::dom::parser parser_;
};

// The protocol's own requests are three deep.
inline constexpr std::size_t kMaxRequestDepth = 32;
// Callers bound requests by configuration (ServerOptions::max_body_bytes); this is the bound of last resort.
inline constexpr std::size_t kMaxRequestBytes = std::size_t{16} << 20U;

// return passed_on(answer);  where the error of a step is the error of the whole.
template <typename T>
std::unexpected<ApiError> passed_on(Answer<T>& answer) {
  return std::unexpected{std::move(answer.error())};
}

// return invalid("{}: expected …", place);
template <typename... Args>
std::unexpected<ApiError> invalid(fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected{
      make_error(ErrorKind::invalid_request, fmt::format(format, std::forward<Args>(args)...))};
}

}  // namespace qos::api
