#include "api/server.hpp"

#include <future>
#include <utility>

#include "api/worker.hpp"
#include "api/ws/push.hpp"
#include "io/listener.hpp"

namespace qos::api {
namespace {

// Listeners live on the first worker's loop and hand their connections to the workers in turn.
class SocketServer final : public Server {
 public:
  SocketServer(ServerOptions options, const Services& services, access::Gate& gate, channel::Fanout& fanout,
               Worlds* worlds, io::BoundSockets bound)
      : options_{std::move(options)},
        services_{services},
        gate_{gate},
        fanout_{fanout},
        worlds_{worlds},
        bound_{std::move(bound)},
        registrations_{{.per_address = options_.registrations_a_day}},
        outbox_limits_{.hard_bytes = options_.outbox_hard_bytes,
                       .soft_bytes = options_.outbox_soft_bytes,
                       .grace = options_.outbox_grace,
                       .say_merged = &ws::say_merged} {}
  ~SocketServer() override { stop(); }

  Result<void> prepare();
  void start(Accept accept) override;
  void accept() override;
  void pause_accepting() override;
  std::vector<Listening> listening() const override;
  void drain(const Farewell& farewell) override;
  void stop() override;
  std::vector<std::string> addresses() const override { return addresses_of(Speech::plain); }
  std::vector<std::string> tls_addresses() const override { return addresses_of(Speech::tls); }
  const ServerCounters& counters() const override { return counters_; }
  std::vector<std::string> warnings() const override { return warnings_; }

 private:
  enum class Speech : std::uint8_t { plain, tls };
  struct Door {
    std::string configured;  // as the options name its address
    std::unique_ptr<io::Listener> listener;
    Speech speech;
  };
  Result<void> bind_all(const std::vector<std::string>& addresses, Speech speech);
  std::vector<std::string> addresses_of(Speech speech) const;
  void accepted(io::Descriptor socket, Speech speech, const io::SocketAddress& peer);
  io::Stream stream_over(io::Descriptor socket, Speech speech);
  void on_listeners(const std::function<void(io::Listener&)>& act);

  const ServerOptions options_;
  const Services services_;
  access::Gate& gate_;
  channel::Fanout& fanout_;
  Worlds* worlds_;
  io::BoundSockets bound_;  // until prepare()
  ServerCounters counters_;
  http::RegistrationLimiter registrations_;
  const channel::Outbox::Limits outbox_limits_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Door> doors_;
  std::size_t next_worker_ = 0;
  std::vector<std::string> warnings_;
  bool paused_ = false;
  bool running_ = false;  // between start() and stop()
};

Result<void> SocketServer::prepare() {
  if (options_.loops < 1 || options_.loops > fanout_.loops())
    return fail("{} I/O loops asked for, but the fan-out has {}", options_.loops, fanout_.loops());
  if (!options_.tls_listen.empty() && options_.certificate == nullptr)
    return fail("TLS asked for on {}, but there is no certificate", options_.tls_listen.front());
  if (auto bound = bind_all(options_.listen, Speech::plain); !bound) return bound;
  if (auto bound = bind_all(options_.tls_listen, Speech::tls); !bound) return bound;
  const WorkerEnvironment environment{.options = options_,
                                      .services = services_,
                                      .gate = gate_,
                                      .fanout = fanout_,
                                      .worlds = worlds_,
                                      .counters = counters_,
                                      .registrations = registrations_,
                                      .outbox_limits = outbox_limits_};
  for (std::size_t index = 0; index < options_.loops; ++index) {
    auto worker = Worker::create(index, environment);
    if (!worker) return std::unexpected{worker.error()};
    workers_.push_back(std::move(*worker));
  }
  for (const auto& door : doors_) {
    auto started = door.listener->start(
        workers_.front()->loop(),
        [this, speech = door.speech](io::Descriptor socket, const io::SocketAddress& peer) {
          accepted(std::move(socket), speech, peer);
        });
    if (!started) return started;
  }
  return {};
}

Result<void> SocketServer::bind_all(const std::vector<std::string>& addresses, Speech speech) {
  for (const auto& text : addresses) {
    const auto address = io::SocketAddress::parse(text);
    if (!address) return std::unexpected{address.error()};
    auto listener = take_bound(bound_, text);
    if (listener == nullptr) {
      auto fresh = io::Listener::bind(*address);
      if (!fresh) return std::unexpected{fresh.error()};
      listener = std::move(*fresh);
    }
    const auto tuned = listener->tune(
        {.congestion_control = options_.congestion_control, .unsent_bytes = options_.unsent_bytes});
    if (!tuned) warnings_.push_back(tuned.error().message);
    doors_.push_back({text, std::move(listener), speech});
  }
  return {};
}

// The handshake happens later, on the worker's loop.
io::Stream SocketServer::stream_over(io::Descriptor socket, Speech speech) {
  if (speech == Speech::plain) return io::Stream{std::move(socket)};
  return options_.certificate->current()->accept(std::move(socket), counters_.tls);
}

void SocketServer::accepted(io::Descriptor socket, Speech speech, const io::SocketAddress& peer) {
  counters_.connections.add();
  if (std::cmp_greater_equal(counters_.connections_open.value(), options_.max_connections)) {
    counters_.refused_connections.add();
    return;
  }
  auto stream = stream_over(std::move(socket), speech);
  if (!stream.valid()) return;
  workers_[next_worker_]->adopt(Transport{.stream = std::move(stream),
                                          .place = CountedPlace{counters_.connections_open},
                                          .outbox = channel::Outbox{outbox_limits_}},
                                peer.host());
  next_worker_ = (next_worker_ + 1) % workers_.size();
}

void SocketServer::start(Accept accept) {
  paused_ = accept == Accept::later;
  if (paused_)
    for (const auto& door : doors_) door.listener->pause();
  for (const auto& worker : workers_) worker->start();
  running_ = true;
}

// The listeners belong to the first loop. Returns when it is done there.
void SocketServer::on_listeners(const std::function<void(io::Listener&)>& act) {
  if (!running_) return;
  std::promise<void> done;
  workers_.front()->loop().post([&] {
    for (const auto& door : doors_) act(*door.listener);
    done.set_value();
  });
  done.get_future().wait();
}

void SocketServer::accept() {
  if (std::exchange(paused_, false)) on_listeners([](io::Listener& listener) { listener.resume(); });
}

void SocketServer::pause_accepting() {
  if (!std::exchange(paused_, true)) on_listeners([](io::Listener& listener) { listener.pause(); });
}

std::vector<Server::Listening> SocketServer::listening() const {
  std::vector<Listening> sockets;
  for (const auto& door : doors_) sockets.push_back({door.configured, door.listener->descriptor()});
  return sockets;
}

void SocketServer::drain(const Farewell& farewell) {
  on_listeners([this](io::Listener& listener) {
    if (!paused_) listener.take_waiting();
    listener.stop();
  });
  for (const auto& worker : workers_) worker->drain(farewell);
}

void SocketServer::stop() {
  if (!std::exchange(running_, false)) return;
  workers_.front()->loop().post([this] {
    for (const auto& door : doors_) door.listener->stop();
  });
  for (const auto& worker : workers_) worker->stop();
  for (const auto& worker : workers_) worker->join();
}

std::vector<std::string> SocketServer::addresses_of(Speech speech) const {
  std::vector<std::string> result;
  for (const auto& door : doors_)
    if (door.speech == speech) result.push_back(door.listener->address().to_string());
  return result;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::bind(ServerOptions options, const Services& services,
                                             access::Gate& gate, channel::Fanout& fanout, Worlds* worlds,
                                             io::BoundSockets bound) {
  auto server =
      std::make_unique<SocketServer>(std::move(options), services, gate, fanout, worlds, std::move(bound));
  if (auto prepared = server->prepare(); !prepared) return std::unexpected{std::move(prepared.error())};
  return server;
}

}  // namespace qos::api
