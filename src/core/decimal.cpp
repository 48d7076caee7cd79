#include "core/decimal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "core/result.hpp"

namespace qos {
namespace {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The parts of a number that cannot overflow 64 bits, so that nothing has to be checked digit by digit:
// nearly all that a feed sends, and several times faster to read than 128 bits.
struct ShortNumber {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
};
constexpr int kShortDigits = 18;

std::optional<ShortNumber> split_short(std::string_view text, int digits) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  const auto fraction = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  // "5." is refused where the rest is.
  const bool bare_point = point != std::string_view::npos && fraction.empty();
  const auto places = static_cast<std::size_t>(digits);
  if (whole.empty() || bare_point || fraction.size() > places || whole.size() + places > kShortDigits)
    return std::nullopt;
  return ShortNumber{negative, whole, fraction};
}

std::optional<std::int64_t> parse_short(const ShortNumber& number, int digits) {
  std::int64_t value = 0;
  for (const auto part : {number.whole, number.fraction})
    for (const char c : part) {
      if (!is_digit(c)) return std::nullopt;
      value = value * 10 + (c - '0');
    }
  for (auto place = number.fraction.size(); place < static_cast<std::size_t>(digits); ++place) value *= 10;
  return number.negative ? -value : value;
}

}  // namespace

std::optional<Int128> parse_scaled128(std::string_view text, int digits) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  const auto fraction = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  if (whole.empty() || (point != std::string_view::npos && fraction.empty())) return std::nullopt;

  // Accumulates below zero, where two's complement has one value more.
  constexpr Int128 kMin = std::numeric_limits<Int128>::min();
  Int128 value = 0;
  const auto push = [&](char c) {
    if (!is_digit(c)) return false;
    const int digit = c - '0';
    if (value < (kMin + digit) / 10) return false;
    value = value * 10 - digit;
    return true;
  };
  for (const char c : whole)
    if (!push(c)) return std::nullopt;
  for (int place = 0; place < digits; ++place) {
    const auto index = static_cast<std::size_t>(place);
    if (!push(index < fraction.size() ? fraction[index] : '0')) return std::nullopt;
  }
  for (auto index = static_cast<std::size_t>(digits); index < fraction.size(); ++index)
    if (fraction[index] != '0') return std::nullopt;
  if (negative) return value;
  if (value == kMin) return std::nullopt;
  return -value;
}

std::optional<std::int64_t> parse_scaled(std::string_view text, int digits) {
  if (const auto number = split_short(text, digits)) return parse_short(*number, digits);
  const auto wide = parse_scaled128(text, digits);
  if (!wide || *wide < std::numeric_limits<std::int64_t>::min() ||
      *wide > std::numeric_limits<std::int64_t>::max())
    return std::nullopt;
  return static_cast<std::int64_t>(*wide);
}

namespace {

// What fits 64 bits, as nearly everything does.
void append_narrow(std::string& out, bool negative, std::uint64_t magnitude, int digits, int min_decimals) {
  std::array<char, 20> text;
  const auto written = std::to_chars(text.data(), text.data() + text.size(), magnitude);
  const auto size = static_cast<int>(written.ptr - text.data());
  // A sign, 20 digits, a point and 36 decimals.
  std::array<char, 64> buffer;
  char* at = buffer.data();
  if (negative) *at++ = '-';
  const int whole = std::max(size - digits, 0);
  at = whole > 0 ? std::copy_n(text.data(), whole, at) : std::fill_n(at, 1, '0');
  if (digits > 0) {
    *at++ = '.';
    at = std::fill_n(at, std::max(digits - size, 0), '0');
    at = std::copy(text.data() + whole, written.ptr, at);
    const char* const least = at - (digits - min_decimals);
    while (at > least && at[-1] == '0') --at;
    if (at[-1] == '.') --at;
  }
  out.append(buffer.data(), at);
}

}  // namespace

void append_scaled(std::string& out, Int128 value, int digits, int min_decimals) {
  QOS_ASSERT(digits >= 0 && digits <= 36 && min_decimals >= 0 && min_decimals <= digits);
  __extension__ using Wide = unsigned __int128;
  const bool negative = value < 0;
  Wide wide = negative ? Wide{0} - static_cast<Wide>(value) : static_cast<Wide>(value);
  if (wide <= std::numeric_limits<std::uint64_t>::max())
    return append_narrow(out, negative, static_cast<std::uint64_t>(wide), digits, min_decimals);
  // Written from the right: 39 digits, a point, a sign and at most 37 padding zeros.
  std::array<char, 80> buffer;
  char* const end = buffer.data() + buffer.size();
  char* at = end;
  int decimals_left = digits;
  bool started = false;
  const auto push_digit = [&](int digit) {
    if (decimals_left > 0) {
      started = started || digit != 0 || decimals_left <= min_decimals;
      if (started) *--at = static_cast<char>('0' + digit);
      if (--decimals_left == 0 && started) *--at = '.';
    } else {
      *--at = static_cast<char>('0' + digit);
    }
  };
  while (wide > std::numeric_limits<std::uint64_t>::max()) {
    push_digit(static_cast<int>(wide % 10));
    wide /= 10;
  }
  for (auto narrow = static_cast<std::uint64_t>(wide); narrow != 0; narrow /= 10)
    push_digit(static_cast<int>(narrow % 10));
  while (decimals_left > 0) push_digit(0);
  if (at == end || *at == '.') *--at = '0';
  if (negative) *--at = '-';
  out.append(at, end);
}

void append_integer(std::string& out, std::int64_t value) {
  std::array<char, 24> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), end);
}

int decimals_in(std::string_view text) {
  const auto point = text.find('.');
  return point == std::string_view::npos ? 0 : static_cast<int>(text.size() - point - 1);
}

}  // namespace qos
