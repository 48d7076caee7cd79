#include "store/reference_rows.hpp"

#include <array>

#include "market/plain_text.hpp"
#include "store/schema.hpp"

namespace qos::store {
namespace {

using market::CodedAction;
using market::CorporateAction;
using market::DayMinutes;
using market::DayRow;
using market::Ratio;

// Dates, times, prices and ratios are texts as people write them, so that any SQLite shell shows them:
// 2026-09-08, 14:30, 0.35, 7, 1/3. open and close NULL: as usual; previous_close NULL: not given.
constexpr std::array<std::string_view, 2> kSchema{
    "CREATE TABLE calendar_rows("
    " calendar TEXT NOT NULL,"
    " date TEXT NOT NULL,"
    " kind TEXT NOT NULL,"
    " open TEXT,"
    " close TEXT,"
    " name TEXT NOT NULL,"
    " source TEXT NOT NULL,"
    " PRIMARY KEY(calendar, date)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE corporate_actions("
    " code TEXT NOT NULL,"
    " ex_date TEXT NOT NULL,"
    " kind TEXT NOT NULL,"
    " cash TEXT NOT NULL,"
    " bonus TEXT NOT NULL,"
    " split TEXT NOT NULL,"
    " rights TEXT NOT NULL,"
    " rights_price TEXT NOT NULL,"
    " previous_close TEXT,"
    " source TEXT NOT NULL,"
    " PRIMARY KEY(code, ex_date, kind)"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE simulated_past(code TEXT PRIMARY KEY, always_open INTEGER NOT NULL) STRICT, WITHOUT ROWID"};

// More than all markets have had in a century; a greater number is a mistake.
constexpr std::int64_t kMaxCalendarRows = 20'000;
constexpr std::int64_t kMaxActions = 2'000'000;

std::string text_of(std::chrono::sys_days date) {
  return market::to_string(market::Date{date});
}

// Which of the four an action is, as "cash" or "cash+bonus": rows of one date that say different things stand
// side by side, rows that say the same thing replace one another.
std::string kind_of(const CorporateAction& action) {
  std::string kind;
  const auto add = [&](bool is, std::string_view name) {
    if (!is) return;
    if (!kind.empty()) kind += '+';
    kind += name;
  };
  add(action.cash != Price{}, "cash");
  add(action.bonus != Ratio{}, "bonus");
  add(action.split != Ratio{1, 1}, "split");
  add(action.rights != Ratio{} || action.rights_price != Price{}, "rights");
  return kind.empty() ? "nothing" : kind;
}

// The columns of one row, read with care: another program may have written them.
class Columns {
 public:
  Columns(const Statement& row, const Database& database) : row_{row}, database_{database} {}

  template <typename Parse>
  auto read(int column, std::string_view what, Parse parse)
      -> Result<typename decltype(parse(""))::value_type> {
    auto value = parse(row_.text(column));
    if (!value)
      return fail("{}: {} of {} {} cannot be read: {}", database_.path().string(), what, row_.text(0),
                  row_.text(1), market::shown(row_.text(column)));
    return *value;
  }
  template <typename Parse>
  auto read_optional(int column, std::string_view what, Parse parse) -> Result<decltype(parse(""))> {
    if (row_.is_null(column)) return std::nullopt;
    auto value = read(column, what, parse);
    if (!value) return std::unexpected{value.error()};
    return *value;
  }

 private:
  const Statement& row_;
  const Database& database_;
};

Result<CalendarRow> read_calendar_row(const Statement& row, const Database& database) {
  Columns columns{row, database};
  CalendarRow read{.calendar = std::string{row.text(0)},
                   .name = std::string{row.text(5)},
                   .source = std::string{row.text(6)}};
  const auto date = columns.read(1, "the date", market::parse_date);
  if (!date) return std::unexpected{date.error()};
  const auto kind = columns.read(2, "the kind", market::parse_day_kind);
  if (!kind) return std::unexpected{kind.error()};
  const auto open = columns.read_optional(3, "the opening time", market::parse_day_minutes);
  if (!open) return std::unexpected{open.error()};
  const auto close = columns.read_optional(4, "the closing time", market::parse_day_minutes);
  if (!close) return std::unexpected{close.error()};
  read.date = *date;
  read.row = {.kind = *kind, .open = *open, .close = *close};
  if (const auto checked = market::check_day_row(read.row); !checked)
    return fail("{}: {} {}: {}", database.path().string(), row.text(0), row.text(1), checked.error().message);
  return read;
}

Result<CodedAction> read_action(const Statement& row, const Database& database) {
  Columns columns{row, database};
  const auto parse_code = [](std::string_view text) -> std::optional<market::Code> {
    auto code = market::parse_code(text);
    if (!code) return std::nullopt;
    return code->code;
  };
  const auto code = columns.read(0, "the code", parse_code);
  if (!code) return std::unexpected{code.error()};
  const auto ex_date = columns.read(1, "the ex-date", market::parse_date);
  if (!ex_date) return std::unexpected{ex_date.error()};
  const auto cash = columns.read(2, "the cash", Price::parse);
  if (!cash) return std::unexpected{cash.error()};
  const auto bonus = columns.read(3, "the bonus", Ratio::parse);
  if (!bonus) return std::unexpected{bonus.error()};
  const auto split = columns.read(4, "the split", Ratio::parse);
  if (!split) return std::unexpected{split.error()};
  const auto rights = columns.read(5, "the rights", Ratio::parse);
  if (!rights) return std::unexpected{rights.error()};
  const auto rights_price = columns.read(6, "the rights' price", Price::parse);
  if (!rights_price) return std::unexpected{rights_price.error()};
  const auto previous_close = columns.read_optional(7, "the previous close", Price::parse);
  if (!previous_close) return std::unexpected{previous_close.error()};
  return CodedAction{.code = *code,
                     .action = {.ex_date = *ex_date,
                                .cash = *cash,
                                .bonus = *bonus,
                                .split = *split,
                                .rights = *rights,
                                .rights_price = *rights_price,
                                .previous_close = *previous_close,
                                .source = std::string{row.text(8)}}};
}

constexpr std::string_view kCalendarColumns = "calendar, date, kind, open, close, name, source";
constexpr std::string_view kActionColumns =
    "code, ex_date, cash, bonus, split, rights, rights_price, previous_close, source";

// Every row that the statement answers, read by `read`.
template <typename Row>
Result<std::vector<Row>> read_all(Statement& statement, const Database& database,
                                  Result<Row> (*read)(const Statement&, const Database&)) {
  std::vector<Row> rows;
  for (;;) {
    const auto more = statement.step();
    if (!more) return std::unexpected{more.error()};
    if (!*more) break;
    auto row = read(statement, database);
    if (!row) return std::unexpected{row.error()};
    rows.push_back(std::move(*row));
  }
  statement.reset();
  return rows;
}

Result<void> has_room(Database& database, std::string_view table, std::int64_t most) {
  const auto count = database.number(fmt::format("SELECT count(*) FROM {}", table));
  if (!count) return std::unexpected{count.error()};
  if (*count > most)
    return fail("{}: {} would hold {} rows, the most it may are {}", database.path().string(), table, *count,
                most);
  return {};
}

// Prepared once for a whole import.
struct ActionStatements {
  Statement select;
  Statement replace;

  static Result<ActionStatements> prepare(Database& database);
  Result<void> put(const CodedAction& coded, ActionReport& report, const Database& database);
};

Result<ActionStatements> ActionStatements::prepare(Database& database) {
  auto select = database.prepare(fmt::format(
      "SELECT {} FROM corporate_actions WHERE code=?1 AND ex_date=?2 AND kind=?3", kActionColumns));
  if (!select) return std::unexpected{select.error()};
  auto replace = database.prepare(
      "INSERT OR REPLACE INTO corporate_actions(code, ex_date, kind, cash, bonus, split, rights,"
      " rights_price, previous_close, source) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, nullif(?9, ''), ?10)");
  if (!replace) return std::unexpected{replace.error()};
  return ActionStatements{.select = std::move(*select), .replace = std::move(*replace)};
}

Result<void> ActionStatements::put(const CodedAction& coded, ActionReport& report, const Database& database) {
  const CorporateAction& action = coded.action;
  const auto code = coded.code.to_string();
  const auto date = market::to_string(action.ex_date);
  const auto kind = kind_of(action);
  select.bind(1, code).bind(2, date).bind(3, kind);
  const auto known = read_all<CodedAction>(select, database, read_action);
  if (!known) return std::unexpected{known.error()};
  if (!known->empty() && known->front().action == action) {
    ++report.equal;
    return {};
  }
  ++(known->empty() ? report.added : report.different);

  replace.bind(1, code).bind(2, date).bind(3, kind);
  replace.bind(4, action.cash.to_string()).bind(5, action.bonus.to_string());
  replace.bind(6, action.split.to_string()).bind(7, action.rights.to_string());
  replace.bind(8, action.rights_price.to_string());
  replace.bind(9, action.previous_close ? action.previous_close->to_string() : "");
  replace.bind(10, action.source);
  return replace.run();
}

// Runs statements with the one parameter ?1 for every code, in one transaction.
Result<void> for_each_code(Database& database, std::span<const std::string> codes,
                           std::initializer_list<std::string_view> statements) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return std::unexpected{transaction.error()};
  for (const auto sql : statements) {
    auto statement = database.prepare(sql);
    if (!statement) return std::unexpected{statement.error()};
    for (const auto& code : codes) {
      statement->bind(1, code);
      if (auto done = statement->run(); !done) return done;
    }
  }
  return transaction->commit();
}

}  // namespace

Result<ReferenceRows> ReferenceRows::open(const std::filesystem::path& file) {
  auto database = Database::open({.path = file});
  if (!database) return std::unexpected{database.error()};
  if (auto done = database->check(); !done) return std::unexpected{done.error()};
  if (auto done = bring_up_to_date(*database, kSchema); !done) return std::unexpected{done.error()};
  ReferenceRows rows{std::move(*database)};
  if (const auto changed = rows.changed(); !changed) return std::unexpected{changed.error()};
  return rows;
}

Result<bool> ReferenceRows::changed() {
  const auto version = database_.number("PRAGMA data_version");
  if (!version) return std::unexpected{version.error()};
  return std::exchange(seen_, *version) != *version;
}

Result<bool> ReferenceRows::put(const CalendarRow& row) {
  if (const auto checked = market::check_day_row(row.row); !checked) return std::unexpected{checked.error()};
  auto transaction = Transaction::begin(database_);
  if (!transaction) return std::unexpected{transaction.error()};
  const auto date = text_of(row.date);
  auto select = database_.prepare(
      fmt::format("SELECT {} FROM calendar_rows WHERE calendar=?1 AND date=?2", kCalendarColumns));
  if (!select) return std::unexpected{select.error()};
  select->bind(1, row.calendar).bind(2, date);
  const auto known = read_all<CalendarRow>(*select, database_, read_calendar_row);
  if (!known) return std::unexpected{known.error()};
  CalendarRow stored = row;
  stored.row.line = 0;
  if (!known->empty() && known->front() == stored) return false;

  auto replace = database_.prepare(fmt::format(
      "INSERT OR REPLACE INTO calendar_rows({}) VALUES(?1, ?2, ?3, nullif(?4, ''), nullif(?5, ''), ?6, ?7)",
      kCalendarColumns));
  if (!replace) return std::unexpected{replace.error()};
  replace->bind(1, row.calendar).bind(2, date).bind(3, market::to_string(row.row.kind));
  replace->bind(4, row.row.open ? market::to_string(*row.row.open) : "");
  replace->bind(5, row.row.close ? market::to_string(*row.row.close) : "");
  replace->bind(6, row.name).bind(7, row.source);
  if (auto done = replace->run(); !done) return std::unexpected{done.error()};
  if (auto done = has_room(database_, "calendar_rows", kMaxCalendarRows); !done)
    return std::unexpected{done.error()};
  if (auto done = transaction->commit(); !done) return std::unexpected{done.error()};
  return true;
}

Result<bool> ReferenceRows::remove(const std::string& calendar, std::chrono::sys_days date) {
  auto statement = database_.prepare("DELETE FROM calendar_rows WHERE calendar=?1 AND date=?2");
  if (!statement) return std::unexpected{statement.error()};
  const auto text = text_of(date);
  statement->bind(1, calendar).bind(2, text);
  if (auto done = statement->run(); !done) return std::unexpected{done.error()};
  return database_.changes() > 0;
}

Result<std::vector<CalendarRow>> ReferenceRows::calendar_rows() {
  auto statement = database_.prepare(fmt::format(
      "SELECT {} FROM calendar_rows ORDER BY calendar, date LIMIT {}", kCalendarColumns, kMaxCalendarRows));
  if (!statement) return std::unexpected{statement.error()};
  return read_all<CalendarRow>(*statement, database_, read_calendar_row);
}

Result<ActionReport> ReferenceRows::put(const std::vector<CodedAction>& actions) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return std::unexpected{transaction.error()};
  ActionReport report;
  {
    auto statements = ActionStatements::prepare(database_);
    if (!statements) return std::unexpected{statements.error()};
    for (const CodedAction& action : actions) {
      if (auto done = statements->put(action, report, database_); !done) return std::unexpected{done.error()};
    }
  }
  if (auto done = has_room(database_, "corporate_actions", kMaxActions); !done)
    return std::unexpected{done.error()};
  if (auto done = transaction->commit(); !done) return std::unexpected{done.error()};
  return report;
}

Result<std::vector<CodedAction>> ReferenceRows::actions() {
  auto statement = database_.prepare(fmt::format(
      "SELECT {} FROM corporate_actions ORDER BY code, ex_date, kind LIMIT {}", kActionColumns, kMaxActions));
  if (!statement) return std::unexpected{statement.error()};
  return read_all<CodedAction>(*statement, database_, read_action);
}

Result<void> ReferenceRows::mark_simulated(std::span<const std::string> codes, bool always_open) {
  const auto sql = fmt::format("INSERT OR REPLACE INTO simulated_past VALUES(?1, {})", always_open ? 1 : 0);
  return for_each_code(database_, codes, {sql});
}

Result<std::vector<SimulatedPast>> ReferenceRows::simulated() {
  auto statement = database_.prepare("SELECT code, always_open FROM simulated_past ORDER BY code");
  if (!statement) return std::unexpected{statement.error()};
  const auto read = [](const Statement& row, const Database&) -> Result<SimulatedPast> {
    return SimulatedPast{.code = std::string{row.text(0)}, .always_open = row.integer(1) != 0};
  };
  return read_all<SimulatedPast>(*statement, database_, read);
}

Result<void> ReferenceRows::forget_simulated(std::span<const std::string> codes) {
  const auto actions = fmt::format("DELETE FROM corporate_actions WHERE code=?1 AND source='{}'", kSimulated);
  return for_each_code(database_, codes, {"DELETE FROM simulated_past WHERE code=?1", actions});
}

}  // namespace qos::store
