#include "archive/tdx_units.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <ranges>

#include "archive/china_class.hpp"
#include "market/plain_text.hpp"

namespace qos::archive {
namespace {

constexpr std::size_t kSymbolDigits = 6;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_power_of_ten(std::int64_t value) {
  while (value > 1 && value % 10 == 0) value /= 10;
  return value == 1;
}

struct Parts {
  CodePattern pattern;
  std::int64_t value;
};

Result<Parts> parse_statement(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return fail("{}: expected PATTERN=NUMBER", market::shown(text));
  auto pattern = CodePattern::parse(text.substr(0, equals));
  if (!pattern) return std::unexpected{pattern.error()};
  const auto value = whole_number(text.substr(equals + 1));
  if (!value) return fail("{}: no whole number after '='", market::shown(text));
  return Parts{.pattern = std::move(*pattern), .value = *value};
}

}  // namespace

Result<CodePattern> CodePattern::parse(std::string_view text) {
  const auto expected = [&] {
    return fail("{}: a pattern is a code or its beginning and a star: SH:204001, SZ:12*",
                market::shown(text));
  };
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return expected();
  const auto market = market::parse_market(text.substr(0, colon));
  if (market != market::Market::SH && market != market::Market::SZ) return expected();
  auto prefix = text.substr(colon + 1);
  const bool open = prefix.ends_with('*');
  if (open) prefix.remove_suffix(1);
  const bool digits = std::ranges::all_of(prefix, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || (open ? prefix.size() >= kSymbolDigits : prefix.size() != kSymbolDigits)) return expected();
  return CodePattern{.market = *market, .prefix = std::string{prefix}};
}

bool CodePattern::fits(const market::Code& code) const {
  return code.market == market && code.symbol.starts_with(prefix);
}

Result<void> TdxUnitRules::state_price_scale(std::string_view text) {
  auto parts = parse_statement(text);
  if (!parts) return std::unexpected{parts.error()};
  if (parts->value < 1 || parts->value > kMaxPriceScale || !is_power_of_ten(parts->value))
    return fail("{}: a price scale is a power of ten from 1 to {}", market::shown(text), kMaxPriceScale);
  price_scales_.push_back({.pattern = std::move(parts->pattern), .value = parts->value});
  return {};
}

Result<void> TdxUnitRules::state_volume_unit(std::string_view text) {
  auto parts = parse_statement(text);
  if (!parts) return std::unexpected{parts.error()};
  if (parts->value < 1 || parts->value > kMaxSharesPerVolume)
    return fail("{}: a volume unit is a number of shares from 1 to {}", market::shown(text),
                kMaxSharesPerVolume);
  volume_units_.push_back({.pattern = std::move(parts->pattern), .value = parts->value});
  return {};
}

Result<TdxUnits> TdxUnitRules::units_of(const market::Code& code) const {
  const auto stated = [&](const std::vector<Statement>& statements) -> std::optional<std::int64_t> {
    for (const auto& statement : std::views::reverse(statements))
      if (statement.pattern.fits(code)) return statement.value;
    return std::nullopt;
  };
  const auto* known = china_class_of(code);
  auto scale = stated(price_scales_);
  auto unit = stated(volume_units_);
  if (known != nullptr) {
    scale = scale.value_or(known->price_scale);
    unit = unit.value_or(known->shares_per_volume);
  }
  if (!scale || !unit) {
    const auto text = code.to_string();
    const auto pattern = text.substr(0, text.find(':') + 4) + '*';
    return fail(
        "no class is known for {}: state its units with --price-scale '{}=100' and --volume-unit "
        "'{}=1' (with the numbers that are true), or leave such codes out with --skip '{}'",
        text, pattern, pattern, pattern);
  }
  const bool index = known != nullptr && known->kind == market::InstrumentKind::index;
  return TdxUnits{.price_scale = *scale,
                  .shares_per_volume = *unit,
                  .no_volume = index ? NoVolume::of_value : NoVolume::no_trades};
}

}  // namespace qos::archive
