#include "replay/rewind.hpp"

#include <algorithm>
#include <ranges>

#include "core/bytes.hpp"
#include "replay/own_calendars.hpp"
#include "replay/recovery.hpp"

namespace qos::replay {
namespace {

// Events of the instrument go through; of the others only time and calendars of its own venue do.
bool concerns(const EventBody& body, const market::Instrument& instrument) {
  return std::visit(
      Overloaded{[&](const ClockTick& tick) { return tick.calendar == instrument.calendar; },
                 [&](const CalendarChange& change) { return change.calendar == instrument.calendar; },
                 [](const StateDigest&) { return false; },
                 [&](const auto& event) { return event.instrument == instrument.id; }},
      body);
}

}  // namespace

struct Rewind::World {
  explicit World(const Archive& archive)
      : calendars{own_calendars(archive.calendars)},
        machine{archive.instruments, *calendars, archive.options} {}

  // False: the visitor has enough.
  bool tell(const SequencedEvent& event,
            const std::function<bool(const SequencedEvent&, const state::Change&)>& visit) {
    const auto& body = event.event.body;
    if (!std::holds_alternative<ClockTick>(body) && !std::holds_alternative<CalendarChange>(body))
      return visit(event, machine.apply(event));
    // Only the one instrument has a state in this machine, so there is one change at most.
    Told told{event, visit};
    machine.apply(event, told);
    if (told.any) return told.goes_on;
    state::Change nothing;
    nothing.sequence = event.sequence;
    return visit(event, nothing);
  }

  std::unique_ptr<market::CalendarTable> calendars;
  state::Machine machine;
  Sequence first;  // events after it are applied

 private:
  struct Told final : state::ChangeSink {
    Told(const SequencedEvent& of, const std::function<bool(const SequencedEvent&, const state::Change&)>& to)
        : event{of}, visit{to} {}
    void on(const state::Change& change) override {
      any = true;
      goes_on = goes_on && visit(event, change);
    }

    const SequencedEvent& event;
    const std::function<bool(const SequencedEvent&, const state::Change&)>& visit;
    bool goes_on = true;
    bool any = false;
  };
};

// A fresh world for each checkpoint that is looked at: one that turned out to be too late cannot go back.
Result<std::unique_ptr<Rewind::World>> Rewind::begin(const Call& call) const {
  const auto& instrument = archive_.instruments.at(call.instrument);
  const auto places = checkpoints_in(archive_.disk, archive_.checkpoints);
  if (!places) return std::unexpected{places.error()};
  for (const auto& place : std::views::reverse(*places)) {
    const auto checkpoint = CheckpointFile::open(archive_.disk, place.path);
    if (!checkpoint) continue;  // whoever recovers reports it
    const auto shared = checkpoint->part("");
    const auto part = checkpoint->part(instrument.code.to_string());
    if (!shared || !part) continue;
    auto world = std::make_unique<World>(archive_);
    ByteReader in{**shared};
    if (!world->machine.restore(in)) continue;
    if (*part) {
      ByteReader bytes{**part};
      if (!world->machine.restore(instrument.id, bytes)) continue;
    }
    world->first = checkpoint->facts().first;
    // The instrument was saved later than what belongs to none.
    const auto& view = *world->machine.views().find(instrument.id);
    if (call.begins_here(std::max(world->first, view.version()), view)) return world;
  }
  const auto segments = journal::segments_of(archive_.disk, archive_.journal);
  if (!segments) return std::unexpected{segments.error()};
  auto world = std::make_unique<World>(archive_);
  const bool from_the_first = !segments->empty() && segments->front().first == Sequence{1};
  if (from_the_first && call.begins_here(Sequence{}, *world->machine.views().find(instrument.id)))
    return world;
  return nullptr;
}

Result<std::optional<Sequence>> Rewind::run(const Call& call) const {
  auto world = begin(call);
  if (!world) return std::unexpected{world.error()};
  if (!*world) return std::nullopt;
  call.begins(*(*world)->calendars);
  auto reader = journal::Reader::open(archive_.disk, archive_.journal, (*world)->first, archive_.names);
  if (!reader) return std::unexpected{reader.error()};
  const auto last = apply(**world, **reader, call);
  if (last) call.end(*(*world)->machine.views().find(call.instrument));
  return last;
}

Result<Sequence> Rewind::apply(World& world, journal::Reader& reader, const Call& call) const {
  const auto& instrument = archive_.instruments.at(call.instrument);
  Sequence last = world.first;
  for (;;) {
    const auto events = reader.next();
    if (!events) return std::unexpected{events.error()};
    if (!reader.lost().empty())
      return fail("events {} to {} are lost", reader.lost().front().from.value(),
                  reader.lost().front().to.value());
    if (call.enough(last) || (events->empty() && !call.goes_on(last))) return last;
    for (const SequencedEvent& event : *events) {
      last = event.sequence;
      if (concerns(event.event.body, instrument) && !world.tell(event, call.visit)) return last;
    }
  }
}

}  // namespace qos::replay
