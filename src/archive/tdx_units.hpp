// In what units the TDX files of a code are: by class (china_class.hpp), or as the operator states it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "market/code.hpp"

namespace qos::archive {

// Records without volume are days or minutes without trades for a security; an index has values nevertheless.
enum class NoVolume : std::uint8_t { no_trades, of_value };

struct TdxUnits {
  std::int64_t price_scale = 100;      // a power of ten, at most kMaxPriceScale
  std::int64_t shares_per_volume = 1;  // 1 to kMaxSharesPerVolume
  NoVolume no_volume = NoVolume::no_trades;

  friend bool operator==(const TdxUnits&, const TdxUnits&) = default;
};

inline constexpr std::int64_t kMaxPriceScale = 1'000'000'000;
inline constexpr std::int64_t kMaxSharesPerVolume = 1'000'000;

// Codes by their beginning: "SH:204*", or one code "SH:600000". Only SH and SZ.
struct CodePattern {
  market::Market market = market::Market::SH;
  std::string prefix;  // all six digits: one code

  static Result<CodePattern> parse(std::string_view text);
  bool fits(const market::Code& code) const;
};

// What an operator stated; the last pattern that fits counts and goes before the table.
class TdxUnitRules {
 public:
  // "SH:204*=1000". An error says what was expected.
  Result<void> state_price_scale(std::string_view text);
  Result<void> state_volume_unit(std::string_view text);

  // An error names the code and the options that state what is missing.
  Result<TdxUnits> units_of(const market::Code& code) const;

 private:
  struct Statement {
    CodePattern pattern;
    std::int64_t value;
  };
  std::vector<Statement> price_scales_;
  std::vector<Statement> volume_units_;
};

}  // namespace qos::archive
