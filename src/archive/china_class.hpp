// What a Shanghai or Shenzhen code is, by its first digits: the one table behind the units of TDX files and
// the facts of an instrument that the instrument table does not have. docs/formats/tdx.md repeats it with its
// sources.
#pragma once

#include <span>
#include <string_view>

#include "market/code.hpp"
#include "market/instrument.hpp"

namespace qos::archive {

struct ChinaClass {
  market::Market market;
  std::string_view prefix;  // of the six digits
  std::string_view name;
  market::InstrumentKind kind;
  int price_scale;        // TDX .day prices are whole numbers of 1 / price_scale
  int shares_per_volume;  // TDX volumes: 1 where they count shares, 100 where lots
  std::string_view tick;
};

std::span<const ChinaClass> china_classes();

// The class of the longest prefix that fits; nullptr: none does, and nothing is guessed.
const ChinaClass* china_class_of(const market::Code& code);

}  // namespace qos::archive
