// What everybody may rely on, kept as plainly as can be: every event that was applied, every numbered push
// that was published, and a second machine that applies the same events and is never restarted.
#pragma once

#include <xxhash.h>

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "api/change_bodies.hpp"
#include "journal/position.hpp"
#include "simulation/venues.hpp"
#include "simulation/violation.hpp"
#include "state/world.hpp"

namespace qos::simulation {

inline const market::InstrumentTable& instruments() {
  static const auto table =
      market::InstrumentTable::load("world.csv", state::kWorldInstruments, state::world_calendars()).value();
  return table;
}

inline std::uint64_t hash_of(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

inline std::string text_of(channel::ChannelKey key) {
  return fmt::format("{} {}/{}", instruments().at(key.instrument).code.to_string(),
                     "STDK"[static_cast<int>(key.topic)], key.variant);
}

// The pushes of one channel in one epoch.
struct Published {
  std::uint64_t base = 0;             // the epoch began behind this number
  std::vector<std::uint64_t> bodies;  // hashes; the first is of number base + 1
  std::uint64_t last() const { return base + bodies.size(); }
};

class Machine {
 public:
  explicit Machine(const state::Machine::Options& options)
      : calendars_{state::make_calendars()}, machine_{instruments(), calendars_, options} {}
  void apply(const SequencedEvent& event) {
    struct Nobody final : state::ChangeSink {
      void on(const state::Change&) override {}
    } nobody;
    machine_.apply(event, nobody);
  }
  const state::Machine& machine() const { return machine_; }

 private:
  market::CalendarTable calendars_;
  state::Machine machine_;
};

// Part by part: the shared one first, then the instruments.
inline std::vector<std::string> saved_parts(const state::Machine& machine) {
  std::vector<std::string> parts(1 + instruments().size());
  ByteWriter shared{parts[0]};
  machine.save(shared);
  for (std::uint32_t id = 0; id < instruments().size(); ++id) {
    ByteWriter out{parts[1 + id]};
    machine.save(InstrumentId{id}, out);
  }
  return parts;
}

class Reference {
 public:
  explicit Reference(const state::Machine::Options& options) : options_{options} { begin_shadow(); }

  // --- what feeds hand over ---
  void put(const Event& event) { put_[event.feed.value()].push_back(event); }
  // Of all feeds: the server never heard these again.
  void forget_what_waits() {
    for (auto& feed : put_) feed.clear();
  }
  std::size_t waiting() const {
    std::size_t sum = 0;
    for (const auto& feed : put_) sum += feed.size();
    return sum;
  }

  // --- a running server ---
  // A change that is told to subscribers, now or again.
  void told(const state::Change& change) {
    if (change.empty()) return;
    api::for_each_push(change, instruments().at(change.instrument),
                       [&](channel::ChannelKey key, channel::Place place, auto&& encode) {
                         if (place.number == 0) return;
                         text_.clear();
                         encode(text_);
                         told(key, place.number, hash_of(text_));
                       });
  }
  void applied(const SequencedEvent& event) {
    demand(event.sequence.value() == log_.size() + 1, "event {} was applied, expected {}",
           event.sequence.value(), log_.size() + 1);
    take(event);
    log_.push_back(event);
  }

  // --- after a restart ---
  Sequence last() const { return Sequence{log_.size()}; }
  const SequencedEvent& at(Sequence sequence) const { return log_[sequence.value() - 1]; }
  // Was in the journal, though nobody had been told what it changes.
  void found(const SequencedEvent& event) { applied(event); }
  void lose_after(Sequence last) {
    log_.resize(last.value());
    begin_shadow();
  }
  // Numbers go on in a new epoch behind those that the state has counted to.
  void begin_epoch(journal::Epoch epoch, const state::Machine& machine) {
    demand(epoch > epoch_, "epoch {} after {}", epoch.value(), epoch_.value());
    for (const auto& [key, published] : published_)
      demand(epoch_.value() + published.last() <= epoch.value(),
             "number {} of the epoch before is above the new epoch {}", epoch_.value() + published.last(),
             epoch.value());
    epoch_ = epoch;
    published_.clear();
    for_each_channel(machine,
                     [&](channel::ChannelKey key, std::uint64_t number) { published_[key].base = number; });
  }
  // State was made anew: what was before is no part of it.
  void begin_anew() {
    anew_after_ = log_.size();
    begin_shadow();
  }
  journal::Epoch epoch() const { return epoch_; }
  const Published* published(channel::ChannelKey key) const {
    const auto found = published_.find(key);
    return found == published_.end() ? nullptr : &found->second;
  }
  // Every channel's count is what was published.
  void compare_numbers(const state::Machine& machine) {
    for_each_channel(machine, [&](channel::ChannelKey key, std::uint64_t number) {
      const auto* there = published(key);
      const auto last = there == nullptr ? 0 : there->last();
      demand(number == last, "{}: state has counted to {}, published was {}", text_of(key), number, last);
    });
  }
  // Byte for byte, and what was told until now.
  void compare_state(const state::Machine& machine) {
    while (shadow_at_ < log_.size()) shadow_->apply(log_[shadow_at_++]);
    demand(machine.digest() == shadow_->machine().digest(),
           "digest {} of the state, {} of the journal's events", machine.digest(),
           shadow_->machine().digest());
    const auto seen = saved_parts(machine);
    const auto expected = saved_parts(shadow_->machine());
    for (std::size_t part = 0; part < seen.size(); ++part)
      demand(seen[part] == expected[part],
             "part {} of the state differs from the journal's events (at byte {} of {})", part,
             difference(seen[part], expected[part]), expected[part].size());
  }
  std::uint64_t handed_over(FeedId feed) const {
    std::uint64_t count = 0;
    for (std::size_t at = anew_after_; at < log_.size(); ++at) count += log_[at].event.feed == feed;
    return count;
  }
  template <typename Tell>
  static void for_each_channel(const state::Machine& machine, Tell&& tell) {
    using channel::Topic;
    for (std::uint32_t row = 0; row < instruments().size(); ++row) {
      const InstrumentId id{row};
      const auto numbers = machine.views().find(id)->numbers();
      tell(channel::ChannelKey{id, Topic::snapshot}, numbers.snapshot);
      tell(channel::ChannelKey{id, Topic::depth}, numbers.depth);
      tell(channel::ChannelKey{id, Topic::trade}, numbers.trade);
      tell(channel::ChannelKey{id, Topic::trade, channel::kPreciseTrades}, numbers.trade);
      for (std::uint8_t type = 0; type < channel::kKlineTypes; ++type)
        tell(
            channel::ChannelKey{id, Topic::kline, static_cast<std::uint8_t>(channel::kExtendedKlines + type)},
            numbers.klines[type]);
      tell(channel::ChannelKey{id, Topic::kline, channel::kSessionMinutes}, numbers.session_minutes);
    }
  }

 private:
  static std::size_t difference(std::string_view a, std::string_view b) {
    return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
  }
  void begin_shadow() {
    shadow_ = std::make_unique<Machine>(options_);
    shadow_at_ = anew_after_;
  }
  void told(channel::ChannelKey key, std::uint64_t number, std::uint64_t body) {
    auto& there = published_[key];
    if (number == there.last() + 1) return there.bodies.push_back(body);
    demand(number <= there.last(), "{}: number {} after {}", text_of(key), number, there.last());
    // Before the epoch: published under other numbers, and checked then.
    if (number <= there.base) return;
    demand(there.bodies[number - there.base - 1] == body, "{}: number {} has another body now", text_of(key),
           number);
  }
  // Whatever a feed has handed over comes in its order; the server's digests come from within.
  void take(const SequencedEvent& event) {
    if (std::holds_alternative<StateDigest>(event.event.body)) return;
    auto& feed = put_[event.event.feed.value()];
    demand(!feed.empty() && feed.front() == event.event, "event {} is not what feed {} handed over next",
           event.sequence.value(), event.event.feed.value());
    feed.pop_front();
  }

  state::Machine::Options options_;
  std::array<std::deque<Event>, kFeeds> put_;
  std::vector<SequencedEvent> log_;  // by sequence
  journal::Epoch epoch_;
  std::map<channel::ChannelKey, Published> published_;
  std::unique_ptr<Machine> shadow_;
  std::size_t shadow_at_ = 0;
  std::size_t anew_after_ = 0;
  std::string text_;
};

}  // namespace qos::simulation
