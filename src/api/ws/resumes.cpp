#include "api/ws/resumes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "api/change_bodies.hpp"
#include "api/ws/frame.hpp"
#include "api/ws/one_look.hpp"
#include "api/ws/push.hpp"

namespace qos::api::ws {
namespace {

using channel::ChannelKey;
using channel::Form;
using channel::Topic;

// Answers under way or being sent. Each may hold kMostMissed bodies, some megabytes.
constexpr std::size_t kAtOnce = 4;
// What a cursor may have missed.
constexpr std::size_t kMostTrades = 100'000;
constexpr std::size_t kMostKlines = 10'000;
// As many trades as a tape may have; more are not asked of it.
constexpr std::uint64_t kTape = 64;

constexpr std::string_view type_of(Topic topic) {
  switch (topic) {
    case Topic::snapshot:
      return "S";
    case Topic::trade:
      return "T";
    case Topic::depth:
      return "D";
    case Topic::kline:
      break;
  }
  return "K";
}

bool is_cursor(const Resumes::Since& since) {
  return std::holds_alternative<Resumes::AfterSequence>(since);
}

// {"type":"T","msg":"resume lost","lost":["US:AAPL"],"time":1767623400}
channel::Frame lost_message(ChannelKey key, std::string_view spelling, std::int64_t time) {
  const bool is_session = key.topic == Topic::kline && key.variant == channel::kSessionMinutes;
  std::string text = fmt::format(R"({{"type":"{}","msg":"resume lost","{}":["{}"])", type_of(key.topic),
                                 is_session ? "lost_ses" : "lost", spelling);
  if (key.topic == Topic::kline)
    fmt::format_to(std::back_inserter(text), R"(,"kt":{})",
                   static_cast<int>(is_session ? market::KlineType::m1
                                               : market::kKlineTypes[key.variant % channel::kKlineTypes]));
  fmt::format_to(std::back_inserter(text), R"(,"time":{}}})", time);
  std::string frame;
  append_frame_header(frame, Opcode::text, text.size());
  return channel::make_frame(std::move(frame += text));
}

}  // namespace

Resumes::Resumes(Surroundings around) : around_{std::move(around)}, self_{std::make_shared<Resumes*>(this)} {}

Resumes::~Resumes() = default;

Resumes::Begun Resumes::begin(ChannelKey key, std::string_view spelling, Form form, Since since,
                              SteadyTime now) {
  Track track{.ticket = next_ticket_++,
              .spelling = std::string{spelling},
              .form = form,
              .since = since,
              .begun = now};
  // The hub must hold before the state is looked at. Nothing is delivered in between: this is its thread.
  around_.hub.hold(around_.subscriber, key);
  const Stage stage = look(key, track);
  if (stage == Stage::lost) {
    missed_ -= track.missed;
    around_.hub.let_go(around_.subscriber, key);
    return Begun::lost;
  }
  const auto placed = tracks_.insert_or_assign(key, std::move(track)).first;
  enter(key, placed->second, stage);
  return Begun::yes;
}

// What is known at once of a channel, and what is to be done next. Only a look at one state decides.
Resumes::Stage Resumes::look(ChannelKey key, Track& track) {
  const auto* view = around_.services.views.find(key.instrument);
  if (view == nullptr) return Stage::lost;
  if (!is_cursor(track.since)) return look_at_numbers(key, track, *view);
  return key.topic == Topic::trade ? look_at_trades(key, track, *view)
                                   : look_at_final_klines(key, track, *view);
}

Resumes::Stage Resumes::look_at_numbers(ChannelKey key, Track& track, const state::InstrumentView& view) {
  const std::uint64_t after = std::get<AfterNumber>(track.since).number;
  std::uint64_t now = 0;
  std::vector<state::TapeTrade> tape;
  const bool is_one = read_as_one(view, [&](Sequence version) {
    track.boundary = version;
    now = number_of(view.numbers(), key);
    const bool may_be_there = key.topic == Topic::trade && now > after && now - after <= kTape;
    tape = may_be_there ? view.trades(now - after) : std::vector<state::TapeTrade>{};
    return true;
  });
  if (!is_one) return Stage::to_look;
  if (after > now || now - after > kMostMissed) return Stage::lost;
  track.last_number = now;
  track.missed = now - after;
  missed_ += track.missed;
  if (track.missed == 0) return Stage::sending;
  if (missed_ > kMostMissedTogether) return Stage::lost;
  if (take_from_tape(key, track, tape)) return Stage::sending;
  return around_.services.rewind == nullptr ? Stage::lost : Stage::to_ask;
}

// A cursor knows the event of the last trade that was sent. If the tape reaches back to it, or to one before,
// what is newer is all that was missed.
Resumes::Stage Resumes::look_at_trades(ChannelKey key, Track& track, const state::InstrumentView& view) {
  const Sequence after = std::get<AfterSequence>(track.since).sequence;
  std::vector<state::TapeTrade> tape;
  const bool is_one = read_as_one(view, [&](Sequence version) {
    track.boundary = version;
    tape = view.trades(kTape);
    return true;
  });
  if (!is_one) return Stage::to_look;
  track.last_number = tape.empty() ? 0 : tape.back().number;
  // Its events are not there any more: of a journal that was taken away.
  if (track.boundary < after) return Stage::lost;
  if (track.boundary == after) return Stage::sending;
  if (!tape.empty() && tape.front().sequence <= after) {
    std::erase_if(tape, [&](const state::TapeTrade& trade) { return trade.sequence <= after; });
    track.missed = tape.size();
    missed_ += track.missed;
    if (tape.empty() || take_from_tape(key, track, tape)) return Stage::sending;
  }
  return around_.services.rewind == nullptr ? Stage::lost : Stage::to_ask;
}

// The K-line in progress follows those that became final, as it does in an ordinary subscription.
Resumes::Stage Resumes::look_at_final_klines(ChannelKey key, Track& track,
                                             const state::InstrumentView& view) {
  FirstState state = read_first_state(key, view, around_.services.instruments.at(key.instrument));
  if (!state.is_one) return Stage::to_look;
  track.boundary = state.after;
  track.last_number = state.number;
  track.state = std::move(state.body);
  const Sequence after = std::get<AfterSequence>(track.since).sequence;
  if (state.after < after) return Stage::lost;
  if (state.after == after) return Stage::sending;
  return around_.services.rewind == nullptr ? Stage::lost : Stage::to_ask;
}

// True: the tape has all that was missed, counted through.
bool Resumes::take_from_tape(ChannelKey key, Track& track, const std::vector<state::TapeTrade>& tape) const {
  if (tape.empty() || tape.size() != track.missed) return false;
  const auto& instrument = around_.services.instruments.at(key.instrument);
  std::uint64_t number = track.last_number - track.missed;
  for (const auto& trade : tape) {
    if (trade.number != ++number || trade.sequence > track.boundary) return false;
    Rewind::Missed push{.number = trade.number, .sequence = trade.sequence, .body = {}};
    if (key.variant == channel::kPreciseTrades)
      json::append_precise_trade_body(push.body, instrument, trade);
    else
      json::append_trade_body(push.body, instrument, trade);
    track.pushes.push_back(std::move(push));
  }
  return true;
}

void Resumes::enter(ChannelKey key, Track& track, Stage stage) {
  track.stage = stage;
  const Ref ref{key, track.ticket};
  if (stage == Stage::to_look || stage == Stage::to_ask) unasked_.push_back(ref);
  if (stage != Stage::sending && stage != Stage::lost) return;
  if (stage == Stage::lost) {
    for (const Held& held : track.held) held_bytes_ -= held.frame->size();
    track.held.clear();
  }
  ready_.push_back(ref);
  around_.something_to_send();
}

void Resumes::hold(const channel::Update& update, const channel::Frame& frame) {
  const auto found = tracks_.find(update.key);
  if (found == tracks_.end() || found->second.stage == Stage::lost) return;
  Track& track = found->second;
  // What is known to be missed already is not wanted twice.
  if (track.stage != Stage::to_look && update.sequence <= track.boundary) return;
  held_bytes_ += frame->size();
  track.held.push_back({update.sequence, update.number, frame});
  if (track.held.size() <= kMostMissed && held_bytes_ <= kMostHeldBytes) return;
  if (track.stage == Stage::sending) {
    // It stands in the row already.
    track.stage = Stage::lost;
    for (const Held& held : track.held) held_bytes_ -= held.frame->size();
    track.held.clear();
    return;
  }
  lose(update.key, track);
}

void Resumes::forget(const std::vector<ChannelKey>& keys) {
  for (const ChannelKey& key : keys)
    if (const auto found = tracks_.find(key); found != tracks_.end()) erase(found);
}

void Resumes::on_tick(SteadyTime now) {
  for (auto& [key, track] : tracks_)
    if (track.stage < Stage::sending && now - track.begun > kResumePatience) lose(key, track);
  pursue();
}

void Resumes::pursue() {
  // Those that cannot go on at the moment stand in the row again behind the others.
  for (std::size_t left = unasked_.size(); left > 0; --left) {
    const Ref ref = unasked_.front();
    unasked_.pop_front();
    Track* track = find(ref);
    if (track == nullptr || (track->stage != Stage::to_look && track->stage != Stage::to_ask)) continue;
    if (track->stage == Stage::to_look) {
      enter(ref.key, *track, look(ref.key, *track));
      continue;
    }
    if (outstanding_ + answers_kept_ < kAtOnce && ask(ref.key, *track)) continue;
    unasked_.push_front(ref);
    break;
  }
}

bool Resumes::ask(ChannelKey key, Track& track) {
  Rewind::Request request{.key = key, .at_least = track.boundary};
  if (const auto* number = std::get_if<AfterNumber>(&track.since)) {
    request.after_number = number->number;
    // There are more where the journal is ahead of what was looked at.
    request.limit = 2 * kMostMissed;
  } else {
    request.what = key.topic == Topic::trade ? Rewind::What::trades : Rewind::What::final_klines;
    request.after = std::get<AfterSequence>(track.since).sequence;
    request.limit = key.topic == Topic::trade ? kMostTrades : kMostKlines;
  }
  const Ref ref{key, track.ticket};
  const bool is_taken = around_.services.rewind->ask(
      request, [mail = around_.mail, self = std::weak_ptr<Resumes*>{self_}, ref](auto result) {
        // std::function copies, an answer is large.
        auto shared = std::make_shared<decltype(result)>(std::move(result));
        mail->post([self, ref, shared] {
          if (const auto resumes = self.lock()) (*resumes)->answered(ref, std::move(*shared));
        });
      });
  if (!is_taken) return false;
  ++outstanding_;
  track.stage = Stage::asked;
  return true;
}

void Resumes::answered(const Ref& ref, std::expected<Rewind::Result, Rewind::Failure> result) {
  --outstanding_;
  // More may be asked now.
  around_.something_to_send();
  Track* track = find(ref);
  if (track == nullptr || track->stage != Stage::asked) return;
  if (!result) return lose(ref.key, *track);
  const bool is_far_enough = result->until >= track->boundary;
  std::erase_if(result->pushes, [&](const auto& push) { return push.sequence > track->boundary; });
  if (!is_far_enough || !proven(ref.key, *track, *result)) return lose(ref.key, *track);
  track->pushes = std::move(result->pushes);
  track->was_asked = true;
  ++answers_kept_;
  enter(ref.key, *track, Stage::sending);
}

// Whether these are all pushes behind the one that the client had, up to the boundary, each once.
bool Resumes::proven(ChannelKey key, const Track& track, const Rewind::Result& result) {
  if (!std::ranges::is_sorted(result.pushes, {}, &Rewind::Missed::sequence)) return false;
  if (const auto* after = std::get_if<AfterSequence>(&track.since)) {
    if (!result.pushes.empty() && result.pushes.front().sequence <= after->sequence) return false;
    // Trades have numbers, and the last one stands on the tape; final K-lines have none.
    if (key.topic != Topic::trade || track.last_number == 0) return true;
    if (result.pushes.size() > track.last_number) return false;
  }
  const auto* after = std::get_if<AfterNumber>(&track.since);
  std::uint64_t number = after != nullptr ? after->number : track.last_number - result.pushes.size();
  for (const auto& push : result.pushes)
    if (push.number != ++number) return false;
  return number == track.last_number && (after != nullptr || !result.pushes.empty());
}

std::optional<channel::Frame> Resumes::next() {
  while (!ready_.empty()) {
    const Ref ref = ready_.front();
    const auto found = tracks_.find(ref.key);
    const bool is_there = found != tracks_.end() && found->second.ticket == ref.ticket;
    if (is_there && found->second.stage == Stage::sending)
      if (auto next = next_of(ref.key, found->second)) return next;
    ready_.pop_front();
    if (!is_there) continue;
    if (found->second.stage == Stage::lost) {
      if (auto message = give_up(found)) return message;
      continue;
    }
    around_.hub.start_after(around_.subscriber, ref.key, found->second.boundary);
    around_.sent(ref.key, found->second.boundary);
    erase(found);
  }
  return std::nullopt;
}

// First what was missed, then the state where there is one, then what was held. nullopt: that was all, or it
// is lost.
std::optional<channel::Frame> Resumes::next_of(ChannelKey key, Track& track) {
  if (track.sent < track.pushes.size()) {
    const Rewind::Missed push = std::move(track.pushes[track.sent++]);
    around_.sent(key, push.sequence);
    return frame_of(key, track, push.number, push.body);
  }
  if (!track.state.empty()) {
    const std::string state = std::exchange(track.state, {});
    return frame_of(key, track, track.last_number, state);
  }
  while (!track.held.empty()) {
    Held held = std::move(track.held.front());
    track.held.pop_front();
    held_bytes_ -= held.frame->size();
    if (held.sequence <= track.boundary) continue;
    if (track.last_number != 0 && held.number != ++track.last_number) {
      track.stage = Stage::lost;
      return std::nullopt;
    }
    around_.sent(key, held.sequence);
    return std::move(held.frame);
  }
  return std::nullopt;
}

// In place of what was missed. A client with a cursor has asked for nothing, and is told nothing.
std::optional<channel::Frame> Resumes::give_up(Tracks::iterator track) {
  const ChannelKey key = track->first;
  around_.hub.let_go(around_.subscriber, key);
  around_.first_states.add(key, track->second.spelling, track->second.form);
  std::optional<channel::Frame> message;
  if (is_cursor(track->second.since))
    around_.cursor_lost(key);
  else
    message = lost_message(key, track->second.spelling, unix_seconds(around_.services.clock.now()));
  erase(track);
  return message;
}

channel::Frame Resumes::frame_of(ChannelKey key, const Track& track, std::uint64_t number,
                                 std::string_view body) const {
  if (!channel::is_numbered(track.form)) return make_push(key.topic, track.spelling, body);
  return make_numbered_push(key.topic, track.spelling, body, around_.services.health.epoch() + number);
}

Resumes::Track* Resumes::find(const Ref& ref) {
  const auto found = tracks_.find(ref.key);
  return found == tracks_.end() || found->second.ticket != ref.ticket ? nullptr : &found->second;
}

void Resumes::erase(Tracks::iterator track) {
  for (const Held& held : track->second.held) held_bytes_ -= held.frame->size();
  missed_ -= track->second.missed;
  if (track->second.was_asked) --answers_kept_;
  tracks_.erase(track);
}

}  // namespace qos::api::ws
