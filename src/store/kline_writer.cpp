#include "store/kline_writer.hpp"

#include <algorithm>

#include "store/kline_reader.hpp"
#include "store/kline_rows.hpp"

namespace qos::store {
namespace {

// So many K-lines at most are one row of the log: about a megabyte.
constexpr std::size_t kRowKlines = 65'536;

// Of a removed K-line only who and when count: its date is made one that can be written. Copies only if it
// must: a burst of all instruments is a megabyte.
class WithDates {
 public:
  explicit WithDates(std::span<const StoredKline> klines) : klines_{klines} {
    if (std::ranges::none_of(klines, &StoredKline::removed)) return;
    copy_.assign(klines.begin(), klines.end());
    for (auto& kline : copy_)
      if (kline.removed) kline.trading_date = date_of(utc_day(kline.kline.start));
    klines_ = copy_;
  }
  WithDates(const WithDates&) = delete;
  WithDates& operator=(const WithDates&) = delete;
  std::span<const StoredKline> klines() const { return klines_; }

 private:
  std::span<const StoredKline> klines_;
  std::vector<StoredKline> copy_;
};

std::string text_of(Date date) {
  return fmt::format("{}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

}  // namespace

Result<std::unique_ptr<KlineWriter>> KlineWriter::open(const Database::Options& options, RecentKlines& recent,
                                                       KlineNames& names, KlineStoreCounters& counters) {
  auto tables = KlineTables::open(options);
  if (!tables) return std::unexpected{tables.error()};
  std::unique_ptr<KlineWriter> writer{new KlineWriter{std::move(*tables), recent, names, counters}};
  if (auto done = names.learn(*writer->tables_); !done) return std::unexpected{done.error()};
  const auto log = writer->tables_->log_range();
  if (!log) return std::unexpected{log.error()};
  if (auto done = catch_up(*writer->tables_, *log, recent); !done) return std::unexpected{done.error()};
  return writer;
}

// --- names ---

// A commit within reaches the disk with the next one that is synced, not by itself.
template <typename Work>
auto KlineWriter::unsynced(Work work) -> decltype(work()) {
  auto& database = tables_->database;
  if (auto done = database.execute("PRAGMA synchronous=NORMAL"); !done) return std::unexpected{done.error()};
  auto result = work();
  if (auto done = database.execute("PRAGMA synchronous=FULL"); !done) return std::unexpected{done.error()};
  return result;
}

// Visible to other processes at once; the next put() that uses the key syncs both.
Result<StoreKey> KlineWriter::name(std::string_view code) {
  return unsynced([&]() -> Result<StoreKey> {
    auto transaction = Transaction::begin(tables_->database);
    if (!transaction) return std::unexpected{transaction.error()};
    if (auto done = names_.learn(*tables_); !done) return std::unexpected{done.error()};
    if (const auto known = names_.find(code)) return *known;
    const StoreKey next{static_cast<std::uint32_t>(names_.size())};
    if (auto done = tables_->insert_instrument(next, code); !done) return std::unexpected{done.error()};
    if (auto done = transaction->commit(); !done) return std::unexpected{done.error()};
    names_.add(next, code);
    return next;
  });
}

// --- transactions ---

Result<KlineWriter::Open> KlineWriter::open_transaction() {
  auto transaction = Transaction::begin(tables_->database);
  if (!transaction) return std::unexpected{transaction.error()};
  const auto log = tables_->log_range();
  if (!log) return std::unexpected{log.error()};
  if (auto done = catch_up(*tables_, *log, recent_); !done) return std::unexpected{done.error()};
  return Open{std::move(*transaction), *log};
}

Result<void> KlineWriter::close_transaction(Transaction& transaction) {
  tables_->release();
  auto done = transaction.commit();
  (done ? counters_.commits : counters_.failed_commits).add();
  return done;
}

Result<void> KlineWriter::refuse_bad(std::span<const StoredKline> klines) {
  auto names = names_.size() + batch_names_.size();
  const bool unknown = std::ranges::any_of(
      klines, [&](const StoredKline& kline) { return kline.instrument.value() >= names; });
  // Another process may have given the key. (Not while a batch is open: its transaction keeps others out.)
  if (unknown && !batch_) {
    if (auto done = names_.learn(*tables_); !done) return done;
    names = names_.size();
  }
  for (const auto& kline : klines) {
    if (kline.instrument.value() >= names)
      return fail("{}: a K-line of instrument {}, but only keys below {} have been given",
                  tables_->database.path().string(), kline.instrument.value(), names);
    if (kline.series > StoredSeries::after_hours)
      return fail("{}: a K-line of series {}, the last is 4", tables_->database.path().string(),
                  static_cast<int>(kline.series));
    if (kline.removed) continue;
    const auto start = utc_day(kline.kline.start);
    if (!kline.trading_date.ok() || std::abs(day_number(kline.trading_date) - start) > kDateReach)
      return fail("{}: a K-line that starts on {} UTC has the trading date {}, need one within {} days",
                  tables_->database.path().string(), text_of(date_of(start)), text_of(kline.trading_date),
                  kDateReach);
  }
  return {};
}

// --- the log ---

Result<void> KlineWriter::put(std::span<const StoredKline> klines) {
  if (klines.empty()) return {};
  if (auto done = refuse_bad(klines); !done) return done;
  const WithDates dated{klines};
  std::vector<std::span<const StoredKline>> rows;
  for (auto left = dated.klines(); !left.empty(); left = left.subspan(rows.back().size()))
    rows.push_back(left.first(std::min(kRowKlines, left.size())));

  auto open = open_transaction();
  if (!open) return std::unexpected{open.error()};
  auto id = open->log.last;
  for (const auto row : rows) {
    ++id;
    if (auto done = tables_->log.put(id, pack_rows(row, static_cast<std::uint64_t>(id))); !done) return done;
  }
  if (auto done = close_transaction(open->transaction); !done) return done;
  counters_.klines_put.add(klines.size());
  id = open->log.last;
  for (const auto row : rows) recent_.apply(++id, row);
  return {};
}

// What is sealed is in the log still, so a power cut may take it.
Result<void> KlineWriter::seal_shard(std::uint32_t shard) {
  return unsynced([&] { return seal_shard_unsynced(shard); });
}

Result<void> KlineWriter::seal_shard_unsynced(std::uint32_t shard) {
  auto open = open_transaction();
  if (!open) return std::unexpected{open.error()};
  const auto klines = recent_.of_shard(shard, open->log.first);
  if (!klines || klines->empty()) return {};
  const auto before = chunks_.chunks_written();
  auto merged = chunks_.merge(*klines, Merge::put);
  auto done = merged ? chunks_.finish() : Result<void>{std::unexpected{merged.error()}};
  if (done) done = close_transaction(open->transaction);
  tables_->release();
  chunks_.forget();
  counters_.sealed_chunks.add(chunks_.chunks_written() - before);
  return done;
}

Result<void> KlineWriter::cut_log(std::int64_t row) {
  auto open = open_transaction();
  if (!open) return std::unexpected{open.error()};
  row = std::min(row, open->log.last);
  if (auto done = cut_rows(*open, row); !done) return done;
  if (auto done = close_transaction(open->transaction); !done) return done;
  recent_.drop_before(row + 1);
  return {};
}

// The log keeps a last row for ever, so that its ids never come back.
Result<void> KlineWriter::cut_rows(const Open& open, std::int64_t row) {
  if (open.log.last <= row)
    if (auto done = tables_->log.put(row + 1, {}); !done) return done;
  for (auto id = open.log.first; id <= row; ++id)
    if (auto done = tables_->log.erase(id); !done) return done;
  return {};
}

Result<void> KlineWriter::seal_all(const Open& open) {
  for (std::uint32_t shard = 0; shard < recent_.shards(); ++shard) {
    const auto klines = recent_.of_shard(shard, open.log.first);
    if (!klines) return fail("{}: the log moved inside a transaction", tables_->database.path().string());
    if (auto merged = chunks_.merge(*klines, Merge::put); !merged) return std::unexpected{merged.error()};
  }
  return cut_rows(open, open.log.last);
}

Result<void> KlineWriter::put_sealed(std::span<const StoredKline> klines) {
  if (auto done = refuse_bad(klines); !done) return done;
  if (auto done = begin(); !done) return done;
  auto done = [&]() -> Result<void> {
    const auto merged = chunks_.merge(WithDates{klines}.klines(), Merge::put);
    if (!merged) return std::unexpected{merged.error()};
    return commit();
  }();
  if (done)
    counters_.klines_put.add(klines.size());
  else
    roll_back();
  return done;
}

// --- batches ---

Result<void> KlineWriter::begin() {
  auto open = open_transaction();
  if (!open) return std::unexpected{open.error()};
  if (auto done = names_.learn(*tables_); !done) return done;
  batch_chunks_ = chunks_.chunks_written();
  batch_.emplace(std::move(*open));
  // What is in the log is older than the batch: it must be in the chunks before.
  if (recent_.size() == 0) return {};
  auto done = seal_all(*batch_);
  if (!done) roll_back();
  return done;
}

Result<StoreKey> KlineWriter::name_in_batch(std::string_view code) {
  if (const auto known = names_.find(code)) return *known;
  const auto pending = batch_names_.find(code);
  if (pending != batch_names_.end()) return pending->second;
  const StoreKey next{static_cast<std::uint32_t>(names_.size() + batch_names_.size())};
  if (auto done = tables_->insert_instrument(next, code); !done) return std::unexpected{done.error()};
  batch_names_.emplace(code, next);
  return next;
}

Result<MergeReport> KlineWriter::merge(std::span<const StoredKline> klines, OnDifferent on_different) {
  if (auto done = refuse_bad(klines); !done) return std::unexpected{done.error()};
  return chunks_.merge(WithDates{klines}.klines(),
                       on_different == OnDifferent::keep ? Merge::keep : Merge::replace);
}

Result<void> KlineWriter::commit() {
  QOS_ASSERT(batch_.has_value());
  const auto before = batch_chunks_;
  if (auto done = chunks_.finish(); !done) return done;
  if (auto done = close_transaction(batch_->transaction); !done) return done;
  counters_.sealed_chunks.add(chunks_.chunks_written() - before);
  std::vector<std::pair<StoreKey, std::string>> named;
  for (const auto& [code, key] : batch_names_) named.emplace_back(key, code);
  std::ranges::sort(named);
  for (const auto& [key, code] : named) names_.add(key, code);
  batch_names_.clear();
  if (recent_.size() != 0) recent_.drop_before(batch_->log.last + 1);
  batch_.reset();
  return {};
}

void KlineWriter::roll_back() {
  tables_->release();
  chunks_.forget();
  batch_names_.clear();
  batch_.reset();
}

}  // namespace qos::store
