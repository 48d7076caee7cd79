// Channels whose subscriber is sent what it missed before it hears what comes: who names the last push it had
// (`from`), and keys with a cursor.
//
// From the moment of subscribing the hub hands their updates over to be held. Then the state is looked at:
// what is in it up to its version is missed, what the hub holds above it comes after, so together they are
// everything, once. What was missed is taken from the tape if that reaches back, else worked out again by
// api::Rewind. Nothing is called recovered that is not counted through: if a number is missing, if too much
// had to be held, or if the answer does not come, the client is told in place of the missed pushes, and the
// stream goes on as an ordinary subscription.
//
// Thread: the loop's. Everything is bounded by kMost… below.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/loop_mail.hpp"
#include "api/query.hpp"
#include "api/rewind.hpp"
#include "api/ws/first_states.hpp"
#include "channel/hub.hpp"

namespace qos::api::ws {

inline constexpr std::uint64_t kMostMissed = 10'000;           // pushes of one channel
inline constexpr std::uint64_t kMostMissedTogether = 100'000;  // of a connection, not sent yet
inline constexpr std::size_t kMostHeldBytes = 8 << 20;         // of a connection, while it is sent the past
inline constexpr std::chrono::seconds kResumePatience{60};     // for the past to be worked out

class Resumes {
 public:
  // What the subscriber had last.
  struct AfterNumber {
    std::uint64_t number = 0;  // as state::Numbers counts
  };
  struct AfterSequence {  // of a cursor: trades, or K-lines when they are final
    Sequence sequence;
  };
  using Since = std::variant<AfterNumber, AfterSequence>;

  struct Surroundings {
    channel::Hub& hub;
    channel::Subscriber& subscriber;
    const Services& services;
    FirstStates& first_states;       // gains what could not be resumed
    std::shared_ptr<LoopMail> mail;  // for answers from other threads
    std::function<void()> something_to_send;
    // The subscriber has been sent all of the channel up to this event, or a push of it.
    std::function<void(const channel::ChannelKey&, Sequence)> sent;
    std::function<void(const channel::ChannelKey&)> cursor_lost;  // its past could not be sent
  };
  explicit Resumes(Surroundings around);
  ~Resumes();
  Resumes(const Resumes&) = delete;
  Resumes& operator=(const Resumes&) = delete;

  enum class Begun : std::uint8_t { yes, lost };
  // Right after Hub::subscribe said `yes`. lost: known at once that it cannot be; nothing has changed.
  Begun begin(channel::ChannelKey key, std::string_view spelling, channel::Form form, Since since,
              SteadyTime now);
  // What the hub holds back.
  void hold(const channel::Update& update, const channel::Frame& frame);
  // Right after Hub::unsubscribe.
  void forget(const std::vector<channel::ChannelKey>& keys);
  // Asks for what was missed, as much as may be asked at a time. Every turn in which there is something to
  // do.
  void pursue();
  // Gives up where no answer came, and goes on asking. Every tick.
  void on_tick(SteadyTime now);

  bool has_something_to_send() const { return !ready_.empty(); }
  // What comes next of those that are ready; nullopt: nothing, at the moment.
  std::optional<channel::Frame> next();

 private:
  enum class Stage : std::uint8_t { to_look, to_ask, asked, sending, lost };
  struct Held {
    Sequence sequence;
    std::uint64_t number;
    channel::Frame frame;
  };
  struct Track {
    std::uint64_t ticket = 0;  // tells it from an earlier one of the same channel
    std::string spelling;
    channel::Form form = channel::Form::plain;
    Since since;
    SteadyTime begun;
    Stage stage = Stage::to_look;
    Sequence boundary;              // missed up to it, held above it
    std::uint64_t last_number = 0;  // of the last push up to the boundary; 0: nobody counts
    std::uint64_t missed = 0;       // how many, where it is known
    std::string state;              // a first state after the missed pushes; empty: none
    std::vector<Rewind::Missed> pushes;
    std::size_t sent = 0;    // pushes before it are queued
    bool was_asked = false;  // its pushes came from the rewind
    std::deque<Held> held;
  };
  struct Ref {
    channel::ChannelKey key;
    std::uint64_t ticket;
  };
  using Tracks = std::map<channel::ChannelKey, Track>;

  Track* find(const Ref& ref);
  Stage look(channel::ChannelKey key, Track& track);
  Stage look_at_numbers(channel::ChannelKey key, Track& track, const state::InstrumentView& view);
  Stage look_at_final_klines(channel::ChannelKey key, Track& track, const state::InstrumentView& view);
  Stage look_at_trades(channel::ChannelKey key, Track& track, const state::InstrumentView& view);
  bool take_from_tape(channel::ChannelKey key, Track& track, const std::vector<state::TapeTrade>& tape) const;
  void enter(channel::ChannelKey key, Track& track, Stage stage);
  bool ask(channel::ChannelKey key, Track& track);
  void answered(const Ref& ref, std::expected<Rewind::Result, Rewind::Failure> result);
  static bool proven(channel::ChannelKey key, const Track& track, const Rewind::Result& result);
  std::optional<channel::Frame> next_of(channel::ChannelKey key, Track& track);
  std::optional<channel::Frame> give_up(Tracks::iterator track);
  channel::Frame frame_of(channel::ChannelKey key, const Track& track, std::uint64_t number,
                          std::string_view body) const;
  void erase(Tracks::iterator track);
  void lose(channel::ChannelKey key, Track& track) { enter(key, track, Stage::lost); }

  Surroundings around_;
  Tracks tracks_;
  std::deque<Ref> unasked_;  // to be looked at or asked for, oldest first
  std::deque<Ref> ready_;    // to be sent
  std::uint64_t next_ticket_ = 1;
  std::uint64_t missed_ = 0;  // of all tracks together
  std::size_t held_bytes_ = 0;
  std::size_t outstanding_ = 0;     // questions without an answer
  std::size_t answers_kept_ = 0;    // answers that are being sent
  std::shared_ptr<Resumes*> self_;  // what an answer finds its way back by; gone with this
};

}  // namespace qos::api::ws
