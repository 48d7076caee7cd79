// Rows of a CSV text (RFC 4180: quotes, doubled quotes, CRLF; a byte order mark is skipped). One difference:
// a quoted field may not hold a line break, so that a forgotten quote is reported where it stands and not at
// the file's end.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace qos::market {

// The longest line and the most fields a line may have. Anything above is refused before it is parsed.
inline constexpr std::size_t kMaxCsvLine = 8192;
inline constexpr std::size_t kMaxCsvFields = 64;

struct CsvRow {
  std::size_t line = 0;  // of the file, from 1
  std::span<const std::string>
      fields;  // valid until the next call of next(). Unquoted ones are trimmed of spaces.
};

// Reads a text that outlives it, on the caller's thread. After an error the reader is of no more use.
class CsvReader {
 public:
  CsvReader(std::string_view name, std::string_view text);  // `name` is for error messages: "name:line: …"
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  // The next line that is not blank; nullopt at the end.
  Result<std::optional<CsvRow>> next();

 private:
  struct Parser;  // keeps libcsv's header in the source file

  std::string_view name_;
  std::string_view rest_;
  std::size_t line_ = 0;
  std::unique_ptr<Parser> parser_;
};

}  // namespace qos::market
