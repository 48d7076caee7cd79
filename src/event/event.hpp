// What happened, as every feed says it. A feed decodes its venue's bytes into these; the sequencer numbers
// them; state is a fold over them. Plain values, trivially copyable, no text.
//
// ts_event is the venue's clock. Sizes are in units (shares, coins), never lots.
#pragma once

#include <cstdint>
#include <type_traits>
#include <variant>

#include "core/id.hpp"
#include "core/price.hpp"
#include "core/time.hpp"
#include "event/kline.hpp"

namespace qos {

enum class Side : std::uint8_t { bid, ask };
enum class Aggressor : std::uint8_t { unknown, buy, sell };

// Why a trade is special; state/trade_eligibility.hpp says what each moves.
enum class TradeCondition : std::uint8_t {
  regular,
  opening_auction,
  closing_auction,
  odd_lot,
  extended_session,   // US night, pre-market and after hours
  off_book,           // off-book or late report
  after_close_fixed,  // fixed-price trade after the close (SH, SZ)
};
inline constexpr int kTradeConditions = 7;

struct Trade {
  InstrumentId instrument;
  Price price;
  Quantity size;
  std::uint64_t trade_id = 0;  // the venue's, 0 if it has none
  UnixNanos ts_event;
  TradeCondition condition = TradeCondition::regular;
  Aggressor aggressor = Aggressor::unknown;

  friend bool operator==(const Trade&, const Trade&) = default;
};

// All levels of the instrument's book are gone; BookDeltas that rebuild it follow.
struct BookClear {
  InstrumentId instrument;
  UnixNanos ts_event;

  friend bool operator==(const BookClear&, const BookClear&) = default;
};

// More deltas of the same venue message follow, or this was the last one: a book is only looked at after
// `last`.
enum class DeltaPart : std::uint8_t { more, last };

// The size at one price is now `size`; zero removes the level.
struct BookDelta {
  InstrumentId instrument;
  Side side = Side::bid;
  DeltaPart part = DeltaPart::last;
  Price price;
  Quantity size;
  std::uint64_t update_id = 0;  // the venue's, 0 if it has none
  UnixNanos ts_event;

  friend bool operator==(const BookDelta&, const BookDelta&) = default;
};

// Best bid and ask of a venue that sends no deeper book, or sends both: then the book of BookDeltas wins. A
// size of zero means that side is empty.
struct Quote {
  InstrumentId instrument;
  Price bid;
  Quantity bid_size;
  Price ask;
  Quantity ask_size;
  std::uint64_t update_id = 0;
  UnixNanos ts_event;

  friend bool operator==(const Quote&, const Quote&) = default;
};

enum class TradingState : std::uint8_t { trading, halted };

struct TradingStatus {
  InstrumentId instrument;
  TradingState state = TradingState::trading;
  UnixNanos ts_event;

  friend bool operator==(const TradingStatus&, const TradingStatus&) = default;
};

// The close that the trading day of ts_event is quoted against, as the venue says it (ex-right reference
// included).
struct ReferencePrice {
  InstrumentId instrument;
  Price previous_close;
  UnixNanos ts_event;

  friend bool operator==(const ReferencePrice&, const ReferencePrice&) = default;
};

// The venue's own rolling 24-hour figures (crypto). Once seen they replace the day's in the snapshot.
struct RollingStats {
  InstrumentId instrument;
  Price open;
  Price high;
  Price low;
  Volume volume;
  Turnover turnover;
  UnixNanos ts_event;

  friend bool operator==(const RollingStats&, const RollingStats&) = default;
};

// Restatement hook: a one-minute K-line is replaced by what it should have been (busted or corrected trades,
// a venue's own correction). `start` is its start; trades = 0 removes it. Longer K-lines, the day and the
// snapshot are derived from the minutes again.
struct KlineRestatement {
  InstrumentId instrument;
  UnixNanos start;
  Price open;
  Price high;
  Price low;
  Price close;
  Volume volume;
  Turnover turnover;
  std::uint32_t trades = 0;
  UnixNanos ts_event;

  friend bool operator==(const KlineRestatement&, const KlineRestatement&) = default;
};

// The venue takes a trade back: it never happened. `trade_id` is the Trade's.
struct TradeBust {
  InstrumentId instrument;
  std::uint64_t trade_id = 0;
  UnixNanos ts_event;  // of the bust, not of the trade

  friend bool operator==(const TradeBust&, const TradeBust&) = default;
};

// The venue corrects a trade: it should have been this one, at the time it was made.
struct TradeCorrection {
  InstrumentId instrument;
  std::uint64_t trade_id = 0;
  Price price;
  Quantity size;
  TradeCondition condition = TradeCondition::regular;
  UnixNanos ts_event;  // of the correction

  friend bool operator==(const TradeCorrection&, const TradeCorrection&) = default;
};

// A closed K-line of the past, told by the store before feeds begin: state goes on from it. A day is told
// before the days after it, its minutes only for the latest trading day, whose own day K-line is left out
// (it is their fold). No revision is raised and nothing is published.
struct PastKline {
  InstrumentId instrument;
  StoredSeries series = StoredSeries::day;
  std::int32_t trading_date = 0;  // days since 1970-01-01
  UnixNanos start;
  Price open;
  Price high;
  Price low;
  Price close;
  Volume volume;
  Turnover turnover;
  std::uint32_t trades = 0;
  std::uint32_t revision = 0;
  UnixNanos ts_event;  // when it is told

  friend bool operator==(const PastKline&, const PastKline&) = default;
};

// The K-lines of an instrument, and what its snapshot shows of them, begin anew: the store knows better than
// what was lived (an import while the server was down). The past is told again after it. The tape, the book
// and the numbers of pushes stay; nothing is published.
struct PastReset {
  InstrumentId instrument;
  UnixNanos ts_event;

  friend bool operator==(const PastReset&, const PastReset&) = default;
};

// An operator's word about one date of a calendar, in force from this event on: a storm, a day of mourning.
struct CalendarChange {
  // by_rule: an earlier word is taken back; what the calendar's files say holds again.
  enum class Kind : std::uint8_t { by_rule, closed, half, partial, full };
  static constexpr std::int16_t kAsUsual = INT16_MIN;

  CalendarId calendar;
  Kind kind = Kind::closed;
  std::int32_t date = 0;          // days since 1970-01-01
  std::int16_t open = kAsUsual;   // partial: minutes from local midnight; nothing before is traded
  std::int16_t close = kAsUsual;  // partial: nothing from it on is traded
  UnixNanos ts_event;

  friend bool operator==(const CalendarChange&, const CalendarChange&) = default;
};

// The feed lost messages from..to (venue numbers, inclusive) of this instrument: its book is stale until the
// next BookClear.
struct Gap {
  InstrumentId instrument;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  UnixNanos ts_event;

  friend bool operator==(const Gap&, const Gap&) = default;
};

// Time has reached ts_event at the venues of this calendar. State has no other clock.
struct ClockTick {
  CalendarId calendar;
  UnixNanos ts_event;

  friend bool operator==(const ClockTick&, const ClockTick&) = default;
};

// What everything that was told to subscribers until now comes to (state::Machine::digest). Written by the
// market thread now and then; whoever applies the journal again compares, so a replay that differs from what
// was published is noticed.
struct StateDigest {
  std::uint64_t digest = 0;
  UnixNanos ts_event;

  friend bool operator==(const StateDigest&, const StateDigest&) = default;
};

using EventBody = std::variant<Trade, BookClear, BookDelta, Quote, TradingStatus, ReferencePrice,
                               RollingStats, KlineRestatement, Gap, ClockTick, TradeBust, TradeCorrection,
                               PastKline, CalendarChange, StateDigest, PastReset>;

// What a feed hands on.
struct Event {
  FeedId feed;
  UnixNanos ts_recv;  // our clock when the bytes came; a recording's own where it has one
  EventBody body;

  friend bool operator==(const Event&, const Event&) = default;
};

// What the sequencer makes of it.
struct SequencedEvent {
  Sequence sequence;
  Event event;

  friend bool operator==(const SequencedEvent&, const SequencedEvent&) = default;
};

static_assert(std::is_trivially_copyable_v<SequencedEvent>);

inline UnixNanos ts_event_of(const EventBody& body) {
  return std::visit([](const auto& event) { return event.ts_event; }, body);
}

// std::visit(Overloaded{[](const Trade&) {…}, [](const auto&) {…}}, body)
template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

}  // namespace qos
