#include "server/instant.hpp"

#include <charconv>

namespace qos::server {
namespace {

// Takes pieces off the front of a text, and fails for good at the first one that is not as it must be.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_{text} {}

  int digits(std::size_t count, int least, int most) {
    int value = 0;
    const auto piece = rest_.substr(0, count);
    const auto [end, error] = std::from_chars(piece.data(), piece.data() + piece.size(), value);
    const bool is_plain = piece.size() == count && piece.front() != '-' && error == std::errc{} &&
                          end == piece.data() + piece.size();
    if (!is_plain || value < least || value > most) return give_up();
    rest_.remove_prefix(count);
    return value;
  }
  bool takes(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void must_take(char wanted) {
    if (!takes(wanted)) give_up();
  }
  bool is_done() const { return is_well_ && rest_.empty(); }

 private:
  int give_up() {
    is_well_ = false;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool is_well_ = true;
};

}  // namespace

std::optional<UnixNanos> parse_instant(std::string_view text) {
  Reader reader{text};
  const int year = reader.digits(4, 1970, 2261);
  reader.must_take('-');
  const int month = reader.digits(2, 1, 12);
  reader.must_take('-');
  const int day = reader.digits(2, 1, 31);
  if (!reader.takes('T')) reader.must_take(' ');
  std::chrono::seconds at = std::chrono::hours{reader.digits(2, 0, 23)};
  reader.must_take(':');
  at += std::chrono::minutes{reader.digits(2, 0, 59)};
  if (reader.takes(':')) at += std::chrono::seconds{reader.digits(2, 0, 59)};
  if (!reader.takes('Z')) {
    const bool is_east = reader.takes('+');
    if (!is_east) reader.must_take('-');
    std::chrono::minutes offset = std::chrono::hours{reader.digits(2, 0, 14)};
    reader.must_take(':');
    offset += std::chrono::minutes{reader.digits(2, 0, 59)};
    at -= is_east ? offset : -offset;
  }
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!reader.is_done() || !date.ok()) return std::nullopt;
  const auto instant = std::chrono::sys_days{date} + at;
  if (instant < std::chrono::sys_seconds{}) return std::nullopt;
  return UnixNanos{instant};
}

}  // namespace qos::server
