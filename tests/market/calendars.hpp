// The project's own calendars and instants written as text, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "core/time.hpp"
#include "io/file.hpp"
#include "market/calendar_rules.hpp"
#include "market/session_calendar.hpp"

namespace qos::market {

inline std::string config_file(const std::string& name) {
  const auto path = std::filesystem::path{QOS_SOURCE_DIR} / "config" / "markets" / name;
  const auto text = io::read_file(path);
  return text ? *text : std::string{};
}

inline Result<SessionCalendar> load_calendar(std::string_view rules, std::string_view rows) {
  return SessionCalendar::load(
      {.rules_name = "X.toml", .rules = rules, .rows_name = "X.days.csv", .rows = rows});
}

// The calendar of config/markets, loaded once.
inline const SessionCalendar& calendar(const std::string& name) {
  static std::map<std::string, SessionCalendar> loaded;
  auto found = loaded.find(name);
  if (found == loaded.end()) {
    auto read = load_calendar(config_file(name + ".toml"), config_file(name + ".days.csv"));
    EXPECT_TRUE(read) << name << ": " << (read ? "" : read.error().message);
    found = loaded.emplace(name, read ? *read : SessionCalendar{}).first;
  }
  return found->second;
}

// "2026-11-26"
inline Date date(std::string_view text) {
  return parse_date(text).value();
}

// "2026-11-26 14:30" or "2026-11-26 14:30:05", UTC: the tests do the zones' arithmetic by hand.
inline UnixNanos utc(std::string_view text) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  const int read = std::sscanf(std::string{text.substr(11)}.c_str(), "%d:%d:%d", &hour, &minute, &second);
  EXPECT_GE(read, 2) << text;
  return UnixNanos{std::chrono::sys_days{date(text.substr(0, 10))}} + std::chrono::hours{hour} +
         std::chrono::minutes{minute} + std::chrono::seconds{second};
}

// "2026-11-26 14:30:05"
inline std::string text_of(UnixNanos t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(t - day)};
  return fmt::format("{} {:02}:{:02}:{:02}", to_string(Date{day}), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

inline std::string text_of(const std::optional<Date>& date) {
  return date ? to_string(*date) : "none";
}

}  // namespace qos::market
