// How long does a server take to be itself again after a kill? A day of events in the journal, a checkpoint
// at their middle: the checkpoint is restored and what follows it applied, with full state.
//
//   bench_recovery [--events 2000000] [--instruments 1000] [--folder DIR]
//
// Made up with a fixed seed: trades, changes of books and a tick a second, spread over one day of a market
// that never closes. Beside the times it prints the digest of the recovered machine, which is that of the one
// that lived through the events, or the run fails.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "coins.hpp"
#include "journal/journal.hpp"
#include "replay/checkpointer.hpp"
#include "replay/own_calendars.hpp"
#include "replay/recovery.hpp"

namespace qos::replay {
namespace {

constexpr UnixNanos kStart = from_unix_seconds(1'722'988'800);  // 2024-08-07 00:00 UTC
constexpr std::chrono::nanoseconds kDay = std::chrono::days{1};

struct Options {
  std::uint64_t events = 2'000'000;
  std::uint32_t instruments = 1'000;
  std::filesystem::path folder;
};

// Half trades, half changes of books; prices walk.
class Day {
 public:
  explicit Day(const Options& options)
      : step_{kDay / static_cast<std::int64_t>(options.events + 1)}, walks_(options.instruments, 50'000) {}

  SequencedEvent next() {
    const UnixNanos now = kStart + step_ * static_cast<std::int64_t>(++sequence_);
    Event event{.feed = FeedId{0}, .ts_recv = now, .body = {}};
    if (now >= next_tick_) {
      next_tick_ += std::chrono::seconds{1};
      event.feed = FeedId{1};
      event.body = ClockTick{.calendar = CalendarId{0}, .ts_event = now};
      return {Sequence{sequence_}, event};
    }
    const InstrumentId id{static_cast<std::uint32_t>(random_() % walks_.size())};
    auto& walk = walks_[id.value()];
    walk += static_cast<std::int64_t>(random_() % 3) - 1;
    if (random_() % 2 == 0) {
      event.body = Trade{.instrument = id,
                         .price = Price::from_raw(walk * Price::kScale / 10),
                         .size = Quantity::from_units(1 + static_cast<std::int64_t>(random_() % 9)),
                         .trade_id = sequence_,
                         .ts_event = now};
    } else {
      const auto off = 1 + static_cast<std::int64_t>(random_() % 20);
      const bool bid = random_() % 2 == 0;
      event.body =
          BookDelta{.instrument = id,
                    .side = bid ? Side::bid : Side::ask,
                    .price = Price::from_raw((bid ? 50'000 - off : 50'000 + off) * Price::kScale / 10),
                    .size = Quantity::from_units(static_cast<std::int64_t>(random_() % 5)),
                    .update_id = sequence_,
                    .ts_event = now};
    }
    return {Sequence{sequence_}, event};
  }

 private:
  std::chrono::nanoseconds step_;
  std::vector<std::int64_t> walks_;
  std::mt19937 random_{1};
  std::uint64_t sequence_ = 0;
  UnixNanos next_tick_ = kStart;
};

struct Nobody final : state::ChangeSink {
  void on(const state::Change&) override {}
};

// Of this thread: what a quiet machine would need at least.
double processor_ms() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1'000 + static_cast<double>(time.tv_nsec) / 1'000'000;
}

double ms_since(SteadyTime begun) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
}

void report(const Error& error) {
  fmt::print(stderr, "{}\n", error.message);
}

struct Bench {
  explicit Bench(Options chosen) : options{std::move(chosen)} {}

  // Lives through the day; the digest at its end.
  Result<std::uint64_t> live() {
    auto opened =
        journal::Journal::open(io::system_disk(), io::system_clock(),
                               {.folder = folder(), .tail_events = 1 << 18, .report = report}, names());
    if (!opened) return std::unexpected{opened.error()};
    auto& journal = **opened;
    journal.start();
    const auto own = own_calendars(of_files);
    state::Machine machine{table, *own, {}};
    Checkpointer checkpointer{
        journal, io::system_clock(), table, {.folder = checkpoints(), .report = report}, {}};
    checkpointer.start();
    Nobody sink;
    Day day{options};
    for (std::uint64_t n = 1; n <= options.events; ++n) {
      const auto event = day.next();
      while (!journal.append(event)) std::this_thread::yield();
      machine.apply(event, sink);
      if (n == options.events / 2) checkpointer.begin(machine, {.epoch = journal.epoch()});
      if (n % 64 == 0) checkpointer.step(machine, event.event.ts_recv);
    }
    while (checkpointer.under_way())
      if (!checkpointer.step(machine, kStart)) std::this_thread::yield();
    journal.stop();
    checkpointer.stop();
    if (checkpointer.counters().taken.value() != 1) return fail("no checkpoint was taken");
    return machine.digest();
  }

  Result<std::uint64_t> recover() {
    const auto begun = std::chrono::steady_clock::now();
    const auto own = own_calendars(of_files);
    state::Machine machine{table, *own, {}};
    const auto last = Sequence{options.events};
    const auto checkpoint = newest_checkpoint(io::system_disk(), checkpoints(), {.durable = last}, report);
    if (!checkpoint) return std::unexpected{checkpoint.error()};
    if (!*checkpoint) return fail("there is no checkpoint");
    if (auto restored = restore(**checkpoint, table, machine); !restored)
      return std::unexpected{restored.error()};
    const auto restored = ms_since(begun);
    auto reader = journal::Reader::open(io::system_disk(), folder(), (*checkpoint)->facts().first, names());
    if (!reader) return std::unexpected{reader.error()};
    Nobody sink;
    const auto applying = std::chrono::steady_clock::now();
    const auto processor = processor_ms();
    const auto applied =
        apply_journal(**reader, names().feeds.size(),
                      FeedId{static_cast<std::uint16_t>(names().feeds.size() - 1)}, machine, sink, last);
    if (!applied) return std::unexpected{applied.error()};
    const auto took = ms_since(applying);
    const auto worked = processor_ms() - processor;
    fmt::print("recovery of {} events over {} instruments: {:.0f} ms\n", options.events, options.instruments,
               ms_since(begun));
    fmt::print("  checkpoint restored in {:.0f} ms\n", restored);
    const auto events = static_cast<double>(applied->events);
    fmt::print(
        "  {} events applied after it in {:.0f} ms, {:.2f} million a second; in the thread's processor time "
        "{:.0f} ms, {:.2f} million a second\n",
        applied->events, took, events / took / 1'000, worked, events / worked / 1'000);
    fmt::print("  digest {:016x}\n", machine.digest());
    return machine.digest();
  }

  std::filesystem::path folder() const { return options.folder / "journal"; }
  std::filesystem::path checkpoints() const { return folder() / "checkpoints"; }
  journal::Names names() const {
    journal::Names names{.calendars = {of_files.at(CalendarId{0}).name()}, .feeds = {"venue", "server"}};
    for (std::uint32_t id = 0; id < table.size(); ++id)
      names.instruments.push_back(table.at(InstrumentId{id}).code.to_string());
    return names;
  }

  Options options;
  market::CalendarTable of_files = bench::coin_calendars();
  market::InstrumentTable table = bench::coins(options.instruments, of_files);
};

int run(Options options) {
  std::string made;
  if (options.folder.empty()) {
    made = (std::filesystem::temp_directory_path() / "qos_recovery_XXXXXX").string();
    if (::mkdtemp(made.data()) == nullptr) return 1;
    options.folder = made;
  }
  Bench bench{options};
  const auto lived = bench.live();
  const auto recovered = lived ? bench.recover() : lived;
  if (!made.empty()) std::filesystem::remove_all(made);
  if (!recovered) {
    report(recovered.error());
    return 1;
  }
  if (*lived == *recovered) return 0;
  fmt::print(stderr, "the recovered state is another one: {:016x}, expected {:016x}\n", *recovered, *lived);
  return 1;
}

}  // namespace
}  // namespace qos::replay

int main(int argc, char** argv) {
  qos::replay::Options options;
  for (int n = 1; n + 1 < argc; n += 2) {
    if (std::strcmp(argv[n], "--events") == 0) options.events = std::strtoull(argv[n + 1], nullptr, 10);
    if (std::strcmp(argv[n], "--instruments") == 0)
      options.instruments = static_cast<std::uint32_t>(std::strtoul(argv[n + 1], nullptr, 10));
    if (std::strcmp(argv[n], "--folder") == 0) options.folder = argv[n + 1];
  }
  return qos::replay::run(std::move(options));
}
