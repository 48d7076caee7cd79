#include "simulation/world.hpp"

#include <cstdlib>

#include "journal/reader.hpp"

namespace qos::simulation {
namespace {

using test::FakeDisk;

constexpr std::size_t kNotes = 50;
constexpr std::size_t kClients = 5;
constexpr std::uint64_t kMostWaiting = 4'000;  // events in the sequencer's queues; feeds wait beyond
constexpr int kQuiesceTurns = 20'000;

}  // namespace

void Counts::add(const Counts& other) {
  steps += other.steps;
  events += other.events;
  kills += other.kills;
  power_losses += other.power_losses;
  restarts += other.restarts;
  deaths_inside += other.deaths_inside;
  failed_starts += other.failed_starts;
  epochs += other.epochs;
  anew += other.anew;
  detected += other.detected;
  checkpoints += other.checkpoints;
  slow_clients += other.slow_clients;
  clients.pushes += other.clients.pushes;
  clients.resumed += other.clients.resumed;
  clients.lost += other.clients.lost;
  clients.closed += other.clients.closed;
  simulated += other.simulated;
}

World::World(std::uint64_t seed)
    : seed_{seed},
      random_{seed},
      lies_{seed % 8 == 7},
      changes_machine_{std::getenv("QOS_SIMULATION_MACHINE_OPTIONS") != nullptr},
      clock_{market::utc("2024-08-05 00:00")},
      disk_{seed},
      weather_random_{seed + 1},
      venues_{static_cast<std::uint32_t>(seed), std::chrono::seconds{1 + below(40)}},
      reference_{options_.machine} {
  options_.report = [this](const Error& error) { note("report: {}", error.message); };
  for (std::size_t index = 0; index < kClients; ++index)
    clients_.push_back(std::make_unique<Client>(seed * 31 + index, reference_, counts_.clients));
}

World::~World() {
  // Nothing of the end is to be written.
  disk_.kill();
}

template <typename... Values>
void World::note(fmt::format_string<Values...> text, Values&&... values) {
  notes_.push_back(fmt::format("{} {}: {}", counts_.steps, market::text_of(clock_.now()),
                               fmt::format(text, std::forward<Values>(values)...)));
  if (notes_.size() > kNotes) notes_.pop_front();
}

void World::run(std::uint64_t steps) {
  start();
  for (std::uint64_t done = 0; done < steps && !over_; ++done) step();
  if (!over_ && disk_.dead()) crash();
  if (!over_) quiesce();
  counts_.simulated = clock_.passed();
}

void World::step() {
  ++counts_.steps;
  if (disk_.dead()) {
    ++counts_.deaths_inside;
    note("died inside of a disk call");
    return crash();
  }
  const auto dice = below(1'000);
  if (dice < 250) return feed_some();
  if (dice < 900) return turn_something();
  if (dice < 985) return client_does_something();
  if (dice < 995) return weather_changes();
  if (one_in(4)) return end_the_process();
  if (one_in(3)) {
    const auto jump = std::chrono::seconds{below(7'200)} - std::chrono::seconds{3'600};
    note("the wall's clock jumps by {} s", jump.count());
    jumped_ += jump;
    clock_.jump(jump);
  }
}

void World::feed_some() {
  const auto many = one_in(20) ? below(200) : 1 + below(8);
  if (reference_.waiting() + many > kMostWaiting) return;
  for (std::uint64_t count = 0; count < many; ++count) {
    auto event = venues_.next(instruments());
    const auto world_time = clock_.now() - jumped_;
    if (venues_.latest() > world_time) clock_.advance(venues_.latest() - world_time);
    event.ts_recv = clock_.now();
    process_->put(event);
  }
  counts_.events += many;
  note("feeds hand over {} events", many);
}

void World::turn_something() {
  if (one_in(3)) clock_.advance(std::chrono::microseconds{below(4'000)});
  switch (below(10)) {
    case 0:
    case 1:
    case 2: {
      const auto done = process_->market_turn();
      note("market turn: {}", done);
      drain_loops();
      return;
    }
    case 3:
    case 4:
      note("journal: {}", process_->journal_step());
      return;
    case 5:
      note("checkpoint: {}", process_->checkpoint_step());
      return;
    case 6:
      note("question: {}", process_->question_step());
      return;
    default: {
      const auto loop = below(kLoops);
      const auto tick = one_in(4) ? io::Loop::Tick::due : io::Loop::Tick::no;
      process_->loop_turn(loop, tick);
      note("loop {} turns", loop);
    }
  }
}

// A full ring would make the market thread wait for a loop that nobody turns.
void World::drain_loops() {
  if (!one_in(3)) return;
  for (std::size_t index = 0; index < kLoops; ++index)
    for (int turns = 0; turns < 1'000 && process_->loop_turn(index, io::Loop::Tick::no); ++turns) continue;
}

void World::client_does_something() {
  const auto index = below(kClients);
  auto& client = *clients_[index];
  if (!client.connected()) {
    if (!one_in(3)) return;
    note("client {} connects", index);
    return process_->adopt(below(kLoops), client.connect());
  }
  switch (below(8)) {
    case 0:
      if (!one_in(4)) return;
      note("client {} goes away", index);
      return client.disconnect();
    case 1:
    case 2:
      note("client {} subscribes", index);
      return client.subscribe();
    default: {
      // The last one is slow.
      const auto most = index + 1 == kClients ? std::size_t{256} : std::size_t{65'536};
      while (client.read(most) && index + 1 != kClients) continue;
      note("client {} reads", index);
    }
  }
}

void World::weather_changes() {
  if (bad_weather_) return clear_weather();
  bad_weather_ = true;
  const auto kind = below(lies_ ? 6 : 5);
  note("bad weather {}", kind);
  switch (kind) {
    case 0:
      disk_.capacity(disk_.used() + below(20'000));
      return;
    case 1:
      disk_.fail_if([](std::string_view) { return FakeDisk::Fault::read_only; });
      return;
    case 2:
      disk_.fail_if([](std::string_view call) {
        return call.starts_with("sync") ? std::optional{FakeDisk::Fault::error} : std::nullopt;
      });
      return;
    case 3:
      disk_.die_at(disk_.calls() + 1 + below(30));
      return;
    case 4:
      disk_.fail_if([this](std::string_view) -> std::optional<FakeDisk::Fault> {
        constexpr std::array kFaults{FakeDisk::Fault::error, FakeDisk::Fault::no_space,
                                     FakeDisk::Fault::short_write};
        if (weather_random_() % 4 != 0) return std::nullopt;
        return kFaults[weather_random_() % kFaults.size()];
      });
      return;
    default:
      disk_.ignore_syncs(true);
  }
}

void World::clear_weather() {
  if (bad_weather_) note("the weather clears");
  bad_weather_ = false;
  disk_.heal();
  disk_.die_at(~std::uint64_t{0});
  disk_.capacity(FakeDisk::kUnlimited);
  // What was lied about stays so: a disk that lies does so for long.
}

void World::end_the_process() {
  if (one_in(3)) return restart();
  crash();
}

void World::crash() {
  const bool power = one_in(3);
  counts_.checkpoints += process_->kept().checkpointer().counters().taken.value();
  counts_.slow_clients += process_->counters().slow_consumers.value();
  note("{}; {} applied, {} appended, {} durable", power ? "power loss" : "kill", reference_.last().value(),
       process_->journal().appended().value(), process_->journal().durable().value());
  if (power) {
    ++counts_.power_losses;
    disk_.power_loss();
    ended_ = Ended::without_power;
  } else {
    ++counts_.kills;
    disk_.kill();
    ended_ = Ended::killed;
  }
  process_.reset();
  for (auto& client : clients_) client->disconnect();
  start();
}

void World::restart() {
  quiesce();
  note("orderly restart");
  ++counts_.restarts;
  counts_.checkpoints += process_->kept().checkpointer().counters().taken.value();
  counts_.slow_clients += process_->counters().slow_consumers.value();
  process_->finish();
  process_.reset();
  for (auto& client : clients_) client->disconnect();
  ended_ = Ended::orderly;
  start();
}

// Everything that is under way arrives.
void World::quiesce() {
  clear_weather();
  note("quiesce");
  for (int turns = 0, idle = 0; idle < 20; ++turns) {
    demand(turns < kQuiesceTurns, "it does not come to rest: {} events wait, {} appended, {} durable",
           reference_.waiting(), process_->journal().appended().value(),
           process_->journal().durable().value());
    clock_.advance(std::chrono::milliseconds{200});
    bool busy = process_->market_turn() > 0;
    busy |= process_->journal_step();
    busy |= process_->checkpoint_step();
    busy |= process_->question_step();
    for (std::size_t index = 0; index < kLoops; ++index)
      busy |= process_->loop_turn(index, turns % 5 == 0 ? io::Loop::Tick::due : io::Loop::Tick::no);
    for (auto& client : clients_) busy |= client->read(65'536);
    idle = busy ? 0 : idle + 1;
  }
  demand(reference_.waiting() == 0 && process_->settled(), "{} events were never applied",
         reference_.waiting());
  for (const auto& client : clients_) client->demand_everything();
  reference_.compare_numbers(process_->machine());
  if (!changes_machine_) reference_.compare_state(process_->machine());
}

void World::choose_options() {
  constexpr std::array<std::uint64_t, 3> kTails{128, 512, 2'048};
  constexpr std::array<std::uint64_t, 3> kSegments{8'000, 40'000, 200'000};
  constexpr std::array<std::uint64_t, 3> kCheckpoints{200, 1'500, 100'000};
  options_.tail_events = kTails[below(kTails.size())];
  options_.segment_bytes = kSegments[below(kSegments.size())];
  options_.checkpoint_events = kCheckpoints[below(kCheckpoints.size())];
  options_.keep_bytes = one_in(3) ? 50'000 : 0;
  options_.archive = one_in(2);
  if (changes_machine_ && one_in(2)) options_.machine.klines_kept = 50 + below(300);
}

void World::start() {
  choose_options();
  if (!one_in(4)) clear_weather();
  if (one_in(6)) disk_.die_at(disk_.calls() + 1 + below(60));
  while (!over_ && !try_to_start()) {
    ++counts_.failed_starts;
    process_.reset();
    if (disk_.dead() && one_in(3)) {
      disk_.power_loss();
      ended_ = Ended::without_power;
    } else {
      disk_.kill();
    }
    clear_weather();
    clock_.advance(std::chrono::seconds{1});
  }
}

// False: it did not start because of the disk, and says so.
bool World::try_to_start() {
  const auto failed = [this](const Error& error) {
    note("does not start: {}", error.message);
    if (bad_weather_ || disk_.dead()) return false;
    // Only a disk that lies may have damaged what is there.
    demand(lies_, "does not start: {}", error.message);
    ++counts_.detected;
    over_ = true;
    return false;
  };
  auto opened = Process::open(disk_, clock_, options_);
  if (!opened) return failed(opened.error());
  process_ = std::move(*opened);
  const auto& found = process_->journal().found();
  note("journal: last {}, {} from the tail, {} torn bytes, epoch {}{}", found.last.sequence.value(),
       found.from_tail, found.torn_bytes, process_->journal().epoch().value(),
       found.new_epoch ? ", new: " + found.reason : "");
  read_the_journal();
  if (over_) return false;
  if (auto recovered = process_->recover(reference_); !recovered) return failed(recovered.error());
  if (disk_.dead()) return false;
  const bool is_anew = !process_->kept().recovered() && found.last.sequence > Sequence{};
  join_the_reference(is_anew);
  reference_.forget_what_waits();
  process_->serve();
  return true;
}

// The journal has all that was applied and nothing else, or says that it has not.
void World::read_the_journal() {
  const auto& found = process_->journal().found();
  const auto last = found.last.sequence;
  const auto published = reference_.last();
  if (last < published) {
    demand(ended_ == Ended::without_power, "{} events were applied, the journal has {}", published.value(),
           last.value());
    demand(found.new_epoch, "{} events were applied, the journal has {} and claims that nothing is missing",
           published.value(), last.value());
    for (auto at = last.value() + 1; at <= published.value() && !lies_; ++at)
      demand(reference_.at(Sequence{at}).event.feed != kCoins,
             "event {}, durable first, was published and is lost", at);
    reference_.lose_after(last);
  }
  const auto segments = journal::segments_of(disk_, kJournal);
  const auto damaged = [&](const Error& error) {
    demand(lies_ || bad_weather_ || disk_.dead(), "the journal cannot be read: {}", error.message);
    note("damage: {}", error.message);
    if (lies_) ++counts_.detected;
    over_ = lies_;
  };
  if (!segments) return damaged(segments.error());
  auto names = Process::names();
  auto reader = journal::Reader::open(disk_, kJournal, Sequence{segments->front().first.value() - 1}, names);
  if (!reader) return damaged(reader.error());
  Sequence read{segments->front().first.value() - 1};
  for (;;) {
    const auto events = (*reader)->next();
    if (!events) return damaged(events.error());
    if (events->empty()) break;
    for (const auto& event : *events) {
      demand(event.sequence.value() == read.value() + 1, "the journal has event {} after {}",
             event.sequence.value(), read.value());
      read = event.sequence;
      if (read > reference_.last())
        reference_.found(event);
      else
        demand(reference_.at(read) == event, "event {} of the journal is another than was applied",
               read.value());
    }
  }
  demand(read == last, "the journal says that it ends at {}, but it has events up to {}", last.value(),
         read.value());
}

void World::join_the_reference(bool is_anew) {
  const auto& machine = process_->machine();
  const auto epoch = process_->journal().epoch();
  const bool is_new = epoch != reference_.epoch();
  demand(is_new || !is_anew, "state began anew in the same epoch");
  demand(
      reference_.epoch() == journal::Epoch{} || is_new == (process_->journal().found().new_epoch || is_anew),
      "epoch {} after {}, though the journal says {}", epoch.value(), reference_.epoch().value(),
      process_->journal().found().new_epoch ? "new" : "the same");
  demand(!is_new || ended_ != Ended::orderly || is_anew, "a new epoch after an orderly end");
  demand(!is_new || ended_ != Ended::killed || is_anew,
         "a new epoch though nothing but the process ended: {}", process_->journal().found().reason);
  if (is_anew) {
    ++counts_.anew;
    note("state begins anew");
    reference_.begin_anew();
  }
  if (is_new) {
    ++counts_.epochs;
    reference_.begin_epoch(epoch, machine);
  }
  demand(machine.counters().digest_mismatches.value() == 0, "a digest differs from what was published");
  reference_.compare_numbers(machine);
  if (!changes_machine_) reference_.compare_state(machine);
  for (std::size_t feed = 0; feed < kFeeds; ++feed) {
    const auto& before = process_->kept().before().handed_over;
    const auto there = before.find(Process::names().feeds[feed]);
    const auto count = there == before.end() ? 0 : there->second;
    const auto expected = reference_.handed_over(FeedId{static_cast<std::uint16_t>(feed)});
    demand(count == expected, "feed {} has handed over {} events, the recovery says {}", feed, expected,
           count);
  }
}

std::string World::fingerprint() {
  std::string text = fmt::format("{} ns, {} events\n", clock_.passed().count(), reference_.last().value());
  const auto add = [&](std::string_view what, std::string_view bytes) {
    text += fmt::format("{}: {} bytes, {:016x}\n", what, bytes.size(), hash_of(bytes));
  };
  for (const auto& folder : {kJournal, kJournal / "checkpoints"}) {
    const auto files = disk_.list(folder);
    if (!files) continue;
    for (const auto& file : *files)
      // The tail is raw memory: what stands between the members of an event is anything.
      if (const auto content = disk_.content(folder / file); content && !file.starts_with("tail"))
        add(file, *content);
  }
  if (process_ && !over_)
    for (const auto& part : saved_parts(process_->machine())) add("state", part);
  for (const auto& client : clients_) text += fmt::format("a client heard {:016x}\n", client->heard());
  return text;
}

}  // namespace qos::simulation
