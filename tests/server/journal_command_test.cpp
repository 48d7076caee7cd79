#include "server/journal_command.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "io/file.hpp"
#include "journal/segment.hpp"
#include "support/temp_folder.hpp"

namespace qos::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

SequencedEvent trade(std::uint64_t sequence) {
  return {Sequence{sequence},
          {.ts_recv = from_unix_seconds(static_cast<std::int64_t>(sequence)),
           .body = Trade{.instrument = InstrumentId{static_cast<std::uint32_t>(sequence % 2)},
                         .price = Price::from_raw(101'250'000'000),
                         .size = Quantity::from_units(1)}}};
}

// Events 1 to 4 in two blocks of segment 1, 5 and 6 in segment 5.
class JournalCommand : public testing::Test {
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
    return {exit_code, out.str(), err.str()};
  }
  Answer cat(const CatRange& range = {}) {
    return run([&](Terminal terminal) { return cat_journal(folder_.path(), range, terminal); });
  }
  Answer verify() {
    return run([&](Terminal terminal) { return verify_journal(folder_.path(), terminal); });
  }
  Answer repair(Repair how) {
    return run([&](Terminal terminal) { return repair_journal(folder_.path(), how, {}, terminal); });
  }

  void write(std::uint64_t first, const std::vector<std::pair<std::uint64_t, std::uint64_t>>& blocks,
             std::size_t flipped = 0) {
    auto bytes = journal::segment_header(
        journal::Epoch{7}, Sequence{first}, {},
        {.instruments = {"US:AAPL", "HK:700"}, .calendars = {}, .feeds = {"venue", "server"}});
    for (const auto& [from, to] : blocks) {
      std::vector<SequencedEvent> events;
      for (auto sequence = from; sequence <= to; ++sequence) events.push_back(trade(sequence));
      const auto begin = bytes.size();
      journal::append_block(events, bytes);
      if (flipped == from) bytes[begin + 80] ^= 1;
    }
    std::ofstream{folder_ / journal::segment_file_name(Sequence{first}), std::ios::binary} << bytes;
  }
  void damage() {
    write(1, {{1, 2}, {3, 4}}, 3);
    write(5, {{5, 6}});
  }
  void SetUp() override {
    write(1, {{1, 2}, {3, 4}});
    write(5, {{5, 6}});
  }
  test::TempFolder folder_;
};

TEST_F(JournalCommand, cat_prints_a_line_an_event) {
  const auto all = cat();
  EXPECT_EQ(all.exit_code, 0) << all.err;
  EXPECT_EQ(std::ranges::count(all.out, '\n'), 6);
  EXPECT_THAT(all.out, StartsWith(R"({"seq":1,"recv":"1970-01-01T00:00:01.000000000Z","feed":"venue",)"
                                  R"("kind":"trade","code":"HK:700",)"));
}

TEST_F(JournalCommand, cat_prints_what_is_asked_for) {
  const auto some = cat({.from = 2, .to = 5, .code = "HK:700"});
  EXPECT_EQ(std::ranges::count(some.out, '\n'), 2);
  EXPECT_THAT(some.out, StartsWith(R"({"seq":3,)"));
  EXPECT_THAT(some.out, HasSubstr(R"({"seq":5,)"));
  EXPECT_EQ(std::ranges::count(cat({.limit = 3}).out, '\n'), 3);
  const auto none = cat({.code = "US:NOPE"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_EQ(none.err, "qos journal: no segment knows an instrument US:NOPE\n");
}

TEST_F(JournalCommand, stat_lists_segments_and_kinds) {
  const auto stat =
      run([&](Terminal terminal) { return stat_journal(folder_.path(), Kinds::counted, terminal); });
  EXPECT_EQ(stat.exit_code, 0) << stat.err;
  EXPECT_THAT(stat.out, StartsWith("SEGMENT"));
  EXPECT_THAT(stat.out, HasSubstr("00000000000000000005.qosj"));
  EXPECT_THAT(stat.out, HasSubstr("\n  trade 4\n"));
  EXPECT_THAT(stat.out, HasSubstr("\n  trade 2\n"));
}

TEST_F(JournalCommand, verify_says_what_is_damaged_and_fails) {
  EXPECT_EQ(verify().exit_code, 0);
  EXPECT_EQ(verify().out, "6 events in 2 segments, 0 damaged places\n");
  damage();
  const auto bad = verify();
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_THAT(bad.out, StartsWith("damaged: 00000000000000000001.qosj: offset "));
  EXPECT_THAT(bad.out, HasSubstr("events 3 to 4 (2 events)"));
  const auto all = cat();
  EXPECT_EQ(all.exit_code, 1);
  EXPECT_EQ(std::ranges::count(all.out, '\n'), 2);
}

TEST_F(JournalCommand, repair_changes_something_only_when_told_to) {
  damage();
  const auto looked = repair(Repair::look);
  EXPECT_EQ(looked.exit_code, 0);
  EXPECT_THAT(looked.out, StartsWith("would be lost: 00000000000000000001.qosj"));
  EXPECT_THAT(looked.out, HasSubstr("nothing was changed"));
  EXPECT_EQ(verify().exit_code, 1);
  const auto done = repair(Repair::do_it);
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, StartsWith("lost: 00000000000000000001.qosj"));
  EXPECT_THAT(done.out, HasSubstr("set aside: 00000000000000000001.qosj."));
  EXPECT_EQ(verify().exit_code, 0);
  const auto rest = cat();
  EXPECT_EQ(rest.exit_code, 0);
  EXPECT_EQ(std::ranges::count(rest.out, '\n'), 4);
  EXPECT_EQ(rest.err, "lost in a repair: events 3 to 4\n");
}

TEST_F(JournalCommand, says_that_a_folder_has_no_journal) {
  const test::TempFolder empty;
  const auto answer = run([&](Terminal terminal) { return verify_journal(empty.path(), terminal); });
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.err, HasSubstr("there is no journal"));
}

}  // namespace
}  // namespace qos::server
