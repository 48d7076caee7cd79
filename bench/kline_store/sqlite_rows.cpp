// One row a K-line in SQLite, by instrument and time, days found by date through an index; the settings that
// the product's own database has.
#include "kline_store/candidate.hpp"
#include "store/kline_tables.hpp"
#include "store/sqlite.hpp"

namespace qos::bench {
namespace {

constexpr const char* kColumns =
    "o INTEGER, h INTEGER, l INTEGER, c INTEGER, v INTEGER, t INTEGER, n INTEGER, r INTEGER";

// Numbers as small as the made market lets them be: SQLite stores those in few bytes.
constexpr std::int64_t kTick = 10'000'000;
constexpr std::int64_t kShare = 100'000'000;

class SqliteRows : public Candidate {
 public:
  explicit SqliteRows(std::filesystem::path folder) : folder_{std::move(folder)} {}
  std::string name() const override { return "SQLite rows"; }

  Result<void> load(std::span<const store::StoredKline> minutes,
                    std::span<const store::StoredKline> days) override {
    if (!database_)
      if (auto done = reopen(); !done) return done;
    auto transaction = store::Transaction::begin(*database_);
    if (!transaction) return std::unexpected{transaction.error()};
    for (const auto& line : minutes)
      if (auto done =
              insert(*insert_minute_, line.instrument.value(), unix_seconds(line.kline.start), line.kline);
          !done)
        return done;
    for (const auto& line : days) {
      const auto date = store::day_number(line.trading_date);
      if (auto done = insert(*insert_day_, line.instrument.value(), date, line.kline); !done) return done;
    }
    return transaction->commit();
  }
  Result<void> burst(std::span<const store::StoredKline> klines) override { return load(klines, {}); }

  Result<void> reopen() override {
    for (auto* statement : {&insert_minute_, &insert_day_, &last_, &of_date_}) statement->reset();
    database_.reset();
    std::error_code ignored;
    std::filesystem::create_directories(folder_, ignored);
    auto database = store::Database::open({.path = folder_ / "rows.sqlite"});
    if (!database) return std::unexpected{database.error()};
    database_ = std::move(*database);
    auto done = database_->execute(fmt::format(
        "CREATE TABLE IF NOT EXISTS minutes(k INTEGER, s INTEGER, {0}, PRIMARY KEY(k, s)) WITHOUT ROWID;"
        "CREATE TABLE IF NOT EXISTS days(k INTEGER, d INTEGER, {0}, PRIMARY KEY(k, d)) WITHOUT ROWID;"
        "CREATE INDEX IF NOT EXISTS days_of_date ON days(d);"
        "PRAGMA cache_size=-16384",
        kColumns));
    if (!done) return done;
    for (auto [statement, sql] :
         {std::pair{&insert_minute_, "INSERT INTO minutes VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"},
          std::pair{&insert_day_, "INSERT INTO days VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"},
          std::pair{&last_, "SELECT * FROM minutes WHERE k=?1 ORDER BY s DESC LIMIT ?2"},
          std::pair{&of_date_, "SELECT * FROM days WHERE d=?1 ORDER BY k"}}) {
      auto prepared = database_->prepare(sql);
      if (!prepared) return std::unexpected{prepared.error()};
      *statement = std::move(*prepared);
    }
    return {};
  }

  Result<std::uint64_t> last_minutes(store::StoreKey instrument, std::size_t count) override {
    last_->bind(1, instrument.value()).bind(2, static_cast<std::int64_t>(count));
    return sum(*last_);
  }
  Result<std::uint64_t> days_of(store::Date date) override {
    of_date_->bind(1, store::day_number(date));
    return sum(*of_date_);
  }

 private:
  static Result<void> insert(store::Statement& statement, std::int64_t first, std::int64_t second,
                             const Kline& kline) {
    return statement.bind(1, first)
        .bind(2, second)
        .bind(3, kline.open.raw() / kTick)
        .bind(4, kline.high.raw() / kTick)
        .bind(5, kline.low.raw() / kTick)
        .bind(6, kline.close.raw() / kTick)
        .bind(7, static_cast<std::int64_t>(kline.volume.raw() / kShare))
        .bind(8, static_cast<std::int64_t>(kline.turnover.raw() / kTick / kShare))
        .bind(9, kline.trades)
        .bind(10, kline.revision)
        .run();
  }
  // Builds K-lines, as any user of rows has to.
  static Result<std::uint64_t> sum(store::Statement& statement) {
    std::vector<Kline> klines;
    for (;;) {
      const auto row = statement.step();
      if (!row) return std::unexpected{row.error()};
      if (!*row) break;
      const auto price = [&](int column) { return Price::from_raw(statement.integer(column) * kTick); };
      klines.push_back({.start = from_unix_seconds(statement.integer(1)),
                        .open = price(2),
                        .high = price(3),
                        .low = price(4),
                        .close = price(5),
                        .volume = Volume::from_raw(Int128{statement.integer(6)} * kShare),
                        .turnover = Turnover::from_raw(Int128{statement.integer(7)} * kTick * kShare),
                        .trades = static_cast<std::uint32_t>(statement.integer(8)),
                        .revision = static_cast<std::uint32_t>(statement.integer(9))});
    }
    statement.reset();
    std::uint64_t total = klines.size();
    for (const auto& kline : klines)
      total += worth(kline.close.raw(), static_cast<std::int64_t>(kline.volume.raw()));
    return total;
  }

  std::filesystem::path folder_;
  std::optional<store::Database> database_;
  std::optional<store::Statement> insert_minute_, insert_day_, last_, of_date_;
};

}  // namespace

std::unique_ptr<Candidate> make_sqlite_rows(const std::filesystem::path& folder) {
  return std::make_unique<SqliteRows>(folder);
}

}  // namespace qos::bench
