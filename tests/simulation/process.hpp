// One run of the server, wired as server/pipeline.cpp wires it, without a thread: whoever holds it turns each
// part by hand. What it keeps is on the disk that it is given.
#pragma once

#include <deque>

#include "api/worker.hpp"
#include "api/ws/push.hpp"
#include "replay/own_calendars.hpp"
#include "server/kept_events.hpp"
#include "server/publisher.hpp"
#include "server/rewind_service.hpp"
#include "simulation/reference.hpp"
#include "simulation/sim_clock.hpp"

namespace qos::simulation {

inline const std::filesystem::path kJournal = "data/journal";
inline constexpr std::size_t kLoops = 2;
// As server/rewind_service.cpp: for what is not on disk yet.
inline constexpr std::chrono::seconds kQuestionPatience{5};
inline constexpr std::size_t kQuestionsWaiting = 256;

// What an operator may have changed between two runs.
struct RunOptions {
  state::Machine::Options machine{.trades_kept = 64, .klines_kept = 200, .ledger_kept = 512};
  std::uint64_t tail_events = 512;
  std::uint64_t segment_bytes = 60'000;
  std::uint64_t checkpoint_events = 1'500;
  std::uint64_t keep_bytes = 0;
  bool archive = true;
  std::function<void(const Error&)> report{};  // what an operator would read
};

// Everybody may do everything.
class OpenGate final : public access::Gate {
 public:
  std::expected<access::Grant, access::Denial> authenticate(std::string_view, UnixNanos) override {
    return access::Grant{KeyId{1}, "good", plan_, {}};
  }
  std::optional<access::Denial> check(KeyId, UnixNanos) override { return std::nullopt; }
  access::Quota take(const access::Grant&, access::Permission, SteadyTime) override { return {}; }
  std::shared_ptr<void> connect(const access::Grant&) override { return plan_; }
  Result<access::NewKey> create(std::string_view, std::string_view, UnixNanos,
                                const access::KeyNature&) override {
    return fail("no keys");
  }
  Result<std::vector<access::KeyRecord>> list() override { return std::vector<access::KeyRecord>{}; }
  Result<access::KeyRecord> disable(std::string_view) override { return fail("no keys"); }
  std::shared_ptr<const access::Plan> plan(std::string_view) const override { return plan_; }

 private:
  std::shared_ptr<access::Plan> plan_ = std::make_shared<access::Plan>();
};

// The questions' thread, by hand.
class SteppedRewind final : public api::Rewind {
 public:
  SteppedRewind(replay::Archive archive, journal::Journal& journal, io::Clock& clock)
      : service_{std::move(archive), unused_}, journal_{journal}, clock_{clock} {}

  bool ask(const Request& request, Done done) override {
    if (asked_.size() >= kQuestionsWaiting) return false;
    asked_.push_back({request, std::move(done), clock_.steady_now()});
    return true;
  }
  bool step() {
    if (asked_.empty()) return false;
    const auto& next = asked_.front();
    const bool is_there = journal_.durable() >= next.request.at_least;
    if (!is_there && clock_.steady_now() - next.since < kQuestionPatience) return false;
    auto taken = std::move(asked_.front());
    asked_.pop_front();
    taken.done(is_there ? service_.answer(taken.request) : std::unexpected{Failure::broken});
    return true;
  }

 private:
  struct Asked {
    Request request;
    Done done;
    SteadyTime since;
  };
  server::PastQuestions unused_;
  server::RewindService service_;
  journal::Journal& journal_;
  io::Clock& clock_;
  std::deque<Asked> asked_;
};

class Process final : private state::ChangeSink {
 public:
  // Before anything is served: the journal is open, nothing is applied.
  static Result<std::unique_ptr<Process>> open(io::Disk& disk, SimClock& clock, const RunOptions& options) {
    auto kept = server::KeptEvents::open({.journal = {.folder = kJournal,
                                                      .segment_bytes = options.segment_bytes,
                                                      .tail_events = options.tail_events,
                                                      .keep_bytes = options.keep_bytes,
                                                      .archive = options.archive,
                                                      .report = options.report},
                                          .checkpoints = {.folder = kJournal / "checkpoints",
                                                          .every_events = options.checkpoint_events,
                                                          .report = options.report}},
                                         disk, clock, names());
    if (!kept) return std::unexpected{kept.error()};
    return std::unique_ptr<Process>{new Process{disk, clock, options, std::move(*kept)}};
  }

  // Recovers the state; what is told again goes to the reference. Then it serves.
  Result<void> recover(Reference& reference) {
    reference_ = &reference;
    calendars_ = std::make_unique<market::CalendarTable>(state::make_calendars());
    calendars_of_files_ = replay::own_calendars(*calendars_);
    auto machine = kept_->make_machine(instruments(), *calendars_, options_.machine);
    if (!machine) return std::unexpected{machine.error()};
    machine_ = std::move(*machine);
    struct Again final : state::ChangeSink {
      explicit Again(Reference& told) : reference{told} {}
      void on(const state::Change& change) override { reference.told(change); }
      Reference& reference;
    } again{reference};
    return kept_->catch_up(*machine_, again);
  }
  void serve() {
    auto& journal = kept_->journal();
    loop_.emplace(
        server::MarketLoop::Parts{.sequencer = sequencer_.emplace(journal::Sequencer::Options{
                                      .feeds = kFeeds, .last = journal.appended()}),
                                  .journal = &journal,
                                  .checkpointer = &kept_->checkpointer(),
                                  .machine = *machine_,
                                  .sink = *this,
                                  .clock = clock_,
                                  .applied = [this](const SequencedEvent& event) { applied(event); }},
        server::MarketLoop::Options{.batch = 64,
                                    .tail_events = options_.tail_events,
                                    .durable_first = {false, true},
                                    .feeds = names().feeds,
                                    .digest_every = 300},
        kept_->before());
    health_.set_epoch(journal.epoch().value());
    health_.set_ready(true);
    klines_.emplace(instruments(), *calendars_, &machine_->views(), nullptr, history::Klines::Options{});
    rewind_.emplace(replay::Archive{.disk = disk_,
                                    .journal = kJournal,
                                    .checkpoints = kJournal / "checkpoints",
                                    .names = journal.names(),
                                    .instruments = instruments(),
                                    .calendars = *calendars_of_files_,
                                    .options = options_.machine},
                    journal, clock_);
    services_.emplace(api::Services{.instruments = instruments(),
                                    .calendars = *calendars_,
                                    .views = machine_->views(),
                                    .klines = *klines_,
                                    .health = health_,
                                    .clock = clock_,
                                    .rewind = &*rewind_});
    for (std::size_t index = 0; index < kLoops; ++index)
      workers_.push_back(api::Worker::create(index, {.options = server_options_,
                                                     .services = *services_,
                                                     .gate = gate_,
                                                     .fanout = fanout_,
                                                     .worlds = nullptr,
                                                     .counters = counters_,
                                                     .registrations = registrations_,
                                                     .outbox_limits = outbox_limits_})
                             .value());
  }

  void put(const Event& event) {
    reference_->put(event);
    sequencer_->put(event.feed, event);
  }
  std::size_t market_turn() { return loop_->turn(); }
  bool journal_step() { return kept_->journal().step(); }
  bool checkpoint_step() { return kept_->checkpointer().write_some(); }
  bool question_step() { return rewind_->step(); }
  bool loop_turn(std::size_t index, io::Loop::Tick tick) { return workers_[index]->loop().turn(tick); }
  void adopt(std::size_t index, io::Descriptor socket) {
    workers_[index]->adopt(api::Transport{.stream = io::Stream{std::move(socket)},
                                          .place = api::CountedPlace{counters_.connections_open},
                                          .outbox = channel::Outbox{outbox_limits_}},
                           "10.0.0.1");
  }
  // The orderly end. Everything was turned until nothing was left to do.
  void finish() {
    loop_->finish();
    while (checkpoint_step() || journal_step()) continue;
    kept_->stop();
    while (checkpoint_step()) continue;
  }

  bool settled() const { return loop_->settled(); }
  bool held() const { return loop_->is_held(); }
  server::KeptEvents& kept() { return *kept_; }
  journal::Journal& journal() { return kept_->journal(); }
  const state::Machine& machine() const { return *machine_; }
  const api::ServerCounters& counters() const { return counters_; }
  static journal::Names names() {
    journal::Names names{.feeds = {"stocks", "coins", "server"}};
    for (std::uint32_t id = 0; id < instruments().size(); ++id)
      names.instruments.push_back(instruments().at(InstrumentId{id}).code.to_string());
    for (std::uint16_t id = 0; id < state::world_calendars().size(); ++id)
      names.calendars.push_back(state::world_calendars().at(CalendarId{id}).name());
    return names;
  }

 private:
  Process(io::Disk& disk, SimClock& clock, const RunOptions& options,
          std::unique_ptr<server::KeptEvents> kept)
      : disk_{disk}, clock_{clock}, options_{options}, kept_{std::move(kept)} {}

  void on(const state::Change& change) override {
    reference_->told(change);
    publisher_.publish(change);
  }
  void applied(const SequencedEvent& event) {
    demand(event.event.feed != kCoins || kept_->journal().durable() >= event.sequence,
           "event {} is of a feed that is durable first, but was applied with {} on disk",
           event.sequence.value(), kept_->journal().durable().value());
    demand(kept_->journal().appended() >= event.sequence, "event {} was applied before the journal had it",
           event.sequence.value());
    reference_->applied(event);
  }

  io::Disk& disk_;
  SimClock& clock_;
  RunOptions options_;
  Reference* reference_ = nullptr;
  std::unique_ptr<server::KeptEvents> kept_;
  std::unique_ptr<market::CalendarTable> calendars_;
  std::unique_ptr<market::CalendarTable> calendars_of_files_;
  std::unique_ptr<state::Machine> machine_;
  std::optional<journal::Sequencer> sequencer_;
  std::optional<server::MarketLoop> loop_;
  channel::Fanout fanout_{{.loops = kLoops, .instruments = instruments().size()}};
  server::Publisher publisher_{instruments(), fanout_};
  api::Health health_;
  std::optional<history::Klines> klines_;
  std::optional<SteppedRewind> rewind_;
  std::optional<api::Services> services_;
  OpenGate gate_;
  // Time passes quickly here; nobody is silent for a day.
  api::ServerOptions server_options_{.outbox_hard_bytes = 256 << 10,
                                     .outbox_soft_bytes = 64 << 10,
                                     .heartbeat_timeout = std::chrono::hours{24}};
  api::ServerCounters counters_;
  api::http::RegistrationLimiter registrations_{{}};
  channel::Outbox::Limits outbox_limits_{.hard_bytes = server_options_.outbox_hard_bytes,
                                         .soft_bytes = server_options_.outbox_soft_bytes,
                                         .grace = server_options_.outbox_grace,
                                         .say_merged = &api::ws::say_merged};
  std::vector<std::unique_ptr<api::Worker>> workers_;
};

}  // namespace qos::simulation
