#include "feed/binance/fields.hpp"

#include <algorithm>

#include "market/code.hpp"

namespace qos::feed::binance {
namespace {

// The last millisecond that nanoseconds in 64 bits reach, in the year 2262.
constexpr std::uint64_t kLastMillisecond = 9'223'372'036'854;

}  // namespace

std::string shown(std::string_view text) {
  std::string out{text.substr(0, 40)};
  std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '?');
  if (text.size() > out.size()) out += "…";
  return out;
}

bool Fields::has(std::string_view key) const {
  return object_.at_key(key).error() == simdjson::SUCCESS;
}

std::optional<simdjson::dom::element> Fields::find(std::string_view key, std::string_view expected) {
  simdjson::dom::element element;
  if (object_.at_key(key).get(element) == simdjson::SUCCESS) return element;
  refuse(key, "absent", expected);
  return std::nullopt;
}

void Fields::refuse(std::string_view key, std::string_view seen, std::string_view expected) {
  if (!failure_)
    failure_ = Error{fmt::format("{}: '{}' is {}, expected {}", what_, key, shown(seen), expected)};
}

void Fields::require(bool condition, std::string_view expected) {
  if (!condition && !failure_) failure_ = Error{fmt::format("{}: expected {}", what_, expected)};
}

std::string_view Fields::text(std::string_view key) {
  const auto element = find(key, "a string");
  std::string_view text;
  if (element && element->get(text) != simdjson::SUCCESS) refuse(key, "no string", "a string");
  return text;
}

std::string_view Fields::symbol(std::string_view key) {
  const auto symbol = text(key);
  if (symbol.empty() || symbol.size() > market::kMaxSymbol)
    refuse(key, fmt::format("{} bytes long", symbol.size()), "a symbol");
  return symbol;
}

std::uint64_t Fields::id(std::string_view key) {
  const auto element = find(key, "a whole number");
  std::uint64_t id = 0;
  if (element && element->get(id) != simdjson::SUCCESS) refuse(key, "something else", "a whole number");
  return id;
}

bool Fields::boolean(std::string_view key) {
  const auto element = find(key, "true or false");
  bool value = false;
  if (element && element->get(value) != simdjson::SUCCESS) refuse(key, "something else", "true or false");
  return value;
}

UnixNanos Fields::event_time() {
  const std::string_view key = has("T") ? "T" : "E";
  const auto milliseconds = id(key);
  if (milliseconds == 0 || milliseconds > kLastMillisecond) {
    refuse(key, fmt::format("{}", milliseconds), "milliseconds since 1970, before 2262");
    return {};
  }
  return from_unix_nanos(static_cast<std::int64_t>(milliseconds) * 1'000'000);
}

template <typename T>
T Fields::decimal(std::string_view key, std::string_view text, Zero zero) {
  const auto value = T::parse(text);
  if (value && (*value > T{} || (zero == Zero::allowed && *value == T{}))) return *value;
  refuse(key, text,
         zero == Zero::allowed ? "a decimal that fits, not below 0" : "a decimal that fits, above 0");
  return T{};
}

Price Fields::price(std::string_view key, Zero zero) {
  return decimal<Price>(key, text(key), zero);
}
Quantity Fields::quantity(std::string_view key, Zero zero) {
  return decimal<Quantity>(key, text(key), zero);
}
Volume Fields::volume(std::string_view key) {
  return decimal<Volume>(key, text(key), Zero::allowed);
}
Turnover Fields::turnover(std::string_view key) {
  return decimal<Turnover>(key, text(key), Zero::allowed);
}

bool Fields::level(simdjson::dom::element element, Zero sizes, std::string_view key, Level& out) {
  simdjson::dom::array pair;
  std::string_view price;
  std::string_view size;
  if (element.get(pair) != simdjson::SUCCESS || pair.size() != 2 ||
      pair.at(0).get(price) != simdjson::SUCCESS || pair.at(1).get(size) != simdjson::SUCCESS) {
    refuse(key, "holding something else", R"(a list of ["price","size"])");
    return false;
  }
  out.price = decimal<Price>(key, price, Zero::refused);
  out.size = decimal<Quantity>(key, size, sizes);
  return !failure_;
}

void Fields::levels(std::string_view key, Zero sizes, std::vector<Level>& out) {
  out.clear();
  const auto element = find(key, "a list of levels");
  if (!element) return;
  simdjson::dom::array list;
  if (element->get(list) != simdjson::SUCCESS) return refuse(key, "no list", "a list of levels");
  for (const auto item : list) {
    if (out.size() == kMaxLevels) return refuse(key, "longer", fmt::format("at most {} levels", kMaxLevels));
    Level level;
    if (!this->level(item, sizes, key, level)) return;
    out.push_back(level);
  }
}

}  // namespace qos::feed::binance
