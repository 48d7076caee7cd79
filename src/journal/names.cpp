#include "journal/names.hpp"

#include <limits>
#include <string_view>
#include <unordered_map>

namespace qos::journal {
namespace {

template <typename Id>
std::vector<Id> map_of(const std::vector<std::string>& from, const std::vector<std::string>& to) {
  std::unordered_map<std::string_view, Id> places;
  for (std::size_t n = 0; n < to.size(); ++n) places.emplace(to[n], Id{static_cast<typename Id::rep>(n)});
  std::vector<Id> map;
  map.reserve(from.size());
  for (const auto& name : from) {
    const auto found = places.find(name);
    map.push_back(found == places.end() ? Id{std::numeric_limits<typename Id::rep>::max()} : found->second);
  }
  return map;
}

template <typename Id>
void apply_map(const std::vector<Id>& map, Id& id) {
  id = id.value() < map.size() ? map[id.value()] : Id{std::numeric_limits<typename Id::rep>::max()};
}

}  // namespace

NameMap::NameMap(const Names& from, const Names& to)
    : instruments_{map_of<InstrumentId>(from.instruments, to.instruments)},
      calendars_{map_of<CalendarId>(from.calendars, to.calendars)},
      feeds_{map_of<FeedId>(from.feeds, to.feeds)},
      changes_nothing_{from == to} {}

void NameMap::apply(SequencedEvent& event) const {
  if (changes_nothing_) return;
  apply_map(feeds_, event.event.feed);
  std::visit(
      [this](auto& body) {
        if constexpr (requires { body.instrument; }) apply_map(instruments_, body.instrument);
        if constexpr (requires { body.calendar; }) apply_map(calendars_, body.calendar);
      },
      event.event.body);
}

}  // namespace qos::journal
