#include "state/machine.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "core/result.hpp"
#include "state/closing_schedule.hpp"
#include "state/day_clock.hpp"
#include "state/instrument_state.hpp"

namespace qos::state {
namespace {

constexpr std::size_t kAnchors = 2;
constexpr std::size_t kDayKinds = 5;
constexpr std::size_t kLeastCalendar = 3;  // bytes in a checkpoint
constexpr std::size_t kLeastWord = 4;

std::string_view to_string(market::Anchor anchor) {
  return anchor == market::Anchor::session ? "session" : "segment";
}

Result<void> check_version(ByteReader& bytes) {
  const auto version = bytes.fixed<std::uint8_t>();
  if (!bytes.ok()) return fail("the checkpoint ends where its version should be");
  if (version != kCheckpointVersion)
    return fail("a checkpoint of version {}, this server writes and reads version {}", version,
                kCheckpointVersion);
  return {};
}

}  // namespace

class Machine::Impl final : public ViewTable {
 public:
  Impl(const market::InstrumentTable& instruments, market::CalendarTable& calendars, Options options)
      : options_{options}, calendars_{calendars}, schedules_(calendars.size()), words_(calendars.size()) {
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
    if (!seen_.empty() && event.sequence > settled_) seen_ = {};
    last_ = event.sequence;
    counters_.events.add();
    klines_.clear();
    if (const auto* tick = std::get_if<ClockTick>(&event.event.body)) {
      apply_tick(*tick, event.sequence, sink);
      return no_change(event.sequence, {});
    }
    if (const auto* calendar = std::get_if<CalendarChange>(&event.event.body)) {
      change_calendar(*calendar, event.sequence);
      return no_change(event.sequence, {});
    }
    if (const auto* digest = std::get_if<StateDigest>(&event.event.body)) {
      // While some instruments are ahead of the rest, they have told more than was told then.
      if (event.sequence > settled_ && digest->digest != digest_) counters_.digest_mismatches.add();
      return no_change(event.sequence, {});
    }

    const InstrumentId id = std::visit(Overloaded{[](const ClockTick&) { return InstrumentId{}; },
                                                  [](const CalendarChange&) { return InstrumentId{}; },
                                                  [](const StateDigest&) { return InstrumentId{}; },
                                                  [](const auto& body) { return body.instrument; }},
                                       event.event.body);
    if (id.value() >= states_.size()) {
      counters_.unknown_instruments.add();
      return no_change(event.sequence, id);
    }
    if (has_seen(id, event.sequence)) return no_change(event.sequence, id);
    InstrumentState& state = states_[id.value()];
    Change change = state.apply(event.event.body, work(event.sequence));
    change.received = event.event.ts_recv;
    if (!klines_.empty() || std::holds_alternative<PastKline>(event.event.body) ||
        std::holds_alternative<PastReset>(event.event.body))
      schedule(state);
    return change;
  }

  void save(ByteWriter& bytes) const;
  void save(InstrumentId id, ByteWriter& bytes) const;
  Result<void> restore(ByteReader& bytes);
  Result<void> restore(InstrumentId id, ByteReader& bytes);

  Sequence last() const { return last_; }
  std::uint64_t digest() const { return digest_; }
  const MachineCounters& counters() const { return counters_; }

 private:
  InstrumentState::Work work(Sequence sequence) { return {sequence, options_, counters_, klines_, digest_}; }
  // It was saved after that event, which is applied again for others.
  bool has_seen(InstrumentId id, Sequence sequence) const {
    return !seen_.empty() && sequence <= seen_[id.value()];
  }

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
    due_.clear();
    while (const auto due = schedules_[tick.calendar.value()].take_due(tick.ts_event)) {
      InstrumentState& state = states_[due->id.value()];
      // An entry that an earlier one of the same instrument has made needless.
      if (state.scheduled() != due->time) continue;
      state.set_scheduled(UnixNanos::max());
      due_.push_back({state.next_close(), due->id});
    }
    // In the order in which their K-lines end, whenever they were put down: that is no part of a checkpoint.
    std::ranges::sort(due_);
    for (const auto& due : due_) {
      InstrumentState& state = states_[due.id.value()];
      // A later K-line may have closed it since.
      if (due.time <= tick.ts_event && !has_seen(due.id, sequence)) {
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
  void change_calendar(const CalendarChange& change, Sequence sequence) {
    const bool known = change.calendar.value() < schedules_.size();
    if (!known || words_[change.calendar.value()].size() >= kMaxWords ||
        !calendars_.change(change.calendar, change)) {
      counters_.refused.add();
      return;
    }
    auto& words = words_[change.calendar.value()];
    if (change.kind == CalendarChange::Kind::by_rule) {
      words.erase(change.date);
    } else {
      words[change.date] = change;
    }
    calendar_is_new(change.calendar);
    for (InstrumentState& state : states_) {
      if (state.instrument().calendar != change.calendar) continue;
      if (has_seen(state.instrument().id, sequence)) continue;
      state.find_ends_again();
      schedule(state);
    }
  }

  void calendar_is_new(CalendarId id) {
    const auto& calendar = calendars_.at(id);
    for (std::size_t row = 0; row < 2; ++row) minutes_[std::size_t{id.value()} * 2 + row].reset(calendar);
    day_clocks_[id.value()].reset(calendar);
  }

  // Once per calendar and trading day, so a walk over all instruments will do.
  void open_day(CalendarId calendar, UnixNanos day, Sequence sequence) {
    for (std::size_t row = 0; row < 2; ++row)
      minutes_[std::size_t{calendar.value()} * 2 + row].set_opened_day(day);
    for (InstrumentState& state : states_)
      if (state.instrument().calendar == calendar && !has_seen(state.instrument().id, sequence))
        state.open_day(day, sequence);
  }

  // Dates of one calendar that operators may speak of; each is a copy of the calendar when it is restored.
  static constexpr std::size_t kMaxWords = 4'096;
  void save_calendar(Saving& out, CalendarId id) const;
  // nullopt: this machine has no such calendar; what is said of it is read over.
  void restore_calendar(Restoring& in, std::optional<CalendarId> id);

  Options options_;
  market::CalendarTable& calendars_;
  std::deque<MinuteCache> minutes_;  // two a calendar: last_bar, own_bar
  std::deque<InstrumentState> states_;
  std::vector<ClosingSchedule> schedules_;  // one a calendar
  std::vector<DayClock> day_clocks_;        // one a calendar
  // What operators say of dates (days since 1970-01-01), one map a calendar.
  std::vector<std::map<std::int32_t, CalendarChange>> words_;
  std::vector<KlineChange> klines_;
  std::vector<ClosingSchedule::Entry> due_;
  MachineCounters counters_;
  Sequence last_;
  std::uint64_t digest_ = 0;
  // After a restore: the last event that each instrument has seen, and the latest of them; empty once all
  // are applied.
  std::vector<Sequence> seen_;
  Sequence settled_;
};

void Machine::Impl::save(ByteWriter& bytes) const {
  Saving out{bytes};
  bytes.fixed(kCheckpointVersion);
  out.choice(options_.anchor, kAnchors);
  out.number(last_.value());
  out.number(words_.size());
  for (std::uint16_t id = 0; id < words_.size(); ++id) save_calendar(out, CalendarId{id});
}

void Machine::Impl::save_calendar(Saving& out, CalendarId id) const {
  out.bytes().text(calendars_.at(id).name());
  out.time_if_any(day_clocks_[id.value()].opened_day());
  const auto& words = words_[id.value()];
  out.number(words.size());
  std::int32_t base = 0;
  for (const auto& [date, word] : words) {
    out.difference(date, std::exchange(base, date));
    out.choice(word.kind, kDayKinds);
    out.difference(word.open, 0);
    out.difference(word.close, 0);
  }
}

void Machine::Impl::save(InstrumentId id, ByteWriter& bytes) const {
  QOS_ASSERT(id.value() < states_.size());
  Saving out{bytes};
  bytes.fixed(kCheckpointVersion);
  out.number(last_.value());
  states_[id.value()].save(out);
}

Result<void> Machine::Impl::restore(ByteReader& bytes) {
  QOS_ASSERT(last_ == Sequence{} && seen_.empty());
  if (const auto known = check_version(bytes); !known) return known;
  Restoring in{bytes};
  market::Anchor anchor{};
  in.choice(anchor, kAnchors);
  if (in.ok() && anchor != options_.anchor)
    return fail(
        "the checkpoint's K-lines of 5 to 240 minutes count from the start of each {}, this machine's "
        "from that of each {}",
        to_string(anchor), to_string(options_.anchor));
  std::uint64_t last = 0;
  in.number(last);
  const std::size_t count = in.count(kLeastCalendar);
  // Two calendars may have one name, the second always open: they keep their order.
  std::vector<bool> restored(calendars_.size());
  for (std::size_t n = 0; n < count && in.ok(); ++n) {
    const std::string_view name = bytes.text();
    std::optional<CalendarId> id;
    for (std::uint16_t at = 0; at < restored.size() && !id; ++at)
      if (!restored[at] && calendars_.at(CalendarId{at}).name() == name) id = CalendarId{at};
    if (id) restored[id->value()] = true;
    restore_calendar(in, id);
  }
  if (!in.ok()) return fail("what the checkpoint says of calendars ends too early, or cannot be true");
  last_ = settled_ = Sequence{last};
  seen_.assign(states_.size(), last_);
  return {};
}

void Machine::Impl::restore_calendar(Restoring& in, std::optional<CalendarId> id) {
  UnixNanos opened;
  in.time_if_any(opened);
  const std::size_t count = in.count(kLeastWord);
  in.require(count <= kMaxWords);
  std::int64_t date = 0;
  for (std::size_t n = 0; n < count && in.ok(); ++n) {
    CalendarChange word{.calendar = id.value_or(CalendarId{})};
    std::int64_t open = 0;
    std::int64_t close = 0;
    const std::int64_t before = date;
    in.difference(date, before);
    in.choice(word.kind, kDayKinds);
    in.difference(open, 0);
    in.difference(close, 0);
    in.require(std::in_range<std::int32_t>(date) && (n == 0 || before < date) &&
               std::in_range<std::int16_t>(open) && std::in_range<std::int16_t>(close) &&
               word.kind != CalendarChange::Kind::by_rule);
    if (!in.ok() || !id) continue;
    word.date = static_cast<std::int32_t>(date);
    word.open = static_cast<std::int16_t>(open);
    word.close = static_cast<std::int16_t>(close);
    // The calendar's files may have changed since: what does not fit them any more is refused, as it would
    // be if it were said now.
    if (calendars_.amend(*id, word)) {
      words_[id->value()].emplace(word.date, word);
    } else {
      counters_.refused.add();
    }
  }
  if (!in.ok() || !id) return;
  calendar_is_new(*id);
  day_clocks_[id->value()].set_opened_day(opened);
  for (std::size_t row = 0; row < 2; ++row)
    minutes_[std::size_t{id->value()} * 2 + row].set_opened_day(opened);
}

Result<void> Machine::Impl::restore(InstrumentId id, ByteReader& bytes) {
  QOS_ASSERT(id.value() < seen_.size());  // what belongs to no instrument came first
  InstrumentState& state = states_[id.value()];
  const auto code = [&] { return state.instrument().code.to_string(); };
  if (const auto known = check_version(bytes); !known) return within(code(), known.error());
  Restoring in{bytes};
  std::uint64_t seen = 0;
  in.number(seen);
  if (in.ok() && seen < last_.value())
    return fail("{}: saved at event {}, which is before event {}, at which the checkpoint begins", code(),
                seen, last_.value());
  if (state.stamp() != 0) return fail("{} is in the checkpoint twice", code());
  if (const auto restored = state.restore(in, options_); !restored) return restored;
  if (state.version().value() > seen)
    return fail("{}: changed by event {}, after event {}, at which it was saved", code(),
                state.version().value(), seen);
  seen_[id.value()] = Sequence{seen};
  settled_ = std::max(settled_, Sequence{seen});
  digest_ += state.digest();
  schedule(state);
  return {};
}

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

void Machine::save(ByteWriter& out) const {
  impl_->save(out);
}
void Machine::save(InstrumentId id, ByteWriter& out) const {
  impl_->save(id, out);
}
Result<void> Machine::restore(ByteReader& in) {
  return impl_->restore(in);
}
Result<void> Machine::restore(InstrumentId id, ByteReader& in) {
  return impl_->restore(id, in);
}

Sequence Machine::last() const {
  return impl_->last();
}
std::uint64_t Machine::digest() const {
  return impl_->digest();
}

const ViewTable& Machine::views() const {
  return *impl_;
}

const MachineCounters& Machine::counters() const {
  return impl_->counters();
}

}  // namespace qos::state
