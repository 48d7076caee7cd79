// All that is known of one instrument: takes its events, answers its readers. Most instruments of a large
// table are idle, so each part is made when it is first needed.
//
// Threads: the InstrumentView's members may be called by any thread, everything else belongs to the market
// thread.
#pragma once

#include <atomic>
#include <forward_list>
#include <memory>

#include "market/instrument.hpp"
#include "state/book_state.hpp"
#include "state/kline_set.hpp"
#include "state/machine.hpp"
#include "state/minute_cache.hpp"
#include "state/published.hpp"
#include "state/snapshot_fold.hpp"
#include "state/stamp.hpp"
#include "state/tape.hpp"
#include "state/told.hpp"
#include "state/trade_ledger.hpp"
#include "state/view.hpp"

namespace qos::state {

// The minutes of the extended sessions of one instrument.
class ExtendedMinutes {
 public:
  explicit ExtendedMinutes(std::size_t kept)
      : sets_{SessionMinutes{kept}, SessionMinutes{kept}, SessionMinutes{kept}} {}

  static constexpr std::array kSeries{StoredSeries::night, StoredSeries::pre_market,
                                      StoredSeries::after_hours};
  SessionMinutes& of(StoredSeries series) { return sets_[index_of(series)]; }
  const SessionMinutes& of(StoredSeries series) const { return sets_[index_of(series)]; }

 private:
  static std::size_t index_of(StoredSeries series) {
    return series == StoredSeries::night ? 0 : series == StoredSeries::pre_market ? 1 : 2;
  }
  std::array<SessionMinutes, kSeries.size()> sets_;
};

class InstrumentState final : public InstrumentView {
 public:
  // What a call works with; all of it is the machine's. `klines` is empty.
  struct Work {
    Sequence sequence;
    const Machine::Options& options;
    MachineCounters& counters;
    std::vector<KlineChange>& klines;
    std::uint64_t& digest;  // Machine::digest(), kept up to date
  };

  InstrumentState(const market::Instrument& instrument, MinuteCache& minutes)
      : instrument_{&instrument}, minutes_{&minutes} {}

  // --- any thread ---
  std::uint64_t stamp() const override { return stamp_.value(); }
  Numbers numbers() const override;
  Sequence version() const override { return Sequence{version_.load()}; }
  Snapshot snapshot() const override;
  Depth depth() const override;
  std::vector<TapeTrade> trades(std::size_t count) const override;
  std::vector<Kline> klines(market::KlineType type, std::size_t count,
                            std::optional<UnixNanos> until) const override;
  std::vector<Kline> extended_minutes(StoredSeries session, std::size_t count,
                                      std::optional<UnixNanos> until) const override;

  // --- the market thread ---
  // What is different now. K-lines are in work.klines.
  Change apply(const EventBody& body, const Work& work);
  // When the first open K-line is over; UnixNanos::max() if none is open.
  UnixNanos next_close() const;
  // The K-lines that were open until `now` or before.
  Change close_ended_klines(UnixNanos now, const Work& work);
  // The clock has opened the trading day that starts at `day`.
  void open_day(UnixNanos day, Sequence sequence);
  // The calendar has changed.
  void find_ends_again();
  // instrument_checkpoint.cpp. Into a fresh one.
  void save(Saving& out) const;
  Result<void> restore(Restoring& in, const Machine::Options& options);
  // What it has added to Machine::digest().
  std::uint64_t digest() const;
  const market::Instrument& instrument() const { return *instrument_; }
  // The time for which it is down in the closing schedule; UnixNanos::max(): it is not.
  UnixNanos scheduled() const { return scheduled_; }
  void set_scheduled(UnixNanos time) { scheduled_ = time; }

 private:
  void on(const Trade& trade, const Work& work, Change& change);
  void on(const BookClear& clear, const Work& work, Change& change);
  void on(const BookDelta& delta, const Work& work, Change& change);
  void on(const Quote& quote, const Work& work, Change& change);
  void on(const TradingStatus& status, const Work& work, Change& change);
  void on(const ReferencePrice& reference, const Work& work, Change& change);
  void on(const RollingStats& stats, const Work& work, Change& change);
  void on(const KlineRestatement& restatement, const Work& work, Change& change);
  void on(const Gap& gap, const Work& work, Change& change);
  void on(const TradeBust& bust, const Work& work, Change& change);
  void on(const TradeCorrection& correction, const Work& work, Change& change);
  void on(const PastKline& past, const Work& work, Change& change);
  void on(const PastReset& reset, const Work& work, Change& change);
  void on(const ClockTick&, const Work&, Change&) {}
  void on(const CalendarChange&, const Work&, Change&) {}
  void on(const StateDigest&, const Work&, Change&) {}

  // Numbers what is news and takes it into the digest; nothing after it may change it.
  void tell(Change& change, const Work& work);
  std::uint64_t seed() const;

  // Where a trade belongs.
  struct Place {
    std::optional<market::Minute> minute;  // of the regular session, or of an extended one
    StoredSeries series = StoredSeries::regular;
    UsSession us_session = UsSession::unknown;

    bool is_regular() const { return minute && series == StoredSeries::regular; }
    bool is_extended() const { return minute && series != StoredSeries::regular; }
  };
  Place place_of(const Trade& trade);
  KlineWork kline_work(StoredSeries series, const Work& work) {
    return {*minutes_, work.sequence, work.klines, series, ledger_.get()};
  }
  LedgerPlace count_in_klines(const Trade& trade, Eligibility eligibility, const Place& place,
                              const Work& work);
  static TradeVerdict verdict_of(Eligibility eligibility, const Place& place, const LedgerPlace& counted);
  static TradeVerdict verdict_of_busted(const LedgerTrade& trade, const LedgerPlace& was, bool taken_out);
  void show_trade(const Trade& trade, Eligibility eligibility, const Place& place, const Work& work,
                  Change& change);
  // The newest day, and the close before it, after days that are over may have changed.
  void show_days(Snapshot& snapshot, SnapshotFold& fold) const;
  std::size_t depth_levels() const;

  // instrument_corrections.cpp. False: what it changed could not be restated.
  LedgerTrade* find_known(std::uint64_t trade_id, const Work& work);
  bool take_out(LedgerTrade& trade, const Work& work);
  bool put_in(LedgerTrade& trade, const Trade& corrected, const Work& work);
  bool restate(StoredSeries series, const LedgerPlace& place, const TradeSum& before, const TradeSum& after,
               const Work& work);
  void show_corrected(const Work& work, Change& change);
  std::optional<SnapshotFold::Last> latest_price() const;
  std::optional<SessionParts::Whole> latest_session(StoredSeries series) const;

  // instrument_past.cpp
  std::optional<ToldKline> told_of(const PastKline& past);
  void show_told(const PastKline& past, const ToldKline& told, const Work& work);

  SnapshotFold& snapshot_fold() { return snapshot_.make(instrument_->code.market, minutes_->opened_day()); }
  BookState& book() { return book_.make(depth_levels()); }

  Stamp stamp_;
  std::atomic<std::uint64_t> version_{0};
  const market::Instrument* instrument_;
  MinuteCache* minutes_;
  UnixNanos scheduled_ = UnixNanos::max();
  Published<Told> told_;
  Published<SnapshotFold> snapshot_;
  Published<BookState> book_;
  Published<Tape> tape_;
  Published<KlineSet> klines_;
  Published<ExtendedMinutes> extended_;
  std::unique_ptr<TradeLedger> ledger_;  // no reader looks at it
  // Parts that began anew, a few times in the life of a server: somebody may still be reading the old ones.
  std::forward_list<std::shared_ptr<const void>> retired_;
};

}  // namespace qos::state
