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

 private:
  // nullopt: the date has no minutes.
  Result<std::optional<Kline>> fold_of_day(InstrumentId instrument, store::StoreKey key,
                                           store::Date date) const;
  Result<void> tell_minutes(InstrumentId instrument, store::StoreKey key, store::Date date,
                            const std::function<void(const PastKline&)>& sink) const;
};

}  // namespace qos::server
