// The past at the start of a server: what feeds know of it goes into the history store, what the store holds
// of the current year is told to state. docs/decisions/0003-the-past-is-told-as-events.md
//
// Thread: the one that opens the pipeline, before any other exists.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "event/event.hpp"
#include "feed/feed.hpp"
#include "market/instrument.hpp"
#include "state/view.hpp"
#include "store/kline_store.hpp"
#include "store/reference_rows.hpp"

namespace qos::server {

// Collects what feeds tell and stores all of it with commit(), or nothing.
class StoredPast final : public feed::PastSink {
 public:
  static Result<std::unique_ptr<StoredPast>> begin(const market::InstrumentTable& instruments,
                                                   store::KlineStore& store);

  // Kept for the next merge: what is wrong with the disk may show only at commit().
  Result<void> klines(InstrumentId instrument, StoredSeries series, std::int32_t trading_date,
                      std::span<const Kline> klines) override;
  Result<void> action(InstrumentId instrument, const market::CorporateAction& action) override;
  Result<void> commit();
  // What is told of these goes nowhere.
  void leave_out(std::function<bool(InstrumentId)> left_out) { left_out_ = std::move(left_out); }

  std::uint64_t stored() const { return stored_; }
  const std::vector<market::CodedAction>& actions() const { return actions_; }

 private:
  Result<void> merge();
  StoredPast(const market::InstrumentTable& instruments, std::unique_ptr<store::KlineStore::Batch> batch);

  const market::InstrumentTable& instruments_;
  std::unique_ptr<store::KlineStore::Batch> batch_;
  std::vector<std::optional<store::StoreKey>> keys_;
  std::vector<store::StoredKline> rows_;
  std::function<bool(InstrumentId)> left_out_;
  std::vector<market::CodedAction> actions_;
  std::uint64_t stored_ = 0;
};

Result<std::optional<feed::KnownPast>> known_past(const store::KlineStore& store,
                                                  const market::Instrument& instrument);
// The same with what state has lived since: its newest minute may be open, and is not stored then.
std::optional<feed::KnownPast> known_past(const state::InstrumentView& lived,
                                          const std::optional<feed::KnownPast>& stored);

// Of those of the codes that are marked as simulated: their K-lines, made-up corporate actions and marks go.
// Returns how many codes. Cut short it can be called again: the marks go last.
Result<std::size_t> forget_simulated_past(store::KlineStore& store, store::ReferenceRows& rows,
                                          const std::vector<std::string>& codes);

struct PastReader {
  const market::InstrumentTable& instruments;
  const market::CalendarTable& calendars;
  store::KlineStore& store;

  // A server that was down when a trading day ended has its minutes and no day K-line: folds what is missing
  // among the latest trading dates and stores it. Returns how many days.
  Result<std::size_t> complete_days(InstrumentId instrument) const;
  // Tells the days of the latest year (and of its first week), and the minutes of the latest trading date,
  // oldest first; of extended sessions those of the date before too, which a US snapshot still shows.
  Result<void> tell(InstrumentId instrument, const std::function<void(const PastKline&)>& sink) const;
  // The same of what has followed since state stopped: minutes of its last trading date, whole days after it,
  // minutes of the latest date.
  Result<void> tell_since(InstrumentId instrument, const state::InstrumentView& lived,
                          const std::function<void(const PastKline&)>& sink) const;
  // The store has a closed K-line of state with other values, or lacks one that it had told: somebody else
  // has written there (an import). `stored`: what state lived was stored too.
  Result<bool> differs(InstrumentId instrument, const state::InstrumentView& lived, bool stored) const;

 private:
  // How the past ends: with minutes of a date, or with a day.
  struct End {
    store::StoreKey key;
    store::Date date;
    bool has_minutes = false;
  };
  // nullopt: there is none.
  Result<std::optional<End>> end_of(InstrumentId instrument) const;
  // Days from the first to before the end, the last one too if it has no minutes.
  Result<void> tell_days(InstrumentId instrument, UnixNanos from, const End& end,
                         const std::function<void(const PastKline&)>& sink) const;
  // nullopt: the date has no minutes.
  Result<std::optional<Kline>> fold_of_day(InstrumentId instrument, store::StoreKey key,
                                           store::Date date) const;
  // Of extended sessions those before `until` only.
  Result<void> tell_minutes(InstrumentId instrument, store::StoreKey key, store::Date date, UnixNanos until,
                            const std::function<void(const PastKline&)>& sink) const;
};

}  // namespace qos::server
