#include "feed/simulated/simulated_instrument.hpp"

#include <algorithm>
#include <string>

namespace qos::feed::simulated {
namespace {

using market::Phase;
using std::chrono::nanoseconds;

// Activity comes in bursts: a tenth of the time 5.5 times the average, else half of it.
constexpr nanoseconds kMeanBurst = std::chrono::seconds{10};
constexpr nanoseconds kMeanCalm = std::chrono::seconds{90};
constexpr std::int64_t kExtendedSlowness = 8;
constexpr std::int64_t kFixedPriceSlowness = 30;

// An equity halts about once in 24 hours of trading, for 2 to 10 minutes, never into the end of a session.
constexpr nanoseconds kMeanBetweenHalts = std::chrono::hours{24};
constexpr nanoseconds kShortestHalt = std::chrono::minutes{2};
constexpr nanoseconds kHaltRange = std::chrono::minutes{8};
constexpr nanoseconds kAfterHalt = std::chrono::minutes{1};

// Hong Kong ends its closing auction at random in the last two minutes; the mainland at the close.
constexpr nanoseconds kRandomClose = std::chrono::minutes{2};

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kStartMove = 10'000;     // parts of a million: where the first day stands against its
constexpr std::int64_t kOvernightMove = 8'000;  // reference, and how far the night moves a price at most
constexpr std::int64_t kOddLots = 100'000;      // of a million US trades
constexpr std::int64_t kAuctionLevels = 10;     // an auction trades up to as much as so many levels hold

std::int64_t wait_for(const Character& character, const Options& options) {
  return 1'000'000'000'000 / (options.rate_milli * character.moves_per_trade);
}

Ladder::Shape shape_of(const Character& character, const Movement& movement) {
  // The level behind the best is needed even where it is not published: it is the next best.
  return {.levels = std::clamp(character.published_levels, 2, kMaxLevels),
          .stride = movement.stride,
          .units = character.level_units};
}

}  // namespace

SimulatedInstrument::SimulatedInstrument(const market::Instrument& instrument, Timetable& timetable,
                                         const Options& options, const StartPoint& start)
    : instrument_{instrument},
      timetable_{timetable},
      random_{scramble(options.seed + 0x632be59bd9b4e019U) ^ hash_of(instrument.code.to_string()) ^
              start.salt},
      character_{character_of(instrument, options.hours, start.price)},
      movement_{movement_of(instrument, options, start.price)},
      hours_{options.hours},
      mean_wait_{wait_for(character_, options)},
      anchor_{start.price},
      has_past_{start.reference.has_value()},
      date_{timetable.first_date()},
      ladder_{instrument.tick, shape_of(character_, movement_)},
      bounds_{bounds_after(instrument, start.reference.value_or(start.price))},
      previous_close_{start.reference.value_or(start.price)},
      last_{start.price} {}

// The price up to `most_parts` of a million away, either way.
Price SimulatedInstrument::moved(Price price, std::int64_t most_parts) {
  const std::int64_t parts = random_.below(2 * most_parts + 1) - most_parts;
  return Price::from_raw(price.raw() + static_cast<std::int64_t>(Int128{price.raw()} * parts / kMillion));
}

void SimulatedInstrument::start(UnixNanos from, std::vector<EventBody>& out) {
  ladder_.rebuild(has_past_ ? anchor_ : moved(previous_close_, kStartMove), bounds_, random_);
  out.emplace_back(
      ReferencePrice{.instrument = instrument_.id, .previous_close = previous_close_, .ts_event = from});
  out.emplace_back(
      TradingStatus{.instrument = instrument_.id, .state = TradingState::trading, .ts_event = from});
  const Segment* const first = timetable_.at(0);
  if (first == nullptr) return;
  segment_ = *first;
  next_time_ = std::max(segment_.session.open, from);
}

void SimulatedInstrument::act(std::vector<EventBody>& out) {
  const UnixNanos t = next_time_;
  switch (step_) {
    case Step::open:
      return open(t, out);
    case Step::trade_or_quote:
      trade_or_quote(t, out);
      return schedule(t);
    case Step::halt:
      out.emplace_back(
          TradingStatus{.instrument = instrument_.id, .state = TradingState::halted, .ts_event = t});
      step_ = Step::resume;
      next_time_ = resume_at_;
      return;
    case Step::resume:
      out.emplace_back(
          TradingStatus{.instrument = instrument_.id, .state = TradingState::trading, .ts_event = t});
      ladder_.rebuild(ladder_.best(Side::bid).price, bounds_, random_);
      return begin_trading(mode_, t, out);
    case Step::print:
      print(segment_.session.phase == Phase::opening_auction ? TradeCondition::opening_auction
                                                             : TradeCondition::closing_auction,
            t, out);
      return to_next_segment(t);
    case Step::close:
      return close(t, out);
  }
}

void SimulatedInstrument::open(UnixNanos t, std::vector<EventBody>& out) {
  if (segment_.session.trading_date != date_) begin_day(t, out);
  const bool at_the_open = t == segment_.session.open;
  switch (segment_.session.phase) {
    case Phase::regular:
      if (character_.crosses && segment_.opens_regular && at_the_open)
        print(TradeCondition::opening_auction, t, out);
      return begin_trading(Mode::regular, t, out);
    case Phase::night:
    case Phase::pre_market:
    case Phase::after_hours:
      return character_.extended ? begin_trading(Mode::extended, t, out) : to_next_segment(t);
    case Phase::opening_auction:
    case Phase::closing_auction:
      return character_.auctions ? begin_auction(t, out) : to_next_segment(t);
    case Phase::after_close_fixed:
      return character_.after_close_fixed ? begin_trading(Mode::fixed_price, t, out) : to_next_segment(t);
  }
}

void SimulatedInstrument::begin_day(UnixNanos t, std::vector<EventBody>& out) {
  date_ = segment_.session.trading_date;
  previous_close_ = last_;
  bounds_ = bounds_after(instrument_, previous_close_);
  const Price before = ladder_.best(Side::bid).price;
  ladder_.rebuild(hours_ == Hours::always ? before : moved(previous_close_, kOvernightMove), bounds_,
                  random_);
  out.emplace_back(
      ReferencePrice{.instrument = instrument_.id, .previous_close = previous_close_, .ts_event = t});
}

void SimulatedInstrument::begin_trading(Mode mode, UnixNanos t, std::vector<EventBody>& out) {
  mode_ = mode;
  if (mode != Mode::fixed_price) emit_book(t, out);
  plan_halt(t);
  schedule(t);
}

void SimulatedInstrument::begin_auction(UnixNanos t, std::vector<EventBody>& out) {
  const market::Session& session = segment_.session;
  if (session.phase == Phase::opening_auction) {
    // Yesterday's book is gone; the new one is shown when continuous trading begins.
    out.emplace_back(BookClear{.instrument = instrument_.id, .ts_event = t});
    next_time_ = session.close;
  } else if (instrument_.code.market == market::Market::HK) {
    const UnixNanos earliest = std::max(t, session.close - kRandomClose);
    next_time_ =
        earliest + nanoseconds{random_.below(std::max<std::int64_t>(1, (session.close - earliest).count()))};
  } else {
    next_time_ = session.close;
  }
  step_ = Step::print;
}

void SimulatedInstrument::close(UnixNanos t, std::vector<EventBody>& out) {
  if (mode_ == Mode::regular && character_.crosses && segment_.closes_regular)
    print(TradeCondition::closing_auction, t, out);
  to_next_segment(t);
}

void SimulatedInstrument::to_next_segment(UnixNanos t) {
  mode_ = Mode::silent;
  step_ = Step::open;
  next_time_ = kNever;
  const Segment* const next = timetable_.at(++segment_number_);
  if (next == nullptr) return;
  segment_ = *next;
  next_time_ = std::max(segment_.session.open, t);
}

// Halts come as a Poisson process, so planning anew at every start changes nothing about how often they come.
void SimulatedInstrument::plan_halt(UnixNanos t) {
  halt_at_ = kNever;
  if (!character_.halts || mode_ != Mode::regular) return;
  const UnixNanos halt = t + nanoseconds{random_.waiting(kMeanBetweenHalts.count())};
  const UnixNanos resume = halt + kShortestHalt + nanoseconds{random_.below(kHaltRange.count())};
  if (resume + kAfterHalt > segment_.session.close) return;
  halt_at_ = halt;
  resume_at_ = resume;
}

void SimulatedInstrument::schedule(UnixNanos t) {
  std::int64_t mean = mean_wait_;
  if (mode_ == Mode::extended) mean *= kExtendedSlowness;
  if (mode_ == Mode::fixed_price) mean *= kFixedPriceSlowness;
  const UnixNanos close = segment_.session.close;
  UnixNanos next = t;
  while (true) {
    const UnixNanos candidate = next + nanoseconds{1 + random_.waiting(burst_ ? mean * 2 / 11 : mean * 2)};
    if (candidate < activity_until_ || next >= close) {
      next = candidate;
      break;
    }
    // Waiting has no memory, so it may begin again where the activity changes.
    next = std::max(next, activity_until_);
    burst_ = !burst_;
    activity_until_ = next + nanoseconds{1 + random_.waiting((burst_ ? kMeanBurst : kMeanCalm).count())};
  }
  step_ = Step::trade_or_quote;
  if (next >= close) {
    next = close;
    step_ = Step::close;
  }
  if (next >= halt_at_) {
    next = halt_at_;
    step_ = Step::halt;
  }
  next_time_ = next;
}

void SimulatedInstrument::trade_or_quote(UnixNanos t, std::vector<EventBody>& out) {
  if (mode_ == Mode::fixed_price) {
    const Side hit = random_.below(2) == 0 ? Side::bid : Side::ask;
    return emit_trade(last_, size_of(1 + random_.below(character_.level_units)), hit,
                      TradeCondition::after_close_fixed, t, out);
  }
  if (random_.below(character_.moves_per_trade) == 0) return trade(t, out);
  change_sizes(t, out);
}

void SimulatedInstrument::trade(UnixNanos t, std::vector<EventBody>& out) {
  if (random_.chance(movement_.shift_parts) && trade_through_a_level(t, out)) return;
  const Side hit = random_.below(2) == 0 ? Side::bid : Side::ask;
  const Level& level = ladder_.best(hit);
  const TradeCondition usual =
      mode_ == Mode::extended ? TradeCondition::extended_session : TradeCondition::regular;
  if (character_.odd_lots && random_.chance(kOddLots)) {
    // Quotes count round lots only, so the book stays as it is.
    const Quantity odd = Quantity::from_units(1 + random_.below(99));
    return emit_trade(level.price, odd, hit, mode_ == Mode::regular ? TradeCondition::odd_lot : usual, t,
                      out);
  }
  const std::int64_t wanted = 1 + random_.below(std::max<std::int64_t>(1, character_.level_units / 2));
  const std::int64_t units = std::min(wanted, level.units);
  emit_trade(level.price, size_of(units), hit, usual, t, out);
  // A level that would be used up is filled again at once: only trade_through_a_level moves the price.
  ladder_.resize(hit, 0, units < level.units ? level.units - units : ladder_.random_units(random_));
  ++update_id_;
  emit_level(hit, level.price, level.units, DeltaPart::last, t, out);
}

// False where the day's limits leave no room either way; nothing has happened then.
bool SimulatedInstrument::trade_through_a_level(UnixNanos t, std::vector<EventBody>& out) {
  const Level best[] = {ladder_.best(Side::bid), ladder_.best(Side::ask)};
  const Int128 off = Int128{best[0].price.raw() - anchor_.raw()} * kMillion / anchor_.raw();
  const auto lean = static_cast<std::int64_t>(std::clamp<Int128>(off / 4, -kMillion / 5, kMillion / 5));
  bool up = random_.chance(kMillion / 2 - lean);
  auto move = ladder_.shift(up ? Ladder::Direction::up : Ladder::Direction::down, bounds_, random_);
  if (!move) {
    up = !up;
    move = ladder_.shift(up ? Ladder::Direction::up : Ladder::Direction::down, bounds_, random_);
  }
  if (!move) return false;
  const Level& eaten = best[up ? 1 : 0];
  emit_trade(eaten.price, size_of(eaten.units), up ? Side::ask : Side::bid,
             mode_ == Mode::extended ? TradeCondition::extended_session : TradeCondition::regular, t, out);
  ++update_id_;
  if (character_.published_levels == 1) {
    emit_quote(t, out);
  } else if (character_.published_levels > 1) {
    if (move->bid_gone.units > 0) emit_level(Side::bid, move->bid_gone.price, 0, DeltaPart::more, t, out);
    if (move->ask_gone.units > 0) emit_level(Side::ask, move->ask_gone.price, 0, DeltaPart::more, t, out);
    emit_level(Side::bid, move->bid_new.price, move->bid_new.units, DeltaPart::more, t, out);
    emit_level(Side::ask, move->ask_new.price, move->ask_new.units, DeltaPart::last, t, out);
  }
  return true;
}

// One or two levels, more often near the best.
void SimulatedInstrument::change_sizes(UnixNanos t, std::vector<EventBody>& out) {
  ++update_id_;
  const auto change = [&](Side side, DeltaPart part) {
    const int published = std::min(ladder_.levels(side), character_.published_levels);
    const int place = static_cast<int>(std::min(random_.below(published), random_.below(published)));
    ladder_.resize(side, place, ladder_.random_units(random_));
    const Level& level = ladder_.level(side, place);
    emit_level(side, level.price, level.units, part, t, out);
  };
  const Side side = random_.below(2) == 0 ? Side::bid : Side::ask;
  if (character_.published_levels > 1 && random_.below(2) == 0)
    change(side == Side::bid ? Side::ask : Side::bid, DeltaPart::more);
  change(side, DeltaPart::last);
}

// The one price of an auction.
void SimulatedInstrument::print(TradeCondition condition, UnixNanos t, std::vector<EventBody>& out) {
  const Side hit = random_.below(2) == 0 ? Side::bid : Side::ask;
  const std::int64_t units = 1 + random_.below(character_.level_units * kAuctionLevels);
  emit_trade(ladder_.best(hit).price, size_of(units), hit, condition, t, out);
  std::get<Trade>(out.back()).aggressor = Aggressor::unknown;
}

void SimulatedInstrument::emit_trade(Price price, Quantity size, Side hit, TradeCondition condition,
                                     UnixNanos t, std::vector<EventBody>& out) {
  Aggressor aggressor = hit == Side::ask ? Aggressor::buy : Aggressor::sell;
  if (!character_.sided) aggressor = Aggressor::unknown;
  if (condition == TradeCondition::regular || condition == TradeCondition::opening_auction ||
      condition == TradeCondition::closing_auction)
    last_ = price;
  out.emplace_back(Trade{.instrument = instrument_.id,
                         .price = price,
                         .size = size,
                         .trade_id = ++trade_id_,
                         .ts_event = t,
                         .condition = condition,
                         .aggressor = aggressor});
}

void SimulatedInstrument::emit_book(UnixNanos t, std::vector<EventBody>& out) {
  if (character_.published_levels == 0) return;
  ++update_id_;
  if (character_.published_levels == 1) return emit_quote(t, out);
  out.emplace_back(BookClear{.instrument = instrument_.id, .ts_event = t});
  for (const Side side : {Side::bid, Side::ask}) {
    for (int place = 0; place < ladder_.levels(side); ++place) {
      const bool last = side == Side::ask && place + 1 == ladder_.levels(side);
      const Level& level = ladder_.level(side, place);
      emit_level(side, level.price, level.units, last ? DeltaPart::last : DeltaPart::more, t, out);
    }
  }
}

void SimulatedInstrument::emit_quote(UnixNanos t, std::vector<EventBody>& out) {
  const Level& bid = ladder_.best(Side::bid);
  const Level& ask = ladder_.best(Side::ask);
  out.emplace_back(Quote{.instrument = instrument_.id,
                         .bid = bid.price,
                         .bid_size = size_of(bid.units),
                         .ask = ask.price,
                         .ask_size = size_of(ask.units),
                         .update_id = update_id_,
                         .ts_event = t});
}

// The change of one level, in the form that the market's depth has.
void SimulatedInstrument::emit_level(Side side, Price price, std::int64_t units, DeltaPart part, UnixNanos t,
                                     std::vector<EventBody>& out) {
  if (character_.published_levels == 0) return;
  if (character_.published_levels == 1) return emit_quote(t, out);
  out.emplace_back(BookDelta{.instrument = instrument_.id,
                             .side = side,
                             .part = part,
                             .price = price,
                             .size = size_of(units),
                             .update_id = update_id_,
                             .ts_event = t});
}

}  // namespace qos::feed::simulated
