#include "api/request.hpp"

namespace qos::api {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

// What a client sent, short enough for an error message.
std::string seen_text(std::string_view text) {
  constexpr std::size_t kMaxQuoted = 40;
  if (text.size() <= kMaxQuoted) return fmt::format("\"{}\"", text);
  std::size_t end = kMaxQuoted;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return fmt::format("\"{}…\"", text.substr(0, end));
}

std::string seen(element value) {
  switch (value.type()) {
    case element_type::ARRAY:
      return "an array";
    case element_type::OBJECT:
      return "an object";
    case element_type::INT64:
      return fmt::format("{}", value.get_int64().value_unsafe());
    case element_type::UINT64:
      return fmt::format("{}", value.get_uint64().value_unsafe());
    case element_type::DOUBLE:
      return fmt::format("the fraction {}", value.get_double().value_unsafe());
    case element_type::STRING:
      return seen_text(value.get_string().value_unsafe());
    case element_type::BOOL:
      return value.get_bool().value_unsafe() ? "true" : "false";
    case element_type::NULL_VALUE:
      return "null";
  }
  return "something else";
}

std::string seen(const std::optional<element>& value) {
  return value ? seen(*value) : "nothing";
}

std::unexpected<ApiError> unlike(std::string_view place, std::string_view expected,
                                 const std::optional<element>& value) {
  return invalid("{}: expected {}, seen {}", place, expected, seen(value));
}

std::string expected_integer(IntegerRange range) {
  return fmt::format("an integer from {} to {}", range.min, range.max);
}

}  // namespace

std::string RequestObject::place_of(std::string_view name) const {
  return place_.empty() ? std::string{name} : fmt::format("{}.{}", place_, name);
}

std::optional<element> RequestObject::find(std::string_view name) const {
  element value;
  if (object_.at_key(name).get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

Answer<std::int64_t> RequestObject::integer(std::string_view name, IntegerRange range) const {
  const auto value = find(name);
  std::int64_t number = 0;
  if (!value || value->get_int64().get(number) != simdjson::SUCCESS || number < range.min ||
      number > range.max)
    return unlike(place_of(name), expected_integer(range), value);
  return number;
}

Answer<std::optional<std::int64_t>> RequestObject::optional_integer(std::string_view name,
                                                                    IntegerRange range) const {
  const auto value = find(name);
  if (!value || value->is_null()) return std::nullopt;
  auto number = integer(name, range);
  if (!number) return passed_on(number);
  return *number;
}

Answer<bool> RequestObject::flag(std::string_view name, bool otherwise) const {
  const auto value = find(name);
  if (!value || value->is_null()) return otherwise;
  bool on = false;
  if (value->get_bool().get(on) != simdjson::SUCCESS) return unlike(place_of(name), "true or false", value);
  return on;
}

Answer<std::string_view> RequestObject::text(std::string_view name) const {
  const auto value = find(name);
  std::string_view text;
  if (!value || value->get_string().get(text) != simdjson::SUCCESS)
    return unlike(place_of(name), "a string", value);
  return text;
}

Answer<std::optional<std::string_view>> RequestObject::optional_text(std::string_view name) const {
  const auto value = find(name);
  if (!value || value->is_null()) return std::nullopt;
  auto known = text(name);
  if (!known) return passed_on(known);
  return *known;
}

Answer<std::vector<std::string_view>> RequestObject::texts_in(simdjson::dom::array array,
                                                              std::string_view name) const {
  std::vector<std::string_view> texts;
  for (const auto item : array) {
    std::string_view text;
    if (item.get_string().get(text) != simdjson::SUCCESS)
      return unlike(fmt::format("{}[{}]", place_of(name), texts.size()), "a string", item);
    texts.push_back(text);
  }
  return texts;
}

Answer<std::optional<std::vector<std::string_view>>> RequestObject::optional_texts(
    std::string_view name) const {
  const auto value = find(name);
  if (!value || value->is_null()) return std::nullopt;
  simdjson::dom::array array;
  if (value->get_array().get(array) != simdjson::SUCCESS)
    return unlike(place_of(name), "an array of strings", value);
  auto texts = texts_in(array, name);
  if (!texts) return passed_on(texts);
  return std::move(*texts);
}

Answer<std::vector<std::string_view>> RequestObject::texts(std::string_view name) const {
  constexpr std::string_view kExpected = "an array of strings, not empty";
  const auto value = find(name);
  simdjson::dom::array array;
  if (!value || value->get_array().get(array) != simdjson::SUCCESS)
    return unlike(place_of(name), kExpected, value);
  auto texts = texts_in(array, name);
  if (texts && texts->empty())
    return invalid("{}: expected {}, seen an empty one", place_of(name), kExpected);
  return texts;
}

Answer<std::vector<RequestObject>> RequestObject::objects(std::string_view name) const {
  constexpr std::string_view kExpected = "an array of objects, not empty";
  const auto value = find(name);
  simdjson::dom::array array;
  if (!value || value->get_array().get(array) != simdjson::SUCCESS)
    return unlike(place_of(name), kExpected, value);
  std::vector<RequestObject> objects;
  for (const auto item : array) {
    auto place = fmt::format("{}[{}]", place_of(name), objects.size());
    simdjson::dom::object object;
    if (item.get_object().get(object) != simdjson::SUCCESS) return unlike(place, "an object", item);
    objects.emplace_back(object, std::move(place));
  }
  if (objects.empty()) return invalid("{}: expected {}, seen an empty one", place_of(name), kExpected);
  return objects;
}

Answer<std::optional<std::vector<RequestObject::Named>>> RequestObject::optional_named_integers(
    std::string_view name, IntegerRange range) const {
  const auto value = find(name);
  if (!value || value->is_null()) return std::nullopt;
  simdjson::dom::object object;
  if (value->get_object().get(object) != simdjson::SUCCESS)
    return unlike(place_of(name), "an object of integers", value);
  std::vector<Named> named;
  for (const auto field : object) {
    std::int64_t number = 0;
    if (field.value.get_int64().get(number) != simdjson::SUCCESS || number < range.min || number > range.max)
      return invalid("{}: {}: expected {}, seen {}", place_of(name), seen_text(field.key),
                     expected_integer(range), seen(field.value));
    named.emplace_back(field.key, number);
  }
  return named;
}

RequestParser::RequestParser() : parser_{kMaxRequestBytes} {
  // Sets the depth too. Without memory the first read() says so.
  [[maybe_unused]] const auto error = parser_.allocate(4096, kMaxRequestDepth);
}

Answer<RequestObject> RequestParser::read(std::string_view json) {
  if (json.size() > kMaxRequestBytes)
    return std::unexpected{make_error(ErrorKind::request_too_large,
                                      fmt::format("{} bytes, at most {}", json.size(), kMaxRequestBytes))};
  if (json.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return invalid("expected a JSON object, seen nothing");
  element root;
  if (const auto error = parser_.parse(json.data(), json.size()).get(root); error != simdjson::SUCCESS)
    return invalid("not JSON ({})", simdjson::error_message(error));
  simdjson::dom::object object;
  if (root.get_object().get(object) != simdjson::SUCCESS)
    return invalid("expected a JSON object, seen {}", seen(root));
  return RequestObject{object, {}};
}

}  // namespace qos::api
