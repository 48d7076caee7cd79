// beast_broadcast: what a plain Boost.Beast server does with a broadcast: by client a queue of shared
// messages, one async_write a message. For comparison; one thread.
#include <CLI/CLI.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <charconv>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "ws_payload.hpp"

namespace qos::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using Message = std::shared_ptr<const std::string>;

struct Options {
  std::uint16_t port = 0;
  std::size_t instruments = 1'000;
  double frames_per_flush = 8;
  double rate = 0;
  std::size_t burst = 1;
  double seconds = 0;
};

class Session;

// Who listens to what, and how many messages wait to be written to anyone.
struct Board {
  explicit Board(std::size_t instruments) : listeners(instruments) {}
  std::vector<std::vector<std::shared_ptr<Session>>> listeners;
  std::size_t subscriptions = 0;
  std::size_t sessions = 0;
  std::size_t waiting = 0;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Board& board) : stream_{std::move(socket)}, board_{board} {
    stream_.next_layer().set_option(tcp::no_delay{true});
  }
  void start() {
    stream_.text(true);
    stream_.async_accept([self = shared_from_this()](beast::error_code fault) {
      if (fault) return;
      ++self->board_.sessions;
      self->read();
    });
  }
  void send(const Message& message) {
    queue_.push_back(message);
    ++board_.waiting;
    if (queue_.size() == 1) write();
  }

 private:
  void read() {
    stream_.async_read(received_, [self = shared_from_this()](beast::error_code fault, std::size_t) {
      if (fault) return;
      self->subscribe(beast::buffers_to_string(self->received_.data()));
      self->received_.clear();
      self->read();
    });
  }
  void subscribe(const std::string& text) {
    for (auto at = text.find(kSymbolHead); at != std::string::npos; at = text.find(kSymbolHead, at)) {
      at += kSymbolHead.size();
      std::size_t instrument = board_.listeners.size();
      std::from_chars(text.data() + at, text.data() + std::min(text.size(), at + kSymbolDigits), instrument);
      if (instrument >= board_.listeners.size()) continue;
      board_.listeners[instrument].push_back(shared_from_this());
      ++board_.subscriptions;
    }
    send(std::make_shared<const std::string>(R"({"type":"D","msg":"OK"})"));
  }
  void write() {
    stream_.async_write(asio::buffer(*queue_.front()),
                        [self = shared_from_this()](beast::error_code fault, std::size_t) {
                          self->board_.waiting -= fault ? self->queue_.size() : 1;
                          if (fault) return self->queue_.clear();
                          self->queue_.pop_front();
                          if (!self->queue_.empty()) self->write();
                        });
  }

  beast::websocket::stream<tcp::socket> stream_;
  Board& board_;
  beast::flat_buffer received_;
  std::deque<Message> queue_;
};

class Broadcast {
 public:
  explicit Broadcast(const Options& options)
      : options_{options},
        board_{options.instruments},
        acceptor_{context_, {asio::ip::address_v4::loopback(), options.port}} {
    acceptor_.listen(4'096);
    for (std::size_t i = 0; i < options.instruments; ++i) payloads_.push_back(ws_payload(i));
  }

  void run() {
    fmt::print("beast_broadcast: listens on 127.0.0.1:{}\n", acceptor_.local_endpoint().port());
    std::fflush(stdout);
    accept();
    begun_ = monotonic_now();
    while (options_.seconds == 0 || elapsed() < options_.seconds) {
      context_.poll();
      if (board_.subscriptions == 0) {
        begun_updates_ = monotonic_now();
        context_.run_for(std::chrono::milliseconds{10});
      } else if (options_.rate > 0) {
        const auto due = static_cast<double>(monotonic_now() - begun_updates_) * 1e-9 * options_.rate;
        if (static_cast<double>(next_ + options_.burst) <= due) publish(options_.burst);
      } else if (board_.waiting == 0) {
        publish(updates_per_flush());
      }
    }
  }

 private:
  double elapsed() const { return static_cast<double>(monotonic_now() - begun_) * 1e-9; }
  std::size_t updates_per_flush() const {
    const auto listened = static_cast<double>(options_.instruments) * static_cast<double>(board_.sessions);
    const auto updates = options_.frames_per_flush * listened / static_cast<double>(board_.subscriptions);
    return std::max<std::size_t>(1, static_cast<std::size_t>(updates + 0.5));
  }
  void publish(std::size_t updates) {
    for (std::size_t i = 0; i < updates; ++i) {
      const auto instrument = next_++ % options_.instruments;
      auto payload = payloads_[instrument];
      write_stamp(payload.data() + stamp_place(payload), monotonic_now());
      const auto message = std::make_shared<const std::string>(std::move(payload));
      for (const auto& session : board_.listeners[instrument]) session->send(message);
    }
  }
  void accept() {
    acceptor_.async_accept([this](beast::error_code fault, tcp::socket socket) {
      if (!fault) std::make_shared<Session>(std::move(socket), board_)->start();
      accept();
    });
  }

  const Options& options_;
  Board board_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  std::vector<std::string> payloads_;
  std::size_t next_ = 0;
  std::uint64_t begun_ = 0;
  std::uint64_t begun_updates_ = 0;
};

}  // namespace
}  // namespace qos::bench

int main(int argc, char** argv) {
  qos::bench::Options options;
  CLI::App app{"A plain Boost.Beast broadcaster"};
  app.add_option("--port", options.port, "of 127.0.0.1; 0: a free one");
  app.add_option("--instruments", options.instruments)->check(CLI::Range(1, 1'000'000));
  app.add_option("--frames-per-flush", options.frames_per_flush, "a client, on average");
  app.add_option("--rate", options.rate, "updates a second; 0: as many as go out");
  app.add_option("--burst", options.burst, "with a rate: updates at one instant");
  app.add_option("--seconds", options.seconds, "then it ends; 0: never");
  CLI11_PARSE(app, argc, argv);
  try {
    qos::bench::Broadcast{options}.run();
  } catch (const std::exception& problem) {
    fmt::print(stderr, "beast_broadcast: {}\n", problem.what());
    return 1;
  }
}
