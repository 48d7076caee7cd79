// Bytes waiting for one client, and when to give up on it. A client may sit above `soft` for `grace`; above
// `hard` it goes at once. Frames are shared: a thousand outboxes may hold the same bytes.
//
// An answer that the client asked for may be longer than all that. One that is pushed while no more than
// `soft` waits does not count towards `hard`, and the grace time starts anew whenever part of it is sent. So
// no more than `soft`, one answer and `hard` ever wait, and a client that takes nothing is given up on as any
// other.
//
// Thread: the loop's. An empty outbox holds next to no memory beside itself.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "channel/frame.hpp"
#include "core/time.hpp"

namespace qos::channel {

class Outbox {
 public:
  struct Limits {
    std::size_t hard_bytes = 4 << 20;
    std::size_t soft_bytes = 1 << 20;
    std::chrono::milliseconds grace{5'000};
  };
  // Why a client is given up on is public: docs/api/close_codes.md.
  enum class Verdict { keep, slow_consumer };

  explicit Outbox(const Limits& limits) : limits_{&limits} {}  // shared by all outboxes of a loop

  // Queues a frame; the caller closes the client on slow_consumer. Never blocks, never drops.
  Verdict push(Frame frame, SteadyTime now);
  // Likewise, of what the client itself has asked for.
  Verdict push_answer(Frame frame, SteadyTime now);
  // Of a client that nothing was pushed to since.
  Verdict verdict(SteadyTime now) const;

  std::size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }

  // The unsent bytes in order, at most parts.size() pieces; returns how many. Valid until the next call.
  std::size_t gather(std::span<std::string_view> parts) const;
  // The first `bytes` of them were sent.
  void sent(std::size_t bytes, SteadyTime now);
  // Forgets what no byte of has been sent: a frame that is half on the wire must be finished.
  void drop_unstarted();

 private:
  void forget(std::size_t frames);

  const Limits* limits_;
  std::vector<Frame> frames_;
  std::size_t first_ = 0;   // frames_ before it are sent
  std::size_t offset_ = 0;  // bytes of frames_[first_] that are sent
  std::size_t bytes_ = 0;
  std::size_t excused_ = 0;  // bytes of answers that do not count; pushes between two of them may be among
  std::size_t excused_end_ = 0;  // unsent bytes up to the end of the last such answer
  std::optional<SteadyTime> soft_since_;
};

}  // namespace qos::channel
