// How state's values lie in a checkpoint. Saving and Restoring have the same members, so that what is saved
// and what is restored can be one list; each value is written against a base that is known on both sides, for
// differences are short. Equal states give equal bytes.
//
// What is restored may come from anywhere: a value that state could not have makes ok() false, and everything
// after it zero.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "core/bytes.hpp"
#include "core/id.hpp"
#include "core/price.hpp"
#include "core/time.hpp"

namespace qos::state {

// Raised with every change of what is written; an older one is refused, for the journal can be replayed.
inline constexpr std::uint8_t kCheckpointVersion = 1;

namespace checkpoint {

// Any two numbers have a difference here, and it leads from one to the other.
constexpr std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
constexpr std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// Most times are whole seconds or milliseconds apart. The two low bits say which; kWhole: what does not fit
// beside them follows by itself.
inline constexpr std::array<std::int64_t, 3> kUnits{1, 1'000'000, 1'000'000'000};
inline constexpr std::uint64_t kWhole = 3;

// What times of state may be: those of events, and starts and ends of years around them.
inline constexpr UnixNanos kEarliest = from_unix_seconds(-315'619'200);  // 1960-01-01
inline constexpr UnixNanos kLatest = from_unix_seconds(8'836'214'400);   // 2250-01-05
// The largest sum: a hundred million of the largest trades (plausible.cpp).
inline constexpr Int128 kLargestSum = Int128{1} << 126;

}  // namespace checkpoint

class Saving {
 public:
  explicit Saving(ByteWriter& out) : out_{&out} {}

  void number(std::uint64_t value) { out_->varint(value); }
  void fixed(std::uint64_t value) { out_->fixed(value); }
  void flag(bool value) { out_->fixed(static_cast<std::uint8_t>(value)); }
  // One of the first `count` values of an enumeration.
  template <typename Enum>
  void choice(Enum value, std::size_t) {
    out_->varint(static_cast<std::uint64_t>(value));
  }
  void count32(std::uint32_t value) { out_->varint(value); }
  void sequence(Sequence value, Sequence base = {}) {
    difference(static_cast<std::int64_t>(value.value()), static_cast<std::int64_t>(base.value()));
  }
  void difference(std::int64_t value, std::int64_t base) {
    out_->signed_varint(checkpoint::minus(value, base));
  }
  void price(Price value, Price base = {}) { difference(value.raw(), base.raw()); }
  void size(Quantity value, Quantity base = {}) { difference(value.raw(), base.raw()); }
  template <typename Sum>
  void sum(const Sum& value) {
    out_->varint128(value.raw());
  }
  void time(UnixNanos value, UnixNanos base = {}) {
    const auto nanos = checkpoint::minus(unix_nanos(value), unix_nanos(base));
    std::size_t unit = checkpoint::kUnits.size() - 1;
    while (nanos % checkpoint::kUnits[unit] != 0) --unit;
    const auto code = zigzag(nanos / checkpoint::kUnits[unit]);
    if (code >> 62 == 0) {
      out_->varint(code << 2 | unit);
    } else {
      out_->varint(checkpoint::kWhole);
      out_->signed_varint(nanos);
    }
  }
  // A time, or UnixNanos::min().
  void time_if_any(UnixNanos value) {
    flag(value != UnixNanos::min());
    if (value != UnixNanos::min()) time(value);
  }
  template <typename T, typename What>
  void optional(const std::optional<T>& value, What&& what) {
    flag(value.has_value());
    if (value) what(*value);
  }
  void price(const std::optional<Price>& value, Price base = {}) {
    optional(value, [&](Price there) { price(there, base); });
  }

  ByteWriter& bytes() { return *out_; }

 private:
  ByteWriter* out_;
};

class Restoring {
 public:
  explicit Restoring(ByteReader& in) : in_{&in} {}

  bool ok() const { return ok_ && in_->ok(); }
  void refuse() { ok_ = false; }
  void require(bool condition) { ok_ = ok_ && condition; }

  void number(std::uint64_t& value) { value = in_->varint(); }
  void fixed(std::uint64_t& value) { value = in_->fixed<std::uint64_t>(); }
  void flag(bool& value) {
    const auto byte = in_->fixed<std::uint8_t>();
    require(byte <= 1);
    value = byte == 1;
  }
  template <typename Enum>
  void choice(Enum& value, std::size_t count) {
    const auto read = in_->varint();
    require(read < count);
    value = read < count ? static_cast<Enum>(read) : Enum{};
  }
  void count32(std::uint32_t& value) {
    const auto read = in_->varint();
    require(read <= UINT32_MAX);
    value = static_cast<std::uint32_t>(read);
  }
  void sequence(Sequence& value, Sequence base = {}) {
    value = Sequence{static_cast<std::uint64_t>(
        checkpoint::plus(in_->signed_varint(), static_cast<std::int64_t>(base.value())))};
  }
  void difference(std::int64_t& value, std::int64_t base) {
    value = checkpoint::plus(in_->signed_varint(), base);
  }
  void price(Price& value, Price base = {}) {
    value = Price::from_raw(checkpoint::plus(in_->signed_varint(), base.raw()));
  }
  void size(Quantity& value, Quantity base = {}) {
    value = Quantity::from_raw(checkpoint::plus(in_->signed_varint(), base.raw()));
  }
  template <typename Sum>
  void sum(Sum& value) {
    const Int128 read = in_->varint128();
    const bool fits = -checkpoint::kLargestSum < read && read < checkpoint::kLargestSum;
    require(fits);
    value = Sum::from_raw(fits ? read : 0);
  }
  void time(UnixNanos& value, UnixNanos base = {}) {
    const auto code = in_->varint();
    std::int64_t nanos = 0;
    if ((code & 3) == checkpoint::kWhole) {
      require(code == checkpoint::kWhole);
      nanos = in_->signed_varint();
    } else if (__builtin_mul_overflow(unzigzag(code >> 2), checkpoint::kUnits[code & 3], &nanos)) {
      refuse();
    }
    value = from_unix_nanos(checkpoint::plus(nanos, unix_nanos(base)));
    const bool fits = checkpoint::kEarliest <= value && value < checkpoint::kLatest;
    require(fits);
    if (!fits) value = {};
  }
  void time_if_any(UnixNanos& value) {
    bool any = false;
    flag(any);
    value = UnixNanos::min();
    if (any) time(value);
  }
  template <typename T, typename What>
  void optional(std::optional<T>& value, What&& what) {
    bool any = false;
    flag(any);
    value.reset();
    if (any) what(value.emplace());
  }
  void price(std::optional<Price>& value, Price base = {}) {
    optional(value, [&](Price& there) { price(there, base); });
  }

  // A count of things that take at least `least` bytes each.
  std::size_t count(std::size_t least) { return in_->count(least); }
  ByteReader& bytes() { return *in_; }

 private:
  ByteReader* in_;
  bool ok_ = true;
};

}  // namespace qos::state
