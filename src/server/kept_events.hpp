// What a server keeps of its events, and the state that they make when it starts: the journal, checkpoints,
// and the recovery that joins them.
//
// Recovery: the newest whole checkpoint, then the journal after it. Where no checkpoint fits (its format or
// the options of state are others now) state begins anew from the stored past, in a new epoch: nobody is told
// that numbers go on.
//
// Threads: everything belongs to the thread that opens the pipeline; journal() and checkpointer() say
// themselves who may call them.
#pragma once

#include <functional>
#include <memory>

#include "core/result.hpp"
#include "io/clock.hpp"
#include "io/disk.hpp"
#include "journal/journal.hpp"
#include "market/instrument.hpp"
#include "replay/checkpointer.hpp"
#include "server/config.hpp"
#include "server/market_loop.hpp"
#include "state/machine.hpp"

namespace qos::server {

class KeptEvents {
 public:
  struct Options {
    journal::Journal::Options journal;
    replay::Checkpointer::Options checkpoints;
  };
  static Options options_of(const Config& config);

  // Opens the journal and finishes what a crash has left of it. Called only where journal.mode is on.
  static Result<std::unique_ptr<KeptEvents>> open(Options options, io::Disk& disk, io::Clock& clock,
                                                  journal::Names names);
  static Result<std::unique_ptr<KeptEvents>> open(const Config& config, io::Disk& disk, io::Clock& clock,
                                                  journal::Names names) {
    return open(options_of(config), disk, clock, std::move(names));
  }
  ~KeptEvents();

  // `calendars`: as their files say; the machine changes them. Fresh, or restored from a checkpoint.
  Result<std::unique_ptr<state::Machine>> make_machine(const market::InstrumentTable& instruments,
                                                       market::CalendarTable& calendars,
                                                       const state::Machine::Options& options);
  // Applies what the journal has after the checkpoint.
  Result<void> catch_up(state::Machine& machine, state::ChangeSink& sink);
  // Starts the threads that write; `wake` is called when the disk has got further. Without it journal() and
  // checkpointer() are stepped by hand (simulation).
  void start(std::function<void()> wake);

  // State goes on from what earlier runs have seen.
  bool recovered() const { return recovered_; }
  const MarketLoop::Before& before() const { return before_; }
  journal::Journal& journal() { return *journal_; }
  replay::Checkpointer& checkpointer() { return *checkpointer_; }

  // The journal first, then the checkpoint that waits for it.
  void stop();
  // After stop(): the folder is another process's.
  void give_up_folder() { journal_->give_up_folder(); }

 private:
  KeptEvents(Options options, io::Disk& disk, io::Clock& clock, journal::Names names);
  Result<void> open_journal();
  Result<bool> is_whole() const;
  Result<void> begin_anew(const Error& why);
  Result<void> begin_epoch();
  Result<void> remove_beyond(Sequence last);
  Result<void> sync_checkpoints(bool changed);
  Result<void> prove(const state::Machine& machine);

  Options options_;
  io::Disk& disk_;
  io::Clock& clock_;
  journal::Names names_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<replay::Checkpointer> checkpointer_;
  const market::InstrumentTable* instruments_ = nullptr;  // once there is a machine
  bool recovered_ = false;
  bool codes_gone_ = false;
  Sequence from_;  // the journal is applied behind it
  MarketLoop::Before before_;
};

}  // namespace qos::server
