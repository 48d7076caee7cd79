#include "store/schema.hpp"

#include <cstdint>
#include <string>

namespace qos::store {
namespace {

Result<std::int64_t> version_of(Database& database) {
  const auto known =
      database.number("SELECT count(*) FROM sqlite_master WHERE type='table' AND name='schema_version'");
  if (!known) return known;
  if (*known == 1) return database.number("SELECT version FROM schema_version");
  const auto tables = database.number("SELECT count(*) FROM sqlite_master");
  if (!tables) return tables;
  if (*tables != 0)
    return fail("{}: holds tables but no schema_version: it belongs to another program",
                database.path().string());
  return 0;
}

}  // namespace

Result<void> bring_up_to_date(Database& database, std::span<const std::string_view> steps) {
  const auto newest = static_cast<std::int64_t>(steps.size());
  // A look without the write lock first: every start but the first ends here.
  if (const auto version = version_of(database); !version)
    return std::unexpected{version.error()};
  else if (*version == newest)
    return {};

  auto transaction = Transaction::begin(database);
  if (!transaction) return std::unexpected{transaction.error()};
  const auto version = version_of(database);
  if (!version) return std::unexpected{version.error()};
  if (*version > newest || *version < 0)
    return fail(
        "{}: schema version is {}, this program knows versions up to {}: was it written by a newer one?",
        database.path().string(), *version, newest);

  std::string script;
  if (*version == 0)
    script =
        "CREATE TABLE schema_version(version INTEGER NOT NULL) STRICT; INSERT INTO schema_version VALUES(0);";
  for (auto next = *version; next < newest; ++next)
    script += fmt::format("{};", steps[static_cast<std::size_t>(next)]);
  script += fmt::format("UPDATE schema_version SET version={}", newest);
  if (auto done = database.execute(script); !done) return done;
  return transaction->commit();
}

}  // namespace qos::store
