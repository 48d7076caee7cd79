#include "feed/simulated/generator.hpp"

#include <algorithm>

namespace qos::feed::simulated {
namespace {

// Well inside what UnixNanos holds, and past every calendar.
constexpr UnixNanos kEndOfTime = std::chrono::sys_days{std::chrono::year{2200} / 1 / 1};

}  // namespace

Generator::Generator(const Options& options, UnixNanos from, const market::InstrumentTable& table,
                     const market::CalendarTable& calendars, std::span<const InstrumentId> instruments,
                     std::span<const StartPoint> starts)
    : until_{options.until.value_or(kEndOfTime)} {
  QOS_ASSERT(starts.size() == instruments.size());
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    const market::Instrument& instrument = table.at(instruments[i]);
    const CalendarId calendar = instrument.calendar;
    const auto timetable = timetables_.try_emplace(calendar, calendars.at(calendar), from).first;
    instruments_.emplace_back(instrument, timetable->second, options, starts[i]).start(from, pending_);
  }
  for (const auto& [calendar, timetable] : timetables_) calendars_.push_back(calendar);
  if (!calendars_.empty()) turns_.push_back({std::chrono::ceil<std::chrono::seconds>(from), 0});
  for (std::size_t i = 0; i < instruments_.size(); ++i)
    if (instruments_[i].next_time() != SimulatedInstrument::kNever)
      turns_.push_back({instruments_[i].next_time(), i + 1});
  std::ranges::make_heap(turns_, std::greater{});
}

std::optional<UnixNanos> Generator::next_time() const {
  std::optional<UnixNanos> time;
  if (taken_ < pending_.size())
    time = ts_event_of(pending_[taken_]);
  else if (!turns_.empty())
    time = turns_.front().time;
  return time && *time < until_ ? time : std::nullopt;
}

std::optional<EventBody> Generator::next() {
  while (taken_ == pending_.size()) {
    if (turns_.empty() || turns_.front().time >= until_) return std::nullopt;
    act();
  }
  if (ts_event_of(pending_[taken_]) >= until_) return std::nullopt;
  return pending_[taken_++];
}

void Generator::act() {
  pending_.clear();
  taken_ = 0;
  const Turn turn = turns_.front();
  if (turn.who == 0) {
    for (const CalendarId calendar : calendars_)
      pending_.emplace_back(ClockTick{.calendar = calendar, .ts_event = turn.time});
    return reschedule_first(turn.time + std::chrono::seconds{1});
  }
  SimulatedInstrument& instrument = instruments_[turn.who - 1];
  instrument.act(pending_);
  reschedule_first(instrument.next_time());
}

// The first turn moves to `time`, in place: one walk down the heap instead of a pop and a push.
void Generator::reschedule_first(UnixNanos time) {
  if (time == SimulatedInstrument::kNever) {
    std::ranges::pop_heap(turns_, std::greater{});
    turns_.pop_back();
    return;
  }
  const Turn turn{time, turns_.front().who};
  std::size_t hole = 0;
  while (true) {
    std::size_t child = 2 * hole + 1;
    if (child >= turns_.size()) break;
    if (child + 1 < turns_.size() && turns_[child + 1] < turns_[child]) ++child;
    if (turn < turns_[child]) break;
    turns_[hole] = turns_[child];
    hole = child;
  }
  turns_[hole] = turn;
}

}  // namespace qos::feed::simulated
