// Reads config/markets/NAME.toml.
#include "market/calendar_rules.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "market/plain_text.hpp"
#include "market/zone_offsets.hpp"

namespace qos::market {
namespace {

using namespace std::chrono;

constexpr std::array<std::pair<std::string_view, Phase>, 7> kPhases{{
    {"night", Phase::night},
    {"pre_market", Phase::pre_market},
    {"opening_auction", Phase::opening_auction},
    {"regular", Phase::regular},
    {"closing_auction", Phase::closing_auction},
    {"after_hours", Phase::after_hours},
    {"after_close_fixed", Phase::after_close_fixed},
}};
constexpr std::array<std::string_view, 7> kWeekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

// One file being read: every complaint carries its name and line.
class Reader {
 public:
  explicit Reader(std::string_view file) : file_{file} {}

  template <typename... Args>
  std::unexpected<Error> fault(const toml::node& at, fmt::format_string<Args...> format,
                               Args&&... args) const {
    return fail("{}:{}: {}", file_, at.source().begin.line, fmt::format(format, std::forward<Args>(args)...));
  }

  Result<void> only_keys(const toml::table& table, std::span<const std::string_view> allowed) const {
    for (const auto& [key, node] : table) {
      if (std::find(allowed.begin(), allowed.end(), key.str()) == allowed.end())
        return fault(node, "unknown key {} (known here: {})", shown(key.str()), fmt::join(allowed, ", "));
    }
    return {};
  }

  Result<std::string> text(const toml::table& table, std::string_view key) const {
    const toml::node* node = table.get(key);
    if (node == nullptr) return fault(table, "'{}' is missing", key);
    const auto* value = node->as_string();
    if (value == nullptr || value->get().empty()) return fault(*node, "'{}' must be a text in quotes", key);
    return value->get();
  }

  Result<Date> date(const toml::table& table, std::string_view key) const {
    const toml::node* node = table.get(key);
    if (node == nullptr) return fault(table, "'{}' is missing", key);
    const auto* value = node->as_date();
    if (value == nullptr) return fault(*node, "'{}' must be a date without quotes, as in 2026-12-31", key);
    const Date date = std::chrono::year{value->get().year} / value->get().month / value->get().day;
    if (!date.ok() || date.year() < kFirstZoneYear || date.year() > kLastZoneYear)
      return fault(*node, "'{}' must lie in the years {} to {}, which the time zone database covers", key,
                   static_cast<int>(kFirstZoneYear), static_cast<int>(kLastZoneYear));
    return date;
  }

  Result<DayMinutes> time(const toml::table& table, std::string_view key) const {
    const auto value = text(table, key);
    if (!value) return std::unexpected{value.error()};
    const auto minutes = parse_day_minutes(*value);
    if (!minutes)
      return fault(*table.get(key),
                   "'{}' must be a time as in \"09:30\", \"24:00\" or \"-1d 20:00\" (the evening before)",
                   key);
    return *minutes;
  }

  Result<SessionRule> session(const toml::node& node) const;
  Result<std::vector<SessionRule>> sessions(const toml::table& block, std::string_view key) const;
  Result<HoursBlock> block(const toml::node& node) const;
  Result<CalendarRules> calendar(const toml::table& root) const;

 private:
  Result<void> in_order(const toml::array& list, std::span<const SessionRule> sessions) const;
  Result<std::array<bool, 7>> weekdays(const toml::table& root) const;
  Result<std::vector<HoursBlock>> blocks(const toml::table& root, Date calendar_from) const;

  std::string_view file_;
};

Result<SessionRule> Reader::session(const toml::node& node) const {
  const auto* table = node.as_table();
  if (table == nullptr) return fault(node, "a session must be a table: {{ phase = …, open = …, close = … }}");
  constexpr std::array<std::string_view, 4> keys{"phase", "open", "close", "joins_regular"};
  if (const auto checked = only_keys(*table, keys); !checked) return std::unexpected{checked.error()};

  SessionRule rule;
  const auto phase = text(*table, "phase");
  if (!phase) return std::unexpected{phase.error()};
  const auto* known =
      std::find_if(kPhases.begin(), kPhases.end(), [&](const auto& p) { return p.first == *phase; });
  if (known == kPhases.end()) {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : kPhases) names.push_back(name);
    return fault(*table->get("phase"), "unknown phase {} (known: {})", shown(*phase), fmt::join(names, ", "));
  }
  rule.phase = known->second;

  const auto open = time(*table, "open");
  if (!open) return std::unexpected{open.error()};
  const auto close = time(*table, "close");
  if (!close) return std::unexpected{close.error()};
  if (*open >= *close) return fault(node, "a session must close after it opens");
  rule.open = *open;
  rule.close = *close;

  if (const toml::node* joins = table->get("joins_regular"); joins != nullptr) {
    if (joins->as_boolean() == nullptr || rule.phase != Phase::closing_auction)
      return fault(*joins, "'joins_regular' is true or false, and only of a closing_auction");
    if (joins->as_boolean()->get()) rule.hours = AuctionHours::joins_regular;
  }
  return rule;
}

Result<void> Reader::in_order(const toml::array& list, std::span<const SessionRule> sessions) const {
  for (std::size_t i = 1; i < sessions.size(); ++i) {
    if (sessions[i].open < sessions[i - 1].close)
      return fault(list[i], "a session must not open before the one above it has closed");
  }
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    const bool follows =
        i > 0 && sessions[i - 1].phase == Phase::regular && sessions[i - 1].close == sessions[i].open;
    if (sessions[i].hours == AuctionHours::joins_regular && !follows)
      return fault(list[i],
                   "'joins_regular' needs a regular session right above it that closes when this one opens");
  }
  if (sessions.back().close - sessions.front().open > days{1})
    return fault(list, "the sessions of one day must fit into 24 hours");
  if (std::none_of(sessions.begin(), sessions.end(), [](const auto& s) { return s.phase == Phase::regular; }))
    return fault(list, "a day needs at least one session of the phase 'regular'");
  return {};
}

Result<std::vector<SessionRule>> Reader::sessions(const toml::table& block, std::string_view key) const {
  const toml::node* node = block.get(key);
  const auto* list = node == nullptr ? nullptr : node->as_array();
  if (list == nullptr) return fault(node == nullptr ? block : *node, "'{}' must be a list of sessions", key);
  if (list->empty() || list->size() > kMaxSessionsADay)
    return fault(*node, "'{}' must have 1 to {} sessions, it has {}", key, kMaxSessionsADay, list->size());
  std::vector<SessionRule> rules;
  for (const toml::node& element : *list) {
    const auto rule = session(element);
    if (!rule) return std::unexpected{rule.error()};
    rules.push_back(*rule);
  }
  if (const auto checked = in_order(*list, rules); !checked) return std::unexpected{checked.error()};
  return rules;
}

Result<HoursBlock> Reader::block(const toml::node& node) const {
  const auto* table = node.as_table();
  if (table == nullptr) return fault(node, "hours must be written as [[hours]] blocks");
  constexpr std::array<std::string_view, 4> keys{"from", "source", "full", "half"};
  if (const auto checked = only_keys(*table, keys); !checked) return std::unexpected{checked.error()};

  HoursBlock block;
  const auto from = date(*table, "from");
  if (!from) return std::unexpected{from.error()};
  block.from = *from;
  auto source = text(*table, "source");
  if (!source) return std::unexpected{source.error()};
  block.source = std::move(*source);
  auto full = sessions(*table, "full");
  if (!full) return std::unexpected{full.error()};
  block.full = std::move(*full);
  if (table->contains("half")) {
    auto half = sessions(*table, "half");
    if (!half) return std::unexpected{half.error()};
    block.half = std::move(*half);
  }
  return block;
}

Result<std::array<bool, 7>> Reader::weekdays(const toml::table& root) const {
  const toml::node* node = root.get("weekdays");
  const auto* list = node == nullptr ? nullptr : node->as_array();
  if (list == nullptr || list->empty())
    return fault(node == nullptr ? root : *node,
                 "'weekdays' must list the days with trading, as in [\"Mon\", \"Tue\"]");
  std::array<bool, 7> trades_on{};
  for (const toml::node& element : *list) {
    const auto* name = element.as_string();
    const auto* known =
        name == nullptr ? kWeekdays.end() : std::find(kWeekdays.begin(), kWeekdays.end(), name->get());
    if (known == kWeekdays.end()) return fault(element, "a weekday is one of {}", fmt::join(kWeekdays, ", "));
    trades_on[static_cast<std::size_t>(known - kWeekdays.begin())] = true;
  }
  return trades_on;
}

Result<std::vector<HoursBlock>> Reader::blocks(const toml::table& root, Date calendar_from) const {
  const toml::node* node = root.get("hours");
  const auto* list = node == nullptr ? nullptr : node->as_array();
  if (list == nullptr || list->empty() || list->size() > kMaxHoursBlocks)
    return fault(node == nullptr ? root : *node, "1 to {} [[hours]] blocks are needed", kMaxHoursBlocks);
  std::vector<HoursBlock> result;
  for (const toml::node& element : *list) {
    auto block = this->block(element);
    if (!block) return std::unexpected{block.error()};
    if (!result.empty() && block->from <= result.back().from)
      return fault(element, "[[hours]] blocks must stand in the order of their dates");
    result.push_back(std::move(*block));
  }
  if (result.front().from > calendar_from)
    return fault(*node, "the first [[hours]] block begins on {}, after the calendar ({})",
                 to_string(result.front().from), to_string(calendar_from));
  return result;
}

Result<CalendarRules> Reader::calendar(const toml::table& root) const {
  constexpr std::array<std::string_view, 6> keys{"name", "zone", "from", "horizon", "weekdays", "hours"};
  if (const auto checked = only_keys(root, keys); !checked) return std::unexpected{checked.error()};
  CalendarRules rules;
  auto name = text(root, "name");
  if (!name) return std::unexpected{name.error()};
  rules.name = std::move(*name);
  auto zone = text(root, "zone");
  if (!zone) return std::unexpected{zone.error()};
  rules.zone = std::move(*zone);
  const auto from = date(root, "from");
  if (!from) return std::unexpected{from.error()};
  rules.from = *from;
  const auto horizon = date(root, "horizon");
  if (!horizon) return std::unexpected{horizon.error()};
  if (*horizon < *from) return fault(*root.get("horizon"), "'horizon' must not lie before 'from'");
  rules.horizon = *horizon;
  const auto trades_on = weekdays(root);
  if (!trades_on) return std::unexpected{trades_on.error()};
  rules.trades_on = *trades_on;
  auto hours = blocks(root, rules.from);
  if (!hours) return std::unexpected{hours.error()};
  rules.hours = std::move(*hours);
  return rules;
}

}  // namespace

std::string_view to_string(Phase phase) {
  for (const auto& [name, known] : kPhases) {
    if (known == phase) return name;
  }
  return "unknown";
}

Result<CalendarRules> parse_calendar_rules(std::string_view name, std::string_view toml) {
  if (toml.size() > kMaxCalendarText)
    return fail("{}: {} bytes, more than the {} a market's file may have", name, toml.size(),
                kMaxCalendarText);
  try {
    const toml::table root = toml::parse(toml);
    return Reader{name}.calendar(root);
  } catch (const toml::parse_error& error) {
    return fail("{}:{}: not TOML: {}", name, error.source().begin.line, error.description());
  }
}

}  // namespace qos::market
