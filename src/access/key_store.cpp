#include "access/key_store.hpp"

#include <algorithm>
#include <array>

#include "store/schema.hpp"

namespace qos::access {
namespace {

// Times are nanoseconds since 1970 UTC; expires_at NULL: never. AUTOINCREMENT keeps an id from being used
// twice.
constexpr std::array<std::string_view, 2> kSchema{
    "CREATE TABLE keys("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " hash BLOB NOT NULL UNIQUE,"
    " prefix TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " plan TEXT NOT NULL,"
    " created_at INTEGER NOT NULL,"
    " expires_at INTEGER,"
    " disabled INTEGER NOT NULL,"
    " revision INTEGER NOT NULL"
    ") STRICT;"
    "CREATE UNIQUE INDEX keys_by_revision ON keys(revision)",
    // travel_at NULL: the key sees the live market.
    "ALTER TABLE keys ADD COLUMN cursor INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE keys ADD COLUMN travel_at INTEGER;"
    "ALTER TABLE keys ADD COLUMN travel_speed INTEGER NOT NULL DEFAULT 1"};

constexpr std::string_view kColumns =
    "id, hash, prefix, name, plan, created_at, expires_at, disabled, revision, cursor, travel_at, "
    "travel_speed";
constexpr std::string_view kNextRevision = "(SELECT coalesce(max(revision), 0) + 1 FROM keys)";

Result<StoredKey> read_row(const store::Statement& row, const store::Database& database) {
  StoredKey key;
  const auto hash = row.blob(1);
  if (hash.size() != key.hash.size())
    return fail("{}: key {} has a hash of {} bytes, need {}", database.path().string(), row.integer(0),
                hash.size(), key.hash.size());
  std::ranges::copy(hash, key.hash.begin());
  key.record = KeyRecord{.id = KeyId{row.integer(0)},
                         .name = std::string{row.text(3)},
                         .plan = std::string{row.text(4)},
                         .created_at = from_unix_nanos(row.integer(5)),
                         .expires_at = std::nullopt,
                         .disabled = row.integer(7) != 0,
                         .prefix = std::string{row.text(2)}};
  if (!row.is_null(6)) key.record.expires_at = from_unix_nanos(row.integer(6));
  key.revision = row.integer(8);
  key.record.nature.cursor = row.integer(9) != 0;
  if (!row.is_null(10)) {
    const auto speed = std::clamp<std::int64_t>(row.integer(11), 1, kMaxTravelSpeed);
    key.record.nature.travel =
        Travel{.at = from_unix_nanos(row.integer(10)), .speed = static_cast<std::uint32_t>(speed)};
  }
  return key;
}

Result<std::vector<StoredKey>> read_rows(store::Statement& statement, const store::Database& database) {
  std::vector<StoredKey> keys;
  for (;;) {
    const auto row = statement.step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return keys;
    auto key = read_row(statement, database);
    if (!key) return std::unexpected{key.error()};
    keys.push_back(std::move(*key));
  }
}

}  // namespace

Result<KeyStore> KeyStore::open(const std::filesystem::path& path) {
  auto database = store::Database::open({.path = path});
  if (!database) return std::unexpected{database.error()};
  if (auto done = database->check(); !done) return std::unexpected{done.error()};
  if (auto done = store::bring_up_to_date(*database, kSchema); !done) return std::unexpected{done.error()};
  return KeyStore{std::move(*database)};
}

Result<std::vector<StoredKey>> KeyStore::changed_since(std::int64_t revision) {
  auto statement =
      database_.prepare(fmt::format("SELECT {} FROM keys WHERE revision > ?1 ORDER BY revision", kColumns));
  if (!statement) return std::unexpected{statement.error()};
  statement->bind(1, revision);
  return read_rows(*statement, database_);
}

Result<std::vector<StoredKey>> KeyStore::all() {
  auto statement = database_.prepare(fmt::format("SELECT {} FROM keys ORDER BY id", kColumns));
  if (!statement) return std::unexpected{statement.error()};
  return read_rows(*statement, database_);
}

Result<StoredKey> KeyStore::insert(const KeyHash& hash, KeyRecord record, std::size_t max_keys) {
  auto transaction = store::Transaction::begin(database_);
  if (!transaction) return std::unexpected{transaction.error()};
  const auto rows = count();
  if (!rows) return std::unexpected{rows.error()};
  if (static_cast<std::size_t>(*rows) >= max_keys)
    return fail("{}: holds {} keys, the most it may", database_.path().string(), *rows);

  auto statement = database_.prepare(fmt::format(
      "INSERT INTO keys(hash, prefix, name, plan, created_at, expires_at, disabled, cursor, travel_at,"
      " travel_speed, revision)"
      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, {}) RETURNING id, revision",
      kNextRevision));
  if (!statement) return std::unexpected{statement.error()};
  statement->bind(1, std::span<const std::byte>{hash})
      .bind(2, record.prefix)
      .bind(3, record.name)
      .bind(4, record.plan)
      .bind(5, unix_nanos(record.created_at))
      .bind(7, std::int64_t{record.disabled})
      .bind(8, std::int64_t{record.nature.cursor})
      .bind(10, std::int64_t{record.nature.travel ? record.nature.travel->speed : 1});
  if (record.nature.travel) statement->bind(9, unix_nanos(record.nature.travel->at));
  if (record.expires_at) statement->bind(6, unix_nanos(*record.expires_at));
  const auto row = statement->step();
  if (!row) return std::unexpected{row.error()};
  record.id = KeyId{statement->integer(0)};
  const auto revision = statement->integer(1);
  statement->reset();
  if (auto done = transaction->commit(); !done) return std::unexpected{done.error()};
  return StoredKey{.record = std::move(record), .hash = hash, .revision = revision};
}

Result<std::optional<StoredKey>> KeyStore::disable(KeyId id) {
  auto transaction = store::Transaction::begin(database_);
  if (!transaction) return std::unexpected{transaction.error()};
  auto statement = database_.prepare(fmt::format(
      "UPDATE keys SET disabled=1, revision={} WHERE id=?1 RETURNING {}", kNextRevision, kColumns));
  if (!statement) return std::unexpected{statement.error()};
  statement->bind(1, id.value());
  auto rows = read_rows(*statement, database_);
  if (!rows) return std::unexpected{rows.error()};
  statement->reset();
  if (auto done = transaction->commit(); !done) return std::unexpected{done.error()};
  if (rows->empty()) return std::nullopt;
  return std::move(rows->front());
}

}  // namespace qos::access
