// K-lines in a checkpoint: each against the one before it, prices and sums without the zeros that all of a
// series have at their ends. Where in the ring a K-line lies is not said: it shows in nothing.
#include <algorithm>

#include "state/kline_set.hpp"

namespace qos::state {
namespace {

constexpr auto kPowers = [] {
  std::array<std::int64_t, Turnover::kDigits + 1> powers{1};
  for (std::size_t at = 1; at < powers.size(); ++at) powers[at] = powers[at - 1] * 10;
  return powers;
}();

// How many decimal digits at the end of all prices, volumes and turnovers are zero.
struct Zeros {
  std::size_t price = Price::kDigits;
  std::size_t volume = Volume::kDigits;
  std::size_t turnover = Turnover::kDigits;

  void take(const Kline& kline) {
    for (const Price p : {kline.open, kline.high, kline.low, kline.close})
      while (p.raw() % kPowers[price] != 0) --price;
    while (kline.volume.raw() % kPowers[volume] != 0) --volume;
    while (kline.turnover.raw() % kPowers[turnover] != 0) --turnover;
  }
};

// What is not as it mostly is.
enum Flags : std::uint64_t {
  kFlat = 1,        // no trade gave a price: `last` says nothing
  kOtherDay = 2,    // than the one before
  kOtherStep = 4,   // not as long after the one before as that after its own
  kRevised = 8,     // the revision is not 0
  kFromStore = 16,  // the sequence is 0
  kOther = 32,      // one past the largest
};

// What the next K-line is written against.
struct Base {
  UnixNanos start;
  std::int64_t step = 0;
  UnixNanos day;
  Sequence sequence;
  std::int64_t close = 0;  // without zeros

  void move_to(const KlineSlot& slot, std::int64_t close_without_zeros) {
    step = checkpoint::minus(unix_nanos(slot.kline.start), unix_nanos(start));
    start = slot.kline.start;
    day = slot.day;
    if (slot.kline.sequence != Sequence{}) sequence = slot.kline.sequence;
    close = close_without_zeros;
  }
  UnixNanos next_start() const { return from_unix_nanos(checkpoint::plus(unix_nanos(start), step)); }
};

void save_slot(Saving& out, const KlineSlot& slot, const Zeros& zeros, Base& base) {
  const Kline& kline = slot.kline;
  std::uint64_t flags = 0;
  if (slot.flat()) flags |= kFlat;
  if (slot.day != base.day) flags |= kOtherDay;
  if (kline.start != base.next_start()) flags |= kOtherStep;
  if (kline.revision != 0) flags |= kRevised;
  if (kline.sequence == Sequence{}) flags |= kFromStore;
  out.number(flags);
  if (flags & kOtherStep) out.time(kline.start, base.start);
  if (flags & kOtherDay) out.time(slot.day, base.day);
  if (!(flags & kFromStore)) out.sequence(kline.sequence, base.sequence);
  const auto short_of = [&](Price price) { return price.raw() / kPowers[zeros.price]; };
  const auto open = short_of(kline.open);
  const auto close = short_of(kline.close);
  out.difference(open, base.close);
  out.difference(close, open);
  out.difference(short_of(kline.high), std::max(open, close));
  out.difference(short_of(kline.low), std::min(open, close));
  out.bytes().varint128(kline.volume.raw() / kPowers[zeros.volume]);
  out.bytes().varint128(kline.turnover.raw() / kPowers[zeros.turnover]);
  out.count32(kline.trades);
  if (flags & kRevised) out.count32(kline.revision);
  out.time(slot.first, kline.start);
  if (!slot.flat()) out.time(slot.last, slot.first);
  base.move_to(slot, close);
}

// Puts the zeros back.
template <typename Sum>
Sum restore_sum(Restoring& in, std::size_t zeros) {
  Int128 raw = 0;
  const bool fits = !__builtin_mul_overflow(in.bytes().varint128(), Int128{kPowers[zeros]}, &raw) &&
                    -checkpoint::kLargestSum < raw && raw < checkpoint::kLargestSum;
  in.require(fits);
  return Sum::from_raw(fits ? raw : 0);
}

KlineSlot restore_slot(Restoring& in, const Zeros& zeros, Base& base) {
  KlineSlot slot;
  Kline& kline = slot.kline;
  std::uint64_t flags = 0;
  in.number(flags);
  in.require(flags < kOther);
  kline.start = base.next_start();
  slot.day = base.day;
  if (flags & kOtherStep) in.time(kline.start, base.start);
  if (flags & kOtherDay) in.time(slot.day, base.day);
  if (!(flags & kFromStore)) in.sequence(kline.sequence, base.sequence);
  const auto price = [&](std::int64_t without_zeros) {
    std::int64_t raw = 0;
    in.require(!__builtin_mul_overflow(without_zeros, kPowers[zeros.price], &raw));
    return Price::from_raw(raw);
  };
  std::int64_t open = 0;
  std::int64_t close = 0;
  std::int64_t high = 0;
  std::int64_t low = 0;
  in.difference(open, base.close);
  in.difference(close, open);
  in.difference(high, std::max(open, close));
  in.difference(low, std::min(open, close));
  kline.open = price(open);
  kline.close = price(close);
  kline.high = price(high);
  kline.low = price(low);
  kline.volume = restore_sum<Volume>(in, zeros.volume);
  kline.turnover = restore_sum<Turnover>(in, zeros.turnover);
  in.count32(kline.trades);
  if (flags & kRevised) in.count32(kline.revision);
  in.time(slot.first, kline.start);
  if (!(flags & kFlat)) in.time(slot.last, slot.first);
  base.move_to(slot, close);
  return slot;
}

// What a K-line takes at least: flags, four prices, two sums, trades, first.
constexpr std::size_t kLeast = 9;

}  // namespace

void KlineSeries::save(Saving& out) const {
  out.optional(dropped_, [&](const Dropped& dropped) {
    out.time(dropped.start);
    out.time(dropped.day, dropped.start);
  });
  out.number(end() - oldest_);
  if (empty()) return;
  Zeros zeros;
  for (auto ordinal = oldest_; ordinal < end(); ++ordinal) zeros.take(at(ordinal).kline);
  out.number(zeros.price);
  out.number(zeros.volume);
  out.number(zeros.turnover);
  Base base;
  for (auto ordinal = oldest_; ordinal < end(); ++ordinal) save_slot(out, at(ordinal), zeros, base);
  const Kline newest = newest_.own().kline;
  out.flag(newest.closed);
  if (!newest.closed) out.time(ends_, newest.start);
}

void KlineSeries::restore(Restoring& in) {
  in.optional(dropped_, [&](Dropped& dropped) {
    in.time(dropped.start);
    in.time(dropped.day, dropped.start);
  });
  const std::size_t count = in.count(kLeast);
  if (count == 0) return;
  Zeros zeros;
  for (const auto& [digits, most] : {std::pair{&zeros.price, Price::kDigits},
                                     {&zeros.volume, Volume::kDigits},
                                     {&zeros.turnover, Turnover::kDigits}}) {
    std::uint64_t read = 0;
    in.number(read);
    in.require(read <= static_cast<std::uint64_t>(most));
    *digits = std::min<std::size_t>(read, static_cast<std::size_t>(most));
  }
  Base base;
  Kline sum;
  for (std::size_t n = 1; n <= count && in.ok(); ++n) {
    KlineSlot slot = restore_slot(in, zeros, base);
    in.require(dropped_ ? dropped_->start < slot.kline.start : true);
    in.require(empty() || newest_start_ < slot.kline.start);
    // Whatever is folded of these K-lines fits as well.
    sum.volume += slot.kline.volume;
    sum.turnover += slot.kline.turnover;
    in.require(sum.volume.raw() < checkpoint::kLargestSum && -checkpoint::kLargestSum < sum.volume.raw() &&
               sum.turnover.raw() < checkpoint::kLargestSum && -checkpoint::kLargestSum < sum.turnover.raw());
    slot.kline.closed = true;
    UnixNanos ends = UnixNanos::max();
    if (n == count) {
      in.flag(slot.kline.closed);
      if (!slot.kline.closed) in.time(ends, slot.kline.start);
    }
    if (in.ok()) append(slot, ends, Sequence{});
  }
}

template <std::size_t Types>
void BasicKlineSet<Types>::save(Saving& out) const {
  out.time(waiting_day_);
  out.sum(waiting_.volume);
  out.sum(waiting_.turnover);
  out.difference(waiting_.trades, 0);
  for (const KlineSeries& series : series_) series.save(out);
}

template <std::size_t Types>
void BasicKlineSet<Types>::restore(Restoring& in) {
  in.time(waiting_day_);
  in.sum(waiting_.volume);
  in.sum(waiting_.turnover);
  in.difference(waiting_.trades, 0);
  // Of an instrument's trades in one day, whoever counts them.
  in.require(-(std::int64_t{1} << 40) < waiting_.trades && waiting_.trades < std::int64_t{1} << 40);
  for (KlineSeries& series : series_) series.restore(in);
  update_next_close();
}

template void BasicKlineSet<market::kKlineTypes.size()>::save(Saving&) const;
template void BasicKlineSet<market::kKlineTypes.size()>::restore(Restoring&);
template void BasicKlineSet<1>::save(Saving&) const;
template void BasicKlineSet<1>::restore(Restoring&);

}  // namespace qos::state
