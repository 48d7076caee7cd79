// What is measured of each store. Answers come as sums, so that all candidates can be seen to read the same.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "core/result.hpp"
#include "store/kline_store.hpp"

namespace qos::bench {

class Candidate {
 public:
  virtual ~Candidate() = default;
  virtual std::string name() const = 0;

  // A trading date of all instruments: an import, not measured.
  virtual Result<void> load(std::span<const store::StoredKline> minutes,
                            std::span<const store::StoredKline> days) = 0;
  // Ends the import and opens again; whatever the store does to settle down.
  virtual Result<void> reopen() = 0;
  // One minute of all instruments, durable when it returns.
  virtual Result<void> burst(std::span<const store::StoredKline> klines) = 0;

  // Sums of closes and volumes.
  virtual Result<std::uint64_t> last_minutes(store::StoreKey instrument, std::size_t count) = 0;
  virtual Result<std::uint64_t> days_of(store::Date date) = 0;
  // The product's own store; null for others.
  virtual const store::KlineStore* store() const { return nullptr; }
};

inline std::uint64_t worth(std::int64_t close, std::int64_t volume) {
  return static_cast<std::uint64_t>(close) * 31 + static_cast<std::uint64_t>(volume);
}

std::unique_ptr<Candidate> make_chunks(const std::filesystem::path& folder, std::uint32_t instruments);
std::unique_ptr<Candidate> make_sqlite_rows(const std::filesystem::path& folder);
// Null where RocksDB is not installed.
std::unique_ptr<Candidate> make_rocksdb_rows(const std::filesystem::path& folder);

}  // namespace qos::bench
