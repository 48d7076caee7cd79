#include "store/sqlite.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace qos::store {
namespace {

// Made by us before SQLite opens it, so that the file (and the -wal and -shm that copy its mode) is never
// readable by others, not even for a moment. Never opens a file that exists: closing it would drop the locks
// that another connection of this process holds on it.
Result<void> create_private_file(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    if (errno == EEXIST) return {};
    return fail("cannot create {}: {}", path.string(), std::strerror(errno));
  }
  ::close(file);
  const auto folder_path = path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
  const int folder = ::open(folder_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder >= 0 && ::fsync(folder) == 0;
  const int reason = errno;
  if (folder >= 0) ::close(folder);
  if (!synced) return fail("cannot sync folder {}: {}", folder_path.string(), std::strerror(reason));
  return {};
}

std::string describe(sqlite3* database) {
  const int code = sqlite3_extended_errcode(database);
  std::string text = fmt::format("{} (SQLite {})", sqlite3_errmsg(database), code);
  const int system_error = sqlite3_system_errno(database);
  const int primary = code & 0xff;
  const bool of_the_system = primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR || primary == SQLITE_FULL;
  if (of_the_system && system_error != 0) text += fmt::format(": {}", std::strerror(system_error));
  return text;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Statement& Statement::remember(int code) {
  QOS_ASSERT(code != SQLITE_RANGE && code != SQLITE_MISUSE);
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
  return *this;
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  return remember(sqlite3_bind_int64(statement_.get(), parameter, value));
}

Statement& Statement::bind(int parameter, std::string_view text) {
  // A null pointer would bind NULL instead of the empty text.
  const char* const data = text.data() == nullptr ? "" : text.data();
  return remember(
      sqlite3_bind_text64(statement_.get(), parameter, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

Statement& Statement::bind(int parameter, std::span<const std::byte> blob) {
  if (blob.empty()) return remember(sqlite3_bind_zeroblob(statement_.get(), parameter, 0));
  return remember(
      sqlite3_bind_blob64(statement_.get(), parameter, blob.data(), blob.size(), SQLITE_TRANSIENT));
}

Result<bool> Statement::step() {
  sqlite3* const database = sqlite3_db_handle(statement_.get());
  const char* const name = sqlite3_db_filename(database, "main");
  if (bind_error_ != SQLITE_OK) return fail("{}: {}", name, sqlite3_errstr(bind_error_));
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail("{}: {}, while: {}", name, describe(database), sqlite3_sql(statement_.get()));
}

Result<void> Statement::run() {
  for (;;) {
    const auto row = step();
    if (!row) {
      reset();
      return std::unexpected{row.error()};
    }
    if (!*row) break;
  }
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const auto* const data = sqlite3_column_text(statement_.get(), column);
  if (data == nullptr) return {};
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)};
}

std::span<const std::byte> Statement::blob(int column) const {
  const void* const data = sqlite3_column_blob(statement_.get(), column);
  if (data == nullptr) return {};
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const std::byte*>(data), static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

std::unexpected<Error> Database::failed(std::string_view what) const {
  return fail("{}: {}: {}", path_.string(), what, describe(database_.get()));
}

Result<Database> Database::open(const Options& options) {
  if (options.if_missing == Missing::create)
    if (const auto created = create_private_file(options.path); !created)
      return std::unexpected{created.error()};

  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(options.path.c_str(), &handle, flags, nullptr);
  if (handle == nullptr) return fail("{}: out of memory", options.path.string());
  Database database{options.path, handle};
  if (code != SQLITE_OK) return database.failed("cannot open");
  if (sqlite3_db_readonly(handle, "main") == 1)
    return fail("{}: must be writable, but this user may only read it", options.path.string());

  sqlite3_busy_timeout(handle, static_cast<int>(options.busy_timeout.count()));
  // The first write to a new file settles its page size, and WAL mode is that.
  if (options.page_bytes != 0)
    if (auto done = database.execute(fmt::format("PRAGMA page_size={}", options.page_bytes)); !done)
      return std::unexpected{done.error()};
  if (auto done = database.enter_wal_mode(options.busy_timeout); !done) return std::unexpected{done.error()};
  const std::string sync = options.sync == Sync::full ? "FULL" : "NORMAL";
  if (auto done = database.execute("PRAGMA synchronous=" + sync +
                                   "; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF");
      !done)
    return std::unexpected{done.error()};
  return database;
}

// SQLite does not always call the busy handler for this switch, so two processes that open a new file at the
// same moment may see "locked"; hence the own patience.
Result<void> Database::enter_wal_mode(std::chrono::milliseconds patience) {
  constexpr int kPauseMs = 10;
  for (auto waited = std::chrono::milliseconds{0};; waited += std::chrono::milliseconds{kPauseMs}) {
    std::string mode;
    {
      auto statement = prepare("PRAGMA journal_mode=WAL");
      if (statement) {
        const auto row = statement->step();
        if (row && *row) mode = statement->text(0);
      }
      if (mode == "wal") return {};
      const bool busy = (sqlite3_errcode(database_.get()) & 0xff) == SQLITE_BUSY;
      if (!busy && !mode.empty())
        return fail("{}: the file system allows no WAL mode (journal mode stays '{}')", path_.string(), mode);
      if (!busy || waited >= patience) return failed("cannot use it as a database");
    }
    sqlite3_sleep(kPauseMs);
  }
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return failed(sql);
  QOS_ASSERT(statement != nullptr);
  return Statement{statement};
}

Result<void> Database::execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return failed(sql);
  return {};
}

Result<std::int64_t> Database::number(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected{statement.error()};
  const auto row = statement->step();
  if (!row) return std::unexpected{row.error()};
  if (!*row) return fail("{}: no row, while: {}", path_.string(), sql);
  return statement->integer(0);
}

Result<void> Database::check() {
  auto statement = prepare("PRAGMA quick_check(1)");
  if (!statement) return std::unexpected{statement.error()};
  const auto row = statement->step();
  if (!row) return std::unexpected{row.error()};
  const std::string_view verdict = *row ? statement->text(0) : "no answer";
  if (verdict != "ok") return fail("{}: damaged: {}", path_.string(), verdict);
  return {};
}

std::int64_t Database::last_insert_id() const {
  return sqlite3_last_insert_rowid(database_.get());
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(database_.get());
}

Result<Transaction> Transaction::begin(Database& database) {
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return std::unexpected{begun.error()};
  return Transaction{database};
}

Transaction::~Transaction() {
  // Fails only where SQLite has rolled back by itself already.
  if (database_ != nullptr) static_cast<void>(database_->execute("ROLLBACK"));
}

Result<void> Transaction::commit() {
  if (auto done = database_->execute("COMMIT"); !done) return done;
  database_ = nullptr;
  return {};
}

}  // namespace qos::store
