// How many events a second does the machine apply? Trades and book deltas, on one instrument and on 10,000.
//
//   bench_state_apply [events]     default 2,000,000 for each row; ctest runs 20,000
//
// Fixed seeds; the checksum says that two runs did the same work. Also prints what an idle and a traded
// instrument cost in memory.
#include <fmt/format.h>
#include <malloc.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "coins.hpp"
#include "state/machine.hpp"

namespace qos::state {
namespace {

constexpr UnixNanos kStart = from_unix_seconds(1'722'988'800);  // 2024-08-07 00:00 UTC

std::vector<EventBody> trades(std::size_t count, std::uint32_t instruments) {
  std::mt19937 random{1};
  std::vector<EventBody> events;
  for (std::size_t n = 0; n < count; ++n)
    events.emplace_back(Trade{.instrument = InstrumentId{static_cast<std::uint32_t>(random() % instruments)},
                              .price = Price::from_raw((50'000 + random() % 100) * Price::kScale),
                              .size = Quantity::from_units(1 + random() % 9),
                              .ts_event = kStart + std::chrono::milliseconds{n}});
  return events;
}

// 500 levels a side, most changes near the best; every third delta ends a message.
std::vector<EventBody> deltas(std::size_t count, std::uint32_t instruments) {
  std::mt19937 random{2};
  std::vector<EventBody> events;
  for (std::size_t n = 0; n < count; ++n) {
    const auto away = static_cast<std::int64_t>(random() % 4 == 0 ? random() % 500 : random() % 25);
    const bool bid = random() % 2 == 0;
    events.emplace_back(
        BookDelta{.instrument = InstrumentId{static_cast<std::uint32_t>(random() % instruments)},
                  .side = bid ? Side::bid : Side::ask,
                  .part = n % 3 == 2 ? DeltaPart::last : DeltaPart::more,
                  .price = Price::from_raw((50'000 + (bid ? -away : away + 1)) * Price::kScale),
                  .size = Quantity::from_units(static_cast<std::int64_t>(random() % 5)),
                  .ts_event = kStart + std::chrono::milliseconds{n}});
  }
  return events;
}

std::size_t heap() {
  return mallinfo2().uordblks;
}

void measure(const char* what, const std::vector<EventBody>& events, std::uint32_t count) {
  auto calendar_table = bench::coin_calendars();
  const auto table = bench::coins(count, calendar_table);
  const std::size_t before = heap();
  Machine machine{table, calendar_table, {}};
  const std::size_t idle = heap() - before;
  std::uint64_t checksum = 0;
  const std::clock_t begin = std::clock();  // the processor's time: one thread, and nothing in it waits
  for (std::size_t n = 0; n < events.size(); ++n) {
    const Change change = machine.apply({Sequence{n + 1}, {.body = events[n]}});
    checksum = checksum * 31 + change.klines.size() + (change.depth ? change.depth->bid_count + 100 : 0) +
               (change.snapshot ? static_cast<std::uint64_t>(change.snapshot->volume.raw()) : 0);
  }
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  fmt::print(
      "{:<12} {:>6} instruments  {:>5.2f} million events/s  {:>6} bytes idle, {:>7} after  checksum "
      "{:016x}\n",
      what, count, static_cast<double>(events.size()) / seconds / 1e6, idle / count,
      (heap() - before) / count, checksum);
}

}  // namespace
}  // namespace qos::state

int main(int argc, char** argv) {
  const std::size_t events = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2'000'000;
  for (const std::uint32_t instruments : {1U, 10'000U}) {
    qos::state::measure("trades", qos::state::trades(events, instruments), instruments);
    qos::state::measure("book deltas", qos::state::deltas(events, instruments), instruments);
  }
}
