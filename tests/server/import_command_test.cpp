#include "server/import_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "archive/tdx_bytes.hpp"
#include "archive/test_data.hpp"
#include "io/file.hpp"
#include "server/export_command.hpp"
#include "support/temp_folder.hpp"

namespace qos::server {
namespace {

using archive::bytes_of;
using archive::DayFields;
using archive::MinuteFields;
using archive::packed_date;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr DayFields kThursday{20190131, 1058, 1075, 1053, 1066, 353811328.F, 33228100};
constexpr DayFields kFriday{20190201, 1070, 1084, 1069, 1084, 373232480.F, 34674100};

class ImportCommand : public ::testing::Test {
 protected:
  struct Answer {
    int exit_code;
    std::string out;
    std::string err;
  };
  template <typename Run>
  Answer run(Run command) {
    std::ostringstream out;
    std::ostringstream err;
    const int exit_code = command(Terminal{.out = out, .err = err});
    return {.exit_code = exit_code, .out = out.str(), .err = err.str()};
  }
  ImportOptions options() { return {.place = {.config = {}, .data = data_.string()}}; }

  Answer tdx(const TdxFlags& flags, const ImportOptions& given) {
    return run([&](Terminal terminal) { return import_tdx(given, flags, terminal); });
  }
  Answer tdx(TdxFlags flags = {}) {
    if (flags.folder.empty()) flags.folder = vipdoc_.string();
    return tdx(flags, options());
  }
  Answer klines(const KlineFlags& flags) {
    return run([&](Terminal terminal) { return import_klines(options(), flags, terminal); });
  }
  Answer trades(const TradeFlags& flags) {
    return run([&](Terminal terminal) { return import_trades(options(), flags, terminal); });
  }
  Answer actions(const std::string& file) {
    return run([&](Terminal terminal) { return import_actions(options(), file, terminal); });
  }
  Answer exported(ExportFlags flags) {
    flags.place.data = data_.string();
    return run([&](Terminal terminal) { return export_klines(flags, terminal); });
  }
  std::string csv_of(const std::string& code, std::int64_t kt, int adjust = 0) {
    return exported({.codes = {code}, .kt = kt, .adjust = adjust}).out;
  }

  std::string put(const std::string& name, std::string_view content) {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    EXPECT_TRUE(io::write_file_atomically(path, content));
    return path.string();
  }
  std::string exported_file(const std::string& text) { return put("exported.csv", text); }

  test::TempFolder folder_;
  std::filesystem::path data_ = folder_ / "data";
  std::filesystem::path vipdoc_ = folder_ / "vipdoc";
};

TEST_F(ImportCommand, stores_a_vipdoc_folder_and_exports_it) {
  put("vipdoc/sh/lday/sh600000.day", bytes_of({kThursday, kFriday}));
  const auto answer = tdx();
  EXPECT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_THAT(answer.out, AllOf(HasSubstr("1 files, 2 records"),
                                HasSubstr("days: 2 new, 0 equal, 0 different"), HasSubstr("stored")));
  EXPECT_EQ(csv_of("SH:600000", 1001),
            "c,ts,o,h,l,cl,v,t\n"
            "SH:600000,1548864000,10.58,10.75,10.53,10.66,332281,353811328\n"
            "SH:600000,1548950400,10.7,10.84,10.69,10.84,346741,373232480\n");
}

TEST_F(ImportCommand, of_the_same_twice_changes_nothing) {
  put("vipdoc/sh/lday/sh600000.day", bytes_of({kThursday, kFriday}));
  ASSERT_EQ(tdx().exit_code, 0);
  EXPECT_THAT(tdx().out, HasSubstr("days: 0 new, 2 equal, 0 different"));
}

TEST_F(ImportCommand, shows_what_differs_and_keeps_or_replaces_it) {
  put("vipdoc/sh/lday/sh600000.day", bytes_of({kThursday, kFriday}));
  ASSERT_EQ(tdx().exit_code, 0);
  auto other = kFriday;
  other.close = 1083;
  put("vipdoc/sh/lday/sh600000.day", bytes_of({kThursday, other}));
  const auto kept = tdx();
  EXPECT_THAT(kept.out,
              AllOf(HasSubstr("days: 0 new, 1 equal, 1 different (what was stored is kept"),
                    HasSubstr("SH:600000 2019-02-01 ts 1548950400: stored o 10.7 h 10.84 l 10.69 c 10.84"),
                    HasSubstr("given o 10.7 h 10.84 l 10.69 c 10.83")));
  EXPECT_THAT(csv_of("SH:600000", 1001), HasSubstr(",10.84,346741"));
  auto replacing = options();
  replacing.on_different = store::OnDifferent::replace;
  EXPECT_THAT(tdx({.folder = vipdoc_.string()}, replacing).out, HasSubstr("1 different (replaced)"));
  EXPECT_THAT(csv_of("SH:600000", 1001), HasSubstr(",10.83,346741"));
}

TEST_F(ImportCommand, with_a_bad_record_stores_nothing_of_any_file) {
  put("vipdoc/sh/lday/sh600000.day", bytes_of({kThursday}));
  put("vipdoc/sz/lday/sz000001.day", bytes_of({kFriday, kThursday}));
  const auto answer = tdx();
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.err, AllOf(HasSubstr("sz/lday/sz000001.day: record 2 (2019-01-31): times must rise"),
                                HasSubstr("nothing was stored")));
  EXPECT_THAT(exported({.codes = {"SH:*"}}).err, HasSubstr("0 K-lines of 0 codes"));
}

TEST_F(ImportCommand, dry_stores_nothing) {
  put("vipdoc/sh/lday/sh600000.day", bytes_of({kThursday}));
  auto dry = options();
  dry.dry_run = DryRun::yes;
  EXPECT_THAT(tdx({.folder = vipdoc_.string()}, dry).out,
              AllOf(HasSubstr("days: 1 new"), HasSubstr("dry run: nothing was stored")));
  EXPECT_THAT(tdx().out, HasSubstr("days: 1 new"));
}

TEST_F(ImportCommand, lists_codes_of_unknown_class_and_takes_statements) {
  put("vipdoc/sh/lday/sh204001.day", bytes_of({kThursday}));
  put("vipdoc/sh/lday/sh204002.day", bytes_of({kThursday}));
  const auto unknown = tdx();
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("SH:204*: 2 files, the first is sh/lday/sh204001.day"),
                                 HasSubstr("--price-scale")));
  EXPECT_EQ(tdx({.folder = {}, .price_scales = {"SH:204*=1000"}, .volume_units = {"SH:204*=10"}}).exit_code,
            0);
  EXPECT_THAT(csv_of("SH:204001", 1001), HasSubstr(",1.058,1.075,1.053,1.066,3322810,"));
}

TEST_F(ImportCommand, compares_minutes_with_days_and_five_minutes) {
  const auto at = packed_date(2019, 1, 31);
  const MinuteFields first{at, 571, 10.58F, 10.6F, 10.53F, 10.6F, 1000.F, 3'000'000};
  const MinuteFields last{at, 900, 10.6F, 10.75F, 10.6F, 10.66F, 1000.F, 30'228'100};
  put("vipdoc/sh/lday/sh600000.day", bytes_of({kThursday}));
  put("vipdoc/sh/minline/sh600000.lc1", bytes_of({first, last}));
  put("vipdoc/sh/fzline/sh600000.lc5",
      bytes_of({MinuteFields{at, 575, 10.58F, 10.6F, 10.53F, 10.6F, 1000.F, 3'000'001}}));
  const auto answer = tdx();
  EXPECT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_THAT(answer.out, AllOf(HasSubstr("days against their minutes: 1 equal, 0 different"),
                                HasSubstr("five minutes against their minutes: 0 equal, 1 different"),
                                HasSubstr("1 files of five minutes not stored"),
                                HasSubstr("\nminutes: 2 new"), HasSubstr("days: 1 new")));
}

TEST_F(ImportCommand, round_trips_byte_for_byte) {
  const auto at = packed_date(2019, 1, 31);
  put("vipdoc/sh/lday/sh600000.day", bytes_of({kThursday, kFriday}));
  put("vipdoc/sh/minline/sh600000.lc1",
      bytes_of({MinuteFields{at, 571, 10.58F, 10.6F, 10.53F, 10.6F, 31.5F, 3},
                MinuteFields{at, 900, 10.6F, 10.75F, 10.6F, 10.66F, 1000.F, 30'228'101}}));
  ASSERT_EQ(tdx().exit_code, 0);
  const auto days = csv_of("SH:600000", 1001);
  const auto minutes = csv_of("SH:600000", 1);
  for (const std::int64_t kt : {5, 15, 30, 60, 120, 240})
    EXPECT_THAT(csv_of("SH:600000", kt), HasSubstr("SH:600000,1548898200,10.58,")) << kt;
  data_ = folder_ / "second";
  EXPECT_EQ(klines({.csv = {.file = exported_file(days)}, .kt = "1001", .as_exported = true}).exit_code, 0);
  EXPECT_EQ(klines({.csv = {.file = exported_file(minutes)}, .kt = "1", .as_exported = true}).exit_code, 0);
  EXPECT_EQ(csv_of("SH:600000", 1001), days);
  EXPECT_EQ(csv_of("SH:600000", 1), minutes);
  EXPECT_THAT(minutes, HasSubstr(",0.03,31.5\n")) << "three shares are three hundredths of a lot";
}

TEST_F(ImportCommand, asks_for_every_statement_that_it_needs) {
  const auto file = put("k.csv", "c,ts,o,h,l,cl,v,t\n");
  const auto error = [&](KlineFlags flags) {
    flags.csv.file = file;
    return klines(flags).err;
  };
  EXPECT_THAT(error({}), HasSubstr("state --kt"));
  EXPECT_THAT(error({.kt = "5"}), HasSubstr("only minutes (1) and days (1001) are stored"));
  EXPECT_THAT(error({.kt = "1"}), HasSubstr("state --label"));
  EXPECT_THAT(error({.kt = "1", .label = "end"}), HasSubstr("state --volume-unit"));
  EXPECT_THAT(error({.csv = {.volume_unit = "shares"}, .kt = "1", .label = "end"}),
              HasSubstr("state --time"));
  EXPECT_THAT(error({.csv = {.time = "local", .volume_unit = "shares"}, .kt = "1001"}),
              HasSubstr("state --zone"));
  EXPECT_THAT(
      error({.csv = {.time = "local", .zone = "Mars/Olympus", .volume_unit = "shares"}, .kt = "1001"}),
      HasSubstr("--zone"));
  const auto trade_file = put("t.csv", "c,ts,p,v\n");
  EXPECT_THAT(
      trades({.csv = {.file = trade_file, .time = "unix", .volume_unit = "shares"}, .conditions = {}}).err,
      HasSubstr("t.csv:1: there is no column x: state"));
}

TEST_F(ImportCommand, names_file_and_line_of_a_bad_row_and_stores_nothing) {
  const auto file = put("k.csv",
                        "c,ts,o,h,l,cl,v,t\n"
                        "SH:600000,1548864000,1,1,1,1,1,1\n"
                        "SH:600000,1548950400,1,0,1,1,1,1\n");
  const auto answer = klines({.csv = {.file = file}, .kt = "1001", .as_exported = true});
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.err, HasSubstr("k.csv:3: low 1 to high 0"));
  EXPECT_EQ(csv_of("SH:600000", 1001), "c,ts,o,h,l,cl,v,t\n");
}

TEST_F(ImportCommand, folds_trades_as_the_server_does) {
  const auto file = put("t.csv",
                        "c,ts,p,v\n"
                        "SH:600000,2019-02-01 09:25:02,10.70,5\n"
                        "SH:600000,2019-02-01 09:30:01,10.72,1\n"
                        "SH:600000,2019-02-01 09:31:00,10.69,2\n"
                        "SH:600000,2019-02-01 15:00:01,10.84,4\n");
  const auto answer =
      trades({.csv = {.file = file, .time = "local", .zone = "Asia/Shanghai", .volume_unit = "lots"},
              .conditions = "by-phase"});
  EXPECT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_THAT(answer.out,
              AllOf(HasSubstr("4 trades"), HasSubstr("days: 1 new"), HasSubstr("minutes: 3 new")));
  EXPECT_EQ(csv_of("SH:600000", 1001),
            "c,ts,o,h,l,cl,v,t\nSH:600000,1548950400,10.7,10.84,10.69,10.84,12,12896\n");
  EXPECT_EQ(csv_of("SH:600000", 1),
            "c,ts,o,h,l,cl,v,t\n"
            "SH:600000,1548984600,10.7,10.72,10.7,10.72,6,6422\n"
            "SH:600000,1548984660,10.69,10.69,10.69,10.69,2,2138\n"
            "SH:600000,1549004340,10.84,10.84,10.84,10.84,4,4336\n");
}

TEST_F(ImportCommand, of_minutes_makes_their_days_if_asked) {
  const auto file = put("k.csv",
                        "c,ts,o,h,l,cl,v,t\n"
                        "SZ:300059,1548984600,10.7,10.72,10.7,10.72,6,6422\n"
                        "SZ:300059,1548984660,10.69,10.69,10.69,10.69,2,2138\n");
  ASSERT_EQ(klines({.csv = {.file = file}, .kt = "1", .as_exported = true, .with_days = true}).exit_code, 0);
  EXPECT_EQ(csv_of("SZ:300059", 1001),
            "c,ts,o,h,l,cl,v,t\nSZ:300059,1548950400,10.7,10.72,10.69,10.69,8,8560\n");
}

TEST_F(ImportCommand, takes_corporate_actions_and_export_adjusts_by_them) {
  put("vipdoc/sh/lday/sh600000.day", bytes_of({kThursday, kFriday}));
  const auto file =
      put("gbbq.csv",
          "market,code,date,category,category_zh,cash_per10,rights_price,bonus_per10,rights_per10\n"
          "sh,600000,20190201,1,除权除息,0,0,10,0\n"
          "sh,600000,20190201,5,股本变化,,,,\n");
  const auto answer = tdx({.folder = {}, .actions = file});
  EXPECT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_THAT(answer.out, HasSubstr("corporate actions: 1 new"));
  EXPECT_THAT(actions(file).out, HasSubstr("corporate actions: 0 new, 1 equal"));
  EXPECT_THAT(csv_of("SH:600000", 1001, 1), AllOf(HasSubstr("1548864000,5.29,5.38,5.27,5.33,664562,"),
                                                  HasSubstr("1548950400,10.7,10.84,10.69,10.84,346741,")));
}

TEST_F(ImportCommand, exports_ranges_lists_and_whole_markets) {
  put("vipdoc/sh/lday/sh600000.day", bytes_of({kThursday, kFriday}));
  put("vipdoc/sz/lday/sz300059.day", bytes_of({kFriday}));
  put("vipdoc/sz/lday/sz000001.day", bytes_of({kThursday}));
  ASSERT_EQ(tdx().exit_code, 0);
  EXPECT_EQ(exported({.codes = {"SH:600000"}, .from = "2019-02-01"}).out,
            "c,ts,o,h,l,cl,v,t\nSH:600000,1548950400,10.7,10.84,10.69,10.84,346741,373232480\n");
  EXPECT_THAT(exported({.codes = {"SH:600000"}, .to = "2019-01-31"}).out, Not(HasSubstr("1548950400")));
  EXPECT_THAT(exported({.codes = {"SZ:*"}}).out, StartsWith("c,ts,o,h,l,cl,v,t\nSZ:000001,1548864000"));
  EXPECT_THAT(exported({.codes = {"SZ:300059,000001", "SH:600000"}}).err, HasSubstr("4 K-lines of 3 codes"));
  EXPECT_THAT(exported({.codes = {"SZ:000002"}}).err, HasSubstr("SZ:000002: nothing stored"));
  const auto list = put("codes.txt", "SZ:*\r\n\nSH:600000\n");
  const auto out = (folder_ / "out.csv").string();
  const auto answer = exported({.codes_file = list, .out = out});
  EXPECT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_EQ(answer.out, "");
  EXPECT_THAT(io::read_file(out).value(), HasSubstr("SH:600000,1548950400"));
  EXPECT_FALSE(std::filesystem::exists(out + ".part"));
  EXPECT_THAT(csv_of("SH:600000", 1030), HasSubstr("SH:600000,1546272000,10.58,")) << "January has one day";
  for (const std::int64_t kt : {1007, 2001})
    EXPECT_THAT(csv_of("SH:600000", kt), HasSubstr(",10.58,10.84,10.53,10.84,679022,727043808\n")) << kt;
}

TEST_F(ImportCommand, exports_refuse_what_makes_no_sense) {
  EXPECT_THAT(exported({.codes = {"SH:600000"}}).err, HasSubstr("there is no history"));
  put("vipdoc/sh/lday/sh600000.day", bytes_of({kThursday}));
  ASSERT_EQ(tdx().exit_code, 0);
  EXPECT_THAT(exported({.codes = {"SH:600000"}, .kt = 7}).err, HasSubstr("--kt 7"));
  EXPECT_THAT(exported({.codes = {"SH:600000"}, .adjust = 3}).err, HasSubstr("--adjust"));
  EXPECT_THAT(exported({.codes = {"SH:6"}}).err, HasSubstr("--code: malformed code"));
  EXPECT_THAT(exported({}).err, HasSubstr("state what to export"));
  EXPECT_THAT(exported({.codes = {"SH:600000"}, .from = "2019-02-30"}).err, HasSubstr("--from"));
  EXPECT_THAT(exported({.codes = {"SH:600000"}, .from = "2019-02-02", .to = "2019-02-01"}).err,
              HasSubstr("--to is before"));
}

TEST_F(ImportCommand, has_the_command_line_that_its_help_says) {
  put("vipdoc/sh/lday/sh600000.day", bytes_of({kThursday}));
  const auto command_line = [](const std::string& arguments) {
    CLI::App app;
    int exit_code = -2;
    add_import_command(app, exit_code);
    add_export_command(app, exit_code);
    try {
      app.parse(arguments);
    } catch (const CLI::ParseError& error) {
      return error.get_exit_code() == 0 ? 0 : -1;
    }
    return exit_code;
  };
  const auto at = " --data " + data_.string();
  EXPECT_EQ(command_line("import tdx " + vipdoc_.string() + at + " --dry-run"), 0);
  EXPECT_EQ(command_line("import tdx " + vipdoc_.string() + at + " --on-different replace --noise widen"), 0);
  EXPECT_EQ(command_line("export --code SH:600000 --kt 1001 --adjust 0 --from 2019-01-01" + at), 0);
  EXPECT_EQ(command_line("import tdx " + vipdoc_.string() + at + " --on-different maybe"), -1);
  EXPECT_EQ(command_line("import"), -1);
  EXPECT_EQ(command_line("import klines" + at), -1);
}

TEST_F(ImportCommand, takes_the_real_vipdoc_and_its_actions) {
  const auto vipdoc = test::test_data("cn/tdx");
  const auto gbbq = test::test_data("cn/tdx_gbbq_events_selected.csv");
  const auto broker = test::test_data("cn/tdx_gf2017");
  if (vipdoc.empty() || gbbq.empty() || broker.empty())
    GTEST_SKIP() << "cn/tdx is absent; QOS_TEST_DATA names its folder";
  EXPECT_THAT(tdx({.folder = vipdoc.string()}).err, HasSubstr("--noise widen"));
  const auto answer = tdx({.folder = vipdoc.string(), .actions = gbbq.string(), .noise = "widen"});
  EXPECT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_THAT(answer.out, AllOf(HasSubstr("days: 16321 new"), HasSubstr("minutes: 2466 new")));
  // 1,309 days of sh600000 and 1,343 of sh000001 overlap; some differ in the last digit of a price or amount.
  const auto overlap = tdx({.folder = broker.string()});
  EXPECT_EQ(overlap.exit_code, 0) << overlap.err;
  EXPECT_THAT(overlap.out, HasSubstr("days: 21667 new, 2581 equal, 71 different (what was stored is kept"));
  EXPECT_THAT(overlap.out, HasSubstr("SH:000001 2013-12-03 ts 1386000000: stored o 2196.82 h 2227.92"));
}

}  // namespace
}  // namespace qos::server
