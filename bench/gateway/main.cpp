// bench_gateway: the whole server under load. The pipeline as `qos serve` builds it, journal and all, with a
// feed that ticks as fast as it is told. It prints where it listens and a key, ticks once the clients are
// there, and ends at SIGTERM or after --seconds.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "server/pipeline.hpp"
#include "tick_feed.hpp"

namespace qos::bench {
namespace {

struct Options {
  TickOptions ticks;
  int port = 0;
  std::size_t io_threads = 1;
  std::size_t clients = 1;            // ticks begin once so many connections are open
  std::size_t updates_per_flush = 0;  // 0: by time, as in production
  double seconds = 0;                 // 0: until SIGTERM
  std::string data;                   // empty: a temporary folder, removed at the end
  bool journal = true;
};

volatile std::sig_atomic_t stop_wanted = 0;

// Removes itself.
class Folder {
 public:
  explicit Folder(std::string wanted) : path_{std::move(wanted)}, is_kept_{!path_.empty()} {
    if (is_kept_) return;
    auto name = (std::filesystem::temp_directory_path() / "qos_bench_gateway_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    if (!is_kept_) std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  bool is_kept_;
};

// How many updates a loop gathers before it flushes is no option of the product: it is there for whoever
// compares with programs that flush by count, however long that takes.
void flush_by_count(server::Config& config, std::size_t updates) {
  config.http.updates_per_flush = updates;
  if (updates > 0) config.http.gather_us = 1'000'000;
}

server::Config config_of(const Options& options, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  const auto instruments = folder / "instruments.csv";
  std::ofstream{instruments} << tick_instruments(options.ticks.instruments);
  server::Config config;
  config.listen = {fmt::format("127.0.0.1:{}", options.port)};
  config.data = (folder / "var").string();
  config.feed = {"bench"};
  config.instruments = instruments.string();
  config.io_threads = options.io_threads;
  config.http.max_connections = 19'900;
  config.registration.demo_key = server::DemoKey::off;
  config.journal.mode = options.journal ? server::JournalMode::on : server::JournalMode::off;
  config.journal.keep_mb = 1'024;
  config.admin.listen.clear();
  config.http.congestion_control.clear();  // what is compared has the system's, and the script says which
  flush_by_count(config, options.updates_per_flush);
  return config;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) ++count;
  return count;
}

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

void run(const Options& options) {
  const Folder folder{options.data};
  const Begin begin = std::make_shared<std::atomic<bool>>(false);
  auto& clock = io::system_clock();
  const auto pipeline = must(server::Pipeline::open(config_of(options, folder.path()), clock,
                                                    tick_feed_maker(options.ticks, begin)));
  const auto key = must(pipeline->gate().create("unlimited", "bench", clock.now())).key;
  pipeline->start();
  if (!pipeline->wait_until_ready()) throw std::runtime_error("the server did not become ready");
  const auto own = open_descriptors();
  fmt::print("bench_gateway: pid {} listens on {} path /ws?key={} ; {} instruments\n", getpid(),
             pipeline->addresses().front(), key, options.ticks.instruments);
  std::fflush(stdout);

  constexpr std::chrono::milliseconds kLook{100};
  const auto begun = clock.steady_now();
  const std::chrono::duration<double> length{options.seconds};
  while (stop_wanted == 0 && (options.seconds == 0 || clock.steady_now() - begun < length)) {
    if (!*begin && open_descriptors() >= own + options.clients) *begin = true;
    std::this_thread::sleep_for(kLook);
  }
  const std::chrono::duration<double> lasted = clock.steady_now() - begun;
  pipeline->stop();
  fmt::print("bench_gateway: {} events in {:.1f} s\n", pipeline->events_applied(), lasted.count());
}

void add_options(CLI::App& app, Options& options) {
  app.add_option("--port", options.port, "of 127.0.0.1; 0: a free one");
  app.add_option("--instruments", options.ticks.instruments)->check(CLI::Range(1, 100'000));
  app.add_option("--topic", options.ticks.topic, "what ticks")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Topic>{{"depth", Topic::depth}, {"trade", Topic::trade}}));
  app.add_option("--order", options.ticks.order, "of the instruments")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Order>{{"round-robin", Order::round_robin}, {"random", Order::random}}));
  app.add_option("--rate", options.ticks.rate, "ticks a second; 0: as many as the server takes");
  app.add_option("--burst", options.ticks.burst, "with a rate: ticks at one instant")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--io-threads", options.io_threads)->check(CLI::Range(1, 32));
  app.add_option("--clients", options.clients, "ticks begin once so many connections are open");
  app.add_option("--updates-per-flush", options.updates_per_flush, "a loop gathers so many; 0: by time");
  app.add_option("--seconds", options.seconds, "then it ends; 0: at SIGTERM");
  app.add_option("--data", options.data, "folder that is kept; none: a temporary one");
  app.add_option("--journal", options.journal, "true or false");
}

}  // namespace
}  // namespace qos::bench

int main(int argc, char** argv) {
  qos::bench::Options options;
  CLI::App app{"The whole server under load"};
  qos::bench::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGTERM, [](int) { qos::bench::stop_wanted = 1; });
  std::signal(SIGINT, [](int) { qos::bench::stop_wanted = 1; });
  spdlog::set_level(spdlog::level::warn);
  try {
    qos::bench::run(options);
  } catch (const std::exception& problem) {
    fmt::print(stderr, "bench_gateway: {}\n", problem.what());
    return 1;
  }
}
