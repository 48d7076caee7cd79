// Bytes waiting for one client, and when to give up on it. A client may sit above `soft` for `grace`; above
// `hard` it goes at once. Frames are shared: a thousand outboxes may hold the same bytes.
//
// While an update waits unsent, a later one of the same piece of the same channel takes its place: whoever
// reads slowly is told the latest, and what waits for it is bounded by what it listens to. Nothing is lost by
// that: a snapshot or a K-line carries its own highs, lows and sums. Trades supersede nothing. A client that
// is told the numbers of its pushes is told how many one stands for.
//
// An answer that the client asked for may be longer than all that. One that is pushed while no more than
// `soft` waits does not count towards `hard`, and the grace time starts anew whenever part of it is sent. So
// no more than `soft`, one answer and `hard` ever wait, and a client that takes nothing is given up on as any
// other.
//
// Thread: the loop's. An empty outbox holds no memory beside itself.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "channel/batch.hpp"
#include "channel/frame.hpp"
#include "core/time.hpp"

namespace qos::channel {

class Outbox {
 public:
  struct Limits {
    std::size_t hard_bytes = 4 << 20;
    std::size_t soft_bytes = 1 << 20;
    std::chrono::milliseconds grace{5'000};
    // Makes the frame that says that it stands for `merged` earlier ones too, of a numbered one.
    Frame (*say_merged)(const Frame& frame, std::uint32_t merged) = nullptr;
  };
  // Why a client is given up on is public: docs/api/close_codes.md.
  enum class Verdict { keep, slow_consumer };

  explicit Outbox(const Limits& limits);  // shared by all outboxes of a loop
  ~Outbox();
  Outbox(Outbox&&) noexcept;
  Outbox& operator=(Outbox&&) noexcept;

  // Queues a frame; the caller closes the client on slow_consumer. Never blocks, never drops.
  Verdict push(Frame frame, SteadyTime now);
  // Likewise, of what the client itself has asked for.
  Verdict push_answer(Frame frame, SteadyTime now);
  struct Pushed {
    Verdict verdict;
    bool superseded;  // one that waited
  };
  // Likewise an update, which may take the place of one that waits.
  Pushed push_update(Frame frame, const Label& label, Form form, SteadyTime now);
  // Likewise one of which the first `sent` bytes are sent already. Nothing waits before it.
  Verdict push_rest(Frame frame, std::size_t sent, SteadyTime now);
  // Of a client that nothing was pushed to since.
  Verdict verdict(SteadyTime now) const;

  std::size_t bytes() const;
  bool empty() const { return waiting_ == nullptr; }

  // The first of the unsent bytes in one piece: copied into `room`, unless they lie in one piece already.
  // Valid until the next call. Empty: nothing waits.
  std::string_view gather(std::span<char> room);
  // The first `bytes` of the unsent bytes were sent.
  void sent(std::size_t bytes, SteadyTime now);
  // Forgets what no byte of has been sent: a frame that is half on the wire must be finished.
  void drop_unstarted();

  // What waits now is sent as it is: nothing supersedes or encodes it any more.
  void seal();
  // For a client whose frames depend on those before them, and are therefore made when it is certain that
  // they are sent. Lets one frame, `encode(frames)`, take the place of the first whole frames that wait, of
  // which no more than `most` bytes, one at least; it is sealed. Nothing if the first one is sealed or half
  // sent.
  void encode_first(std::size_t most, const std::function<Frame(std::string_view frames)>& encode);

 private:
  class Waiting;
  Waiting& waiting();

  const Limits* limits_;
  std::unique_ptr<Waiting> waiting_;  // nullptr: nothing waits
};

}  // namespace qos::channel
