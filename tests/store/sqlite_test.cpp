#include "store/sqlite.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "io/file.hpp"
#include "store/schema.hpp"
#include "support/child.hpp"
#include "support/temp_folder.hpp"

namespace qos::store {
namespace {

using test::TempFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

Database open(const std::filesystem::path& path) {
  auto database = Database::open({.path = path});
  QOS_ASSERT(database.has_value());
  return std::move(*database);
}

std::string error_of_opening(Database::Options options) {
  const auto database = Database::open(options);
  return database ? "opened" : database.error().message;
}

TEST(Sqlite, gives_back_every_kind_of_value) {
  const TempFolder folder;
  auto database = open(folder / "a.sqlite");
  ASSERT_TRUE(database.execute("CREATE TABLE t(i INTEGER, s TEXT, b BLOB, n TEXT)"));
  auto insert = database.prepare("INSERT INTO t VALUES(?1, ?2, ?3, ?4)");
  ASSERT_TRUE(insert);
  const std::array blob{std::byte{0}, std::byte{255}, std::byte{'\''}};
  using namespace std::string_view_literals;
  insert->bind(1, std::numeric_limits<std::int64_t>::min()).bind(2, "it's\0two"sv).bind(3, std::span{blob});
  ASSERT_TRUE(insert->run());
  EXPECT_EQ(database.changes(), 1);
  EXPECT_EQ(database.last_insert_id(), 1);

  auto select = database.prepare("SELECT i, s, b, n FROM t");
  ASSERT_TRUE(select);
  ASSERT_TRUE(select->step().value());
  EXPECT_EQ(select->integer(0), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(select->text(1), "it's\0two"sv);
  EXPECT_THAT(select->blob(2), ::testing::ElementsAreArray(blob));
  EXPECT_FALSE(select->is_null(2));
  EXPECT_TRUE(select->is_null(3));
  EXPECT_EQ(select->text(3), "");
  EXPECT_FALSE(select->step().value());
}

TEST(Sqlite, keeps_the_empty_text_and_the_empty_blob_apart_from_null) {
  const TempFolder folder;
  auto database = open(folder / "a.sqlite");
  auto select = database.prepare("SELECT typeof(?1), typeof(?2), typeof(?3)");
  ASSERT_TRUE(select);
  select->bind(1, std::string_view{}).bind(2, std::span<const std::byte>{});
  ASSERT_TRUE(select->step().value());
  EXPECT_EQ(select->text(0), "text");
  EXPECT_EQ(select->text(1), "blob");
  EXPECT_EQ(select->text(2), "null");
}

TEST(Sqlite, a_statement_runs_again_after_a_reset) {
  const TempFolder folder;
  auto database = open(folder / "a.sqlite");
  ASSERT_TRUE(database.execute("CREATE TABLE t(i INTEGER UNIQUE) STRICT"));
  auto insert = database.prepare("INSERT INTO t VALUES(?1)");
  ASSERT_TRUE(insert);
  for (std::int64_t i = 0; i < 3; ++i) ASSERT_TRUE(insert->bind(1, i).run());
  const auto again = insert->run();
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message,
              AllOf(HasSubstr("a.sqlite"), HasSubstr("UNIQUE"), HasSubstr("INSERT INTO t")));
  EXPECT_TRUE(insert->bind(1, std::int64_t{7}).run());
  EXPECT_EQ(database.number("SELECT count(*) FROM t").value(), 4);
}

TEST(Sqlite, rolls_back_what_was_not_committed) {
  const TempFolder folder;
  auto database = open(folder / "a.sqlite");
  ASSERT_TRUE(database.execute("CREATE TABLE t(i INTEGER)"));
  {
    auto transaction = Transaction::begin(database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database.execute("INSERT INTO t VALUES(1)"));
  }
  EXPECT_EQ(database.number("SELECT count(*) FROM t").value(), 0);
  {
    auto transaction = Transaction::begin(database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database.execute("INSERT INTO t VALUES(1)"));
    ASSERT_TRUE(transaction->commit());
  }
  EXPECT_EQ(database.number("SELECT count(*) FROM t").value(), 1);
}

TEST(Sqlite, makes_files_that_only_the_owner_may_read) {
  const TempFolder folder;
  auto database = open(folder / "a.sqlite");
  ASSERT_TRUE(database.execute("CREATE TABLE t(i INTEGER)"));
  for (const char* name : {"a.sqlite", "a.sqlite-wal", "a.sqlite-shm"}) {
    struct stat status{};
    ASSERT_EQ(::stat((folder / name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777, 0600U) << name;
  }
}

TEST(Sqlite, commits_survive_the_death_of_the_process) {
  const TempFolder folder;
  test::Child child{[&](const test::Child::Talk& parent) {
    auto database = open(folder / "a.sqlite");
    if (!database.execute("CREATE TABLE t(i INTEGER); INSERT INTO t VALUES(42)")) return 1;
    parent.say("committed");
    ::raise(SIGKILL);
    return 1;
  }};
  ASSERT_EQ(child.hear(), "committed");
  ASSERT_TRUE(child.end().killed);
  auto database = open(folder / "a.sqlite");
  EXPECT_EQ(database.number("SELECT i FROM t").value(), 42);
}

// Both switch the new file to WAL mode, which SQLite does not always wait for by itself.
TEST(Sqlite, many_processes_may_open_a_new_file_at_once) {
  const TempFolder folder;
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(Database::open({.path = folder / "a.sqlite"}) ? 0 : 1);
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
}

TEST(Sqlite, says_what_is_wrong_with_a_file) {
  const TempFolder folder;
  ASSERT_TRUE(io::write_file_atomically(folder / "text", std::string(5'000, 'x')));
  EXPECT_THAT(error_of_opening({.path = folder / "text"}),
              AllOf(HasSubstr("text"), HasSubstr("not a database")));
  EXPECT_THAT(error_of_opening({.path = folder / "absent", .if_missing = Database::Missing::refuse}),
              AllOf(HasSubstr("absent"), HasSubstr("No such file")));
  EXPECT_THAT(error_of_opening({.path = folder / "no_such_folder" / "a"}),
              AllOf(HasSubstr("no_such_folder"), HasSubstr("No such file")));
  EXPECT_THAT(error_of_opening({.path = folder / "text" / "a"}), HasSubstr("Not a directory"));
  std::filesystem::create_directory(folder / "a_folder");
  EXPECT_THAT(error_of_opening({.path = folder / "a_folder"}), HasSubstr("a_folder"));
}

// Flips one byte at a time in the pages of a real database: opening, checking and reading may fail, never
// crash, and a damaged tree is found by check().
TEST(Sqlite, finds_damage) {
  const TempFolder folder;
  {
    auto database = open(folder / "a.sqlite");
    ASSERT_TRUE(
        database.execute("CREATE TABLE t(i INTEGER PRIMARY KEY, s TEXT UNIQUE);"
                         "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
                         "INSERT INTO t SELECT i, 'row number ' || i FROM n"));
  }
  const auto whole = io::read_file(folder / "a.sqlite").value();
  int found = 0;
  for (std::size_t at = 0; at < whole.size(); at += 97) {
    auto damaged = whole;
    damaged[at] = static_cast<char>(~damaged[at]);
    const auto path = folder / "damaged.sqlite";
    std::ofstream{path, std::ios::binary} << damaged;
    auto database = Database::open({.path = path});
    if (!database || !database->check()) ++found;
    for (const char* extra : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + extra);
  }
  EXPECT_GT(found, 10);
}

TEST(Sqlite, refuses_a_file_it_may_only_read) {
  const TempFolder folder;
  open(folder / "a.sqlite");
  std::filesystem::permissions(folder / "a.sqlite", std::filesystem::perms{0444});
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0555});
  test::Child child{[&](const test::Child::Talk& parent) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 1;  // root may write everywhere
    parent.say(error_of_opening({.path = folder / "a.sqlite"}));
    parent.say(error_of_opening({.path = folder / "new.sqlite"}));
    return 0;
  }};
  const auto old_file = child.hear();
  const auto new_file = child.hear();
  EXPECT_EQ(child.end().exit_code, 0);
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0755});
  EXPECT_THAT(old_file, HasSubstr("a.sqlite: must be writable"));
  EXPECT_THAT(new_file, AllOf(HasSubstr("cannot create"), HasSubstr("new.sqlite: Permission denied")));
}

constexpr std::array<std::string_view, 2> kSteps{"CREATE TABLE a(i INTEGER)",
                                                 "ALTER TABLE a ADD COLUMN j INTEGER"};

TEST(Schema, runs_only_the_steps_that_are_missing) {
  const TempFolder folder;
  auto database = open(folder / "a.sqlite");
  ASSERT_TRUE(bring_up_to_date(database, std::span{kSteps}.first(1)));
  EXPECT_EQ(database.number("SELECT version FROM schema_version").value(), 1);
  ASSERT_TRUE(database.execute("INSERT INTO a VALUES(7)"));
  ASSERT_TRUE(bring_up_to_date(database, kSteps));
  ASSERT_TRUE(bring_up_to_date(database, kSteps));
  EXPECT_EQ(database.number("SELECT version FROM schema_version").value(), 2);
  EXPECT_EQ(database.number("SELECT i FROM a WHERE j IS NULL").value(), 7);
}

TEST(Schema, a_failing_step_leaves_everything_as_it_was) {
  const TempFolder folder;
  auto database = open(folder / "a.sqlite");
  constexpr std::array<std::string_view, 2> broken{kSteps[0], "nonsense"};
  EXPECT_FALSE(bring_up_to_date(database, broken));
  EXPECT_EQ(database.number("SELECT count(*) FROM sqlite_master").value(), 0);
  EXPECT_TRUE(bring_up_to_date(database, kSteps));
}

TEST(Schema, refuses_newer_and_foreign_databases) {
  const TempFolder folder;
  auto newer = open(folder / "newer.sqlite");
  ASSERT_TRUE(bring_up_to_date(newer, kSteps));
  ASSERT_TRUE(newer.execute("UPDATE schema_version SET version=9"));
  const auto refused = bring_up_to_date(newer, kSteps);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("newer.sqlite"), HasSubstr("schema version is 9"), HasSubstr("up to 2")));

  auto foreign = open(folder / "foreign.sqlite");
  ASSERT_TRUE(foreign.execute("CREATE TABLE theirs(i INTEGER)"));
  const auto foreign_result = bring_up_to_date(foreign, kSteps);
  ASSERT_FALSE(foreign_result);
  EXPECT_THAT(foreign_result.error().message, HasSubstr("another program"));
}

}  // namespace
}  // namespace qos::store
