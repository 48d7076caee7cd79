#include "e2e/json.hpp"

#include <map>

namespace qos::e2e {
namespace {

void write(std::string& out, const simdjson::dom::element& value) {
  if (simdjson::dom::object object; value.get(object) == simdjson::SUCCESS) {
    std::map<std::string, simdjson::dom::element> members;
    for (const auto& field : object) {
      EXPECT_TRUE(members.emplace(field.key, field.value).second) << "member twice: " << field.key;
    }
    out += '{';
    for (const auto& [name, member] : members) {
      if (out.back() != '{') out += ',';
      out += '"' + name + "\":";
      write(out, member);
    }
    out += '}';
  } else if (simdjson::dom::array array; value.get(array) == simdjson::SUCCESS) {
    out += '[';
    for (const auto& item : array) {
      if (out.back() != '[') out += ',';
      write(out, item);
    }
    out += ']';
  } else {
    out += simdjson::minify(value);
  }
}

}  // namespace

std::string canonical(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded{text};
  if (const auto problem = parser.parse(padded).get(root); problem != simdjson::SUCCESS) {
    ADD_FAILURE() << "no JSON (" << simdjson::error_message(problem) << "): " << text;
    return {};
  }
  std::string out;
  write(out, root);
  return out;
}

std::string at(std::string_view text, std::string_view pointer) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded{text};
  if (parser.parse(padded).get(root) != simdjson::SUCCESS) {
    ADD_FAILURE() << "no JSON: " << text;
    return {};
  }
  simdjson::dom::element part;
  if (root.at_pointer(pointer).get(part) != simdjson::SUCCESS) return {};
  std::string out;
  write(out, part);
  return out;
}

}  // namespace qos::e2e
