#include "store/kline_chunk.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace qos::store {
namespace {

__extension__ using Unsigned128 = unsigned __int128;
using Column = std::vector<std::uint64_t>;

constexpr std::size_t kChecksumSize = 4;

// Seconds and minutes are what starts are multiples of; nothing is refused.
constexpr std::array<std::uint64_t, 3> kStartUnits{60'000'000'000, 1'000'000'000, 1};

// What the flags of a chunk say.
constexpr std::uint8_t kStartUnitBits = 0b0000'0011;  // which of kStartUnits
constexpr std::uint8_t kWideVolume = 0b0000'0100;     // a second volume column has the high 64 bits
constexpr int kTurnoverShift = 3;                     // two bits: how turnovers are told
constexpr std::uint8_t kOddLots =
    0b0010'0000;  // after the volumes, in lots, a column with what is beside them
constexpr std::uint8_t kKnownFlags = 0b0011'1111;

enum class TurnoverWay : std::uint8_t {
  plain = 0,   // zigzag of the value
  near = 1,    // zigzag of the distance from volume * (open + high + low + close) / 4
  inside = 2,  // the distance from volume * low, in the bits that volume * (high - low) needs
  wide = 3,    // low 64 bits, high 64 bits
};

// A lot is a power of ten, at most this one, of volume units.
constexpr int kLotDecadesMax = 6;

constexpr int kPriceDecadesMax = 18;
constexpr int kSumDecadesMax = 38;

constexpr auto kDecades = [] {
  std::array<Unsigned128, kSumDecadesMax + 1> decades{1};
  for (std::size_t n = 1; n < decades.size(); ++n) decades[n] = decades[n - 1] * 10;
  return decades;
}();
Unsigned128 decade(int n) {
  return kDecades[static_cast<std::size_t>(n)];
}

// Values as whole multiples of the largest power of ten that divides them all, at most 10^most.
template <typename Value>
struct InUnits {
  int decades = 0;
  std::vector<Value> values;
};

// The largest power of ten that divides `value`, which is not 0, at most 10^most.
template <typename Value>
int decades_of(Value value, int most) {
  int decades = 0;
  while (decades < most && value % 10 == 0) {
    value /= 10;
    ++decades;
  }
  return decades;
}

template <typename Value>
Value divided(Value value, int decades) {
  // Most 128-bit sums are small, and dividing 64 bits takes a fraction of the time.
  if constexpr (sizeof(Value) == 16)
    if (value == static_cast<std::int64_t>(value) && decades <= kPriceDecadesMax)
      return static_cast<std::int64_t>(value) / static_cast<std::int64_t>(decade(decades));
  return value / static_cast<Value>(decade(decades));
}

// Divides by the power that fitted so far and looks whether it fitted; where not, all begins again with less.
template <typename Value>
InUnits<Value> in_units(std::vector<Value> raw, int most) {
  InUnits<Value> units;
  const auto first = std::ranges::find_if(raw, [](Value value) { return value != 0; });
  if (first == raw.end()) return {0, std::move(raw)};
  units.decades = decades_of(*first, most);
  units.values.reserve(raw.size());
  for (std::size_t n = 0; n < raw.size() && units.decades != 0; ++n) {
    const auto quotient = divided(raw[n], units.decades);
    if (quotient * static_cast<Value>(decade(units.decades)) == raw[n]) {
      units.values.push_back(quotient);
      continue;
    }
    units.decades = decades_of(raw[n], units.decades);
    units.values.clear();
    n = std::numeric_limits<std::size_t>::max();
  }
  if (units.decades == 0) units.values = std::move(raw);
  return units;
}

// volume * price, both in their units, turned into units of turnover: a whole power of ten up or down. Any
// function will do that both sides compute alike; down is a multiplication by the reciprocal.
class ProductScale {
 public:
  // up: units of turnover in one of volume * price, as a power of ten; may be negative.
  explicit ProductScale(int up) {
    if (up >= 0) {
      factor_ = up < 20 ? static_cast<std::uint64_t>(decade(up)) : 0;
    } else {
      reciprocal_ =
          static_cast<std::uint64_t>((Unsigned128{1} << 64) / decade(std::min(-up, kSumDecadesMax)));
      down_ = true;
    }
  }
  std::uint64_t operator()(std::uint64_t product) const {
    if (!down_) return product * factor_;
    return static_cast<std::uint64_t>((Unsigned128{product} * reciprocal_) >> 64);
  }
  bool down() const { return down_; }
  bool one() const { return !down_ && factor_ == 1; }
  // Whether products up to this one stay exact: far from 2^64.
  bool fits(Unsigned128 product) const {
    constexpr Unsigned128 kMost = std::uint64_t{1} << 62;
    return product < kMost && (down_ || (factor_ != 0 && product * factor_ < kMost));
  }

 private:
  std::uint64_t factor_ = 1;
  std::uint64_t reciprocal_ = 0;
  bool down_ = false;
};

// The span in which a turnover must lie whose trades all lie between low and high.
struct TurnoverSpan {
  std::uint64_t low;
  int width;  // bits of the distance
};
[[gnu::always_inline]] inline TurnoverSpan span_of(const ProductScale& scale, std::uint64_t volume,
                                                   std::uint64_t low, std::uint64_t high) {
  const std::uint64_t bottom = scale(volume * low);
  // Rounding down and a vendor's own rounding may take a turnover one unit further up.
  const std::uint64_t top = scale(volume * high) + (scale.down() ? 2 : 0);
  return {bottom, static_cast<int>(std::bit_width(top - bottom))};
}
constexpr int kInsideWidthMax = 56;  // one unaligned load of eight bytes

std::uint64_t near_turnover(const ProductScale& scale, std::uint64_t volume, std::uint64_t sum_of_prices) {
  return scale(volume * sum_of_prices / 4);
}

std::uint64_t bits(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

// --- encoding ---

class ChunkEncoder {
 public:
  explicit ChunkEncoder(std::span<const Kline> klines) : klines_{klines} {
    for (auto* column : {&start_, &open_, &close_, &up_, &down_, &volume_, &volume_high_, &turnover_,
                         &turnover_high_, &scratch_})
      column->reserve(klines.size());
  }

  void append(Bytes& out) {
    set_starts();
    set_prices();
    set_volumes();
    Bytes turnovers = best_turnovers();
    if (lot_decades() != 0) flags_ |= kOddLots;

    out.push_back(std::byte{kChunkVersion});
    out.push_back(std::byte(flags_));
    for (const int decades : {price_decades_, volume_decades_, turnover_decades_})
      out.push_back(static_cast<std::byte>(decades));
    append_varint(out, klines_.size());
    if (klines_.empty()) return;
    append_varint(out, zigzag(first_start_));
    append_varint(out, zigzag(last_start_ - first_start_));
    append_varint(out, zigzag(first_open_));
    for (const auto* column : {&start_, &open_, &close_, &up_, &down_}) append_column(out, *column);
    append_volumes(out);
    out.insert(out.end(), turnovers.begin(), turnovers.end());
    append_column_of(out, [](const Kline& kline) { return std::uint64_t{kline.trades}; });
    append_column_of(out, [](const Kline& kline) { return std::uint64_t{kline.revision}; });
  }

 private:
  template <typename Get>
  void append_column_of(Bytes& out, Get get) {
    scratch_.clear();
    for (const auto& kline : klines_) scratch_.push_back(get(kline));
    append_column(out, scratch_);
  }

  void set_starts() {
    std::uint8_t unit = 0;
    for (const auto& kline : klines_)
      while (unix_nanos(kline.start) % static_cast<std::int64_t>(kStartUnits[unit]) != 0) ++unit;
    flags_ |= unit;
    std::uint64_t before = 0;
    for (const auto& kline : klines_) {
      const auto start = bits(unix_nanos(kline.start) / static_cast<std::int64_t>(kStartUnits[unit]));
      if (start_.empty()) {
        first_start_ = start;
        start_.push_back(0);
      } else {
        start_.push_back(zigzag(start - before - 1));  // the next minute is 0
      }
      before = start;
    }
    last_start_ = before;
  }

  void set_prices() {
    std::vector<std::int64_t> raw;
    raw.reserve(4 * klines_.size());
    for (const auto& k : klines_)
      raw.insert(raw.end(), {k.open.raw(), k.high.raw(), k.low.raw(), k.close.raw()});
    auto units = in_units(std::move(raw), kPriceDecadesMax);
    price_decades_ = units.decades;
    prices_ = std::move(units.values);
    std::uint64_t before = 0;
    for (std::size_t n = 0; n < klines_.size(); ++n) {
      const auto [open, high, low, close] = ticks(n);
      if (n == 0) before = first_open_ = bits(open);
      open_.push_back(zigzag(bits(open) - before));
      close_.push_back(zigzag(bits(close) - bits(open)));
      up_.push_back(bits(high) - bits(std::max(open, close)));
      down_.push_back(bits(std::min(open, close)) - bits(low));
      before = bits(close);
    }
  }

  void set_volumes() {
    std::vector<Int128> raw;
    raw.reserve(klines_.size());
    for (const auto& kline : klines_) raw.push_back(kline.volume.raw());
    const auto units = in_units(std::move(raw), kSumDecadesMax);
    volume_decades_ = units.decades;
    for (const auto volume : units.values) {
      // A negative volume (nothing makes one, nothing is refused) has its high bits set.
      if (static_cast<Unsigned128>(volume) > std::numeric_limits<std::int64_t>::max()) flags_ |= kWideVolume;
      volume_.push_back(static_cast<std::uint64_t>(volume));
      volume_high_.push_back(static_cast<std::uint64_t>(static_cast<Unsigned128>(volume) >> 64));
    }
  }

  // Where nearly all volumes are whole lots (a round lot market with a few odd ones), lots and what is beside
  // them take fewer bits than all in the unit of the odd ones.
  int lot_decades() const {
    if ((flags_ & kWideVolume) != 0) return 0;
    for (int decades = kLotDecadesMax; decades > 0; --decades) {
      const auto lot = static_cast<std::uint64_t>(decade(decades));
      std::size_t odd = 0;
      for (const auto volume : volume_) odd += volume % lot != 0 ? 1U : 0U;
      if (odd != 0 && odd * 8 <= volume_.size()) return decades;
      if (odd == 0) return 0;  // all volumes are 0
    }
    return 0;
  }

  void append_volumes(Bytes& out) {
    const int decades = lot_decades();
    if (decades == 0) {
      append_column(out, volume_);
      if ((flags_ & kWideVolume) != 0) append_column(out, volume_high_);
      return;
    }
    const auto lot = static_cast<std::uint64_t>(decade(decades));
    Column lots;
    scratch_.clear();
    for (const auto volume : volume_) {
      lots.push_back(volume / lot);
      scratch_.push_back(volume % lot);
    }
    append_column(out, lots);
    out.push_back(static_cast<std::byte>(decades));
    append_column(out, scratch_);
  }

  Bytes best_turnovers() {
    std::vector<Int128> raw;
    raw.reserve(klines_.size());
    for (const auto& kline : klines_) raw.push_back(kline.turnover.raw());
    const auto units = in_units(std::move(raw), kSumDecadesMax);
    turnover_decades_ = units.decades;
    bool wide = false;
    bool any = false;
    for (const auto turnover : units.values) {
      wide = wide || turnover != static_cast<std::int64_t>(turnover);
      any = any || turnover != 0;
      turnover_.push_back(static_cast<std::uint64_t>(turnover));
      turnover_high_.push_back(static_cast<std::uint64_t>(static_cast<Unsigned128>(turnover) >> 64));
    }
    if (wide) {
      Bytes columns;
      append_column(columns, turnover_);
      append_column(columns, turnover_high_);
      return choose(TurnoverWay::wide, std::move(columns));
    }
    if (!any) return choose(TurnoverWay::plain, plain());
    // Where every turnover is possible at the prices of its K-line, that is nearly always the smallest.
    const ProductScale scale{price_decades_ + volume_decades_ - turnover_decades_};
    if (auto columns = inside(scale); !columns.empty())
      return choose(TurnoverWay::inside, std::move(columns));
    auto as_they_are = plain();
    auto as_distance = near(scale);
    if (as_distance.size() < as_they_are.size()) return choose(TurnoverWay::near, std::move(as_distance));
    return choose(TurnoverWay::plain, std::move(as_they_are));
  }
  Bytes choose(TurnoverWay way, Bytes columns) {
    flags_ |= static_cast<std::uint8_t>(static_cast<int>(way) << kTurnoverShift);
    return columns;
  }

  Bytes plain() {
    scratch_.clear();
    for (const auto turnover : turnover_) scratch_.push_back(zigzag(turnover));
    Bytes out;
    append_column(out, scratch_);
    return out;
  }

  struct Ticks {
    std::int64_t open, high, low, close;
  };
  Ticks ticks(std::size_t n) const {
    const auto* const prices = prices_.data() + 4 * n;
    return {prices[0], prices[1], prices[2], prices[3]};
  }

  Bytes near(const ProductScale& scale) {
    scratch_.clear();
    for (std::size_t n = 0; n < klines_.size(); ++n) {
      const auto [open, high, low, close] = ticks(n);
      const auto sum = bits(open) + bits(high) + bits(low) + bits(close);
      scratch_.push_back(zigzag(turnover_[n] - near_turnover(scale, volume_[n], sum)));
    }
    Bytes out;
    append_column(out, scratch_);
    return out;
  }

  // Empty where a turnover lies outside.
  Bytes inside(const ProductScale& scale) {
    Bytes stream;
    std::uint64_t word = 0;
    int filled = 0;
    for (std::size_t n = 0; n < klines_.size(); ++n) {
      const auto [open, high, low, close] = ticks(n);
      if (low < 0 || high < low || (flags_ & kWideVolume) != 0) return {};
      if (!scale.fits(Unsigned128{volume_[n]} * bits(high))) return {};
      const auto span = span_of(scale, volume_[n], bits(low), bits(high));
      const auto distance = turnover_[n] - span.low;
      if (span.width > kInsideWidthMax || static_cast<int>(std::bit_width(distance)) > span.width) return {};
      const Unsigned128 pending = Unsigned128{word} | Unsigned128{distance} << filled;
      filled += span.width;
      word = static_cast<std::uint64_t>(pending);
      if (filled < 64) continue;
      append_word(stream, word, 8);
      word = static_cast<std::uint64_t>(pending >> 64);
      filled -= 64;
    }
    append_word(stream, word, (filled + 7) / 8);
    Bytes out;
    append_varint(out, stream.size());
    out.insert(out.end(), stream.begin(), stream.end());
    return out;
  }
  static void append_word(Bytes& out, std::uint64_t word, int bytes) {
    for (int n = 0; n < bytes; ++n) out.push_back(static_cast<std::byte>(word >> (8 * n)));
  }

  std::span<const Kline> klines_;
  std::uint8_t flags_ = 0;
  int price_decades_ = 0;
  int volume_decades_ = 0;
  int turnover_decades_ = 0;
  std::uint64_t first_start_ = 0;
  std::uint64_t last_start_ = 0;
  std::uint64_t first_open_ = 0;
  std::vector<std::int64_t> prices_;  // open, high, low, close of each, in units
  Column start_, open_, close_, up_, down_, volume_, volume_high_, turnover_, turnover_high_, scratch_;
};

// --- decoding ---

struct Header {
  std::uint8_t flags = 0;
  int price_decades = 0;
  int volume_decades = 0;
  int turnover_decades = 0;
  std::size_t count = 0;
  std::uint64_t first_start = 0;  // in units
  std::uint64_t last_start = 0;
  std::uint64_t first_open = 0;

  std::uint64_t start_unit() const { return kStartUnits[flags & kStartUnitBits]; }
  TurnoverWay turnover_way() const { return static_cast<TurnoverWay>(flags >> kTurnoverShift & 3); }
};

// Leaves `in` at the first column.
Result<Header> read_header(std::span<const std::byte> chunk, std::uint64_t place, ByteReader& in) {
  if (chunk.size() < kChecksumSize) return fail("chunk of {} bytes, need at least 10", chunk.size());
  std::uint32_t stored;
  std::memcpy(&stored, chunk.data(), sizeof stored);
  const auto body = chunk.subspan(kChecksumSize);
  if (const auto computed = checksum_of(body, place); computed != stored)
    return fail("checksum of the chunk is {:08x}, of its {} bytes here {:08x}", stored, body.size(),
                computed);
  in = ByteReader{body};
  if (const auto version = in.byte(); version != kChunkVersion)
    return fail("chunk of version {}, this program knows version {}", version, kChunkVersion);
  Header header;
  header.flags = in.byte();
  header.price_decades = in.byte();
  header.volume_decades = in.byte();
  header.turnover_decades = in.byte();
  const auto count = in.varint();
  if (count > kChunkKlinesMax) return fail("chunk of {} K-lines, the most is {}", count, kChunkKlinesMax);
  header.count = static_cast<std::size_t>(count);
  if (count != 0) {
    header.first_start = unzigzag(in.varint());
    header.last_start = header.first_start + unzigzag(in.varint());
    header.first_open = unzigzag(in.varint());
  }
  const bool known =
      (header.flags & ~kKnownFlags) == 0 && (header.flags & kStartUnitBits) < kStartUnits.size();
  if (!in.good() || !known || header.price_decades > kPriceDecadesMax ||
      header.volume_decades > kSumDecadesMax || header.turnover_decades > kSumDecadesMax)
    return fail("chunk with an impossible header");
  return header;
}

}  // namespace

class ChunkDecoder {
 public:
  ChunkDecoder(const Header& header, ByteReader& in, KlineColumns& to) : header_{header}, in_{in}, to_{to} {}

  bool run() {
    to_.price_unit_ = static_cast<std::uint64_t>(decade(header_.price_decades));
    to_.volume_unit_ = decade(header_.volume_decades);
    to_.turnover_unit_ = decade(header_.turnover_decades);
    for (auto* column : {&to_.start_, &to_.open_, &to_.close_, &to_.high_, &to_.low_, &to_.volume_})
      read(*column);
    to_.volume_high_.clear();
    if ((header_.flags & kWideVolume) != 0) read(to_.volume_high_);
    if ((header_.flags & kOddLots) != 0) read_odd_lots();
    if (!in_.good()) return false;
    rebuild_starts();
    rebuild_prices();
    read_turnovers();
    read(to_.trades_);
    read(to_.revision_);
    if (!in_.good() || in_.left() != 0) return false;
    to_.count_ = header_.count;
    return true;
  }

 private:
  void read(Column& column) {
    column.resize(header_.count);
    read_column(in_, column);
  }

  void read_odd_lots() {
    const int decades = in_.byte();
    if (decades > kLotDecadesMax) return in_.fail();
    const auto lot = static_cast<std::uint64_t>(decade(decades));
    read(to_.turnover_);  // its values come later
    for (std::size_t n = 0; n < header_.count; ++n) to_.volume_[n] = to_.volume_[n] * lot + to_.turnover_[n];
  }

  void rebuild_starts() {
    const auto unit = header_.start_unit();
    std::uint64_t start = (header_.first_start - 1) * unit;
    for (auto& value : to_.start_) value = start += (1 + unzigzag(value)) * unit;
  }

  void rebuild_prices() {
    std::uint64_t before = header_.first_open;
    std::uint64_t* const opens = to_.open_.data();
    std::uint64_t* const closes = to_.close_.data();
    std::uint64_t* const highs = to_.high_.data();
    std::uint64_t* const lows = to_.low_.data();
    for (std::size_t n = 0; n < header_.count; ++n) {
      const std::uint64_t open = before + unzigzag(opens[n]);
      const std::uint64_t close = open + unzigzag(closes[n]);
      const auto upper = std::max(static_cast<std::int64_t>(open), static_cast<std::int64_t>(close));
      const auto lower = std::min(static_cast<std::int64_t>(open), static_cast<std::int64_t>(close));
      opens[n] = open;
      closes[n] = close;
      highs[n] = bits(upper) + highs[n];
      lows[n] = bits(lower) - lows[n];
      before = close;
    }
  }

  void read_turnovers() {
    const ProductScale scale{header_.price_decades + header_.volume_decades - header_.turnover_decades};
    to_.turnover_high_.clear();
    switch (header_.turnover_way()) {
      case TurnoverWay::wide:
        read(to_.turnover_);
        read(to_.turnover_high_);
        return;
      case TurnoverWay::plain:
        read(to_.turnover_);
        for (auto& value : to_.turnover_) value = unzigzag(value);
        break;
      case TurnoverWay::near:
        read(to_.turnover_);
        for (std::size_t n = 0; n < header_.count; ++n)
          to_.turnover_[n] =
              unzigzag(to_.turnover_[n]) +
              near_turnover(scale, to_.volume_[n], to_.open_[n] + to_.high_[n] + to_.low_[n] + to_.close_[n]);
        break;
      case TurnoverWay::inside:
        read_inside(scale);
        break;
    }
    if (std::ranges::any_of(to_.turnover_, [](std::uint64_t value) { return value >> 63 != 0; }))
      widen_signs();
  }

  // Negative turnovers of 64 bits have their high bits set.
  void widen_signs() {
    for (const auto value : to_.turnover_) to_.turnover_high_.push_back(std::uint64_t{0} - (value >> 63));
  }

  void read_inside(const ProductScale& scale) {
    to_.turnover_.resize(header_.count);
    const auto stream = in_.take(static_cast<std::size_t>(std::min<std::uint64_t>(in_.varint(), in_.left())));
    // Products need no scaling where turnover counts in ticks times lots: then the compiler sees it.
    if (scale.one())
      read_inside(stream, ProductScale{0});
    else
      read_inside(stream, scale);
  }
  template <typename Scale>
  [[gnu::always_inline]] void read_inside(std::span<const std::byte> stream, const Scale scale) {
    const std::byte* const end = stream.data() + stream.size();
    const std::uint64_t limit = stream.size() * 8;
    const std::uint64_t* const volumes = to_.volume_.data();
    const std::uint64_t* const lows = to_.low_.data();
    const std::uint64_t* const highs = to_.high_.data();
    std::uint64_t* const turnovers = to_.turnover_.data();
    std::uint64_t bit = 0;
    for (std::size_t n = 0; n < header_.count; ++n) {
      const auto span = span_of(scale, volumes[n], lows[n], highs[n]);
      const auto width = static_cast<std::uint64_t>(span.width);
      if (span.width > kInsideWidthMax || bit + width > limit) return in_.fail();
      const std::uint64_t word = load_up_to_8(stream.data() + bit / 8, end);
      const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
      turnovers[n] = span.low + (word >> (bit % 8) & mask);
      bit += width;
    }
  }

  const Header& header_;
  ByteReader& in_;
  KlineColumns& to_;
};

std::uint32_t checksum_of(std::span<const std::byte> bytes, std::uint64_t place) {
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(bytes.data(), bytes.size(), place));
}

void append_chunk(Bytes& out, std::span<const Kline> klines, std::uint64_t place) {
  QOS_ASSERT(klines.size() <= kChunkKlinesMax);
  const std::size_t begin = out.size();
  out.resize(begin + kChecksumSize);
  ChunkEncoder{klines}.append(out);
  const std::uint32_t checksum = checksum_of(std::span{out}.subspan(begin + kChecksumSize), place);
  std::memcpy(out.data() + begin, &checksum, sizeof checksum);
}

Result<ChunkHead> read_chunk_head(std::span<const std::byte> chunk, std::uint64_t place) {
  ByteReader in{{}};
  const auto header = read_header(chunk, place, in);
  if (!header) return std::unexpected{header.error()};
  const auto time = [&](std::uint64_t start) {
    return from_unix_nanos(static_cast<std::int64_t>(start * header->start_unit()));
  };
  return ChunkHead{
      .count = header->count, .first = time(header->first_start), .last = time(header->last_start)};
}

Result<void> KlineColumns::decode(std::span<const std::byte> chunk, std::uint64_t place) {
  count_ = 0;
  ByteReader in{{}};
  const auto header = read_header(chunk, place, in);
  if (!header) return std::unexpected{header.error()};
  if (header->count == 0) return {};
  if (!ChunkDecoder{*header, in, *this}.run())
    return fail("chunk of {} bytes for {} K-lines with damaged columns", chunk.size(), header->count);
  return {};
}

}  // namespace qos::store
