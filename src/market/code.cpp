#include "market/code.hpp"

#include <algorithm>

#include "market/plain_text.hpp"

namespace qos::market {
namespace {

constexpr std::string_view kExample = "a code looks like US:AAPL or HK:700";
constexpr std::size_t kHkDigits = 5;
constexpr std::size_t kChinaDigits = 6;

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
constexpr char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_digit);
}

// 00700 -> 700. No stock has the number 0.
Result<std::string> hong_kong(std::string_view symbol) {
  const auto significant = symbol.substr(std::min(symbol.find_first_not_of('0'), symbol.size()));
  if (!all_digits(symbol) || significant.empty() || significant.size() > kHkDigits)
    return fail("an HK symbol is a number of up to {} digits", kHkDigits);
  return std::string{significant};
}

Result<std::string> mainland(std::string_view symbol) {
  if (symbol.size() != kChinaDigits || !all_digits(symbol))
    return fail("an SH or SZ symbol has exactly {} digits", kChinaDigits);
  return std::string{symbol};
}

// Letters and digits, with single separators between them; letters in upper case. US share classes come as
// BRK.B, BRK-B and BRK/B and mean the same; elsewhere a separator is part of the name (BTCUSDT_260925).
Result<std::string> general(Market market, std::string_view symbol) {
  const std::string_view separators = market == Market::US ? "./-" : "._-";
  std::string canonical;
  bool after_separator = true;
  for (const char c : symbol) {
    const bool separator = separators.find(c) != std::string_view::npos;
    if ((!separator && !is_letter(c) && !is_digit(c)) || (separator && after_separator))
      return fail("a symbol has letters and digits, with single '{}' between them",
                  fmt::join(separators, "', '"));
    canonical += separator && market == Market::US ? '.' : upper(c);
    after_separator = separator;
  }
  if (after_separator) return fail("a symbol ends with a letter or a digit");
  return canonical;
}

Result<std::string> canonical_symbol(Market market, std::string_view symbol) {
  if (symbol.empty()) return fail("the symbol is missing");
  if (symbol.size() > kMaxSymbol) return fail("a symbol has at most {} characters", kMaxSymbol);
  switch (market) {
    case Market::HK:
      return hong_kong(symbol);
    case Market::SH:
    case Market::SZ:
      return mainland(symbol);
    default:
      return general(market, symbol);
  }
}

// The market that the parts of one string stand in, as the last colon said it.
struct Prefix {
  Market market = Market::US;
  std::string_view text;  // as the client spelt it; empty: none yet
};

Result<SpelledCode> parse_part(std::string_view part, Prefix& prefix) {
  std::string_view symbol = part;
  if (const auto colon = part.find(':'); colon != std::string_view::npos) {
    const auto market = parse_market(part.substr(0, colon));
    if (!market)
      return fail("malformed code {}: {} is no market; {}", shown(part), shown(part.substr(0, colon)),
                  kExample);
    prefix = {*market, part.substr(0, colon)};
    symbol.remove_prefix(colon + 1);
  } else if (prefix.text.empty()) {
    return fail("malformed code {}: the market is missing; {}", shown(part), kExample);
  }
  auto canonical = canonical_symbol(prefix.market, symbol);
  if (!canonical) return fail("malformed code {}: {}; {}", shown(part), canonical.error().message, kExample);

  SpelledCode result{.code = {prefix.market, std::move(*canonical)}, .spelling = {}};
  result.spelling.reserve(prefix.text.size() + 1 + symbol.size());
  result.spelling.append(prefix.text).append(":").append(symbol);
  return result;
}

}  // namespace

std::string Code::to_string() const {
  std::string text{text_of(market)};
  text += ':';
  text += symbol;
  return text;
}

Result<std::vector<SpelledCode>> parse_codes(std::string_view text) {
  std::vector<SpelledCode> codes;
  Prefix prefix;
  for (bool more = true; more;) {
    const auto comma = text.find(',');
    more = comma != std::string_view::npos;
    if (codes.size() == kMaxCodes) return fail("more than {} codes in one string", kMaxCodes);
    auto code = parse_part(trimmed(text.substr(0, comma)), prefix);
    if (!code) return std::unexpected{std::move(code.error())};
    codes.push_back(std::move(*code));
    if (more) text.remove_prefix(comma + 1);
  }
  return codes;
}

Result<SpelledCode> parse_code(std::string_view text) {
  Prefix prefix;
  return parse_part(trimmed(text), prefix);
}

}  // namespace qos::market
