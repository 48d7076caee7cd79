// How fast and how small is the K-line store, next to one row a K-line in SQLite and in RocksDB?
//
//   bench_kline_store [--instruments 200] [--days 7] [--folder DIR] [--bursts 200] [--only NAME] [--clock
//   cpu]
//
// --clock cpu takes the thread's processor time for warm reading, which on a shared machine says more.
//
// Everything is measured in one run on the same made market (fixed seed); the sums say that all read the
// same. `cold` is the first question after opening again with the files dropped from the page cache.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>

#include "kline_store/candidate.hpp"
#include "kline_store/synthetic.hpp"

namespace qos::bench {
namespace {

clockid_t reading_clock = CLOCK_MONOTONIC;

struct Arguments {
  std::uint32_t instruments = 200;
  int days = 7;
  int bursts = 200;
  std::filesystem::path folder;
  std::string only;
};

Arguments parse(int argc, char** argv) {
  Arguments given{.folder = std::filesystem::temp_directory_path() /
                            fmt::format("bench_kline_store_{}", ::getpid())};
  for (int n = 1; n + 1 < argc; n += 2) {
    const std::string_view name = argv[n];
    if (name == "--instruments") given.instruments = static_cast<std::uint32_t>(std::atoi(argv[n + 1]));
    if (name == "--days") given.days = std::atoi(argv[n + 1]);
    if (name == "--bursts") given.bursts = std::atoi(argv[n + 1]);
    if (name == "--folder") given.folder = argv[n + 1];
    if (name == "--only") given.only = argv[n + 1];
    if (name == "--clock" && std::string_view{argv[n + 1]} == "cpu") reading_clock = CLOCK_THREAD_CPUTIME_ID;
  }
  return given;
}

template <typename T>
T must(Result<T> result) {
  if (result) {
    if constexpr (std::is_void_v<T>)
      return;
    else
      return std::move(*result);
  }
  fmt::print(stderr, "{}\n", result.error().message);
  std::exit(1);
}

double now_ms(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

double milliseconds(const std::function<void()>& work, clockid_t clock = CLOCK_MONOTONIC) {
  const double begin = now_ms(clock);
  work();
  return now_ms(clock) - begin;
}

void report(const std::string& who, const char* what, std::vector<double> times) {
  std::ranges::sort(times);
  const auto at = [&](double part) {
    return times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))];
  };
  fmt::print("{:<13} {:<38} p50 {:>9.4f} ms  p99 {:>9.4f} ms\n", who, what, at(0.5), at(0.99));
}

void for_each_file(const std::filesystem::path& folder,
                   const std::function<void(const std::filesystem::path&)>& visit) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator{folder})
    if (entry.is_regular_file()) visit(entry.path());
}

std::uint64_t bytes_in(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  for_each_file(folder, [&](const auto& path) { bytes += std::filesystem::file_size(path); });
  return bytes;
}

void drop_from_cache(const std::filesystem::path& folder) {
  for_each_file(folder, [](const auto& path) {
    const int file = ::open(path.c_str(), O_RDONLY);
    if (file < 0) return;
    static_cast<void>(::fsync(file));
    static_cast<void>(::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED));
    ::close(file);
  });
}

// What the disk itself takes: a quarter of a megabyte appended and synced.
void measure_disk(const std::filesystem::path& folder) {
  const auto path = folder / "sync";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const std::string bytes(256 << 10, 'x');
  std::vector<double> times;
  for (int n = 0; file >= 0 && n < 100; ++n)
    times.push_back(milliseconds([&] {
      if (::write(file, bytes.data(), bytes.size()) < 0 || ::fdatasync(file) != 0) std::exit(1);
    }));
  ::close(file);
  report("the disk", "256 KiB appended and synced", times);
}

// Minutes folded to hours by the plainest loop: what a chart of 1,000 hours costs.
std::uint64_t hours_of(const std::vector<store::DatedKline>& minutes) {
  std::vector<Kline> hours;
  for (const auto& [date, kline] : minutes) {
    const auto hour = std::chrono::floor<std::chrono::hours>(kline.start);
    if (hours.empty() || hours.back().start != hour) {
      hours.push_back(kline);
      hours.back().start = hour;
      continue;
    }
    Kline& whole = hours.back();
    whole.high = std::max(whole.high, kline.high);
    whole.low = std::min(whole.low, kline.low);
    whole.close = kline.close;
    whole.volume += kline.volume;
    whole.turnover += kline.turnover;
    whole.trades += kline.trades;
  }
  return hours.size();
}

void measure(Candidate& candidate, const std::filesystem::path& folder, const Arguments& arguments) {
  const auto who = candidate.name();
  Market market{arguments.instruments, 1};
  std::vector<store::Date> dates;
  double loading = 0;
  for (int n = 0; n < arguments.days; ++n) {
    const auto day = market.next_day();
    dates.push_back(day.date);
    loading += milliseconds([&] { must(candidate.load(day.minutes, day.days)); });
  }
  must(candidate.reopen());
  const double klines = static_cast<double>(arguments.instruments) * arguments.days * kMinutesADay;
  const double bytes = static_cast<double>(bytes_in(folder));
  fmt::print("{:<13} {:<38} {:.2f} million minutes in {:.1f} s, {:.2f} bytes each, days counted twice\n", who,
             "import", klines / 1e6, loading / 1e3, bytes / klines);

  std::mt19937 random{7};
  std::uint64_t sum = 0;
  const auto any = [&] {
    return store::StoreKey{static_cast<std::uint32_t>(random() % arguments.instruments)};
  };
  const auto times = [&](int rounds, const std::function<std::uint64_t()>& ask) {
    std::vector<double> all;
    for (int n = 0; n < rounds; ++n) all.push_back(milliseconds([&] { sum += ask(); }, reading_clock));
    return all;
  };
  const auto last = [&](std::size_t count) {
    return [&, count] { return must(candidate.last_minutes(any(), count)); };
  };

  std::vector<double> cold;
  for (int n = 0; n < 20; ++n) {
    must(candidate.reopen());
    drop_from_cache(folder);
    cold.push_back(times(1, last(1'000)).front());
  }
  report(who, "last 1,000 minutes, cold", cold);
  static_cast<void>(times(2'000, last(1'000)));
  report(who, "last 1,000 minutes, warm", times(5'000, last(1'000)));
  const auto year = static_cast<std::size_t>(std::min(arguments.days, 250)) * kMinutesADay;
  report(who, fmt::format("{} minutes of one instrument", year).c_str(), times(200, last(year)));
  if (candidate.store() != nullptr && year >= 60'000)
    report(who, "1,000 hours out of 60,000 minutes", times(200, [&] {
             return hours_of(must(candidate.store()->latest(any(), StoredSeries::regular, 60'000)));
           }));
  const auto any_date = [&] { return must(candidate.days_of(dates[random() % dates.size()])); };
  static_cast<void>(times(20, any_date));
  report(who, "days of one date", times(200, any_date));

  std::vector<std::vector<store::StoredKline>> minutes;
  std::vector<double> bursts;
  for (int n = 0; n < arguments.bursts; ++n) {
    const auto minute = market.next_minute();
    bursts.push_back(milliseconds([&] { must(candidate.burst(minute)); }));
  }
  report(who, "one minute of all instruments, durable", bursts);
  report(who, "last 1,000 minutes after that", times(2'000, last(1'000)));
  fmt::print("{:<13} checksum {:016x}\n\n", who, sum);
}

}  // namespace
}  // namespace qos::bench

int main(int argc, char** argv) {
  using namespace qos::bench;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a long run is watched through a pipe
  const auto arguments = parse(argc, argv);
  std::filesystem::remove_all(arguments.folder);
  fmt::print("{} instruments, {} days of {} minutes\n\n", arguments.instruments, arguments.days,
             kMinutesADay);
  std::filesystem::create_directories(arguments.folder);
  measure_disk(arguments.folder);
  for (const std::string name : {"chunks", "sqlite", "rocksdb"}) {
    if (!arguments.only.empty() && arguments.only != name) continue;
    const auto folder = arguments.folder / name;
    std::filesystem::create_directories(folder);
    const auto candidate = name == "chunks"   ? make_chunks(folder, arguments.instruments)
                           : name == "sqlite" ? make_sqlite_rows(folder)
                                              : make_rocksdb_rows(folder);
    if (!candidate) {
      fmt::print("RocksDB rows: skipped, built without librocksdb-dev\n");
      continue;
    }
    measure(*candidate, folder, arguments);
  }
  std::filesystem::remove_all(arguments.folder);
}
