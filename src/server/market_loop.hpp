// What the market thread does, one turn after another: takes events from the sequencer, gives them to the
// journal, applies them, and between them saves a checkpoint. No thread and no wait in here, so a simulation
// turns it by hand.
//
// An event is in the journal's tail before anybody sees what it changed. Events of a feed that is durable
// first are applied only once they are on disk, and whatever was numbered behind them waits too, for state is
// a fold over one order.
//
// Thread: the market thread's.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/counter.hpp"
#include "io/clock.hpp"
#include "journal/journal.hpp"
#include "journal/sequencer.hpp"
#include "replay/checkpointer.hpp"
#include "state/machine.hpp"

namespace qos::server {

class MarketLoop {
 public:
  struct Options {
    std::size_t batch = 1'024;            // events taken before anything else is looked at
    std::uint64_t tail_events = 0;        // as the journal has it: no more wait for the disk
    std::vector<bool> durable_first{};    // by FeedId
    std::vector<std::string> feeds{};     // by FeedId, as configured; the last is the server itself
    std::uint64_t digest_every = 65'536;  // events between two StateDigests
  };
  // What a feed handed over in earlier runs, and the latest time that any received something.
  struct Before {
    std::map<std::string, std::uint64_t> handed_over;
    UnixNanos received = UnixNanos::min();
  };
  // `journal` and `checkpointer` may be null: nothing is kept. `applied` is called after each event.
  struct Parts {
    journal::Sequencer& sequencer;
    journal::Journal* journal;
    replay::Checkpointer* checkpointer;
    state::Machine& machine;
    state::ChangeSink& sink;
    io::Clock& clock;
    std::function<void(const SequencedEvent&)> applied;
  };
  MarketLoop(Parts parts, Options options, Before before);

  // How much was done; 0: nothing waits but for the disk or for new events.
  std::size_t turn();
  // Nothing that was numbered waits for the disk.
  bool settled() const { return waiting_.empty(); }
  // The disk is so far behind that nothing more is taken.
  bool is_held() const;
  // It was at the last turn. Any thread.
  bool held() const { return held_.load(std::memory_order_relaxed); }

  // The end of a run: a digest, and a checkpoint of all there is, so that the next start has nothing to
  // apply. Waits for the thread that writes it, but not for a disk that hangs.
  void finish();

  struct Counters {
    Counter held;  // turns in which the disk was so far behind that nothing was taken
  };
  const Counters& counters() const { return counters_; }

 private:
  std::size_t room() const;
  void take(const SequencedEvent& event);
  std::size_t apply_what_may_be();
  void apply(const SequencedEvent& event);
  bool keeps() const { return parts_.journal != nullptr; }
  bool is_durable_first(const SequencedEvent& event) const;
  std::size_t save_some();
  void put_digest();
  replay::CheckpointFacts facts() const;

  Parts parts_;
  Options options_;
  Before before_;
  std::vector<std::uint64_t> handed_over_;  // in this run, by FeedId
  std::deque<SequencedEvent> waiting_;      // for the disk; bounded by the journal's tail
  std::uint64_t since_digest_ = 0;
  std::atomic<bool> held_{false};
  Counters counters_;
};

}  // namespace qos::server
