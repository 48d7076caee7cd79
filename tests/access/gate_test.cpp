#include "access/gate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>

#include "access/key_text.hpp"
#include "io/file.hpp"
#include "store/sqlite.hpp"
#include "support/child.hpp"
#include "support/temp_folder.hpp"

namespace qos::access {
namespace {

using namespace std::chrono_literals;
using test::TempFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr UnixNanos kNow = from_unix_seconds(1'750'000'000);
constexpr SteadyTime kSteady{1h};

std::vector<Plan> plans() {
  Plan small{.name = "small", .valid_days = 15};
  small.limits[static_cast<std::size_t>(Permission::snapshot)] = {.product_count = 10,
                                                                  .request_frequency = 3};
  small.limits[static_cast<std::size_t>(Permission::trade)] = {.request_frequency = 1};
  small.limits[static_cast<std::size_t>(Permission::ws)] = {.max_connections = 2};
  return {small, Plan{.name = "unlimited"}};
}

std::unique_ptr<Gate> open(const std::filesystem::path& database, std::vector<Plan> with = plans()) {
  auto gate = Gate::open({.database = database, .plans = std::move(with)});
  QOS_ASSERT(gate.has_value());
  return std::move(*gate);
}

std::string error_of_opening(const std::filesystem::path& database) {
  const auto gate = Gate::open({.database = database, .plans = plans()});
  return gate ? "opened" : gate.error().message;
}

// "granted", or why not.
std::string answer(Gate& gate, std::string_view key, UnixNanos now = kNow) {
  const auto grant = gate.authenticate(key, now);
  if (grant) return "granted";
  switch (grant.error()) {
    case Denial::invalid:
      return "invalid";
    case Denial::expired:
      return "expired";
    case Denial::disabled:
      return "disabled";
  }
  return "?";
}

TEST(Gate, lets_in_whom_it_gave_a_key) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite");
  const auto made = gate->create("small", "ann@example.com", kNow);
  ASSERT_TRUE(made);
  EXPECT_THAT(made->key, ::testing::MatchesRegex("[0-9a-f]{32}"));
  EXPECT_EQ(made->record.prefix, made->key.substr(0, 6));
  EXPECT_EQ(made->record.expires_at, kNow + 15 * 24h);

  const auto grant = gate->authenticate(made->key, kNow);
  ASSERT_TRUE(grant);
  EXPECT_EQ(grant->key, made->record.id);
  EXPECT_EQ(grant->name, "ann@example.com");
  EXPECT_EQ(*grant->plan, plans()[0]);
  EXPECT_EQ(gate->counters().granted.value(), 1U);
}

TEST(Gate, remembers_what_sets_a_key_apart) {
  const TempFolder folder;
  const KeyNature cursor{.cursor = true, .travel = std::nullopt};
  const KeyNature travels{.cursor = false, .travel = Travel{.at = kNow - 48h, .speed = 10}};
  std::string with_cursor;
  std::string that_travels;
  {
    const auto gate = open(folder / "keys.sqlite");
    with_cursor = gate->create("small", "", kNow, cursor)->key;
    that_travels = gate->create("small", "", kNow, travels)->key;
    EXPECT_EQ(gate->authenticate(with_cursor, kNow)->nature, cursor);
    EXPECT_EQ(gate->authenticate(gate->create("small", "", kNow)->key, kNow)->nature, KeyNature{});
    for (const std::uint32_t speed : {0U, kMaxTravelSpeed + 1})
      EXPECT_FALSE(gate->create("small", "", kNow, {.travel = Travel{.at = kNow, .speed = speed}})) << speed;
  }
  const auto gate = open(folder / "keys.sqlite");
  EXPECT_EQ(gate->authenticate(with_cursor, kNow)->nature, cursor);
  EXPECT_EQ(gate->authenticate(that_travels, kNow)->nature, travels);
  EXPECT_EQ(gate->list()->at(1).nature, travels);
}

// The tables as the first version wrote them.
TEST(Gate, brings_keys_of_the_first_version_along) {
  const TempFolder folder;
  const auto path = folder / "keys.sqlite";
  const std::string key = open(path)->create("small", "ann", kNow)->key;
  {
    auto old = store::Database::open({.path = path}).value();
    for (const char* column : {"cursor", "travel_at", "travel_speed"})
      ASSERT_TRUE(old.execute(fmt::format("ALTER TABLE keys DROP COLUMN {}", column)));
    ASSERT_TRUE(old.execute("UPDATE schema_version SET version=1"));
  }
  const auto gate = open(path);
  const auto grant = gate->authenticate(key, kNow);
  ASSERT_TRUE(grant);
  EXPECT_EQ(grant->name, "ann");
  EXPECT_EQ(grant->nature, KeyNature{});
  EXPECT_TRUE(gate->create("small", "", kNow, {.cursor = true}));
}

TEST(Gate, takes_a_key_in_either_case) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite");
  auto key = gate->create("small", "", kNow)->key;
  for (char& c : key) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(answer(*gate, key), "granted");
}

TEST(Gate, denies_whatever_is_no_key) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite");
  const auto key = gate->create("small", "", kNow)->key;
  const std::vector<std::string> wrong{"",
                                       "x",
                                       key.substr(1),
                                       key + "0",
                                       " " + key.substr(1),
                                       key.substr(0, 31) + "g",
                                       std::string(32, '\0'),
                                       std::string(100'000, 'a'),
                                       std::string(32, '0'),
                                       key.substr(0, 31) + (key.back() == '0' ? "1" : "0")};
  for (const auto& text : wrong) EXPECT_EQ(answer(*gate, text), "invalid") << text.substr(0, 40);
  EXPECT_EQ(gate->counters().denied_invalid.value(), wrong.size());
}

TEST(Gate, expires_a_key_at_the_given_instant_and_not_before) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite");
  const auto made = gate->create("small", "", kNow).value();
  EXPECT_EQ(answer(*gate, made.key, *made.record.expires_at - 1ns), "granted");
  EXPECT_EQ(answer(*gate, made.key, *made.record.expires_at), "expired");
  const auto forever = gate->create("unlimited", "", kNow).value();
  EXPECT_FALSE(forever.record.expires_at);
  EXPECT_EQ(answer(*gate, forever.key, UnixNanos::max()), "granted");
}

TEST(Gate, a_life_beyond_what_nanoseconds_can_name_has_no_end) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite", {Plan{.name = "long", .valid_days = 0xffff'ffff}});
  EXPECT_FALSE(gate->create("long", "", kNow)->record.expires_at);
  EXPECT_FALSE(gate->create("long", "", UnixNanos::max())->record.expires_at);
  EXPECT_FALSE(gate->create("long", "", UnixNanos::min())->record.expires_at);
}

TEST(Gate, stores_the_hash_and_never_the_key) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite");
  const auto key = gate->create("small", "", kNow)->key;
  const auto hash = hash_key(key).value();
  const std::string_view hash_bytes{reinterpret_cast<const char*>(hash.data()), hash.size()};
  std::string raw;
  for (std::size_t i = 0; i < key.size(); i += 2)
    raw += static_cast<char>(std::stoi(key.substr(i, 2), nullptr, 16));

  std::string bytes;
  for (const auto& file : std::filesystem::directory_iterator{folder.path()}) {
    struct stat status{};
    ASSERT_EQ(::stat(file.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U) << file.path();
    bytes += io::read_file(file.path()).value();
  }
  EXPECT_THAT(bytes, HasSubstr(hash_bytes));
  EXPECT_EQ(bytes.find(key), std::string::npos);
  EXPECT_EQ(bytes.find(key.substr(kPrefixDigits)), std::string::npos);
  EXPECT_EQ(bytes.find(raw), std::string::npos);
}

TEST(Gate, hashes_as_sha256sum_does) {
  const auto hash = hash_key("00000000000000000000000000000000").value();
  std::string text;
  for (const std::byte b : hash) text += fmt::format("{:02x}", static_cast<unsigned>(b));
  EXPECT_EQ(text, "84e0c0eafaa95a34c293f278ac52e45ce537bab5e752a00e6959a13ae103b65a");
}

TEST(Gate, never_gives_the_same_key_or_id_twice) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite");
  std::set<std::string> keys;
  std::set<std::int64_t> ids;
  for (int i = 0; i < 50; ++i) {
    const auto made = gate->create("small", "", kNow).value();
    keys.insert(made.key);
    ids.insert(made.record.id.value());
  }
  EXPECT_EQ(keys.size(), 50U);
  EXPECT_EQ(ids.size(), 50U);
}

TEST(Gate, keeps_keys_over_a_restart) {
  const TempFolder folder;
  auto gate = open(folder / "keys.sqlite");
  const auto kept = gate->create("small", "kept", kNow).value();
  const auto dropped = gate->create("unlimited", "", kNow).value();
  ASSERT_TRUE(gate->disable(dropped.key));
  gate.reset();
  gate = open(folder / "keys.sqlite");
  EXPECT_EQ(gate->authenticate(kept.key, kNow)->key, kept.record.id);
  EXPECT_EQ(gate->authenticate(kept.key, kNow)->name, "kept");
  EXPECT_EQ(answer(*gate, kept.key, *kept.record.expires_at), "expired");
  EXPECT_EQ(answer(*gate, dropped.key), "disabled");
}

TEST(Gate, keeps_a_key_that_was_shown_just_before_a_kill) {
  const TempFolder folder;
  test::Child child{[&](const test::Child::Talk& parent) {
    auto gate = open(folder / "keys.sqlite");
    parent.say(gate->create("unlimited", "", kNow)->key);
    ::raise(SIGKILL);
    return 1;
  }};
  const auto key = child.hear();
  ASSERT_TRUE(child.end().killed);
  ASSERT_EQ(key.size(), kKeyDigits);
  EXPECT_EQ(answer(*open(folder / "keys.sqlite"), key), "granted");
}

TEST(Gate, sees_within_a_second_what_another_process_changed) {
  const TempFolder folder;
  test::Child other{[&](const test::Child::Talk& parent) {
    parent.hear();
    const auto gate = open(folder / "keys.sqlite");
    const auto key = gate->create("unlimited", "other", kNow)->key;
    parent.say(key);
    parent.hear();
    parent.say(gate->disable(key) ? "disabled" : "failed");
    return 0;
  }};
  const auto gate = open(folder / "keys.sqlite");
  EXPECT_EQ(answer(*gate, std::string(32, '0')), "invalid");  // the look of this second is taken
  other.say("create");
  const auto key = other.hear();
  EXPECT_EQ(answer(*gate, key, kNow + 999'999'999ns), "invalid");
  EXPECT_EQ(answer(*gate, key, kNow + 1s), "granted");
  EXPECT_EQ(gate->counters().reloads.value(), 1U);

  other.say("disable");
  ASSERT_EQ(other.hear(), "disabled");
  EXPECT_EQ(answer(*gate, key, kNow + 1s + 999ms), "granted");
  EXPECT_EQ(answer(*gate, key, kNow + 2s), "disabled");
  EXPECT_EQ(answer(*gate, key, kNow + 3s), "disabled");
  EXPECT_EQ(gate->counters().reloads.value(), 2U);
  EXPECT_EQ(other.end().exit_code, 0);
}

TEST(Gate, says_when_a_key_that_was_let_in_no_longer_would_be) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite");
  const auto other = open(folder / "keys.sqlite");
  const auto expires = gate->create("small", "", kNow)->record.id;
  const auto stays = gate->create("unlimited", "", kNow)->record.id;
  const auto ends = kNow + 15 * 24h;
  EXPECT_EQ(gate->check(expires, ends - 1ns), std::nullopt);
  EXPECT_EQ(gate->check(expires, ends), Denial::expired);
  EXPECT_EQ(gate->check(stays, ends), std::nullopt);
  EXPECT_EQ(gate->check(KeyId{99}, ends), Denial::invalid);

  // Another process disables one and deletes the other: it shows within a second.
  ASSERT_TRUE(other->disable(std::to_string(stays.value())));
  EXPECT_EQ(gate->check(stays, ends + 1s), Denial::disabled);
  ASSERT_TRUE(gate->disable(std::to_string(expires.value())));
  EXPECT_EQ(gate->check(expires, ends + 1s), Denial::disabled);
  auto database = store::Database::open({.path = folder / "keys.sqlite"}).value();
  ASSERT_TRUE(database.execute("DELETE FROM keys"));
  EXPECT_EQ(gate->check(stays, ends + 2s), Denial::invalid);
  EXPECT_EQ(gate->counters().denied_expired.value(), 0U) << "nobody was turned away at the door";

  const auto orphan = gate->create("small", "", kNow)->record.id;
  EXPECT_EQ(open(folder / "keys.sqlite", {Plan{.name = "unlimited"}})->check(orphan, kNow), Denial::invalid);
}

// Own changes and those of others cross: none may hide another.
TEST(Gate, two_gates_that_write_in_turn_know_all_keys) {
  const TempFolder folder;
  const auto one = open(folder / "keys.sqlite");
  const auto two = open(folder / "keys.sqlite");
  std::vector<std::string> keys;
  auto now = kNow;
  for (int round = 0; round < 5; ++round) {
    keys.push_back(two->create("small", "", now)->key);
    keys.push_back(one->create("small", "", now)->key);
    keys.push_back(two->create("small", "", now)->key);
    now += 1s;
    for (const auto& key : keys) {
      EXPECT_EQ(answer(*one, key, now), "granted");
      EXPECT_EQ(answer(*two, key, now), "granted");
    }
  }
}

TEST(Gate, notices_rows_deleted_by_hand) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite");
  const auto gone = gate->create("small", "", kNow).value();
  const auto stays = gate->create("small", "", kNow).value();
  auto database = store::Database::open({.path = folder / "keys.sqlite"}).value();
  ASSERT_TRUE(database.execute(fmt::format("DELETE FROM keys WHERE id={}", gone.record.id.value())));
  EXPECT_EQ(answer(*gate, gone.key, kNow + 1s), "invalid");
  EXPECT_EQ(answer(*gate, stays.key, kNow + 1s), "granted");
}

TEST(Gate, goes_on_with_what_it_knows_when_the_database_breaks) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite");
  const auto made = gate->create("small", "", kNow).value();
  auto database = store::Database::open({.path = folder / "keys.sqlite"}).value();
  ASSERT_TRUE(database.execute("ALTER TABLE keys RENAME TO gone"));
  EXPECT_EQ(answer(*gate, made.key, kNow + 1s), "granted");
  EXPECT_EQ(gate->counters().reload_failures.value(), 1U);
  EXPECT_THAT(gate->create("small", "", kNow).error().message, HasSubstr("no such table"));
  ASSERT_TRUE(database.execute("ALTER TABLE gone RENAME TO keys"));
  EXPECT_EQ(answer(*gate, made.key, kNow + 2s), "granted");
  EXPECT_EQ(gate->counters().reload_failures.value(), 1U);
}

TEST(Gate, a_clock_set_back_does_not_stop_the_looking) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite");
  EXPECT_EQ(answer(*gate, std::string(32, '0'), kNow + 24h), "invalid");
  const auto key = open(folder / "keys.sqlite")->create("unlimited", "", kNow)->key;
  EXPECT_EQ(answer(*gate, key, kNow), "granted");
}

TEST(Gate, denies_a_key_whose_plan_is_no_longer_configured) {
  const TempFolder folder;
  const auto key = open(folder / "keys.sqlite")->create("small", "", kNow)->key;
  const auto gate = open(folder / "keys.sqlite", {Plan{.name = "unlimited"}});
  EXPECT_EQ(answer(*gate, key), "invalid");
  EXPECT_EQ(gate->counters().denied_plan.value(), 1U);
  EXPECT_EQ(answer(*open(folder / "keys.sqlite"), key), "granted");
}

TEST(Gate, refuses_unknown_plans_and_hostile_names) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite");
  EXPECT_THAT(gate->create("smal", "", kNow).error().message,
              AllOf(HasSubstr("'smal'"), HasSubstr("small, unlimited")));
  EXPECT_EQ(gate->create("\x1b[2J", "", kNow).error().message,
            "no plan '?[2J' is configured; there are: small, unlimited");
  for (const std::string& name :
       {std::string(255, 'a'), std::string{"a\nb"}, std::string{"\x1b[2J"}, std::string(1, '\0'),
        std::string{"\xff"}, std::string{"\xc0\xaf"}, std::string{"\xed\xa0\x80"}, std::string{"\xe4\xbd"},
        std::string{"\xf4\x90\x80\x80"}, std::string{"\xc2\x9b"}})
    EXPECT_FALSE(gate->create("small", name, kNow)) << name;
  for (const std::string& name :
       {std::string(254, 'a'), std::string{}, std::string{"甲@例子.中国"}, std::string{"😀"}})
    EXPECT_TRUE(gate->create("small", name, kNow)) << name;
  EXPECT_EQ(gate->list()->size(), 4U);
}

TEST(Gate, holds_no_more_keys_than_it_may) {
  const TempFolder folder;
  const auto gate = Gate::open({.database = folder / "keys.sqlite", .plans = plans(), .max_keys = 2}).value();
  EXPECT_TRUE(gate->create("small", "", kNow));
  EXPECT_TRUE(gate->create("small", "", kNow));
  EXPECT_THAT(gate->create("small", "", kNow).error().message, HasSubstr("holds 2 keys, the most it may"));
}

TEST(Gate, lists_what_it_made) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite");
  const auto first = gate->create("small", "a", kNow).value();
  const auto second = gate->create("unlimited", "b", kNow + 1ns).value();
  ASSERT_TRUE(gate->disable(second.record.prefix));
  const auto records = gate->list().value();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].id, first.record.id);
  EXPECT_EQ(records[0].name, "a");
  EXPECT_EQ(records[0].plan, "small");
  EXPECT_EQ(records[0].created_at, kNow);
  EXPECT_EQ(records[0].expires_at, first.record.expires_at);
  EXPECT_FALSE(records[0].disabled);
  EXPECT_EQ(records[1].created_at, kNow + 1ns);
  EXPECT_EQ(records[1].expires_at, std::nullopt);
  EXPECT_EQ(records[1].prefix, second.key.substr(0, 6));
  EXPECT_TRUE(records[1].disabled);
}

TEST(Gate, disables_by_id_key_or_prefix_at_once) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite");
  for (int way = 0; way < 3; ++way) {
    const auto made = gate->create("unlimited", "", kNow).value();
    const auto which = way == 0   ? std::to_string(made.record.id.value())
                       : way == 1 ? made.key
                                  : made.record.prefix;
    EXPECT_EQ(answer(*gate, made.key), "granted");
    ASSERT_EQ(gate->disable(which)->id, made.record.id) << which;
    EXPECT_EQ(answer(*gate, made.key), "disabled");
    EXPECT_TRUE(gate->disable(which)->disabled) << "twice is no error";
  }
  EXPECT_EQ(gate->counters().denied_disabled.value(), 3U);
}

TEST(Gate, disables_nothing_when_the_name_fits_none_or_several) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite");
  const auto one = gate->create("unlimited", "", kNow).value();
  const auto two = gate->create("unlimited", "", kNow).value();
  const std::string unknown(32, 'a');
  for (const std::string& which :
       {std::string{}, std::string{"99"}, std::string{"-1"}, std::string{"1 "}, unknown}) {
    const auto result = gate->disable(which);
    ASSERT_FALSE(result) << which;
    EXPECT_EQ(result.error().message, "no key has this id, prefix or value");
  }
  auto database = store::Database::open({.path = folder / "keys.sqlite"}).value();
  ASSERT_TRUE(database.execute("UPDATE keys SET prefix='abcdef'"));
  EXPECT_THAT(gate->disable("abcdef").error().message, HasSubstr("2 keys fit 'abcdef' (ids 1 and 2)"));
  // A prefix of digits only that is also another key's id names both.
  ASSERT_TRUE(database.execute("UPDATE keys SET prefix='000002' WHERE id=1"));
  EXPECT_THAT(gate->disable("000002").error().message, HasSubstr("2 keys fit"));
  EXPECT_EQ(answer(*gate, one.key), "granted");
  EXPECT_EQ(answer(*gate, two.key), "granted");
}

TEST(Gate, says_why_it_cannot_open) {
  const TempFolder folder;
  ASSERT_TRUE(io::write_file_atomically(folder / "text", std::string(5'000, 'x')));
  EXPECT_THAT(error_of_opening(folder / "text"), HasSubstr("not a database"));
  EXPECT_THAT(error_of_opening(folder / "no" / "keys.sqlite"), HasSubstr("No such file or directory"));

  open(folder / "newer");
  auto newer = store::Database::open({.path = folder / "newer"}).value();
  ASSERT_TRUE(newer.execute("UPDATE schema_version SET version=3"));
  EXPECT_THAT(error_of_opening(folder / "newer"),
              HasSubstr("schema version is 3, this program knows versions up to 2"));

  open(folder / "short_hash")->create("small", "", kNow).value();
  auto damaged = store::Database::open({.path = folder / "short_hash"}).value();
  ASSERT_TRUE(damaged.execute("UPDATE keys SET hash=x'00'"));
  EXPECT_THAT(error_of_opening(folder / "short_hash"), HasSubstr("key 1 has a hash of 1 bytes, need 32"));
}

TEST(Gate, knows_its_plans) {
  const TempFolder folder;
  const auto gate = open(folder / "keys.sqlite");
  EXPECT_EQ(*gate->plan("small"), plans()[0]);
  EXPECT_EQ(gate->plan("other"), nullptr);
}

}  // namespace
}  // namespace qos::access
