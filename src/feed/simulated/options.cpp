#include "feed/simulated/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "core/decimal.hpp"
#include "feed/options.hpp"

namespace qos::feed::simulated {
namespace {

constexpr std::int64_t kMaxRateMilli = 10'000'000;
constexpr std::int64_t kMaxSpeed = 1'000'000;
constexpr std::chrono::seconds kMaxHistory = std::chrono::days{31};

template <typename Integer>
std::optional<Integer> parse_digits(std::string_view text) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.front() == '-' || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const auto count = parse_digits<std::uint32_t>(text.substr(0, text.size() - 1));
  if (!count) return std::nullopt;
  switch (text.back()) {
    case 's':
      return std::chrono::seconds{*count};
    case 'm':
      return std::chrono::minutes{*count};
    case 'h':
      return std::chrono::hours{*count};
    case 'd':
      return std::chrono::hours{24} * std::int64_t{*count};
    default:
      return std::nullopt;
  }
}

// Two digits from `low` to `high`.
std::optional<int> two_digits(std::string_view text, int low, int high) {
  const auto value = parse_digits<int>(text);
  if (text.size() != 2 || !value || *value < low || *value > high) return std::nullopt;
  return value;
}

std::optional<std::chrono::seconds> parse_offset(std::string_view text) {
  if (text == "Z") return std::chrono::seconds{0};
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = two_digits(text.substr(1, 2), 0, 14);
  const auto minutes = two_digits(text.substr(4, 2), 0, 59);
  if (!hours || !minutes) return std::nullopt;
  const std::chrono::seconds offset = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
  return text[0] == '+' ? offset : -offset;
}

struct Option {
  std::string_view name;
  std::string_view expected;
  bool (*set)(Options& options, std::string_view value);  // false: the value is not what was expected
};

bool set_seed(Options& options, std::string_view value) {
  const auto seed = parse_digits<std::uint64_t>(value);
  if (seed) options.seed = *seed;
  return seed.has_value();
}

bool set_hours(Options& options, std::string_view value) {
  options.hours = value == "real" ? Hours::real : Hours::always;
  return value == "real" || value == "always";
}

bool set_rate(Options& options, std::string_view value) {
  const auto rate = parse_scaled(value, 3);
  if (!rate || *rate < 1 || *rate > kMaxRateMilli) return false;
  options.rate_milli = *rate;
  return true;
}

bool set_markets(Options& options, std::string_view value) {
  std::vector<market::Market> markets;
  while (true) {
    const std::size_t plus = value.find('+');
    const auto one = market::parse_market(value.substr(0, plus));
    if (!one) return false;
    if (std::ranges::find(markets, *one) == markets.end()) markets.push_back(*one);
    if (plus == std::string_view::npos) break;
    value.remove_prefix(plus + 1);
  }
  options.markets = std::move(markets);
  return true;
}

bool set_from(Options& options, std::string_view value) {
  options.from = parse_instant(value);
  return options.from.has_value();
}

bool set_history(Options& options, std::string_view value) {
  const auto history = parse_duration(value);
  if (!history || *history > kMaxHistory) return false;
  options.history = *history;
  return true;
}

bool set_speed(Options& options, std::string_view value) {
  options.speed.reset();
  if (value == "max") return true;
  const auto speed = parse_digits<std::int64_t>(value);
  if (!speed || *speed < 1 || *speed > kMaxSpeed) return false;
  options.speed = speed;
  return true;
}

bool set_past(Options& options, std::string_view value) {
  options.past = value == "on" ? TellPast::on : TellPast::off;
  return value == "on" || value == "off";
}

bool set_until(Options& options, std::string_view value) {
  options.until = parse_instant(value);
  return options.until.has_value();
}

constexpr std::string_view kInstant = "an instant with its offset such as 2026-01-05T09:00:00+08:00 or …Z";
constexpr std::array kOptions{
    Option{"seed", "an integer from 0 to 18446744073709551615", set_seed},
    Option{"hours", "always or real", set_hours},
    Option{"rate", "trades a second and instrument, 0.001 to 10000, at most three decimals", set_rate},
    Option{"markets", "markets joined by +, of US HK SH SZ CF FX IX CM", set_markets},
    Option{"from", kInstant, set_from},
    Option{"history", "a duration up to 31d such as 30m, 90s, 2h, 1d or 0s", set_history},
    Option{"speed", "an integer from 1 to 1000000, or max", set_speed},
    Option{"past", "on or off", set_past},
    Option{"until", kInstant, set_until},
};

}  // namespace

std::optional<UnixNanos> parse_instant(std::string_view text) {
  // YYYY-MM-DDTHH:MM:SS, then Z or +HH:MM.
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':')
    return std::nullopt;
  const auto century = two_digits(text.substr(0, 2), 19, 21);
  const auto year = two_digits(text.substr(2, 2), 0, 99);
  const auto month = two_digits(text.substr(5, 2), 1, 12);
  const auto day = two_digits(text.substr(8, 2), 1, 31);
  const auto hour = two_digits(text.substr(11, 2), 0, 23);
  const auto minute = two_digits(text.substr(14, 2), 0, 59);
  const auto second = two_digits(text.substr(17, 2), 0, 59);
  const auto offset = parse_offset(text.substr(19));
  if (!century || !year || !month || !day || !hour || !minute || !second || !offset) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*century * 100 + *year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *century * 100 + *year < 1970) return std::nullopt;
  const UnixNanos local = std::chrono::sys_days{date} + std::chrono::hours{*hour} +
                          std::chrono::minutes{*minute} + std::chrono::seconds{*second};
  return local - *offset;
}

Result<Options> parse_options(const FeedSpec& spec) {
  if (auto known = only_options(
          spec, {"seed", "hours", "rate", "markets", "from", "history", "past", "speed", "until"});
      !known)
    return std::unexpected{std::move(known.error())};
  Options options;
  for (const Option& option : kOptions) {
    const auto given = spec.options.find(std::string{option.name});
    if (given != spec.options.end() && !option.set(options, given->second))
      return fail("feed simulated: option '{}': expected {}, got '{}'", option.name, option.expected,
                  given->second);
  }
  if (options.from && options.until && *options.until <= *options.from)
    return fail("feed simulated: option 'until': expected an instant after from={}, got '{}'",
                spec.options.at("from"), spec.options.at("until"));
  return options;
}

}  // namespace qos::feed::simulated
