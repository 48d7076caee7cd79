// The recent trades of one instrument as the venue may still take them back: what each was and in which
// minute it is counted, so that a minute can be made again without one of them. Only trades that the venue
// numbers are kept; grows as they come, up to a limit, then forgets the oldest.
//
// Thread: the market thread's.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "event/event.hpp"
#include "state/checkpoint.hpp"
#include "state/kline_series.hpp"
#include "state/trade_eligibility.hpp"

namespace qos::state {

// Where a trade is counted: in a minute K-line; with what waits for the first price of its day; in none.
struct LedgerPlace {
  enum class Kind : std::uint8_t { nowhere, waiting, minute };
  Kind kind = Kind::nowhere;
  UnixNanos minute;  // its start

  static LedgerPlace in(UnixNanos minute) { return {Kind::minute, minute}; }
  static LedgerPlace waiting() { return {Kind::waiting, {}}; }
  friend bool operator==(const LedgerPlace&, const LedgerPlace&) = default;
};

// What some trades of one minute come to: prices and sums, and the times of open and close; flat() if none of
// them has a price.
using TradeSum = KlineSlot;

struct LedgerTrade {
  std::uint64_t trade_id = 0;
  Price price;
  Quantity size;
  UnixNanos ts;
  std::int32_t minute = kNowhere;  // what place() says, in minutes since 1970
  TradeCondition condition = TradeCondition::regular;
  Eligibility eligibility = Eligibility::full;
  StoredSeries session = StoredSeries::regular;  // in whose minutes it is counted
  bool gone = false;                             // taken back

  LedgerPlace place() const;
  void set_place(const LedgerPlace& place);

  static constexpr std::int32_t kNowhere = -1;
  static constexpr std::int32_t kWaiting = -2;
};
static_assert(sizeof(LedgerTrade) == 40, "there are thousands of them an instrument");

class TradeLedger {
 public:
  // kept: trades at most, at least 1.
  explicit TradeLedger(std::size_t kept) : kept_{kept} {}

  void add(const LedgerTrade& trade);
  // The latest trade of that number; nullptr: it is not known, not known any more, or taken back. Good until
  // the next add().
  LedgerTrade* find(std::uint64_t trade_id);

  // Of the trades that are counted there.
  TradeSum sum_of(StoredSeries session, const LedgerPlace& place) const;
  // All trades that are counted at `from` are counted at `to` now.
  void move(StoredSeries session, const LedgerPlace& from, const LedgerPlace& to);

  // The latest trade that gave a price, by order_of(), and of those of one time the one that came last.
  struct Latest {
    UnixNanos order;
    UnixNanos ts;
  };
  std::optional<Latest> latest(StoredSeries session) const;

  void save(Saving& out) const;
  // Into a fresh one: if it keeps fewer, the oldest go.
  void restore(Restoring& in);

 private:
  template <typename Visit>
  void each(Visit&& visit) const;

  std::size_t kept_;
  std::size_t oldest_ = 0;
  std::vector<LedgerTrade> trades_;
};

}  // namespace qos::state
