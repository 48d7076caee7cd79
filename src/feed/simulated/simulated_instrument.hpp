// One instrument's whole simulated life: sessions, trades, book, auctions, halts. What it does depends only
// on the options, its own facts and its calendar, never on its neighbours.
#pragma once

#include <cstdint>
#include <vector>

#include "core/time.hpp"
#include "event/event.hpp"
#include "feed/simulated/character.hpp"
#include "feed/simulated/ladder.hpp"
#include "feed/simulated/options.hpp"
#include "feed/simulated/random.hpp"
#include "feed/simulated/start_prices.hpp"
#include "feed/simulated/timetable.hpp"
#include "market/instrument.hpp"

namespace qos::feed::simulated {

// Used by one thread. The instrument and the timetable must outlive it.
class SimulatedInstrument {
 public:
  SimulatedInstrument(const market::Instrument& instrument, Timetable& timetable, const Options& options,
                      const StartPoint& start);

  static constexpr UnixNanos kNever = UnixNanos::max();

  // Appends what is known before the first session: the reference price and that it trades.
  void start(UnixNanos from, std::vector<EventBody>& out);
  // When it acts next; kNever once its calendar ends.
  UnixNanos next_time() const { return next_time_; }
  // Acts at next_time(): appends the events of that instant, which may be none, and settles the next time.
  void act(std::vector<EventBody>& out);

 private:
  enum class Step : std::uint8_t { open, trade_or_quote, halt, resume, print, close };
  enum class Mode : std::uint8_t { silent, regular, extended, fixed_price };

  void open(UnixNanos t, std::vector<EventBody>& out);
  void begin_day(UnixNanos t, std::vector<EventBody>& out);
  void begin_trading(Mode mode, UnixNanos t, std::vector<EventBody>& out);
  void begin_auction(UnixNanos t, std::vector<EventBody>& out);
  void close(UnixNanos t, std::vector<EventBody>& out);
  void to_next_segment(UnixNanos t);
  void schedule(UnixNanos t);
  void plan_halt(UnixNanos t);

  void trade_or_quote(UnixNanos t, std::vector<EventBody>& out);
  void trade(UnixNanos t, std::vector<EventBody>& out);
  bool trade_through_a_level(UnixNanos t, std::vector<EventBody>& out);
  void change_sizes(UnixNanos t, std::vector<EventBody>& out);
  void print(TradeCondition condition, UnixNanos t, std::vector<EventBody>& out);
  void emit_trade(Price price, Quantity size, Side hit, TradeCondition condition, UnixNanos t,
                  std::vector<EventBody>& out);
  void emit_book(UnixNanos t, std::vector<EventBody>& out);
  void emit_quote(UnixNanos t, std::vector<EventBody>& out);
  void emit_level(Side side, Price price, std::int64_t units, DeltaPart part, UnixNanos t,
                  std::vector<EventBody>& out);

  Quantity size_of(std::int64_t units) const { return Quantity::from_raw(units * character_.unit.raw()); }
  Price moved(Price price, std::int64_t most_parts);

  const market::Instrument& instrument_;
  Timetable& timetable_;
  Random random_;
  const Character character_;
  const Movement movement_;
  const Hours hours_;
  const std::int64_t mean_wait_;  // nanoseconds between moves of regular trading
  const Price anchor_;            // the price leans back to it
  const bool has_past_;           // it ends at the anchor

  UnixNanos next_time_ = kNever;
  Step step_ = Step::open;
  Mode mode_ = Mode::silent;
  std::uint64_t segment_number_ = 0;
  Segment segment_;
  market::Date date_;

  Ladder ladder_;
  PriceBounds bounds_;
  Price previous_close_;
  Price last_;  // of the regular hours

  bool burst_ = false;
  UnixNanos activity_until_{};
  UnixNanos halt_at_ = kNever;
  UnixNanos resume_at_ = kNever;
  std::uint64_t trade_id_ = 0;
  std::uint64_t update_id_ = 0;
};

}  // namespace qos::feed::simulated
