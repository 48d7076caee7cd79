// Takes K-lines that became final, or were corrected after that, from the market thread to the history store,
// on a thread of its own. What closes with one event (ten thousand minutes with one tick) is one commit.
//
// The queue is bounded and the market thread never waits for the disk: what finds no room is noted as missed,
// and written from the views as soon as the store takes commits again, as long as state still holds it
// (state.klines_kept); a removal that finds no room is remembered by itself. A commit that fails is tried
// again every second; metrics and log say so.
//
// Threads: take() and end_of_event() are the market thread's; start() and stop() the pipeline's owner's.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "core/counter.hpp"
#include "core/spsc_ring.hpp"
#include "journal/doorbell.hpp"
#include "market/instrument.hpp"
#include "state/machine.hpp"
#include "store/kline_store.hpp"

namespace qos::server {

class KlineWriter {
 public:
  struct Options {
    std::size_t queue_capacity = 65'536;        // K-lines that wait; about 130 bytes each
    std::function<bool(InstrumentId)> keeps{};  // any thread; absent: K-lines of all instruments are stored
  };
  struct Counters {
    Counter written;         // K-lines in commits that succeeded
    Counter failed_commits;  // each is tried again
    Counter missed;          // K-lines that found the queue full
  };

  // All must outlive the writer.
  KlineWriter(const market::InstrumentTable& instruments, const market::CalendarTable& calendars,
              const state::ViewTable& views, store::KlineStore& store, Options options);
  ~KlineWriter();

  // again: applied from the journal, so the store may have it already, or something newer (an import): then
  // that stays.
  enum class Told : std::uint8_t { live, again };
  void take(const state::Change& change, Told told = Told::live);
  void end_of_event();

  void start();
  // Writes what waits, then ends. A store that refuses is given one last try.
  void stop();
  // Until at_rest(), or until the store has refused a commit. The owner's thread, after start().
  void wait_at_rest() const;
  // Everything taken so far is in the store (or given up at stop()).
  bool at_rest() const {
    return !missed_.load(std::memory_order_acquire) && !catching_up_.load(std::memory_order_acquire) &&
           settled_.load(std::memory_order_acquire) == taken_.value();
  }

  const Counters& counters() const { return counters_; }

 private:
  struct Item {
    InstrumentId instrument;
    StoredSeries series = StoredSeries::regular;
    Kline kline;
    bool removed = false;
    Told told = Told::live;
  };

  void run(const std::stop_token& stop);
  void miss(const Item& item);
  bool gather();
  // False: given up, because stop() was called meanwhile.
  bool write(const std::stop_token& stop);
  void catch_up(const std::stop_token& stop);
  Result<void> put();
  Result<bool> is_known(const store::StoredKline& row) const;
  Result<store::StoreKey> key_of(InstrumentId instrument);
  bool wait_before_retry(const std::stop_token& stop);

  const market::InstrumentTable& instruments_;
  const market::CalendarTable& calendars_;
  const state::ViewTable& views_;
  store::KlineStore& store_;
  std::function<bool(InstrumentId)> keeps_;
  SpscRing<Item> queue_;
  journal::Doorbell bell_;
  std::atomic<bool> missed_{false};
  std::atomic<bool> catching_up_{false};
  std::mutex removals_mutex_;
  std::vector<Item> missed_removals_;
  bool news_ = false;  // since the last end_of_event
  Counter taken_;
  std::atomic<std::uint64_t> settled_{0};
  std::uint64_t gathered_ = 0;
  std::vector<Item> batch_;
  std::vector<store::StoredKline> rows_;
  std::vector<std::optional<store::StoreKey>> keys_;  // by instrument id, as the store gave them
  std::mutex retry_mutex_;
  std::condition_variable_any retry_;
  Counters counters_;
  std::jthread thread_;
};

}  // namespace qos::server
