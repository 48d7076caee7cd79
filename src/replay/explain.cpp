#include "replay/explain.hpp"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include "replay/trade_moves.hpp"
#include "state/session_parts.hpp"
#include "state/trade_eligibility.hpp"
#include "state/trade_order.hpp"

namespace qos::replay {
namespace {

using market::KlineType;
using market::Span;
using state::Change;
using state::TradeRule;
using state::TradeVerdict;

constexpr Span kNever{UnixNanos::max(), UnixNanos::max()};

// Which K-line of the asked type a minute belongs to, on the calendar as it is at that event.
class Cuts {
 public:
  Cuts(const Archive& archive, const KlineQuestion& question)
      : instrument_{archive.instruments.at(question.instrument)},
        anchor_{archive.options.anchor},
        type_{question.type},
        start_{question.start} {}

  void use(const market::CalendarTable& calendars) { calendars_ = &calendars; }
  void forget() { last_ = {}; }

  const market::SessionCalendar& calendar() const { return calendars_->at(instrument_.calendar); }
  bool has(UnixNanos minute) { return look(minute).inside; }
  UnixNanos day_of(UnixNanos minute) { return look(minute).day; }
  // The minute that a trade of this time is of, whether it counts or not.
  std::optional<market::Minute> minute_of(UnixNanos ts, TradeCondition condition) const {
    return market::minute_of(calendar(), ts, state::print_of(condition), instrument_.closing_print);
  }
  // A minute by its start, the closing print's own too.
  std::optional<market::Minute> known(UnixNanos minute) const {
    const auto found =
        market::minute_of(calendar(), minute, market::Print::continuous, instrument_.closing_print);
    if (found) return found;
    const auto closing =
        market::minute_of(calendar(), minute, market::Print::closing, instrument_.closing_print);
    return closing && closing->start == minute ? closing : std::nullopt;
  }
  // All of it on the clock.
  Span span() const {
    if (type_ >= KlineType::day) return span_of({calendar().local_date(start_), start_});
    const auto minute = known(start_);
    return minute ? span_of(*minute) : kNever;
  }
  // The first trading date that it may have trades of.
  market::Date first_date() const {
    if (type_ < KlineType::day)
      if (const auto minute = known(start_)) return minute->trading_date;
    return calendar().local_date(start_);
  }
  bool is_of_extended_session(UnixNanos ts) const {
    if (instrument_.code.market != market::Market::US) return false;
    const auto session = calendar().session_at(ts);
    return session && state::is_extended(state::us_session_of(session->phase));
  }

 private:
  struct Look {
    UnixNanos minute = UnixNanos::min();
    UnixNanos day;
    bool inside = false;
  };

  Span span_of(const market::Minute& minute) const { return span_of(type_, minute); }
  Span span_of(KlineType type, const market::Minute& minute) const {
    return market::kline_span(calendar(), type, minute, instrument_.closing_print, anchor_);
  }
  const Look& look(UnixNanos start) {
    if (last_.minute == start) return last_;
    last_ = {.minute = start, .day = UnixNanos::max(), .inside = false};
    if (const auto minute = known(start)) {
      last_.day = span_of(KlineType::day, *minute).start;
      last_.inside = span_of(*minute).start == start_;
    }
    return last_;
  }

  const market::Instrument& instrument_;
  market::Anchor anchor_;
  KlineType type_;
  UnixNanos start_;
  const market::CalendarTable* calendars_ = nullptr;
  Look last_;
};

// Which trade a number means, as long as state's ledger knows it.
class KnownTrades {
 public:
  struct Known {
    Sequence sequence;  // of the trade, or of its latest correction
    UnixNanos ts;
  };
  explicit KnownTrades(std::size_t kept) : kept_{kept} {}

  void add(std::uint64_t trade_id, const Known& trade) {
    if (trade_id == 0 || kept_ == 0) return;
    by_id_.insert_or_assign(trade_id, trade);
    order_.emplace_back(trade_id, trade.sequence);
    if (order_.size() <= kept_) return;
    const auto [oldest, sequence] = order_.front();
    order_.pop_front();
    // A later trade may have had the same number.
    if (const auto found = by_id_.find(oldest); found != by_id_.end() && found->second.sequence == sequence)
      by_id_.erase(found);
  }
  const Known* find(std::uint64_t trade_id) const {
    const auto found = by_id_.find(trade_id);
    return found == by_id_.end() ? nullptr : &found->second;
  }
  void correct(std::uint64_t trade_id, Sequence by) {
    const auto found = by_id_.find(trade_id);
    if (found == by_id_.end()) return;
    // It keeps its place in the order of the ledger.
    for (auto& [id, sequence] : order_)
      if (sequence == found->second.sequence) sequence = by;
    found->second.sequence = by;
  }

 private:
  std::size_t kept_;
  std::unordered_map<std::uint64_t, Known> by_id_;
  std::deque<std::pair<std::uint64_t, Sequence>> order_;
};

// One reading of the journal, with the moves that the one before has found.
class Reading {
 public:
  Reading(const Archive& archive, const KlineQuestion& question, const TradeMoves& known_moves)
      : market_{archive.instruments.at(question.instrument).code.market},
        question_{question},
        known_moves_{known_moves},
        cuts_{archive, question},
        known_{archive.options.ledger_kept} {
    cuts_.use(archive.calendars);
  }

  // Nothing of the K-line has happened yet: no day like its first one, nothing on the tape from then on.
  bool begins_here(const state::InstrumentView& view) const {
    const auto& calendar = cuts_.calendar();
    const market::Date date = cuts_.first_date();
    const UnixNanos day = calendar.local_midnight(date);
    const auto sessions = calendar.sessions_of(date);
    const UnixNanos begin = sessions.empty() ? day : std::min(day, sessions.front().open);
    const auto days = view.klines(KlineType::day, 1);
    if (!days.empty() && days.back().start >= day) return false;
    return std::ranges::none_of(view.trades(kWholeTape),
                                [&](const auto& trade) { return trade.ts >= begin; });
  }

  void begin(const market::CalendarTable& calendars) { cuts_.use(calendars); }

  bool visit(const SequencedEvent& event, const Change& change) {
    const auto& body = event.event.body;
    take_kline(change);
    if (const auto* tick = std::get_if<ClockTick>(&body)) return tick->ts_event < enough();
    if (std::holds_alternative<CalendarChange>(body)) {
      cuts_.forget();
      enough_.reset();
    }
    if (const auto* trade = std::get_if<Trade>(&body)) on(*trade, event.sequence, change);
    if (const auto* bust = std::get_if<TradeBust>(&body)) on(*bust, event.sequence, change);
    if (const auto* correction = std::get_if<TradeCorrection>(&body)) on(*correction, event.sequence, change);
    if (const auto* restatement = std::get_if<KlineRestatement>(&body)) {
      move_what_led(event.sequence, change, std::nullopt);
      if (cuts_.has(restatement->start)) explained_.restated = event.sequence;
    }
    if (const auto* past = std::get_if<PastKline>(&body)) on(*past);
    if (std::holds_alternative<PastReset>(body) && seen_ > 0) explained_.was_told = true;
    return true;
  }

  void end(const state::InstrumentView& view) {
    if (explained_.kline) return;
    // Told by the store, and nothing since.
    const auto klines = view.klines(question_.type, 1, question_.start);
    if (!klines.empty() && klines.back().start == question_.start) {
      explained_.kline = klines.back();
      explained_.was_told = true;
    }
  }

  // Something moved into the K-line or out of it that this reading did not know of.
  bool must_read_again() const { return crossed_ && moves_.all().size() != known_moves_.all().size(); }
  const TradeMoves& moves() const { return moves_; }

  Explained result() {
    explained_.counted = explained_.kline ? explained_.kline->trades : 0;
    explained_.left_out = seen_ - std::min(seen_, explained_.counted);
    return std::move(explained_);
  }

 private:
  static constexpr std::size_t kWholeTape = 1'000'000;

  void take_kline(const Change& change) {
    for (const auto& news : change.klines) {
      if (news.type != question_.type || news.kline.start != question_.start ||
          news.session != StoredSeries::regular)
        continue;
      const bool is_gone = news.kline.trades == 0 && news.kline.volume == Volume{};
      explained_.kline = is_gone ? std::nullopt : std::optional{news.kline};
    }
  }
  bool changes_it(const Change& change) const {
    return std::ranges::any_of(change.klines, [&](const auto& news) {
      return news.type == question_.type && news.kline.start == question_.start &&
             news.session == StoredSeries::regular && news.news == state::KlineNews::values;
    });
  }

  bool holds(const CountedAt& place) { return place.kind == CountedAt::Kind::minute && cuts_.has(place.at); }

  // The end of the trading day after the K-line's: whatever comes later is not waited for.
  UnixNanos enough() {
    if (!enough_) {
      const UnixNanos end = cuts_.span().end;
      enough_ = UnixNanos::max();
      if (end != UnixNanos::max()) {
        const auto& calendar = cuts_.calendar();
        const auto next = calendar.next_trading_date(calendar.local_date(end - std::chrono::nanoseconds{1}));
        const auto hours = next ? calendar.regular_of(*next) : std::span<const market::Session>{};
        if (!hours.empty()) enough_ = std::max(end, hours.back().close);
      }
    }
    return *enough_;
  }

  void on(const Trade& trade, Sequence sequence, const Change& change) {
    if (!change.verdict) return;  // before the instrument was saved
    if (change.verdict->rule != TradeRule::implausible)
      known_.add(trade.trade_id, {sequence, trade.ts_event});
    consider(trade, sequence, change);
  }

  void on(const TradeBust& bust, Sequence sequence, const Change& change) {
    if (!change.verdict) return;
    move_what_led(sequence, change, std::nullopt);
    if (change.verdict->rule != TradeRule::too_old) take_back(bust.trade_id, sequence);
  }

  void on(const TradeCorrection& correction, Sequence sequence, const Change& change) {
    if (!change.verdict) return;
    take_back(correction.trade_id, sequence);
    const auto* known = known_.find(correction.trade_id);
    // Of a trade before everything that is of interest.
    if (known == nullptr) return;
    move_what_led(sequence, change, change.verdict->minute);
    const Trade corrected{.instrument = correction.instrument,
                          .price = correction.price,
                          .size = correction.size,
                          .trade_id = correction.trade_id,
                          .ts_event = known->ts,
                          .condition = correction.condition};
    known_.correct(correction.trade_id, sequence);
    consider(corrected, sequence, change);
  }

  // A trade as it comes, or as it is corrected.
  void consider(const Trade& trade, Sequence sequence, const Change& change) {
    const TradeVerdict& verdict = *change.verdict;
    if (verdict.series != StoredSeries::regular) return;
    switch (verdict.rule) {
      case TradeRule::counted:
        join_waiting(verdict.minute, sequence);
        if (cuts_.has(verdict.minute)) tell(trade, sequence, verdict.rule);
        return;
      case TradeRule::volume_only:
        if (holds(known_moves_.end_of(CountedAt::in(verdict.minute), sequence)))
          tell(trade, sequence, verdict.rule);
        return;
      case TradeRule::waits_for_price:
        wait(trade, sequence);
        return;
      case TradeRule::too_old:
        // Longer K-lines may have it though its minute is gone.
        if (changes_it(change)) {
          const bool full = state::eligibility_of(market_, trade.condition) == state::Eligibility::full;
          tell(trade, sequence, full ? TradeRule::counted : TradeRule::volume_only);
          return;
        }
        [[fallthrough]];
      default:
        if (is_of_its_time(trade, verdict.rule)) tell(trade, sequence, verdict.rule);
    }
  }

  void wait(const Trade& trade, Sequence sequence) {
    const auto minute = cuts_.minute_of(trade.ts_event, trade.condition);
    if (!minute) return;
    const UnixNanos day = cuts_.day_of(minute->start);
    if (waiting_day_ && *waiting_day_ != day) note(sequence, CountedAt::waiting(*waiting_day_), CountedAt{});
    waiting_day_ = day;
    const CountedAt place = known_moves_.end_of(CountedAt::waiting(day), sequence);
    if (place.kind == CountedAt::Kind::minute) {
      if (holds(place)) tell(trade, sequence, TradeRule::waits_for_price);
      return;
    }
    // A day without a price has no K-line; a longer one has others.
    if (!cuts_.has(minute->start)) return;
    told_waiting_ = true;
    if (place.kind == CountedAt::Kind::nowhere) {
      tell(trade, sequence, TradeRule::too_old);
    } else if (question_.type <= KlineType::day) {
      tell(trade, sequence, TradeRule::waits_for_price);
    }
  }

  void note(Sequence by, const CountedAt& from, const CountedAt& to) {
    moves_.add(by, from, to);
    const bool waited = told_waiting_ && from.kind == CountedAt::Kind::waiting;
    crossed_ = crossed_ || waited || holds(from) != holds(to);
  }

  void join_waiting(UnixNanos minute, Sequence sequence) {
    if (!waiting_day_ || *waiting_day_ != cuts_.day_of(minute)) return;
    note(sequence, CountedAt::waiting(*waiting_day_), CountedAt::in(minute));
    waiting_day_.reset();
  }

  // Minutes that went because they had no price to begin their day with: what they held is in the first one
  // that has, or waits. `corrected`: where the event itself has counted a trade afterwards.
  void move_what_led(Sequence sequence, const Change& change, std::optional<UnixNanos> corrected) {
    const auto is_minute = [](const state::KlineChange& news) {
      return news.type == KlineType::m1 && news.session == StoredSeries::regular &&
             news.news == state::KlineNews::values;
    };
    const auto is_gone = [](const Kline& kline) { return kline.trades == 0 && kline.volume == Volume{}; };
    for (const auto& news : change.klines) {
      if (!is_minute(news) || !is_gone(news.kline)) continue;
      const UnixNanos day = cuts_.day_of(news.kline.start);
      std::optional<UnixNanos> to;
      for (const auto& other : change.klines) {
        if (!is_minute(other) || is_gone(other.kline) || cuts_.day_of(other.kline.start) != day) continue;
        // One that the correction has made only now was not there to take it.
        if (corrected == other.kline.start && other.kline.trades == 1) continue;
        if (!to || other.kline.start < *to) to = other.kline.start;
      }
      const auto from = CountedAt::in(news.kline.start);
      if (to) {
        note(sequence, from, CountedAt::in(*to));
      } else if (!waiting_day_ || *waiting_day_ <= day) {
        note(sequence, from, CountedAt::waiting(day));
        waiting_day_ = day;
      } else {
        note(sequence, from, CountedAt{});
      }
    }
  }

  bool is_of_its_time(const Trade& trade, TradeRule rule) {
    const auto on_its_clock = [&] {
      const Span span = cuts_.span();
      return span.start <= trade.ts_event && trade.ts_event < span.end;
    };
    if (rule == TradeRule::implausible) return on_its_clock();
    if (const auto minute = cuts_.minute_of(trade.ts_event, trade.condition)) return cuts_.has(minute->start);
    return !cuts_.is_of_extended_session(trade.ts_event) && on_its_clock();
  }

  void tell(const Trade& trade, Sequence sequence, TradeRule rule) {
    ++seen_;
    if (sequence <= question_.after) return;
    if (explained_.trades.size() >= question_.count) {
      explained_.more = true;
      return;
    }
    explained_.trades.push_back({.sequence = sequence,
                                 .price = trade.price,
                                 .size = trade.size,
                                 .ts = trade.ts_event,
                                 .trade_id = trade.trade_id,
                                 .condition = trade.condition,
                                 .rule = rule,
                                 .taken_back = {}});
  }

  void take_back(std::uint64_t trade_id, Sequence by) {
    const auto* known = known_.find(trade_id);
    if (known == nullptr) return;
    const auto found =
        std::ranges::lower_bound(explained_.trades, known->sequence, {}, &ExplainedTrade::sequence);
    if (found != explained_.trades.end() && found->sequence == known->sequence) found->taken_back = by;
  }

  void on(const PastKline& past) {
    if (past.series == StoredSeries::regular && cuts_.has(past.start)) explained_.was_told = true;
    if (past.series != StoredSeries::day) return;
    const market::Date date{std::chrono::sys_days{std::chrono::days{past.trading_date}}};
    const auto hours = cuts_.calendar().regular_of(date);
    const UnixNanos minute = hours.empty() ? past.start : hours.front().open;
    if (question_.type >= KlineType::day ? cuts_.has(minute) : cuts_.first_date() == date)
      explained_.was_told = true;
  }

  market::Market market_;
  const KlineQuestion& question_;
  const TradeMoves& known_moves_;
  Cuts cuts_;
  KnownTrades known_;
  TradeMoves moves_;
  bool told_waiting_ = false;  // a trade, as one that waits
  bool crossed_ = false;       // the edge of the K-line
  std::optional<UnixNanos> waiting_day_;
  std::optional<UnixNanos> enough_;
  std::uint64_t seen_ = 0;  // trades of the K-line and of its time
  Explained explained_;
};

}  // namespace

Result<std::optional<Explained>> explain(const Rewind& rewind, const KlineQuestion& question) {
  TradeMoves known;
  for (;;) {
    Reading reading{rewind.archive(), question, known};
    const auto last = rewind.run(
        {.instrument = question.instrument,
         .begins_here = [&](Sequence,
                            const state::InstrumentView& view) { return reading.begins_here(view); },
         .begins = [&](const market::CalendarTable& calendars) { reading.begin(calendars); },
         .visit = [&](const SequencedEvent& event,
                      const state::Change& change) { return reading.visit(event, change); },
         .enough = [&](Sequence) { return question.give_up(); },
         .end = [&](const state::InstrumentView& view) { reading.end(view); }});
    if (!last) return std::unexpected{last.error()};
    if (question.give_up()) return fail("given up");
    if (!*last) return std::nullopt;
    // What moved is known after one reading; more events may have come since, which move more.
    if (!reading.must_read_again()) return reading.result();
    known = reading.moves();
  }
}

}  // namespace qos::replay
