// What a server keeps between two runs beside its keys, and who reads and writes it: the history of K-lines
// and the reference data that commands add while it runs.
//
// Threads: open() and all that is called before start() belong to the thread that opens the pipeline; take()
// and end_of_event() to the market thread; klines() may be read by any.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "core/result.hpp"
#include "feed/feed.hpp"
#include "history/klines.hpp"
#include "server/config.hpp"
#include "server/kline_writer.hpp"
#include "server/past.hpp"
#include "server/reference.hpp"
#include "server/reference_watch.hpp"
#include "state/machine.hpp"
#include "store/kline_store.hpp"
#include "store/reference_rows.hpp"

namespace qos::server {

class KeptData {
 public:
  // Opens the files.
  static Result<std::unique_ptr<KeptData>> open(const Config& config, Reference& reference, io::Clock& clock);

  // What an operator has said of dates.
  const std::vector<store::CalendarRow>& calendar_rows() const { return watch_.calendar_rows(); }

  // `views` must outlive this. Once; from then on what is taken is stored.
  const history::Klines& serve(const state::ViewTable& views);

  // In this order: what a simulated feed has left of instruments that a real one covers now; what state has
  // lived is stored; days that a stop has left without their K-line; of each feed what it knows of the time
  // before it, as far as the store and state lack it; then `tell` gets what state has to know of the
  // instruments that continue: all of the past, or what has followed since state stopped.
  struct Origins {
    std::vector<InstrumentId> real;
    std::vector<InstrumentId> simulated;              // in the calendars' hours
    std::vector<InstrumentId> simulated_always_open;  // around the clock
  };
  Result<void> settle_origins(const Origins& origins);
  Result<void> complete_days();
  Result<void> keep_past_of(feed::Feed& feed);
  void settle_lived() const {
    if (writer_) writer_->wait_at_rest();
  }
  Result<void> tell_past(const std::vector<InstrumentId>& continuing,
                         const std::function<void(const EventBody&)>& tell);

  void start(const std::function<void(const CalendarChange&)>& calendar_news);
  // After the market thread has ended: what it took is written.
  void stop();

  void take(const state::Change& change, KlineWriter::Told told = KlineWriter::Told::live) {
    if (writer_) writer_->take(change, told);
  }
  void end_of_event() {
    if (writer_) writer_->end_of_event();
  }
  // What was taken is on disk.
  bool at_rest() const { return !writer_ || writer_->at_rest(); }

  const history::Klines& klines() const { return *klines_; }
  const store::KlineStore* store() const { return store_.get(); }
  const KlineWriter* writer() const { return writer_.get(); }
  const ReferenceWatch& watch() const { return watch_; }

 private:
  KeptData(const Config::Klines& options, Reference& reference, store::ReferenceRows rows,
           std::vector<store::CalendarRow> calendar_rows, io::Clock& clock)
      : options_{options},
        reference_{reference},
        rows_{std::move(rows)},
        kept_(reference.instruments.size()),
        clock_{clock},
        watch_{rows_, std::move(calendar_rows), reference.calendars, clock} {}
  Result<void> publish_actions();
  Result<void> mark_simulated(const std::vector<InstrumentId>& ids, bool always_open);
  Result<void> settle_kept();
  Result<void> tell_past_of(InstrumentId instrument, const std::function<void(const EventBody&)>& tell);
  PastReader past_reader() { return {reference_.instruments, reference_.calendars, *store_}; }

  Config::Klines options_;
  Reference& reference_;
  store::ReferenceRows rows_;
  // By instrument: its K-lines are stored. Not so where the simulated market goes on from a real past, which
  // would otherwise be mixed with what is made up. An import may take an instrument out while the server
  // runs.
  std::vector<std::atomic<bool>> kept_;
  std::vector<InstrumentId> simulated_;
  io::Clock& clock_;
  const state::ViewTable* views_ = nullptr;
  ReferenceWatch watch_;
  std::unique_ptr<store::KlineStore> store_;  // null: klines.history is off
  std::unique_ptr<history::Klines> klines_;
  std::unique_ptr<KlineWriter> writer_;
};

}  // namespace qos::server
