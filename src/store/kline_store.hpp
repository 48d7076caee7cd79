// The history of K-lines on disk: minutes and days of every instrument, exact, corrected at will. Other types
// are derived from them (market/kline_fold.hpp). docs/formats/kline_store.md is the layout.
//
// What put() or commit() returned for is on disk: kill -9 and a power cut lose nothing of it, and of what did
// not return nothing or all is there.
//
// Threads: a KlineStore may be called by any thread; writers take turns, readers do not wait for them. Other
// processes (`qos import` beside a server) may have the same folder open: they wait for one another's commits
// only.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/counter.hpp"
#include "core/id.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "event/kline.hpp"

namespace qos::store {

using Date = std::chrono::year_month_day;

// An instrument as the store numbers it; never changes for a code, whatever the instrument table becomes.
using StoreKey = Id<struct StoreKeyTag, std::uint32_t>;

// A K-line and where it belongs. Of `kline` the members sequence and closed are not kept: what is stored is
// closed.
struct StoredKline {
  StoreKey instrument;
  StoredSeries series = StoredSeries::regular;
  Date trading_date;  // as the market books it: a night's or a Sunday evening's minutes have the next day's
  Kline kline;
  bool removed = false;  // a correction took it away: only who and when (kline.start) count

  friend bool operator==(const StoredKline&, const StoredKline&) = default;
};

struct DatedKline {
  Date trading_date;
  Kline kline;  // closed, sequence 0

  friend bool operator==(const DatedKline&, const DatedKline&) = default;
};

// What a merge found: K-lines that were not there, that were there with the same values, with other values.
struct MergeReport {
  std::uint64_t added = 0;
  std::uint64_t equal = 0;
  std::uint64_t different = 0;

  friend bool operator==(const MergeReport&, const MergeReport&) = default;
};

enum class OnDifferent : std::uint8_t {
  keep,     // what is stored stays
  replace,  // the new one wins, its revision is one above the stored one's
};

struct KlineStoreCounters {
  Counter klines_put;
  Counter commits;
  Counter failed_commits;
  Counter sealed_chunks;  // written or rewritten
};

class KlineStore {
 public:
  struct Options {
    std::filesystem::path folder;                   // klines.sqlite and what it needs beside; made if absent
    std::chrono::milliseconds busy_timeout{5'000};  // how long to wait for another process's commit
    std::size_t readers_kept = 8;  // read connections kept open for reuse; more are opened when needed
    // K-lines kept in memory, 128 bytes each, before they become chunks. Fewer: chunks of a day are rewritten
    // more often. Up to four times as many while the disk is busy; then put() itself makes chunks.
    std::size_t recent_max = 400'000;
  };
  // An error names the file and the reason: not writable, damaged, of a newer version.
  static Result<std::unique_ptr<KlineStore>> open(const Options& options);
  ~KlineStore();

  // --- names ---
  // `code` is canonical ("SZ:300059", "HK:700"). Makes a key for a new code, durable with the next commit
  // that uses it.
  Result<StoreKey> key_of(std::string_view code);
  std::optional<StoreKey> find(std::string_view code) const;
  struct Named {
    StoreKey key;
    std::string code;
  };
  std::vector<Named> instruments() const;  // by key

  // --- writing ---
  // New K-lines and corrections, in any mixture and order; of two for the same start the later one counts.
  // Durable when it returns. A trading date must be within 20 days of its start's UTC date, and dates must
  // rise with time in a series. Sealing recent minutes into chunks is the store's own affair and needs no
  // call.
  Result<void> put(std::span<const StoredKline> klines);

  // Many K-lines as one: all of it is there after commit(), nothing of it before or without. One at a time;
  // put() and key_of() of a new code wait meanwhile (in the batch's own thread they fail). Must not outlive
  // the store.
  class Batch {
   public:
    virtual ~Batch() = default;
    virtual Result<StoreKey> key_of(std::string_view code) = 0;
    virtual Result<MergeReport> merge(std::span<const StoredKline> klines, OnDifferent on_different) = 0;
    virtual Result<void> commit() = 0;
  };
  Result<std::unique_ptr<Batch>> begin_batch();

  // --- reading ---
  static constexpr UnixNanos kEver = UnixNanos::max();
  // The latest `count` with start <= until, oldest first.
  Result<std::vector<DatedKline>> latest(StoreKey instrument, StoredSeries series, std::size_t count,
                                         UnixNanos until = kEver) const;
  // from <= start < to, oldest first.
  Result<std::vector<DatedKline>> between(StoreKey instrument, StoredSeries series, UnixNanos from,
                                          UnixNanos to) const;
  struct OfInstrument {
    StoreKey instrument;
    Kline kline;
  };
  // The days of all instruments of one trading date, by key.
  Result<std::vector<OfInstrument>> days_of(Date date) const;
  // Trading dates that have K-lines of the series, rising, from <= date <= to.
  Result<std::vector<Date>> dates_of(StoreKey instrument, StoredSeries series, Date from, Date to) const;

  // Reads every chunk; an error names the first that is damaged.
  Result<void> check() const;
  std::uint64_t bytes_on_disk() const;
  const KlineStoreCounters& counters() const;

 private:
  class Impl;
  explicit KlineStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace qos::store
