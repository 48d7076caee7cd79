#include "archive/china_class.hpp"

#include <array>

namespace qos::archive {
namespace {

using enum market::Market;
using enum market::InstrumentKind;

// Prefixes: the number plans of SSE and SZSE. Price scales: the readers of pytdx and mootdx agree on them,
// and for every class marked * they were checked against real files (turnover / volume lies between low and
// high). Volumes of indices: turnover / volume of sh000001, sh881478 and sz399006 is a share's price only
// times 100.
//
// Bonds and repos are left out on purpose: readers disagree about their scale (1,000 or 10,000), and no
// source says what their volume counts.
constexpr std::array kClasses{
    ChinaClass{SH, "60", "A share", stock, 100, 1, "0.01"},            // *
    ChinaClass{SH, "68", "STAR market share", stock, 100, 1, "0.01"},  // *
    ChinaClass{SH, "90", "B share in USD", stock, 1000, 1, "0.001"},
    ChinaClass{SH, "50", "fund", etf, 1000, 1, "0.001"},
    ChinaClass{SH, "51", "fund", etf, 1000, 1, "0.001"},  // *
    ChinaClass{SH, "52", "fund", etf, 1000, 1, "0.001"},
    ChinaClass{SH, "53", "fund", etf, 1000, 1, "0.001"},
    ChinaClass{SH, "55", "fund", etf, 1000, 1, "0.001"},
    ChinaClass{SH, "56", "fund", etf, 1000, 1, "0.001"},
    ChinaClass{SH, "58", "fund", etf, 1000, 1, "0.001"},
    ChinaClass{SH, "00", "index", index, 100, 100, "0.01"},             // *
    ChinaClass{SH, "88", "TDX sector index", index, 100, 100, "0.01"},  // *
    ChinaClass{SH, "99", "TDX index", index, 100, 100, "0.01"},
    ChinaClass{SZ, "00", "A share", stock, 100, 1, "0.01"},  // *
    ChinaClass{SZ, "30", "ChiNext share", stock, 100, 1, "0.01"},
    ChinaClass{SZ, "20", "B share in HKD", stock, 100, 1, "0.01"},  // *
    ChinaClass{SZ, "15", "fund", etf, 1000, 1, "0.001"},            // *
    ChinaClass{SZ, "16", "fund", etf, 1000, 1, "0.001"},
    ChinaClass{SZ, "18", "fund", etf, 1000, 1, "0.001"},
    ChinaClass{SZ, "39", "index", index, 100, 100, "0.01"},  // *
};

}  // namespace

std::span<const ChinaClass> china_classes() {
  return kClasses;
}

const ChinaClass* china_class_of(const market::Code& code) {
  const ChinaClass* best = nullptr;
  for (const auto& row : kClasses)
    if (row.market == code.market && code.symbol.starts_with(row.prefix) &&
        (best == nullptr || row.prefix.size() > best->prefix.size()))
      best = &row;
  return best;
}

}  // namespace qos::archive
