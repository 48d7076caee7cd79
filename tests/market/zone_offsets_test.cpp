#include "market/zone_offsets.hpp"

#include <gtest/gtest.h>

#include "calendars.hpp"

namespace qos::market {
namespace {

using namespace std::chrono_literals;

LocalSeconds wall(const char* text) {
  return LocalSeconds{std::chrono::floor<std::chrono::seconds>(utc(text).time_since_epoch())};
}

TEST(ZoneOffsets, turns_wall_clock_time_into_utc_and_back) {
  const auto zone = ZoneOffsets::load("America/New_York");
  ASSERT_TRUE(zone) << zone.error().message;
  struct Row {
    const char* local;
    const char* utc;
  };
  for (const Row& row : std::initializer_list<Row>{{"2025-01-15 09:30", "2025-01-15 14:30"},
                                                   {"2025-07-15 09:30", "2025-07-15 13:30"},
                                                   {"2025-03-09 01:59:59", "2025-03-09 06:59:59"},
                                                   {"2025-03-09 03:00", "2025-03-09 07:00"},
                                                   {"2025-11-02 00:59:59", "2025-11-02 04:59:59"},
                                                   {"2025-11-02 02:00", "2025-11-02 07:00"},
                                                   {"1975-02-01 12:00", "1975-02-01 17:00"},
                                                   {"2037-07-01 12:00", "2037-07-01 16:00"}}) {
    EXPECT_EQ(text_of(zone->to_utc(wall(row.local))), text_of(utc(row.utc))) << row.local;
    EXPECT_EQ(zone->to_local(utc(row.utc) + 999ms), wall(row.local)) << row.local;
  }
}

TEST(ZoneOffsets, takes_the_first_of_two_and_the_switch_for_what_never_comes) {
  const auto zone = ZoneOffsets::load("America/New_York");
  ASSERT_TRUE(zone);
  EXPECT_EQ(text_of(zone->to_utc(wall("2025-11-02 01:00"))), "2025-11-02 05:00:00");
  EXPECT_EQ(text_of(zone->to_utc(wall("2025-11-02 01:59:59"))), "2025-11-02 05:59:59");
  EXPECT_EQ(zone->to_local(utc("2025-11-02 05:30")), zone->to_local(utc("2025-11-02 06:30")));
  EXPECT_EQ(text_of(zone->to_utc(wall("2025-03-09 02:00"))), "2025-03-09 07:00:00");
  EXPECT_EQ(text_of(zone->to_utc(wall("2025-03-09 02:30"))), "2025-03-09 07:00:00");
}

TEST(ZoneOffsets, is_utc_unless_told_otherwise_and_refuses_unknown_names) {
  EXPECT_EQ(ZoneOffsets{}.to_utc(wall("2025-07-15 09:30")), utc("2025-07-15 09:30"));
  EXPECT_EQ(ZoneOffsets::load("UTC")->to_utc(wall("2025-07-15 09:30")), utc("2025-07-15 09:30"));
  for (const char* name : {"", "Mars/Olympus", "../../../etc/passwd", "America/New_York\n"})
    EXPECT_FALSE(ZoneOffsets::load(name)) << name;
}

}  // namespace
}  // namespace qos::market
