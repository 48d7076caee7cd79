#include "market/csv_reader.hpp"

#include <csv.h>

#include <array>
#include <new>

namespace qos::market {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

// libcsv and what it has told us about the line in hand. The strings are reused from line to line.
struct CsvReader::Parser {
  csv_parser library;
  std::array<std::string, kMaxCsvFields> fields;
  std::size_t count = 0;  // fields seen, those beyond the array included
  bool row_ended = false;

  Parser() { QOS_ASSERT(csv_init(&library, CSV_STRICT) == 0); }
  ~Parser() { csv_free(&library); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // Bytes taken: fewer than the line has where it breaks the rules of quoting.
  std::size_t feed(std::string_view bytes) {
    return csv_parse(&library, bytes.data(), bytes.size(), &Parser::on_field, &Parser::on_row_end, this);
  }

  // Called through C, which an exception must not cross: short of memory, noexcept stops the program.
  static void on_field(void* text, std::size_t size, void* self) noexcept {
    auto& parser = *static_cast<Parser*>(self);
    if (parser.count < kMaxCsvFields)
      parser.fields[parser.count].assign(static_cast<const char*>(text), size);
    ++parser.count;
  }
  static void on_row_end(int, void* self) noexcept { static_cast<Parser*>(self)->row_ended = true; }
};

CsvReader::CsvReader(std::string_view name, std::string_view text)
    : name_{name}, rest_{text}, parser_{std::make_unique<Parser>()} {
  if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
}

CsvReader::~CsvReader() = default;

Result<std::optional<CsvRow>> CsvReader::next() {
  while (!rest_.empty()) {
    ++line_;
    const auto end = rest_.find('\n');
    auto line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > kMaxCsvLine)
      return fail("{}:{}: a line of {} bytes, at most {} are allowed", name_, line_, line.size(),
                  kMaxCsvLine);
    // libcsv takes a lone one for a line's end and would make two rows of the line.
    if (const auto at = line.find('\r'); at != std::string_view::npos)
      return fail("{}:{}: a carriage return inside the line, at byte {}", name_, line_, at + 1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;

    parser_->count = 0;
    parser_->row_ended = false;
    if (const auto taken = parser_->feed(line); taken != line.size())
      return fail("{}:{}: byte {}: a quote inside an unquoted field, or text after a closing quote", name_,
                  line_, taken + 1);
    if (parser_->feed("\n") != 1 || !parser_->row_ended)
      return fail("{}:{}: a quoted field is not closed on its line", name_, line_);
    if (parser_->count > kMaxCsvFields)
      return fail("{}:{}: {} fields, at most {} are allowed", name_, line_, parser_->count, kMaxCsvFields);
    return CsvRow{.line = line_, .fields = std::span{parser_->fields}.first(parser_->count)};
  }
  return std::nullopt;
}

}  // namespace qos::market
