// The rows of keys.sqlite. Knows hashes, never keys.
//
// Threads: belongs to one thread at a time; the gate guards it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "access/gate.hpp"
#include "access/key_text.hpp"
#include "core/result.hpp"
#include "store/sqlite.hpp"

namespace qos::access {

struct StoredKey {
  KeyRecord record;
  KeyHash hash{};
  // Raised with every change of any row, so that a reader fetches only what is newer than what it has.
  std::int64_t revision = 0;
};

class KeyStore {
 public:
  static Result<KeyStore> open(const std::filesystem::path& database);

  // A number that changes when another connection has committed; own commits leave it alone. Microseconds: it
  // reads shared memory, no row.
  Result<std::int64_t> data_version() { return database_.number("PRAGMA data_version"); }
  // Rows whose revision is above the given one, in its order. 0: all.
  Result<std::vector<StoredKey>> changed_since(std::int64_t revision);
  Result<std::int64_t> count() { return database_.number("SELECT count(*) FROM keys"); }
  Result<std::vector<StoredKey>> all();  // by id

  // Gives `record` its id and revision. On disk when it returns. Fails once the table holds `max_keys`.
  Result<StoredKey> insert(const KeyHash& hash, KeyRecord record, std::size_t max_keys);
  // The row as it is after. nullopt: there is none with this id.
  Result<std::optional<StoredKey>> disable(KeyId id);

 private:
  explicit KeyStore(store::Database database) : database_{std::move(database)} {}

  store::Database database_;
};

}  // namespace qos::access
