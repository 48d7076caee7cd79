// nats_feed: publishes the benches' pushes to a nats-server on this machine, one subject an instrument, over
// its plain text protocol. The server's WebSocket clients are what is measured.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "io/descriptor.hpp"
#include "ws_payload.hpp"

namespace qos::bench {
namespace {

struct Options {
  int port = 4222;
  std::size_t instruments = 1'000;
  std::size_t burst = 8;  // updates in one write
  double rate = 0;        // updates a second; 0: as many as the server takes
  double seconds = 10;
};

io::Descriptor connect_to(int port) {
  io::Descriptor server{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    throw std::runtime_error("no nats-server listens on the port");
  const int one = 1;
  setsockopt(server.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return server;
}

void send_all(int server, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = send(server, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) throw std::runtime_error("the nats-server has gone");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// It asks now and then whether we live.
void answer_pings(int server) {
  char bytes[4'096];
  const auto got = recv(server, bytes, sizeof bytes, MSG_DONTWAIT);
  if (got > 0 &&
      std::string_view{bytes, static_cast<std::size_t>(got)}.find("PING") != std::string_view::npos)
    send_all(server, "PONG\r\n");
}

void run(const Options& options) {
  const auto server = connect_to(options.port);
  send_all(server.get(), "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n");
  std::vector<std::string> messages;
  std::vector<std::size_t> stamps;
  for (std::size_t i = 0; i < options.instruments; ++i) {
    const auto payload = ws_payload(i);
    const auto head = fmt::format("PUB {}{:0{}} {}\r\n", kSymbolHead, i, kSymbolDigits, payload.size());
    messages.push_back(head + payload + "\r\n");
    stamps.push_back(head.size() + stamp_place(payload));
  }
  const auto begun = monotonic_now();
  std::size_t next = 0;
  std::string batch;
  for (std::uint64_t now = begun; static_cast<double>(now - begun) * 1e-9 < options.seconds;
       now = monotonic_now()) {
    batch.clear();
    for (std::size_t i = 0; i < options.burst; ++i, ++next) {
      const auto instrument = next % options.instruments;
      write_stamp(messages[instrument].data() + stamps[instrument], monotonic_now());
      batch += messages[instrument];
    }
    send_all(server.get(), batch);
    answer_pings(server.get());
    if (options.rate <= 0) continue;
    const auto due = begun + static_cast<std::uint64_t>(1e9 * static_cast<double>(next) / options.rate);
    if (const auto at = monotonic_now(); at < due)
      std::this_thread::sleep_for(std::chrono::nanoseconds{due - at});
  }
}

}  // namespace
}  // namespace qos::bench

int main(int argc, char** argv) {
  qos::bench::Options options;
  CLI::App app{"Publishes the benches' pushes to a nats-server"};
  app.add_option("--port", options.port);
  app.add_option("--instruments", options.instruments)->check(CLI::Range(1, 1'000'000));
  app.add_option("--burst", options.burst, "updates in one write")->check(CLI::Range(1, 1'000'000));
  app.add_option("--rate", options.rate, "updates a second; 0: as many as the server takes");
  app.add_option("--seconds", options.seconds);
  CLI11_PARSE(app, argc, argv);
  try {
    qos::bench::run(options);
  } catch (const std::exception& problem) {
    fmt::print(stderr, "nats_feed: {}\n", problem.what());
    return 1;
  }
}
