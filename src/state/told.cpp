#include "state/told.hpp"

#include <array>
#include <bit>

#include "core/bytes.hpp"

namespace qos::state {
namespace {

// The fractional digits of pi: numbers that nobody chose, of which no two are alike.
constexpr std::array<std::uint64_t, 8> kPi{0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0,
                                           0x082EFA98EC4E6C89, 0x452821E638D01377, 0xBE5466CF34E90C6C,
                                           0xC0AC29B7C97C50DD, 0x3F84D5B5B5470917};

// Both halves of the product folded into one: every bit of either factor moves about half of the result's.
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const UInt128 product = UInt128{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t word(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}
std::uint64_t word(Price price) {
  return word(price.raw());
}
std::uint64_t word(Quantity size) {
  return word(size.raw());
}
std::uint64_t word(UnixNanos time) {
  return word(unix_nanos(time));
}
std::uint64_t low(Int128 sum) {
  return static_cast<std::uint64_t>(sum);
}
std::uint64_t high(Int128 sum) {
  return static_cast<std::uint64_t>(sum >> 64);
}

// What one thing that is told comes to: its words two by two, each pair with two constants of its own, so
// that neither their order nor zeros are lost. The products wait for nothing but their words.
class Item {
 public:
  explicit Item(std::uint64_t kind) : sum_{kind} {}

  template <std::size_t Pair>
  void add(std::uint64_t a, std::uint64_t b) {
    sum_ += std::rotl(mix(a ^ kPi[(2 * Pair) % 8], b ^ kPi[(2 * Pair + 1) % 8]), 7 * (Pair / 4));
  }
  void add_sums(Volume volume, Turnover turnover) {
    add<6>(low(volume.raw()), low(turnover.raw()));
    add<7>(high(volume.raw()), high(turnover.raw()));
  }
  std::uint64_t value() const { return sum_; }

 private:
  std::uint64_t sum_;
};

std::uint64_t item_of(const TapeTrade& trade) {
  Item item{1};
  item.add<0>(trade.number, word(trade.ts));
  item.add<1>(word(trade.price), word(trade.size));
  item.add<2>(static_cast<std::uint64_t>(trade.aggressor), 0);
  return item.value();
}

std::uint64_t item_of(const SessionPart& part) {
  Item item{2};
  item.add<0>(word(part.last), word(part.ts));
  item.add<1>(word(part.high), word(part.low));
  item.add<2>(part.previous_close ? 1 : 0, word(part.previous_close.value_or(Price{})));
  item.add_sums(part.volume, part.turnover);
  return item.value();
}

std::uint64_t item_of(const Snapshot& snapshot, std::uint64_t number) {
  const auto there = [](const auto& value, int bit) { return std::uint64_t{value ? 1U : 0U} << bit; };
  const auto price = [](const std::optional<Price>& value) { return word(value.value_or(Price{})); };
  Item item{3};
  item.add<0>(number, word(snapshot.ts));
  item.add<1>(there(snapshot.last, 0) | there(snapshot.open, 1) | there(snapshot.high, 2) |
                  there(snapshot.low, 3) | there(snapshot.previous_close, 4) | there(snapshot.suspended, 5) |
                  there(snapshot.pre_market, 6) | there(snapshot.after_hours, 7) | there(snapshot.night, 8) |
                  static_cast<std::uint64_t>(snapshot.session) << 16,
              price(snapshot.last));
  item.add<2>(price(snapshot.open), price(snapshot.high));
  item.add<3>(price(snapshot.low), price(snapshot.previous_close));
  item.add_sums(snapshot.volume, snapshot.turnover);
  if (snapshot.pre_market) item.add<4>(item_of(*snapshot.pre_market), 1);
  if (snapshot.after_hours) item.add<4>(item_of(*snapshot.after_hours), 2);
  if (snapshot.night) item.add<4>(item_of(*snapshot.night), 3);
  return item.value();
}

using Pair = std::uint64_t __attribute__((vector_size(16)));

// Each level counts twice as much as the next, so that their order is not lost.
Pair column_of(const std::array<DepthLevel, kMaxDepthLevels>& levels, std::uint32_t count) {
  Pair column{};
  for (std::uint32_t at = 0; at < count; ++at)
    column = column + column + Pair{word(levels[at].price), word(levels[at].size)};
  return column;
}

std::uint64_t item_of(const Depth& depth, std::uint64_t number) {
  Item item{4};
  item.add<0>(number, word(depth.ts));
  item.add<1>(depth.bid_count, depth.ask_count);
  const Pair bids = column_of(depth.bids, depth.bid_count);
  const Pair asks = column_of(depth.asks, depth.ask_count);
  item.add<2>(bids[0], bids[1]);
  item.add<3>(asks[0], asks[1]);
  return item.value();
}

// A trade changes eleven K-lines, so this is what the digest costs. Their words are added up in columns, two
// by two, each K-line counting twice as much as the next, so that their order is not lost; only the columns
// are mixed. A different value anywhere makes a different column.
class Columns {
 public:
  void add(const KlineChange& change, std::size_t type) {
    if (added_ == kMost) flush();
    ++added_;
    const Kline& kline = change.kline;
    add<0>(word(kline.open), word(kline.high));
    add<1>(word(kline.low), word(kline.close));
    add<2>(low(kline.volume.raw()), high(kline.volume.raw()));
    add<3>(low(kline.turnover.raw()), high(kline.turnover.raw()));
    add<4>(word(kline.start), change.number);
    const std::uint64_t what = type << 8 | static_cast<std::uint64_t>(change.session) << 4 |
                               static_cast<std::uint64_t>(change.news) << 1 |
                               static_cast<std::uint64_t>(kline.closed);
    add<5>(std::uint64_t{kline.revision} << 32 | kline.trades, what);
  }
  std::uint64_t value() {
    flush();
    return sum_;
  }

 private:
  // Twice as often as this many times doubled, and the highest bits of the first would be gone.
  static constexpr int kMost = 24;

  template <std::size_t Column>
  void add(std::uint64_t a, std::uint64_t b) {
    columns_[Column] = columns_[Column] + columns_[Column] + Pair{a, b};
  }
  void flush() {
    Item item{sum_ ^ static_cast<std::uint64_t>(added_)};
    item.add<0>(columns_[0][0], columns_[0][1]);
    item.add<1>(columns_[1][0], columns_[1][1]);
    item.add<2>(columns_[2][0], columns_[2][1]);
    item.add<3>(columns_[3][0], columns_[3][1]);
    item.add<4>(columns_[4][0], columns_[4][1]);
    item.add<5>(columns_[5][0], columns_[5][1]);
    sum_ = mix(item.value() ^ kPi[5], kPi[2] | 1);
    columns_ = {};
    added_ = 0;
  }

  std::array<Pair, 6> columns_{};
  int added_ = 0;
  std::uint64_t sum_ = 5;
};

}  // namespace

std::uint64_t Told::seed_of(std::string_view code) {
  std::uint64_t seed = kPi[0];
  for (const char letter : code) seed = mix(seed ^ static_cast<std::uint8_t>(letter), kPi[2] | 1);
  return seed;
}

Numbers Told::numbers() const {
  Numbers numbers{.snapshot = at(kSnapshot),
                  .depth = at(kDepth),
                  .trade = at(kTrade),
                  .session_minutes = at(kSessionMinutes)};
  for (std::size_t type = 0; type < numbers.klines.size(); ++type) numbers.klines[type] = at(kKlines + type);
  return numbers;
}

void Told::count(Change& change, std::span<KlineChange> klines) {
  std::uint64_t hash = hash_ ^ mix(change.sequence.value() ^ kPi[4], kPi[5]);
  const auto take = [&](std::uint64_t item) { hash = (std::rotl(hash, 23) ^ item) * (kPi[6] | 1); };
  if (change.trade) {
    counts_[kTrade].store(change.trade->number, std::memory_order_release);
    take(item_of(*change.trade));
  }
  if (change.snapshot) {
    change.snapshot_number = next(kSnapshot);
    take(item_of(*change.snapshot, change.snapshot_number));
  }
  if (change.depth) {
    change.depth_number = next(kDepth);
    take(item_of(*change.depth, change.depth_number));
  }
  // They mostly come shortest first: the search goes on where the one before has ended.
  std::size_t type = 0;
  Columns columns;
  for (KlineChange& kline : klines) {
    while (market::kKlineTypes[type] != kline.type)
      type = type + 1 < market::kKlineTypes.size() ? type + 1 : 0;
    kline.number =
        next(kline.session == StoredSeries::regular ? kKlines + type : std::size_t{kSessionMinutes});
    columns.add(kline, type);
  }
  if (!klines.empty()) take(columns.value());
  hash_ = mix(hash ^ kPi[1], kPi[3]);
}

void Told::save(Saving& out) const {
  for (const auto& count : counts_) out.number(count.load(std::memory_order_relaxed));
  out.fixed(hash_);
}

void Told::restore(Restoring& in) {
  for (auto& count : counts_) {
    std::uint64_t number = 0;
    in.number(number);
    count.store(number, std::memory_order_release);
  }
  in.fixed(hash_);
}

}  // namespace qos::state
