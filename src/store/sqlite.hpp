// SQLite behind owners and Result errors. Every database is in WAL mode, so that readers and one writer of
// several processes (a running server, `qos key`) do not wait for one another longer than a commit takes.
//
// Threads: a Database with its Statements and Transactions belongs to one thread at a time; SQLite's own
// mutexes are off. Whoever shares one guards it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace qos::store {

// One prepared SQL statement. Lives no longer than its Database.
class Statement {
 public:
  // Parameters count from 1, as ?1 in SQL. A parameter that is not bound is NULL.
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, std::span<const std::byte> blob);

  // True: a row is there to be read. False: no more rows. After false or an error, reset() before the next
  // use.
  Result<bool> step();
  // For statements that answer nothing: steps to the end.
  Result<void> run();
  // Ready to run again; what was bound stays bound.
  void reset();

  // Columns of the current row count from 0. Views are valid until the next step, reset or destruction.
  std::int64_t integer(int column) const;
  std::string_view text(int column) const;
  std::span<const std::byte> blob(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_{statement} {}
  Statement& remember(int code);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_error_ = 0;  // the first one; step() reports it
};

class Database {
 public:
  enum class Missing : std::uint8_t { create, refuse };
  // full: a commit that returned survives a power cut. normal: it survives the process, not the machine.
  enum class Sync : std::uint8_t { full, normal };

  struct Options {
    std::filesystem::path path;
    Missing if_missing = Missing::create;  // created with mode 0600; its folder must exist
    Sync sync = Sync::full;
    std::chrono::milliseconds busy_timeout{5'000};  // how long to wait for another process's commit
    int page_bytes = 0;  // of a new file, a power of two from 512 to 65536; 0: SQLite's own, 4096
  };
  // Also fails if the file cannot be written, is no SQLite database or cannot be brought into WAL mode.
  static Result<Database> open(const Options& options);

  Result<Statement> prepare(std::string_view sql);
  // Statements separated by semicolons, without parameters; rows are thrown away.
  Result<void> execute(const std::string& sql);
  // First column of the first row; an error if there is no row.
  Result<std::int64_t> number(std::string_view sql);
  // Walks through the whole file (PRAGMA quick_check). An error names the first damage.
  Result<void> check();

  std::int64_t last_insert_id() const;
  // Rows touched by the last INSERT, UPDATE or DELETE.
  std::int64_t changes() const;
  const std::filesystem::path& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  Database(std::filesystem::path path, sqlite3* database) : path_{std::move(path)}, database_{database} {}
  std::unexpected<Error> failed(std::string_view what) const;
  Result<void> enter_wal_mode(std::chrono::milliseconds patience);

  std::filesystem::path path_;
  std::unique_ptr<sqlite3, Close> database_;
};

// A write transaction (BEGIN IMMEDIATE). Rolled back unless committed. Lives no longer than its Database.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_{std::exchange(other.database_, nullptr)} {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_{&database} {}
  Database* database_;
};

}  // namespace qos::store
