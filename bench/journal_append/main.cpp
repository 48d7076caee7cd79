// How many events a second does the journal make durable, how many bytes do they take, and what does it cost
// a trade on its way? Next to RocksDB's write-ahead log and JetStream's file store, the same events, one run.
//
//   bench_journal_append [--events 20000000] [--paced-events 2000000] [--rate 200000] [--folder DIR] [--only
//   NAME]
//
// Made events (fixed seed): a book of one hundred instruments that changes, and its trades. `append` is the
// time of the call on the market thread; `durable` from before the call until the disk has the event.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "journal_append/candidate.hpp"

namespace qos::bench {
namespace {

using Steady = std::chrono::steady_clock;

struct Arguments {
  std::uint64_t events = 20'000'000;
  std::uint64_t paced_events = 2'000'000;
  double rate = 200'000;
  std::uint64_t tail = 65'536;  // events that may wait for the disk
  std::filesystem::path folder;
  std::string only;  // whose name begins like this
};

Arguments parse(int argc, char** argv) {
  Arguments given{.folder = std::filesystem::temp_directory_path() /
                            fmt::format("bench_journal_append_{}", ::getpid())};
  for (int n = 1; n + 1 < argc; n += 2) {
    const std::string_view name = argv[n];
    if (name == "--events") given.events = std::strtoull(argv[n + 1], nullptr, 10);
    if (name == "--paced-events") given.paced_events = std::strtoull(argv[n + 1], nullptr, 10);
    if (name == "--rate") given.rate = std::strtod(argv[n + 1], nullptr);
    if (name == "--tail") given.tail = std::strtoull(argv[n + 1], nullptr, 10);
    if (name == "--only") given.only = argv[n + 1];
    if (name == "--folder") given.folder = argv[n + 1];
  }
  return given;
}

// Enough that no cache of a compressor holds them all; the run goes through them again and again with new
// sequences and times.
std::vector<SequencedEvent> made_events() {
  std::mt19937_64 random{1};
  constexpr std::uint64_t kInstruments = 100;
  std::vector<std::int64_t> cents(kInstruments, 10'000);
  std::vector<SequencedEvent> events(1 << 18);
  for (std::size_t n = 0; n < events.size(); ++n) {
    const std::uint64_t which = random() % kInstruments * (random() % kInstruments) / kInstruments;
    const InstrumentId instrument{static_cast<std::uint32_t>(which)};
    cents[which] += static_cast<std::int64_t>(random() % 3) - 1;
    const auto price = [&](std::int64_t away) { return Price::from_raw((cents[which] + away) * 10'000'000); };
    const auto size = Quantity::from_units(static_cast<std::int64_t>(1 + random() % 500));
    Event& event = events[n].event;
    if (random() % 4 == 0)
      event.body = Trade{.instrument = instrument,
                         .price = price(0),
                         .size = size,
                         .aggressor = random() % 2 == 0 ? Aggressor::buy : Aggressor::sell};
    else
      event.body = BookDelta{.instrument = instrument,
                             .side = random() % 2 == 0 ? Side::bid : Side::ask,
                             .part = random() % 3 == 0 ? DeltaPart::last : DeltaPart::more,
                             .price = price(static_cast<std::int64_t>(random() % 20) - 10),
                             .size = size};
  }
  return events;
}

class Source {
 public:
  const SequencedEvent& next() {
    SequencedEvent& event = events_[sequence_ % events_.size()];
    ++sequence_;
    event.sequence = Sequence{sequence_};
    event.event.ts_recv =
        from_unix_nanos(1'722'988'800'000'000'000 + static_cast<std::int64_t>(sequence_) * 5'037);
    const UnixNanos venue = event.event.ts_recv - std::chrono::microseconds{700 + sequence_ % 13};
    if (auto* trade = std::get_if<Trade>(&event.event.body)) {
      trade->trade_id = sequence_;
      trade->ts_event = venue;
    } else if (auto* delta = std::get_if<BookDelta>(&event.event.body)) {
      delta->update_id = sequence_ / 3;
      delta->ts_event = venue;
    }
    return event;
  }

 private:
  std::vector<SequencedEvent> events_ = made_events();
  std::uint64_t sequence_ = 0;
};

void append(Candidate& candidate, const SequencedEvent& event) {
  while (!candidate.append(event)) std::this_thread::yield();
}

double as_fast_as_it_goes(Candidate& candidate, std::uint64_t count) {
  Source source;
  candidate.on_durable([](std::uint64_t) {});
  const auto begin = Steady::now();
  for (std::uint64_t n = 0; n < count; ++n) append(candidate, source.next());
  if (const auto done = candidate.finish(); !done) fmt::print("{}\n", done.error().message);
  const std::chrono::duration<double> seconds = Steady::now() - begin;
  const double rate = static_cast<double>(count) / seconds.count();
  fmt::print("{:<26} {:>7.2f} million events/s  {:>6.1f} bytes an event\n", candidate.name(), rate / 1e6,
             static_cast<double>(candidate.bytes_on_disk()) / static_cast<double>(count));
  return rate;
}

double at(std::vector<double>& values, double part) {
  const auto place =
      values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, place);
  return *place;
}

// Small groups at even intervals, as a feed's thread hands them on.
void paced(Candidate& candidate, std::uint64_t count, double rate) {
  constexpr std::uint64_t kGroup = 4;
  Source source;
  std::vector<Steady::time_point> began(count);
  std::vector<double> append_us(count);
  std::vector<double> durable_ms(count);
  std::uint64_t told = 0;
  candidate.on_durable([&](std::uint64_t durable) {
    const auto now = Steady::now();
    for (; told < durable; ++told)
      durable_ms[told] = std::chrono::duration<double, std::milli>{now - began[told]}.count();
  });
  const auto begin = Steady::now();
  for (std::uint64_t n = 0; n < count; ++n) {
    if (n % kGroup == 0) {
      const auto due = begin + std::chrono::duration_cast<Steady::duration>(
                                   std::chrono::duration<double>{static_cast<double>(n) / rate});
      while (Steady::now() < due) std::this_thread::yield();
    }
    const SequencedEvent& event = source.next();
    began[n] = Steady::now();
    append(candidate, event);
    append_us[n] = std::chrono::duration<double, std::micro>{Steady::now() - began[n]}.count();
  }
  if (const auto done = candidate.finish(); !done) fmt::print("{}\n", done.error().message);
  fmt::print("{:<26} {:.0f}/s  append p50 {:.2f} p99 {:.2f} p99.9 {:.1f} us", candidate.name(), rate,
             at(append_us, 0.5), at(append_us, 0.99), at(append_us, 0.999));
  if (told == count)
    fmt::print("   durable p50 {:.2f} p99 {:.2f} max {:.1f} ms\n", at(durable_ms, 0.5), at(durable_ms, 0.99),
               at(durable_ms, 1));
  else
    fmt::print("   says nothing of the disk\n");
}

}  // namespace
}  // namespace qos::bench

int main(int argc, char** argv) {
  using namespace qos::bench;
  const Arguments given = parse(argc, argv);
  int folders = 0;
  using Made = qos::Result<std::unique_ptr<Candidate>>;
  const auto with = [&](const auto& make, const std::function<void(Candidate&)>& measure) {
    const auto folder = given.folder / std::to_string(folders++);
    Made made = make(folder);
    if (made && (*made)->name().starts_with(given.only))
      measure(**made);
    else if (!made)
      fmt::print("skipped: {}\n", made.error().message);
    made = qos::fail("closed");
    std::filesystem::remove_all(folder);
  };
  const auto ours = [&](const auto& folder) { return journal(folder, given.tail); };
  const auto rocksdb = [](std::size_t events) {
    return [events](const auto& folder) { return rocksdb_wal(folder, events); };
  };
  const auto nats = [](std::size_t events) {
    return [events](const auto& folder) { return jetstream(folder, events); };
  };

  double our_rate = 0;
  double rocksdb_rate = 0;
  with(ours, [&](Candidate& c) { our_rate = as_fast_as_it_goes(c, given.events); });
  with(rocksdb(100), [&](Candidate& c) { rocksdb_rate = as_fast_as_it_goes(c, given.events / 2); });
  with(rocksdb(1), [&](Candidate& c) { as_fast_as_it_goes(c, given.events / 20); });
  with(nats(100), [&](Candidate& c) { as_fast_as_it_goes(c, given.events / 10); });
  with(nats(1), [&](Candidate& c) { as_fast_as_it_goes(c, given.events / 100); });
  if (rocksdb_rate > 0) fmt::print("{:.1f} times RocksDB's\n", our_rate / rocksdb_rate);
  with(ours, [&](Candidate& c) { paced(c, given.paced_events, given.rate); });
  with(rocksdb(100), [&](Candidate& c) { paced(c, given.paced_events, given.rate); });
  std::filesystem::remove_all(given.folder);
}
