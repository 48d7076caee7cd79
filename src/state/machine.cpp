#include "state/machine.hpp"

#include <deque>

#include "core/result.hpp"
#include "state/closing_schedule.hpp"
#include "state/day_clock.hpp"
#include "state/instrument_state.hpp"

namespace qos::state {

class Machine::Impl final : public ViewTable {
 public:
  Impl(const market::InstrumentTable& instruments, market::CalendarTable& calendars, Options options)
      : options_{options}, calendars_{calendars}, schedules_(calendars.size()) {
    QOS_ASSERT(options.trades_kept >= 1 && options.trades_kept <= CellRing<KlineSlot>::kMaxCapacity);
    QOS_ASSERT(options.klines_kept >= 2 && options.klines_kept <= CellRing<KlineSlot>::kMaxCapacity);
    for (std::uint16_t calendar = 0; calendar < calendars.size(); ++calendar) {
      day_clocks_.emplace_back(calendars.at(CalendarId{calendar}));
      for (const auto closing : {market::ClosingPrint::last_bar, market::ClosingPrint::own_bar})
        minutes_.emplace_back(calendars.at(CalendarId{calendar}), closing, options.anchor);
    }
    for (std::uint32_t id = 0; id < instruments.size(); ++id) {
      const auto& instrument = instruments.at(InstrumentId{id});
      states_.emplace_back(instrument, minutes_of(instrument));
    }
  }

  const InstrumentView* find(InstrumentId id) const override {
    return id.value() < states_.size() ? &states_[id.value()] : nullptr;
  }

  // nullptr: what many instruments tell is told to nobody.
  Change apply(const SequencedEvent& event, ChangeSink* sink) {
    QOS_ASSERT(event.sequence > last_);
    last_ = event.sequence;
    counters_.events.add();
    klines_.clear();
    if (const auto* tick = std::get_if<ClockTick>(&event.event.body)) {
      apply_tick(*tick, event.sequence, sink);
      return no_change(event.sequence, {});
    }
    if (const auto* calendar = std::get_if<CalendarChange>(&event.event.body)) {
      change_calendar(*calendar);
      return no_change(event.sequence, {});
    }
    if (std::holds_alternative<StateDigest>(event.event.body)) return no_change(event.sequence, {});

    const InstrumentId id = std::visit(Overloaded{[](const ClockTick&) { return InstrumentId{}; },
                                                  [](const CalendarChange&) { return InstrumentId{}; },
                                                  [](const StateDigest&) { return InstrumentId{}; },
                                                  [](const auto& body) { return body.instrument; }},
                                       event.event.body);
    if (id.value() >= states_.size()) {
      counters_.unknown_instruments.add();
      return no_change(event.sequence, id);
    }
    InstrumentState& state = states_[id.value()];
    Change change = state.apply(event.event.body, work(event.sequence));
    if (!klines_.empty() || std::holds_alternative<PastKline>(event.event.body) ||
        std::holds_alternative<PastReset>(event.event.body))
      schedule(state);
    return change;
  }

  const MachineCounters& counters() const { return counters_; }

 private:
  InstrumentState::Work work(Sequence sequence) { return {sequence, options_, counters_, klines_}; }

  MinuteCache& minutes_of(const market::Instrument& instrument) {
    const std::size_t row = std::size_t{instrument.calendar.value()} * 2 +
                            (instrument.closing_print == market::ClosingPrint::own_bar ? 1 : 0);
    QOS_ASSERT(row < minutes_.size());
    return minutes_[row];
  }
  // Puts the instrument down for the end of its next K-line, unless it is down for that or an earlier time
  // already.
  void schedule(InstrumentState& state) {
    const UnixNanos time = state.next_close();
    if (time >= state.scheduled()) return;
    state.set_scheduled(time);
    schedules_[state.instrument().calendar.value()].add({time, state.instrument().id});
  }

  // Nothing is different, as far as subscribers are told.
  static Change no_change(Sequence sequence, InstrumentId id) {
    Change change;
    change.sequence = sequence;
    change.instrument = id;
    return change;
  }

  void apply_tick(const ClockTick& tick, Sequence sequence, ChangeSink* sink) {
    if (tick.calendar.value() >= schedules_.size()) return;
    while (const auto due = schedules_[tick.calendar.value()].take_due(tick.ts_event)) {
      InstrumentState& state = states_[due->id.value()];
      // An entry that an earlier one of the same instrument has made needless.
      if (state.scheduled() != due->time) continue;
      state.set_scheduled(UnixNanos::max());
      // A later K-line may have closed it since.
      if (state.next_close() <= tick.ts_event) {
        klines_.clear();
        const Change change = state.close_ended_klines(tick.ts_event, work(sequence));
        if (sink != nullptr && !change.empty()) sink->on(change);
      }
      schedule(state);
    }
    if (const auto day = day_clocks_[tick.calendar.value()].day_opened_by(tick.ts_event))
      open_day(tick.calendar, *day, sequence);
  }

  // K-lines that exist stay as they are; what is open of them may end at another time now.
  void change_calendar(const CalendarChange& change) {
    if (change.calendar.value() >= schedules_.size() || !calendars_.change(change.calendar, change)) {
      counters_.refused.add();
      return;
    }
    const auto& calendar = calendars_.at(change.calendar);
    for (std::size_t row = 0; row < 2; ++row)
      minutes_[std::size_t{change.calendar.value()} * 2 + row].reset(calendar);
    day_clocks_[change.calendar.value()].reset(calendar);
    for (InstrumentState& state : states_) {
      if (state.instrument().calendar != change.calendar) continue;
      state.find_ends_again();
      schedule(state);
    }
  }

  // Once per calendar and trading day, so a walk over all instruments will do.
  void open_day(CalendarId calendar, UnixNanos day, Sequence sequence) {
    for (std::size_t row = 0; row < 2; ++row)
      minutes_[std::size_t{calendar.value()} * 2 + row].set_opened_day(day);
    for (InstrumentState& state : states_)
      if (state.instrument().calendar == calendar) state.open_day(day, sequence);
  }

  Options options_;
  market::CalendarTable& calendars_;
  std::deque<MinuteCache> minutes_;  // two a calendar: last_bar, own_bar
  std::deque<InstrumentState> states_;
  std::vector<ClosingSchedule> schedules_;  // one a calendar
  std::vector<DayClock> day_clocks_;        // one a calendar
  std::vector<KlineChange> klines_;
  MachineCounters counters_;
  Sequence last_;
};

Machine::Machine(const market::InstrumentTable& instruments, market::CalendarTable& calendars,
                 Options options)
    : impl_{std::make_unique<Impl>(instruments, calendars, options)} {}

Machine::~Machine() = default;

void Machine::apply(const SequencedEvent& event, ChangeSink& sink) {
  const Change change = impl_->apply(event, &sink);
  if (!change.empty()) sink.on(change);
}

Change Machine::apply(const SequencedEvent& event) {
  return impl_->apply(event, nullptr);
}

const ViewTable& Machine::views() const {
  return *impl_;
}

const MachineCounters& Machine::counters() const {
  return impl_->counters();
}

}  // namespace qos::state
