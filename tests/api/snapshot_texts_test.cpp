// What a loop remembers must be what it would say anew.
#include "api/snapshot_texts.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "api/json/encode.hpp"
#include "api/loop_memory.hpp"
#include "api/server_fixture.hpp"
#include "query_fakes.hpp"
#include "state/random_day.hpp"

namespace qos::api {
namespace {

std::string remembered(SnapshotTexts& texts, const market::Instrument& instrument) {
  std::string out = "kept";
  texts.append(out, instrument);
  return out;
}

std::string anew(const state::ViewTable& views, const market::Instrument& instrument) {
  std::string out = "kept";
  const auto* view = views.find(instrument.id);
  json::append_full_snapshot_body(out, instrument, view ? view->snapshot() : state::Snapshot{});
  return out;
}

// Every kind of event, days opened by ticks, trades taken back; looked at after each, now and then twice.
TEST(SnapshotTexts, a_text_is_what_encoding_the_view_again_would_give_after_every_event) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(seed);
    state::World world;
    state::RandomEvents events{
        {.seed = seed, .step = std::chrono::seconds{120}, .correction_percent = 10, .past_permille = 20}};
    SnapshotTexts texts{world.machine().views()};
    int changed = 0;
    std::array<std::string, 6> before;
    for (int event = 0; event < 3'000; ++event) {
      world.apply_to_all(events.next(world.instruments()));
      for (std::uint32_t id = 0; id < 6; ++id) {
        const auto& instrument = world.instruments().at(InstrumentId{id});
        const auto text = remembered(texts, instrument);
        ASSERT_EQ(text, anew(world.machine().views(), instrument)) << event;
        ASSERT_EQ(text, remembered(texts, instrument)) << event;
        if (std::exchange(before[id], text) != text) ++changed;
      }
    }
    EXPECT_GT(changed, 500) << "else nothing was tested";
  }
}

// The market's thread overwrites the state without end. A reader that knows of a version never gets less.
TEST(SnapshotTexts, a_text_is_never_older_than_the_version_that_was_seen_before) {
  const auto calendars = fakes::load_calendars();
  const auto instruments = fakes::load_instruments(calendars);
  const auto& apple = instruments.at(InstrumentId{0});
  serving::CounterViews views{1};
  SnapshotTexts texts{views};
  std::atomic<bool> done{false};
  std::jthread market{[&] {
    for (std::uint64_t n = 1; !done.load(); ++n) {
      views.at(apple.id).set(n);
      if (n % 64 == 0) std::this_thread::yield();
    }
  }};
  for (int look = 0; look < 20'000; ++look) {
    const auto version = views.at(apple.id).version().value();
    std::string text;
    texts.append(text, apple);
    constexpr std::string_view kBegin = R"(,"lp":")";
    ASSERT_TRUE(text.starts_with(kBegin)) << text;
    if (std::stoull(text.substr(kBegin.size())) < version) ADD_FAILURE() << version << ' ' << text;
  }
  done = true;
}

TEST(SnapshotTexts, nothing_is_remembered_while_an_event_is_being_applied) {
  const auto calendars = fakes::load_calendars();
  const auto instruments = fakes::load_instruments(calendars);
  const auto& apple = instruments.at(InstrumentId{0});
  serving::CounterViews views{1};
  SnapshotTexts texts{views};
  views.at(apple.id).set(1);
  remembered(texts, apple);
  views.at(apple.id).begin_or_end_event();
  views.at(apple.id).set_cell(2);
  EXPECT_EQ(remembered(texts, apple), anew(views, apple));
  views.at(apple.id).set_cell(3);
  EXPECT_EQ(remembered(texts, apple), anew(views, apple));
}

TEST(SnapshotTexts, an_instrument_that_nobody_has_heard_of_yet_has_an_empty_snapshot_until_it_is_heard) {
  const auto calendars = fakes::load_calendars();
  const auto instruments = fakes::load_instruments(calendars);
  fakes::Views views;
  SnapshotTexts texts{views};
  const auto& apple = instruments.at(InstrumentId{0});
  EXPECT_EQ(remembered(texts, apple), anew(views, apple));
  views.by_id[apple.id].current = fakes::snapshot("213.02", "209.68");
  EXPECT_EQ(remembered(texts, apple), anew(views, apple));
}

// The same requests with a memory and without, each twice, keys of different plans taking turns.
TEST(LoopMemory, answers_are_the_same_with_it_and_without) {
  fakes::House house;
  LoopMemory memory{house.views};
  house.view("US:AAPL").current = fakes::snapshot("213.02", "209.68");
  const char* requests[] = {
      R"({"codes":["US:AAPL"]})",
      R"({"codes":["US:AAPL,TSLA","HK:00700","US:AAPL"]})",
      R"({"codes":["US:AAPL,NOPE","HK:700","US:NOPE"]})",
      R"({"codes":["US:AAPL,TSLA,BRK-B","HK:700"]})",
      R"({"codes":["US:AAPL,TSLA,NOPE","HK:700"]})",
      R"({"codes":["US:AAPL"],"strict":true})",
      R"({"codes":["HK:700"],"strict":true})",
      R"({"codes":["US:AAPL"],"strict":false})",
      R"({"codes":["US:AAPL"],"strict":1})",
      R"({"codes":["AAPL"]})",
      R"({"codes":[]})",
      R"({"codes":)",
      "",
  };
  for (int round = 0; round < 3; ++round) {
    // What silence is allowed is a question of the moment.
    if (round == 1) house.health.heard(market::Market::US, house.clock.now());
    if (round == 2) house.view("US:AAPL").current = fakes::snapshot("214", "209.68");
    for (const char* request : requests)
      for (const char* key : {"good", "small"}) {
        SCOPED_TRACE(fmt::format("{} {}", key, request));
        const auto plain = ask(Endpoint::snapshot, request, house.grant(key), house.services);
        const auto with = ask(Endpoint::snapshot, request, house.grant(key), house.services, {}, &memory);
        ASSERT_EQ(plain.has_value(), with.has_value());
        if (plain) {
          EXPECT_EQ(plain->data, with->data);
          EXPECT_EQ(plain->missing, with->missing);
        } else {
          EXPECT_EQ(plain.error().message, with.error().message);
        }
      }
  }
}

TEST(LoopMemory, forgets_when_too_many_different_requests_have_come) {
  RememberedCodes codes;
  const std::string padding(RememberedCodes::kMaxRequestBytes - 8, ' ');
  const auto request = [&](std::size_t n) { return fmt::format("{:08}", n) + padding; };
  const std::size_t room = RememberedCodes::kMaxBytes / RememberedCodes::kMaxRequestBytes;
  for (std::size_t n = 0; n < room; ++n) codes.remember(request(n), {});
  EXPECT_NE(codes.find(request(0)), nullptr);
  codes.remember(request(room), {});
  EXPECT_EQ(codes.find(request(0)), nullptr);
  EXPECT_NE(codes.find(request(room)), nullptr);
  codes.remember(request(0) + "x", {});
  EXPECT_EQ(codes.find(request(0) + "x"), nullptr) << "it is too long";
}

}  // namespace
}  // namespace qos::api
