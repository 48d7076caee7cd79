// ws_limit: the bare limit of what one core delivers over WebSocket, for comparison. One thread, epoll,
// frames encoded beforehand and shared by all, by client a list of which, one system call a client and flush.
// It makes up the updates itself, so it does nothing of what a server is for.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

#include "clients.hpp"
#include "ws_payload.hpp"

namespace qos::bench {
namespace {

struct Options {
  std::size_t instruments = 1'000;
  double frames_per_flush = 8;
  double rate = 0;        // updates a second; 0: as many as go out
  std::size_t burst = 1;  // with a rate: so many at one instant, then a flush
  double seconds = 0;     // 0: until it is killed
  std::string send_by = "copy";
  Clients::Options clients{.port = 0, .congestion = "cubic", .send_by = SendBy::copy};
};

class Limit {
 public:
  explicit Limit(const Options& options)
      : options_{options}, frames_{options.instruments}, clients_{options.clients, frames_} {}

  void run() {
    fmt::print("ws_limit: pid {} listens on 127.0.0.1:{}; {} instruments, pushes of {} bytes with header\n",
               getpid(), clients_.port(), options_.instruments, kPushBytes);
    std::fflush(stdout);
    const auto begun = monotonic_now();
    next_burst_ = begun;
    while (options_.seconds == 0 || static_cast<double>(monotonic_now() - begun) * 1e-9 < options_.seconds) {
      if (clients_.subscriptions() == 0) {
        clients_.poll(10'000'000);
        next_burst_ = monotonic_now();
      } else if (options_.rate > 0) {
        turn_paced();
      } else {
        clients_.poll(0);
        push(updates_per_flush());
      }
    }
  }

 private:
  // So many that a client is sent frames_per_flush of them on average.
  std::size_t updates_per_flush() const {
    const auto listened = static_cast<double>(options_.instruments) * static_cast<double>(clients_.open());
    const auto updates = options_.frames_per_flush * listened / static_cast<double>(clients_.subscriptions());
    return std::max<std::size_t>(1, static_cast<std::size_t>(updates + 0.5));
  }

  // What is late is gathered: all bursts that are due go out with one flush.
  void turn_paced() {
    const auto now = monotonic_now();
    if (now < next_burst_) return clients_.poll(next_burst_ - now);
    clients_.poll(0);
    const auto pause = static_cast<std::uint64_t>(1e9 * static_cast<double>(options_.burst) / options_.rate);
    const auto due = std::min((now - next_burst_) / std::max<std::uint64_t>(pause, 1) + 1, kMostBursts);
    push(due * options_.burst);
    next_burst_ += due * pause;
  }

  void push(std::size_t updates) {
    for (std::size_t i = 0; i < updates; ++i) {
      const auto instrument = next_++ % options_.instruments;
      frames_.stamp(instrument, monotonic_now());
      clients_.publish(static_cast<std::uint32_t>(instrument));
    }
    clients_.flush();
  }

  static constexpr std::uint64_t kMostBursts = 1'000;

  const Options& options_;
  FrameBook frames_;
  Clients clients_;
  std::size_t next_ = 0;
  std::uint64_t next_burst_ = 0;
};

}  // namespace
}  // namespace qos::bench

int main(int argc, char** argv) {
  qos::bench::Options options;
  CLI::App app{"The bare limit of what one core delivers over WebSocket"};
  app.add_option("--port", options.clients.port, "of 127.0.0.1; 0: a free one");
  app.add_option("--instruments", options.instruments)->check(CLI::Range(1, 1'000'000));
  app.add_option("--frames-per-flush", options.frames_per_flush, "a client, on average")
      ->check(CLI::Range(0.001, 100.0));
  app.add_option("--rate", options.rate, "updates a second; 0: as many as go out");
  app.add_option("--burst", options.burst, "with a rate: updates at one instant, then a flush");
  app.add_option("--seconds", options.seconds, "then it ends; 0: never");
  app.add_option("--congestion", options.clients.congestion,
                 "cubic, bbr, reno; empty or system: the system's");
  app.add_option("--send", options.send_by, "copy: one buffer; sendmsg: pieces")
      ->check(CLI::IsMember({"copy", "sendmsg"}));
  CLI11_PARSE(app, argc, argv);
  if (options.clients.congestion == "system") options.clients.congestion.clear();
  if (options.send_by == "sendmsg") options.clients.send_by = qos::bench::SendBy::sendmsg;
  try {
    qos::bench::Limit{options}.run();
  } catch (const std::exception& problem) {
    fmt::print(stderr, "ws_limit: {}\n", problem.what());
    return 1;
  }
}
