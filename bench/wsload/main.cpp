// wsload: opens N WebSocket connections on loopback, subscribes on each, counts for some seconds what the
// server pushes and how old it is, and prints one line of JSON. README.md of bench/ has examples.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <exception>
#include <memory>
#include <stdexcept>
#include <thread>

#include "options.hpp"
#include "proc.hpp"
#include "worker.hpp"

namespace qos::bench {
namespace {

void sleep_for(double seconds) {
  timespec left{static_cast<time_t>(seconds),
                static_cast<long>((seconds - static_cast<double>(static_cast<time_t>(seconds))) * 1e9)};
  while (nanosleep(&left, &left) < 0) {
  }
}

sockaddr_in loopback(const LoadOptions& options) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(options.port));
  if (inet_pton(AF_INET, options.host.c_str(), &to.sin_addr) != 1 ||
      (ntohl(to.sin_addr.s_addr) >> 24U) != 127)
    throw std::runtime_error("--host is not a loopback address, 127.x.y.z");
  return to;
}

// The world at one moment.
struct Reading {
  std::uint64_t at_ns = monotonic_ns();
  ProcessUse server;
  std::vector<ProcessorUse> processors = read_processors();
  double own_cpu_s = own_cpu_seconds();
};

Reading look(const LoadOptions& options) {
  return {.server = read_process(options.server_pid, options.server_thread)};
}

struct Totals {
  LoadStats stats;
  double seconds = 0;
  int open = 0;
  std::uint64_t least = UINT64_MAX;  // messages of the connection that got the fewest, slow ones aside
  std::uint64_t most = 0;
};

void add(const LoadWorker& worker, Totals& totals) {
  const auto& stats = worker.stats();
  auto& sum = totals.stats;
  sum.messages += stats.messages;
  sum.others += stats.others;
  sum.bytes += stats.bytes;
  sum.reads += stats.reads;
  sum.control += stats.control;
  sum.bad += stats.bad;
  sum.closed += stats.closed;
  sum.latency.merge(stats.latency);
  totals.seconds = std::max(totals.seconds, worker.measured_seconds());
  for (std::size_t i = 0; i < worker.connections().size(); ++i) {
    const auto& connection = worker.connections()[i];
    if (connection.state != LoadConnection::State::open) continue;
    ++totals.open;
    if (worker.is_slow(i)) continue;
    totals.least = std::min(totals.least, connection.messages);
    totals.most = std::max(totals.most, connection.messages);
  }
}

void print(const LoadOptions& options, const Totals& totals, double connect_s, const Reading& before,
           const Reading& after) {
  const auto& stats = totals.stats;
  const auto messages = static_cast<double>(stats.messages);
  const double wall_ns = static_cast<double>(after.at_ns - before.at_ns);
  const auto us = [&](double q) { return static_cast<double>(stats.latency.quantile(q)) * 1e-3; };
  const auto per = [](double value, double count) { return count > 0 ? value / count : 0.0; };
  fmt::print(
      R"({{"label":"{}","conns":{},"open":{},"connect_s":{:.3f},"secs":{:.3f},"msgs":{},"msg_s":{:.0f},"mb_s":{:.2f},)"
      R"("msgs_per_read":{:.2f},"reads_s":{:.0f},"conn_min":{},"conn_max":{},"closed":{},"bad":{},"control":{},"others":{},)",
      options.label, options.connections, totals.open, connect_s, totals.seconds, stats.messages,
      messages / totals.seconds, static_cast<double>(stats.bytes) / totals.seconds / 1e6,
      per(messages, static_cast<double>(stats.reads)), static_cast<double>(stats.reads) / totals.seconds,
      totals.least == UINT64_MAX ? 0 : totals.least, totals.most, stats.closed, stats.bad, stats.control,
      stats.others);
  fmt::print(
      R"("lat_n":{},"p50_us":{:.1f},"p99_us":{:.1f},"p999_us":{:.1f},"max_us":{:.1f},"client_cpu":{:.1f})",
      stats.latency.count(), us(.5), us(.99), us(.999), static_cast<double>(stats.latency.max()) * 1e-3,
      (after.own_cpu_s - before.own_cpu_s) * 1e11 / wall_ns);
  if (options.server_pid > 0) {
    const auto cpu_ns = static_cast<double>(after.server.cpu_ns - before.server.cpu_ns);
    const auto thread_ns = static_cast<double>(after.server.thread_ns - before.server.thread_ns);
    fmt::print(
        R"(,"server_cpu":{:.1f},"server_ns_msg":{:.1f},"thread_cpu":{:.1f},"thread_ns_msg":{:.1f},"server_rss_kb":{})",
        cpu_ns * 100 / wall_ns, per(cpu_ns, messages), thread_ns * 100 / wall_ns, per(thread_ns, messages),
        after.server.resident_kb);
  }
  for (std::size_t i = 0; i < before.processors.size() && i < after.processors.size() && i < 8; ++i) {
    const auto& from = before.processors[i];
    const auto& to = after.processors[i];
    const auto busy = static_cast<double>(to.busy - from.busy);
    const auto steal = static_cast<double>(to.steal - from.steal);
    const double all = busy + steal + static_cast<double>(to.idle - from.idle);
    fmt::print(R"(,"cpu{}_busy":{:.1f},"cpu{}_steal":{:.1f})", i, per(busy * 100, all), i,
               per(steal * 100, all));
  }
  fmt::print("}}\n");
}

int measure(const LoadOptions& options) {
  const auto to = loopback(options);
  std::atomic<Phase> phase{Phase::connect};
  std::atomic<int> up{0};
  std::vector<std::unique_ptr<LoadWorker>> workers;
  for (int i = 0; i < options.threads; ++i) workers.push_back(std::make_unique<LoadWorker>(options, to, i));
  const auto begun = monotonic_ns();
  const auto elapsed = [begun] { return static_cast<double>(monotonic_ns() - begun) * 1e-9; };
  std::vector<std::jthread> threads;
  for (const auto& worker : workers)
    threads.emplace_back([&phase, &up, &worker = *worker] { worker.run(phase, up); });
  while (up.load() < options.connections && elapsed() < options.connect_timeout) sleep_for(0.002);
  const double connect_s = elapsed();
  phase = Phase::settle;
  sleep_for(options.settle);

  const auto before = look(options);
  phase = Phase::measure;
  sleep_for(options.seconds);
  phase = Phase::done;
  const auto after = look(options);
  threads.clear();

  Totals totals;
  for (const auto& worker : workers) add(*worker, totals);
  print(options, totals, connect_s, before, after);
  return totals.open == options.connections || (totals.open > 0 && totals.stats.closed == 0) ? 0 : 1;
}

}  // namespace
}  // namespace qos::bench

int main(int argc, char** argv) {
  CLI::App app{"Opens WebSocket connections on loopback, counts and times what is pushed"};
  qos::bench::LoadOptions options;
  qos::bench::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    qos::bench::settle(options);
    return qos::bench::measure(options);
  } catch (const std::exception& problem) {
    fmt::print(stderr, "wsload: {}\n", problem.what());
    return 2;
  }
}
