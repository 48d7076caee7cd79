// The plain CSV of K-lines and trades: a header that names the columns, rows of numbers and codes, no quotes.
// Read line by line, so that a file may be of any length.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace qos::archive {

inline constexpr std::size_t kMaxCsvRow = 512;  // bytes; 16 columns of the longest numbers fit
inline constexpr std::size_t kMaxCsvColumns = 16;

// Which field of a row is which column. Columns may stand in any order; unknown, missing and double ones are
// refused.
class CsvColumns {
 public:
  // `optional` ones may be missing. The names must outlive this; at most kMaxCsvColumns in all.
  static Result<CsvColumns> parse(std::string_view header, std::span<const std::string_view> required,
                                  std::span<const std::string_view> optional = {});

  // The fields of a row in the order of required, then optional; a missing column's is nullopt. Views into
  // `line`.
  using Fields = std::array<std::optional<std::string_view>, kMaxCsvColumns>;
  Result<Fields> split(std::string_view line) const;
  bool has(std::size_t column) const { return has_[column]; }

 private:
  std::array<std::size_t, kMaxCsvColumns> column_of_field_{};
  std::array<bool, kMaxCsvColumns> has_{};
  std::size_t fields_ = 0;
};

}  // namespace qos::archive
