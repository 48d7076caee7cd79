#include "feed/binance/recorded_line.hpp"

#include <cmath>

#include "core/decimal.hpp"
#include "feed/binance/fields.hpp"

namespace qos::feed::binance {
namespace {

using Parsed = Result<std::optional<RecordedMessage>>;

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

// {"t":"recv",… : the wrapper of cryptofeed's JSON lines. The venue's own t is a number.
bool is_wrapped(std::string_view line) {
  for (const std::string_view token : {"{", "\"t\"", ":", "\""}) {
    line = trimmed(line);
    if (!line.starts_with(token)) return false;
    line.remove_prefix(token.size());
  }
  return true;
}

// The symbol of a depth request; nullopt for any other address. Binance writes
// /fapi/v1/depth?symbol=X&limit=1000.
std::optional<std::string_view> depth_symbol(std::string_view url) {
  const auto query = url.find("/depth?");
  if (query == std::string_view::npos) return std::nullopt;
  const auto symbol = url.find("symbol=", query);
  if (symbol == std::string_view::npos) return std::nullopt;
  const auto value = url.substr(symbol + std::string_view{"symbol="}.size());
  return value.substr(0, value.find_first_of("& "));
}

// "1723161255030314667 {…}": nanoseconds.  "1617647797.5963788: {…}": seconds.
Parsed parse_stamped(std::string_view line, std::string_view symbol) {
  auto stamp = line.substr(0, line.find(' '));
  const auto json = trimmed(line.substr(stamp.size()));
  const bool in_seconds = stamp.ends_with(':');
  if (in_seconds) stamp.remove_suffix(1);
  const auto nanos = parse_scaled(stamp, in_seconds ? 9 : 0);
  if (!nanos || *nanos <= 0)
    return fail("'{}' is no time; expected NANOSECONDS or SECONDS: before the message", shown(stamp));
  return RecordedMessage{.json = json, .ts_recv = from_unix_nanos(*nanos), .symbol = symbol};
}

}  // namespace

Parsed RecordedLineParser::parse(std::string_view line) {
  line = trimmed(line);
  if (line.empty()) return std::nullopt;
  if (line.front() >= '0' && line.front() <= '9') return parse_stamped(line, {});
  if (line.front() == '{' && is_wrapped(line)) return parse_wrapped(line);
  if (line.front() == '{' || line.front() == '[') return RecordedMessage{.json = line};
  if (line.starts_with("configuration: ") || line.starts_with("wss://")) return std::nullopt;
  if (line.starts_with("https://")) {
    constexpr std::string_view kArrow = " -> ";
    const auto arrow = line.find(kArrow);
    const auto symbol = depth_symbol(line.substr(0, arrow));
    if (!symbol || arrow == std::string_view::npos) return std::nullopt;
    return parse_stamped(line.substr(arrow + kArrow.size()), *symbol);
  }
  return fail("no known shape of a recorded line: {}", shown(line));
}

Parsed RecordedLineParser::parse_wrapped(std::string_view line) {
  simdjson::dom::element document;
  if (const auto error = parser_.parse(line.data(), line.size()).get(document); error != simdjson::SUCCESS)
    return fail("recorded line is no JSON ({}): {}", simdjson::error_message(error), shown(line));
  std::string_view kind;
  if (document["t"].get(kind) != simdjson::SUCCESS || (kind != "recv" && kind != "http")) return std::nullopt;

  RecordedMessage message;
  if (kind == "http") {
    std::string_view url;
    if (document["url"].get(url) != simdjson::SUCCESS) return fail("recorded http line has no url");
    const auto symbol = depth_symbol(url);
    if (!symbol) return std::nullopt;
    message.symbol = *symbol;
  }
  // The recorder's clock is a double, good to a fourth of a microsecond; no price passes through one.
  double seconds = 0;
  if (document["ts"].get(seconds) != simdjson::SUCCESS || !(seconds > 0 && seconds < 9e9))
    return fail("recorded {} line: ts is no time in seconds", kind);
  message.ts_recv = from_unix_nanos(std::llround(seconds * 1e6) * 1'000);
  if (document["data"].get(message.json) != simdjson::SUCCESS)
    return fail("recorded {} line: data is no string", kind);
  return message;
}

}  // namespace qos::feed::binance
