// Takes checkpoints while events go on: the market thread saves one instrument at a time, between events, and
// another thread packs and writes what it is handed. So the market thread stops for the saving of one
// instrument at most, and memory holds a few instruments, not all.
//
// A checkpoint becomes one when the journal is durable up to its newest event. The newest two are kept, one
// of every `spacing` before them (time travel begins there), and none that the journal does not reach back
// to.
//
// Threads: due(), begin(), step() belong to the market thread; start() and stop() to the owner.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/counter.hpp"
#include "core/result.hpp"
#include "journal/journal.hpp"
#include "market/instrument.hpp"
#include "replay/checkpoint_file.hpp"
#include "state/machine.hpp"

namespace qos::replay {

class Checkpointer {
 public:
  struct Options {
    std::filesystem::path folder;
    std::uint64_t every_events = 10'000'000;  // a recovery applies at most about so many
    std::chrono::seconds every{600};          // and is at most so old, if there were events
    std::chrono::seconds first{10};           // the first of a run: what was recovered is not applied again
    std::chrono::seconds spacing{6 * 3'600};  // between the older ones that are kept
    std::size_t parts_waiting = 64;           // for the thread that writes
    std::function<void(const Error&)> report{};  // any thread
  };
  struct Counters {
    Counter taken;
    Counter failed;
    Gauge last_first;  // sequence behind which a recovery would begin
    Gauge last_bytes;
  };

  // All must outlive this. `last`: the newest checkpoint there is, nothing: 0.
  Checkpointer(journal::Journal& journal, io::Clock& clock, const market::InstrumentTable& instruments,
               Options options, Sequence last);
  ~Checkpointer();

  // --- market thread ---
  bool due(Sequence applied) const;
  // Something has happened since the last one.
  bool has_news(Sequence applied) const { return applied > taken_at_; }
  bool under_way() const { return next_.has_value(); }
  // `facts.last` and `.received` are settled at the end.
  void begin(const state::Machine& machine, CheckpointFacts facts);
  // Saves the next instrument. False: nothing was done, because none is under way or the writing thread has
  // enough to do. `received` as in CheckpointFacts, as of now.
  bool step(const state::Machine& machine, UnixNanos received);

  // --- owner ---
  void start();
  // Finishes a checkpoint of which all parts were handed over, if the journal is durable by then; ends.
  void stop();
  // What start()'s thread does, by hand. False: nothing to do.
  bool write_some();

  const Counters& counters() const { return counters_; }

 private:
  struct Part {
    std::string code;
    std::string bytes;
    std::optional<Sequence> begins{};       // the first one
    std::optional<CheckpointFacts> ends{};  // the last one
  };

  bool hand_over(Part part);
  Result<void> write(const Part& part);
  Result<void> settle(const CheckpointFacts& facts);
  void run(const std::stop_token& stop);

  journal::Journal& journal_;
  io::Clock& clock_;
  const market::InstrumentTable& instruments_;
  Options options_;
  CheckpointFacts facts_;
  std::optional<std::uint32_t> next_;  // the instrument to save; none: not under way
  Sequence taken_at_;
  SteadyTime taken_time_;

  std::mutex mutex_;  // guards parts_
  std::condition_variable_any arrived_;
  std::deque<Part> parts_;

  std::optional<CheckpointWriter> writer_;  // of the writing thread
  std::optional<CheckpointFacts> waits_;    // all is written; the journal is not durable yet
  bool abandoned_ = false;                  // the rest of this one is thrown away
  Counters counters_;
  std::jthread thread_;
};

}  // namespace qos::replay
