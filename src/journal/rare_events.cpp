#include "journal/rare_events.hpp"

#include <array>

#include "journal/power_of_ten.hpp"

namespace qos::journal {
namespace {

constexpr int kMostZeros = 38;  // 10^38 is the last power of ten in 127 bits

constexpr auto kWidePowers = [] {
  std::array<UInt128, kMostZeros + 1> powers{1};
  for (std::size_t k = 1; k < powers.size(); ++k) powers[k] = powers[k - 1] * 10;
  return powers;
}();

// The number of zeros at its end, then the rest.
void write_decimal(ByteWriter& out, std::int64_t value) {
  int zeros = 0;
  if (value != 0)
    for (const int step : {8, 4, 4, 2, 1})
      if (divides(step, value)) {
        value = divide_exactly(value, step);
        zeros += step;
      }
  out.fixed(static_cast<std::uint8_t>(zeros));
  out.signed_varint(value);
}

void write_wide(ByteWriter& out, Int128 value) {
  int zeros = 0;
  if (value != 0)
    for (const int step : {16, 8, 8, 4, 2, 1}) {
      const auto power = static_cast<Int128>(kWidePowers[static_cast<std::size_t>(step)]);
      if (zeros + step > kMostZeros || value % power != 0) continue;
      value /= power;
      zeros += step;
    }
  out.fixed(static_cast<std::uint8_t>(zeros));
  out.varint128(value);
}

// What one kind says, in order; `io` writes it or reads it, so that the two cannot differ.
struct Write {
  ByteWriter& out;
  void operator()(std::uint8_t value) { out.fixed(value); }
  void operator()(std::uint32_t value) { out.varint(value); }
  void operator()(std::int32_t value) { out.signed_varint(value); }
  void operator()(std::int16_t value) { out.signed_varint(value); }
  void operator()(std::uint64_t value) { out.varint(value); }
  void operator()(CalendarId value) { out.varint(value.value()); }
  void operator()(Price value) { write_decimal(out, value.raw()); }
  void operator()(Quantity value) { write_decimal(out, value.raw()); }
  void operator()(UnixNanos value) { write_decimal(out, unix_nanos(value)); }
  void operator()(Volume value) { write_wide(out, value.raw()); }
  void operator()(Turnover value) { write_wide(out, value.raw()); }
  template <typename Enum>
  void operator()(Enum value, Enum) {
    out.fixed(static_cast<std::uint8_t>(value));
  }
  // A price near another one.
  void near(Price value, Price other) {
    write_decimal(out, static_cast<std::int64_t>(static_cast<std::uint64_t>(value.raw()) -
                                                 static_cast<std::uint64_t>(other.raw())));
  }
  void digest(std::uint64_t value) { out.fixed(value); }
};

struct Read {
  ByteReader& in;
  bool good = true;

  template <typename Number>
  void narrow(Number& to, std::int64_t value) {
    to = static_cast<Number>(value);
    good = good && to == value;
  }
  std::int64_t decimal() {
    const auto zeros = in.fixed<std::uint8_t>();
    const auto value = static_cast<std::uint64_t>(in.signed_varint());
    good = good && zeros < kPowersOfTen;
    return zeros < kPowersOfTen ? static_cast<std::int64_t>(value * power_of_ten(zeros)) : 0;
  }
  Int128 wide() {
    const auto zeros = in.fixed<std::uint8_t>();
    const auto value = static_cast<UInt128>(in.varint128());
    good = good && zeros <= kMostZeros;
    return zeros <= kMostZeros ? static_cast<Int128>(value * kWidePowers[zeros]) : 0;
  }
  void operator()(std::uint8_t& value) { value = in.fixed<std::uint8_t>(); }
  void operator()(std::uint32_t& value) {
    const auto wide = in.varint();
    value = static_cast<std::uint32_t>(wide);
    good = good && value == wide;
  }
  void operator()(std::int32_t& value) { narrow(value, in.signed_varint()); }
  void operator()(std::int16_t& value) { narrow(value, in.signed_varint()); }
  void operator()(std::uint64_t& value) { value = in.varint(); }
  void operator()(CalendarId& value) {
    const auto wide = in.varint();
    value = CalendarId{static_cast<CalendarId::rep>(wide)};
    good = good && value.value() == wide;
  }
  void operator()(Price& value) { value = Price::from_raw(decimal()); }
  void operator()(Quantity& value) { value = Quantity::from_raw(decimal()); }
  void operator()(UnixNanos& value) { value = from_unix_nanos(decimal()); }
  void operator()(Volume& value) { value = Volume::from_raw(wide()); }
  void operator()(Turnover& value) { value = Turnover::from_raw(wide()); }
  template <typename Enum>
  void operator()(Enum& value, Enum last) {
    const auto number = in.fixed<std::uint8_t>();
    value = static_cast<Enum>(number);
    good = good && number <= static_cast<std::uint8_t>(last);
  }
  void near(Price& value, Price other) {
    value = Price::from_raw(static_cast<std::int64_t>(static_cast<std::uint64_t>(decimal()) +
                                                      static_cast<std::uint64_t>(other.raw())));
  }
  void digest(std::uint64_t& value) { value = in.fixed<std::uint64_t>(); }
};

template <typename Io, typename Kline>
void prices_and_sums(Io& io, Kline& kline) {
  io(kline.open);
  io.near(kline.high, kline.open);
  io.near(kline.low, kline.open);
  io.near(kline.close, kline.open);
  io(kline.volume);
  io(kline.turnover);
  io(kline.trades);
}

template <typename Io, typename Body>
void fields(Io& io, Body& body) {
  using Plain = std::remove_const_t<Body>;
  if constexpr (std::is_same_v<Plain, ClockTick>) {
    io(body.calendar);
  } else if constexpr (std::is_same_v<Plain, StateDigest>) {
    io.digest(body.digest);
  } else if constexpr (std::is_same_v<Plain, TradingStatus>) {
    io(body.state, TradingState::halted);
  } else if constexpr (std::is_same_v<Plain, ReferencePrice>) {
    io(body.previous_close);
  } else if constexpr (std::is_same_v<Plain, RollingStats>) {
    io(body.open);
    io.near(body.high, body.open);
    io.near(body.low, body.open);
    io(body.volume);
    io(body.turnover);
  } else if constexpr (std::is_same_v<Plain, KlineRestatement>) {
    io(body.start);
    prices_and_sums(io, body);
  } else if constexpr (std::is_same_v<Plain, Gap>) {
    io(body.from);
    io(body.to);
  } else if constexpr (std::is_same_v<Plain, TradeBust>) {
    io(body.trade_id);
  } else if constexpr (std::is_same_v<Plain, TradeCorrection>) {
    io(body.trade_id);
    io(body.price);
    io(body.size);
    io(body.condition, TradeCondition::after_close_fixed);
  } else if constexpr (std::is_same_v<Plain, PastKline>) {
    io(body.series, StoredSeries::after_hours);
    io(body.trading_date);
    io(body.start);
    prices_and_sums(io, body);
    io(body.revision);
  } else if constexpr (std::is_same_v<Plain, CalendarChange>) {
    io(body.calendar);
    io(body.kind, CalendarChange::Kind::full);
    io(body.date);
    io(body.open);
    io(body.close);
  }
}

template <std::size_t Index = 0>
bool read_alternative(Read& read, EventKind kind, EventBody& body) {
  if constexpr (Index == kEventKinds) {
    return false;
  } else {
    using Body = std::variant_alternative_t<Index, EventBody>;
    if (event_kind<Body>() != kind) return read_alternative<Index + 1>(read, kind, body);
    fields(read, body.emplace<Index>());
    return read.good;
  }
}

}  // namespace

void write_rare(ByteWriter& out, const EventBody& body) {
  Write write{out};
  std::visit([&](const auto& rare) { fields(write, rare); }, body);
}

bool read_rare(ByteReader& in, EventKind kind, EventBody& body) {
  Read read{in};
  return read_alternative(read, kind, body) && in.ok();
}

}  // namespace qos::journal
