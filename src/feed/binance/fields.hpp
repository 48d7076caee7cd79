// Reads the fields of one JSON object as exact values and remembers the first that is not what it has to be.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "feed/binance/frame.hpp"

namespace qos::feed::binance {

// The levels a side of one message may hold; the venue sends at most 1000 in a snapshot.
inline constexpr std::size_t kMaxLevels = 20'000;

// After a failed field the getters return zeros; finish() then returns the failure. So a frame is listed
// field by field and taken or refused as a whole.
class Fields {
 public:
  enum class Zero { allowed, refused };

  // `what` names the message in errors and, like the object, outlives this.
  Fields(std::string_view what, simdjson::dom::object object) : what_{what}, object_{object} {}

  bool has(std::string_view key) const;
  std::string_view text(std::string_view key);  // a string
  std::string_view symbol(std::string_view key);
  std::uint64_t id(std::string_view key);
  bool boolean(std::string_view key);
  // T, the time of the transaction, where the message has it, else E, when it was sent. Milliseconds.
  UnixNanos event_time();
  // Decimals in strings, as the venue writes them. Never negative.
  Price price(std::string_view key, Zero zero);
  Quantity quantity(std::string_view key, Zero zero);
  Volume volume(std::string_view key);
  Turnover turnover(std::string_view key);
  // [["price","size"],…]; prices above 0.
  void levels(std::string_view key, Zero sizes, std::vector<Level>& out);

  // Refuses unless `condition`: for what two fields say of each other.
  void require(bool condition, std::string_view expected);

  template <typename T>
  Result<Frame> finish(T frame) {
    if (failure_) return std::unexpected{std::move(*failure_)};
    return Frame{std::move(frame)};
  }

 private:
  std::optional<simdjson::dom::element> find(std::string_view key, std::string_view expected);
  void refuse(std::string_view key, std::string_view seen, std::string_view expected);
  template <typename T>
  T decimal(std::string_view key, std::string_view text, Zero zero);
  bool level(simdjson::dom::element element, Zero sizes, std::string_view key, Level& out);

  std::string_view what_;
  simdjson::dom::object object_;
  std::optional<Error> failure_;
};

// Text from outside for an error message: printable, at most 40 characters.
std::string shown(std::string_view text);

}  // namespace qos::feed::binance
