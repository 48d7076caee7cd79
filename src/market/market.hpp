// The eight markets of the protocol and what differs between them on the wire (QOS protocol,
// section 1).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace qos::market {

enum class Market : std::uint8_t { US, HK, SH, SZ, CF, FX, IX, CM };
inline constexpr int kMarkets = 8;

enum class DecimalStyle : std::uint8_t { trimmed, padded };

struct MarketSpec {
  Market market;
  std::string_view text;      // as it stands before the colon of a code
  int depth_levels;           // levels a side that are published; 0: the market has no depth
  int units_per_volume;       // shares that make 1 of the wire's v: 100 where v counts lots (手)
  DecimalStyle price_style;   // padded: at least the tick's decimals
  DecimalStyle volume_style;  // padded: at least the quantity step's decimals
  bool has_previous_close;    // whether snapshots carry yp
};

// The order of the enum.
inline constexpr std::array<MarketSpec, kMarkets> kMarketSpecs{{
    {Market::US, "US", 1, 1, DecimalStyle::trimmed, DecimalStyle::trimmed, true},
    {Market::HK, "HK", 10, 1, DecimalStyle::trimmed, DecimalStyle::trimmed, true},
    {Market::SH, "SH", 5, 100, DecimalStyle::trimmed, DecimalStyle::trimmed, true},
    {Market::SZ, "SZ", 5, 100, DecimalStyle::trimmed, DecimalStyle::trimmed, true},
    {Market::CF, "CF", 20, 1, DecimalStyle::padded, DecimalStyle::padded, false},
    {Market::FX, "FX", 1, 1, DecimalStyle::padded, DecimalStyle::trimmed, true},
    {Market::IX, "IX", 0, 1, DecimalStyle::trimmed, DecimalStyle::trimmed, true},
    {Market::CM, "CM", 1, 1, DecimalStyle::padded, DecimalStyle::trimmed, true},
}};

constexpr const MarketSpec& spec_of(Market market) {
  return kMarketSpecs[static_cast<std::size_t>(market)];
}
constexpr std::string_view text_of(Market market) {
  return spec_of(market).text;
}

// "US" or "us"; nullopt for anything that is no market.
std::optional<Market> parse_market(std::string_view text);

}  // namespace qos::market
