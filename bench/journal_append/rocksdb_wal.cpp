// RocksDB's write-ahead log: values of some events each, synced every 5 ms by a thread of its own.
#include "journal_append/candidate.hpp"

#ifdef QOS_BENCH_ROCKSDB
#include <rocksdb/db.h>

#include <atomic>
#include <thread>

namespace qos::bench {
namespace {

class RocksdbWal final : public Candidate {
 public:
  RocksdbWal(std::unique_ptr<rocksdb::DB> database, std::size_t events)
      : database_{std::move(database)}, events_{events} {
    value_.reserve(events * sizeof(Row));
  }
  ~RocksdbWal() override { syncing_ = {}; }

  std::string name() const override { return fmt::format("RocksDB, {} a value", events_); }

  void on_durable(std::function<void(std::uint64_t)> told) override {
    told_ = std::move(told);
    syncing_ = std::jthread{[this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        const auto next = std::chrono::steady_clock::now() + kCommit;
        sync();
        std::this_thread::sleep_until(next);
      }
    }};
  }

  bool append(const SequencedEvent& event) override {
    const Row row = row_of(event);
    value_.append(row.data(), row.size());
    if (value_.size() == events_ * sizeof(Row)) put(event.sequence.value());
    return true;
  }

  Result<void> finish() override {
    if (!value_.empty()) put(last_.load() + value_.size() / sizeof(Row));
    syncing_ = {};
    sync();
    if (failed_) return fail("RocksDB: {}", error_);
    return {};
  }
  std::uint64_t bytes_on_disk() const override { return bytes_; }

 private:
  void put(std::uint64_t last) {
    std::array<char, 8> key;
    for (std::size_t n = 0; n < key.size(); ++n) key[n] = static_cast<char>(last >> (56 - 8 * n));
    note(database_->Put({}, {key.data(), key.size()}, value_));
    bytes_ += value_.size() + key.size();
    value_.clear();
    last_.store(last, std::memory_order_release);
  }
  void sync() {
    const std::uint64_t last = last_.load(std::memory_order_acquire);
    if (last == synced_) return;
    note(database_->SyncWAL());
    synced_ = last;
    told_(last);
  }
  void note(const rocksdb::Status& status) {
    if (status.ok() || failed_.exchange(true)) return;
    error_ = status.ToString();
  }

  std::unique_ptr<rocksdb::DB> database_;
  std::size_t events_;
  std::string value_;
  std::uint64_t bytes_ = 0;
  std::atomic<std::uint64_t> last_{0};
  std::uint64_t synced_ = 0;
  std::atomic<bool> failed_{false};
  std::string error_;
  std::function<void(std::uint64_t)> told_;
  std::jthread syncing_;
};

}  // namespace

Result<std::unique_ptr<Candidate>> rocksdb_wal(const std::filesystem::path& folder, std::size_t events) {
  std::filesystem::create_directories(folder);
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = std::size_t{256} << 20;
  options.max_write_buffer_number = 4;
  rocksdb::DB* database = nullptr;
  if (const auto status = rocksdb::DB::Open(options, folder.string(), &database); !status.ok())
    return fail("RocksDB: {}", status.ToString());
  return std::make_unique<RocksdbWal>(std::unique_ptr<rocksdb::DB>{database}, events);
}

}  // namespace qos::bench
#else
namespace qos::bench {
Result<std::unique_ptr<Candidate>> rocksdb_wal(const std::filesystem::path&, std::size_t) {
  return fail("RocksDB: not built in (librocksdb-dev)");
}
}  // namespace qos::bench
#endif
