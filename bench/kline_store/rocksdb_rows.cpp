// One row a K-line in RocksDB with zstd, by instrument and time, days found by date through an index.
#include "kline_store/candidate.hpp"

#ifdef QOS_BENCH_ROCKSDB
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "store/kline_tables.hpp"

namespace qos::bench {
namespace {

constexpr std::int64_t kTick = 10'000'000;
constexpr std::int64_t kShare = 100'000'000;

enum class Table : std::uint8_t { minutes, days, days_of_date };

struct Row {
  std::int64_t open, high, low, close, volume, turnover;
  std::uint32_t trades, revision;
};

std::string key(Table table, std::uint32_t first, std::uint32_t second) {
  std::string bytes(9, '\0');
  bytes[0] = static_cast<char>(table);
  for (int n = 0; n < 4; ++n) {
    bytes[static_cast<std::size_t>(1 + n)] = static_cast<char>(first >> (24 - 8 * n));
    bytes[static_cast<std::size_t>(5 + n)] = static_cast<char>(second >> (24 - 8 * n));
  }
  return bytes;
}

class RocksdbRows : public Candidate {
 public:
  explicit RocksdbRows(std::filesystem::path folder) : folder_{std::move(folder)} {}
  std::string name() const override { return "RocksDB rows"; }

  Result<void> load(std::span<const store::StoredKline> minutes,
                    std::span<const store::StoredKline> days) override {
    if (!database_)
      if (auto done = reopen(); !done) return done;
    rocksdb::WriteBatch batch;
    for (const auto& line : minutes)
      put(batch, key(Table::minutes, line.instrument.value(), minute_of(line.kline.start)), line.kline);
    for (const auto& line : days) {
      const auto date = static_cast<std::uint32_t>(store::day_number(line.trading_date));
      put(batch, key(Table::days, line.instrument.value(), date), line.kline);
      static_cast<void>(batch.Put(key(Table::days_of_date, date, line.instrument.value()), ""));
    }
    return written(batch, false);
  }
  Result<void> burst(std::span<const store::StoredKline> klines) override {
    rocksdb::WriteBatch batch;
    for (const auto& line : klines)
      put(batch, key(Table::minutes, line.instrument.value(), minute_of(line.kline.start)), line.kline);
    return written(batch, true);
  }
  Result<void> reopen() override {
    if (database_) static_cast<void>(database_->CompactRange({}, nullptr, nullptr));
    database_.reset();
    rocksdb::Options options;
    options.create_if_missing = true;
    options.compression = rocksdb::kZSTD;
    options.write_buffer_size = 64 << 20;
    rocksdb::BlockBasedTableOptions table;
    table.block_size = 16 << 10;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    rocksdb::DB* database = nullptr;
    const auto status = rocksdb::DB::Open(options, folder_.string(), &database);
    if (!status.ok()) return fail("RocksDB: {}", status.ToString());
    database_.reset(database);
    return {};
  }
  Result<std::uint64_t> last_minutes(store::StoreKey instrument, std::size_t count) override {
    const auto first = key(Table::minutes, instrument.value(), 0);
    const std::unique_ptr<rocksdb::Iterator> at{database_->NewIterator({})};
    at->SeekForPrev(key(Table::minutes, instrument.value(), UINT32_MAX));
    std::vector<Kline> klines;
    for (; klines.size() < count && at->Valid() && at->key().compare(first) >= 0; at->Prev())
      klines.push_back(kline_of(at->value()));
    return sum(klines);
  }
  Result<std::uint64_t> days_of(store::Date date) override {
    const auto day = static_cast<std::uint32_t>(store::day_number(date));
    const auto last = key(Table::days_of_date, day, UINT32_MAX);
    const std::unique_ptr<rocksdb::Iterator> at{database_->NewIterator({})};
    std::vector<Kline> klines;
    std::string row;
    for (at->Seek(key(Table::days_of_date, day, 0)); at->Valid() && at->key().compare(last) <= 0;
         at->Next()) {
      // The index names the instrument, its last four bytes.
      std::uint32_t instrument = 0;
      for (std::size_t n = 5; n < 9; ++n)
        instrument = instrument << 8 | static_cast<std::uint8_t>(at->key()[n]);
      const auto status = database_->Get({}, key(Table::days, instrument, day), &row);
      if (!status.ok()) return fail("RocksDB: {}", status.ToString());
      klines.push_back(kline_of(row));
    }
    return sum(klines);
  }

 private:
  static std::uint32_t minute_of(UnixNanos start) {
    return static_cast<std::uint32_t>(unix_seconds(start) / 60);
  }
  static void put(rocksdb::WriteBatch& batch, const std::string& key, const Kline& kline) {
    const Row row{kline.open.raw() / kTick,
                  kline.high.raw() / kTick,
                  kline.low.raw() / kTick,
                  kline.close.raw() / kTick,
                  static_cast<std::int64_t>(kline.volume.raw() / kShare),
                  static_cast<std::int64_t>(kline.turnover.raw() / kTick / kShare),
                  kline.trades,
                  kline.revision};
    static_cast<void>(batch.Put(key, {reinterpret_cast<const char*>(&row), sizeof row}));
  }
  static Kline kline_of(const rocksdb::Slice& value) {
    Row row{};
    std::memcpy(&row, value.data(), std::min(sizeof row, value.size()));
    return {.open = Price::from_raw(row.open * kTick),
            .high = Price::from_raw(row.high * kTick),
            .low = Price::from_raw(row.low * kTick),
            .close = Price::from_raw(row.close * kTick),
            .volume = Volume::from_raw(Int128{row.volume} * kShare),
            .turnover = Turnover::from_raw(Int128{row.turnover} * kTick * kShare),
            .trades = row.trades,
            .revision = row.revision};
  }
  static std::uint64_t sum(const std::vector<Kline>& klines) {
    std::uint64_t total = klines.size();
    for (const auto& kline : klines)
      total += worth(kline.close.raw(), static_cast<std::int64_t>(kline.volume.raw()));
    return total;
  }
  Result<void> written(rocksdb::WriteBatch& batch, bool sync) {
    rocksdb::WriteOptions options;
    options.sync = sync;
    const auto status = database_->Write(options, &batch);
    if (!status.ok()) return fail("RocksDB: {}", status.ToString());
    return {};
  }

  std::filesystem::path folder_;
  std::unique_ptr<rocksdb::DB> database_;
};

}  // namespace

std::unique_ptr<Candidate> make_rocksdb_rows(const std::filesystem::path& folder) {
  return std::make_unique<RocksdbRows>(folder);
}

}  // namespace qos::bench
#else
namespace qos::bench {
std::unique_ptr<Candidate> make_rocksdb_rows(const std::filesystem::path&) {
  return nullptr;
}
}  // namespace qos::bench
#endif
