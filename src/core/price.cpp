#include "core/price.hpp"

namespace qos {
namespace {

template <typename T>
std::string text_of(T value) {
  std::string out;
  append_scaled(out, value.raw(), T::kDigits);
  return out;
}

}  // namespace

std::optional<Price> Price::parse(std::string_view decimal) {
  return parse_scaled(decimal, kDigits).transform(&Price::from_raw);
}
std::optional<Quantity> Quantity::parse(std::string_view decimal) {
  return parse_scaled(decimal, kDigits).transform(&Quantity::from_raw);
}
std::optional<Volume> Volume::parse(std::string_view decimal) {
  return parse_scaled128(decimal, kDigits).transform(&Volume::from_raw);
}
std::optional<Turnover> Turnover::parse(std::string_view decimal) {
  return parse_scaled128(decimal, kDigits).transform(&Turnover::from_raw);
}

std::string Price::to_string() const {
  return text_of(*this);
}
std::string Quantity::to_string() const {
  return text_of(*this);
}
std::string Volume::to_string() const {
  return text_of(*this);
}
std::string Turnover::to_string() const {
  return text_of(*this);
}

}  // namespace qos
