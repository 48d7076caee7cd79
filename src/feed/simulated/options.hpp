// What may stand behind "simulated:" on the command line and in the configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "feed/feed.hpp"
#include "market/market.hpp"

namespace qos::feed::simulated {

enum class Hours : std::uint8_t {
  always,  // every market trades around the clock, without auctions
  real,    // sessions, auctions and holidays of the calendars
};

enum class TellPast : std::uint8_t { off, on };

struct Options {
  std::uint64_t seed = 1;
  Hours hours = Hours::always;
  std::int64_t rate_milli = 1'000;  // trades per 1000 seconds of trading and instrument, on average
  std::optional<std::vector<market::Market>> markets;  // none given: what no other feed covers
  std::optional<UnixNanos> from;                       // none given: now minus `history`
  std::chrono::seconds history = std::chrono::minutes{30};
  std::optional<std::int64_t> speed =
      1;                           // simulated seconds a second, after the history; none: as fast as possible
  std::optional<TellPast> past;    // none given: on, but off where `from` is given
  std::optional<UnixNanos> until;  // events before it only; none given: never ends

  friend bool operator==(const Options&, const Options&) = default;
};

// Whether K-lines of the time before the first event are told.
constexpr bool tells_past(const Options& options) {
  return options.past.value_or(options.from ? TellPast::off : TellPast::on) == TellPast::on;
}
// Whether a run goes on where the last one ended. A run from a fixed instant that tells no past is a closed
// world: played again, it is the same.
constexpr bool goes_on(const Options& options) {
  return !options.from || tells_past(options);
}

// An unknown option or a bad value is an error that names it, what was expected and what was seen.
Result<Options> parse_options(const FeedSpec& spec);

// "2026-01-05T09:00:00+08:00", "2026-01-05T01:00:00Z": whole seconds, offset required, years 1970 to 2199.
std::optional<UnixNanos> parse_instant(std::string_view text);

}  // namespace qos::feed::simulated
