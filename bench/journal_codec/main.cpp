// How many events a second do blocks of the journal take and give, and how many bytes is one?
//
//   bench_journal_codec [--events N] [--rounds N] [--recording FILE]
//
// A recording of BTCUSDT (Binance USD-M; by default the one under QOS_TEST_DATA, left out where absent) and
// the simulated market of this project's instruments, both repeated until there are N events (2,000,000;
// ctest takes 20,000), times moved on with each repetition. One thread, its processor time, the best of the
// rounds (5). Decoding touches every event. The checksum says that two runs did the same work.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "bench/journal_codec/events.hpp"
#include "journal/block.hpp"

namespace qos::journal {
namespace {

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Figures {
  double encode = 0;  // events a second
  double decode = 0;
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;
};

using Append = void (*)(std::span<const SequencedEvent>, std::string&);

Figures measure(const std::vector<SequencedEvent>& events, std::size_t group, Append append, int rounds) {
  Figures best;
  std::string bytes;
  std::vector<SequencedEvent> read;
  for (int round = 0; round < rounds; ++round) {
    bytes.clear();
    const auto begin = processor_seconds();
    for (std::size_t at = 0; at < events.size(); at += group)
      append(std::span{events}.subspan(at, std::min(group, events.size() - at)), bytes);
    const auto written = processor_seconds();
    std::uint64_t checksum = 0;
    for (auto rest = std::as_bytes(std::span{bytes}); !rest.empty();) {
      const auto took = read_block(rest, read);
      QOS_ASSERT(took.has_value());
      for (const auto& event : read)
        checksum = checksum * 31 + event.sequence.value() + event.event.body.index();
      rest = rest.subspan(*took);
    }
    const auto end = processor_seconds();
    const auto count = static_cast<double>(events.size());
    best.encode = std::max(best.encode, count / (written - begin));
    best.decode = std::max(best.decode, count / (end - written));
    best.bytes = bytes.size();
    best.checksum = checksum;
  }
  return best;
}

void report(const char* what, const std::vector<SequencedEvent>& events, int rounds) {
  const auto line = [&](const char* form, std::size_t group, Append append) {
    const auto figures = measure(events, group, append, rounds);
    fmt::print(
        "{:<10} {:<9} {:>9} events  {:>6.2f} bytes an event  encode {:>6.2f}  decode {:>6.2f} "
        "million/s  checksum {:016x}\n",
        what, form, events.size(), static_cast<double>(figures.bytes) / static_cast<double>(events.size()),
        figures.encode / 1e6, figures.decode / 1e6, figures.checksum);
  };
  line("blocks", kBlockEvents, append_block);
  line("archived", kArchivedBlockEvents, append_compressed_block);
}

}  // namespace
}  // namespace qos::journal

int main(int argc, char** argv) {
  std::size_t count = 2'000'000;
  int rounds = 5;
  std::string recording = qos::journal::usual_recording();
  for (int n = 1; n + 1 < argc; n += 2) {
    const std::string_view option = argv[n];
    if (option == "--events")
      count = std::strtoul(argv[n + 1], nullptr, 10);
    else if (option == "--rounds")
      rounds = std::atoi(argv[n + 1]);
    else if (option == "--recording")
      recording = argv[n + 1];
    else
      return fmt::print(stderr, "unknown option {}\n", option), 2;
  }
  if (recording.empty())
    fmt::print("BTCUSDT    left out: the recording is absent, QOS_TEST_DATA names its folder\n");
  else
    qos::journal::report("BTCUSDT", qos::journal::recorded_events(recording, count), rounds);
  qos::journal::report("simulated", qos::journal::simulated_events(count), rounds);
}
