#include "api/worker.hpp"

#include <fmt/format.h>

#include <utility>

#include "api/http/http_connection.hpp"
#include "api/ws/push.hpp"
#include "io/thread_name.hpp"

namespace qos::api {
namespace {

// Updates taken between two looks at the clock.
constexpr std::size_t kUpdatesBetweenLooks = 64;
// Looks at a ring that stays empty, until a burst is taken to be over.
constexpr int kSilentLooks = 32;
// Times as long as sending took: a loop that rests for less is busy.
constexpr int kRest = 2;
// One turn's most, whether many listen or few.
constexpr std::size_t kUpdatesPerTurn = 1 << 16;
// Of the loop, so a second: for clients to answer the close frame.
constexpr int kTicksToEnd = 10;

channel::FrameBuilder push_builder(const Health& health, ws::Packer& packer) {
  return [&health, &packer](std::string& out, const channel::Update& update, std::string_view spelling,
                            channel::Form form) {
    const std::size_t begin = out.size();
    if (channel::is_numbered(form))
      ws::append_numbered_push(out, update.key.topic, spelling, update.body, health.epoch() + update.number);
    else
      ws::append_push(out, update.key.topic, spelling, update.body);
    if (channel::is_packed(form)) packer.pack_last(out, begin);
  };
}

// Where nobody listens any more.
void empty_ring(channel::Hub& hub) {
  while (hub.gather(kUpdatesPerTurn) > 0) {
  }
  hub.deliver();
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::create(std::size_t index, const WorkerEnvironment& environment) {
  auto loop = io::Loop::create({});
  if (!loop) return std::unexpected{std::move(loop.error())};
  return std::unique_ptr<Worker>{new Worker{index, environment, std::move(*loop)}};
}

Worker::Worker(std::size_t index, const WorkerEnvironment& environment, std::unique_ptr<io::Loop> loop)
    : index_{index},
      environment_{environment},
      loop_{std::move(loop)},
      mail_{std::make_shared<LoopMail>(*loop_)},
      live_{enter(std::make_shared<const World>(environment.services, environment.fanout))},
      context_{new LoopContext{.host = *this,
                               .loop = *loop_,
                               .mail = mail_,
                               .services = environment.services,
                               .worlds = environment.worlds,
                               .gate = environment.gate,
                               .options = environment.options,
                               .counters = environment.counters,
                               .registrations = environment.registrations,
                               .outbox_limits = environment.outbox_limits,
                               .compression = compression_,
                               .now = environment.services.clock.steady_now()}} {
  loop_->on_turn([this] { return end_turn(); });
  loop_->on_tick([this] { on_tick(); });
}

Worker::~Worker() {
  stop();
  join();
  mail_->close();
}

void Worker::start() {
  thread_ = std::jthread{[this] {
    io::name_this_thread(fmt::format("qos-io-{}", index_));
    loop_->run();
    close_everything();
  }};
}

void Worker::close_everything() {
  while (!connections_.empty()) connections_.back()->close_now();
  visits_.clear();
  retired_.clear();
  // Nobody listens any more. The market thread may wait for room for one last update: let it go.
  empty_ring(live_->hub);
  for (const auto& world : travelled_) leave(*world);
  travelled_.clear();
  publish_tally();
}

void Worker::adopt(Transport transport, std::string remote_address) {
  // std::function copies, a socket does not.
  auto shared = std::make_shared<Transport>(std::move(transport));
  loop_->post([this, shared, address = std::move(remote_address)] {
    if (ticks_to_end_) return;
    context_->now = environment_.services.clock.steady_now();
    auto connection = std::make_unique<http::HttpConnection>(*context_, std::move(*shared), address);
    Connection& started = *connection;
    add(std::move(connection));
    started.start();
  });
}

void Worker::drain(const Farewell& farewell) {
  loop_->post([this, farewell] { begin_drain(farewell); });
}

void Worker::stop() {
  if (thread_.joinable()) loop_->post([this] { begin_stop(); });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::begin_drain(const Farewell& farewell) {
  if (drain_ || ticks_to_end_) return;
  context_->now = environment_.services.clock.steady_now();
  context_->draining = true;
  context_->goodbye = farewell.reason;
  drain_.emplace(farewell, context_->now, static_cast<std::uint32_t>(index_) + 1);
  drain_->step(connections_, context_->now, environment_.counters);
}

void Worker::begin_stop() {
  if (ticks_to_end_) return;
  ticks_to_end_ = kTicksToEnd;
  context_->now = environment_.services.clock.steady_now();
  for_each_connection([](Connection& connection) { connection.on_stop(); });
}

template <typename Visit>
void Worker::for_each_connection(Visit&& visit) {
  // One that closes makes the last one take its place, so go from the end.
  for (std::size_t at = connections_.size(); at > 0; --at)
    if (at <= connections_.size()) visit(*connections_[at - 1]);
}

void Worker::visit_at_turn_end(Connection& connection) {
  if (std::exchange(connection.visit_pending, true)) return;
  visits_.push_back(&connection);
}

void Worker::add(std::unique_ptr<Connection> connection) {
  connection->place_in_host = connections_.size();
  connections_.push_back(std::move(connection));
}

void Worker::retire(Connection& connection) {
  const std::size_t place = connection.place_in_host;
  QOS_ASSERT(connections_[place].get() == &connection);
  retired_.push_back(std::move(connections_[place]));
  if (place + 1 < connections_.size()) {
    connections_[place] = std::move(connections_.back());
    connections_[place]->place_in_host = place;
  }
  connections_.pop_back();
}

std::shared_ptr<LoopWorld> Worker::enter(std::shared_ptr<const World> world) {
  auto& fanout = world->fanout;
  auto builder = push_builder(world->services.health, compression_.shared);
  auto entered = std::make_shared<LoopWorld>(std::move(world), index_, fanout, std::move(builder));
  fanout.on_ready(index_, [mail = mail_] { mail->wake(); });
  return entered;
}

std::shared_ptr<LoopWorld> Worker::world_of(const access::Grant& grant) {
  if (!grant.nature.travel) return live_;
  auto world = environment_.worlds == nullptr ? nullptr : environment_.worlds->of(grant);
  // A world of fewer loops than the server's cannot be shown on this one.
  if (!world || index_ >= world->fanout.loops()) return nullptr;
  for (const auto& entered : travelled_)
    if (entered->world == world) return entered;
  return travelled_.emplace_back(enter(std::move(world)));
}

// Nobody listens any more, so at most the push that is under way still comes; the ring has room for it.
void Worker::leave(LoopWorld& world) {
  empty_ring(world.hub);
  world.world->fanout.on_ready(index_, {});
}

void Worker::leave_unused_worlds() {
  std::erase_if(travelled_, [this](const std::shared_ptr<LoopWorld>& world) {
    if (world.use_count() > 1) return false;
    leave(*world);
    return true;
  });
}

bool Worker::end_turn() {
  context_->now = environment_.services.clock.steady_now();
  visit_connections();
  bool is_more = send_updates(*live_);
  for (const auto& world : travelled_) is_more |= send_updates(*world);
  std::erase_if(visits_, [](const Connection* connection) { return connection->closed(); });
  retired_.clear();
  publish_tally();
  if (ticks_to_end_ && connections_.empty()) loop_->stop();
  return is_more || !visits_.empty();
}

// A visit may ask for another one: that is the next turn's, so that one busy client does not keep the loop.
void Worker::visit_connections() {
  auto visits = std::exchange(visits_, {});
  for (Connection* connection : visits) {
    connection->visit_pending = false;
    if (!connection->closed()) connection->visit();
  }
  visits.clear();
  if (visits_.empty()) visits_.swap(visits);  // its memory serves the next turn
}

// Takes what the ring has, for as long as more comes and the bound allows. True: there is more.
//
// A burst is still being published when its first update arrives. A loop that has had little rest since it
// sent last waits for the burst's end, some microseconds of silence, rather than sending to everyone twice.
// Where sending takes long, gathering may too: an eighth of it.
bool Worker::gather(channel::Hub& hub) {
  const auto& options = environment_.options;
  const auto& clock = environment_.services.clock;
  const std::size_t most = options.updates_per_flush > 0 ? options.updates_per_flush : kUpdatesPerTurn;
  const SteadyTime begun = context_->now;
  const bool is_busy = begun - sent_at_ < kRest * sending_took_;
  const auto bound = std::max<SteadyTime::duration>(options.gather, sending_took_ / 8);
  std::size_t taken = 0;
  int silence = 0;
  bool is_more = true;
  while (taken < most && !hub.is_full()) {
    const std::size_t wanted = std::min(kUpdatesBetweenLooks, most - taken);
    const std::size_t got = hub.gather(wanted);
    taken += got;
    is_more = got == wanted;
    silence = got > 0 ? 0 : silence + 1;
    const bool waits = taken > 0 && (options.updates_per_flush > 0 || (is_busy && silence < kSilentLooks));
    if (!is_more && !waits) break;
    if (clock.steady_now() - begun >= bound) break;
    if (!is_more) std::this_thread::yield();
  }
  return is_more;
}

// The busier the loop, the more has come since it looked last, and the more frames one call of the kernel's
// carries; one that has nothing else to do sends at once.
bool Worker::send_updates(LoopWorld& world) {
  auto& hub = world.hub;
  const auto& clock = environment_.services.clock;
  const bool is_more = gather(hub);
  if (!hub.has_gathered()) return is_more;
  const UnixNanos received = hub.newest_received();
  const SteadyTime begun = clock.steady_now();
  context_->gatherer.forget();
  hub.deliver();
  sent_at_ = clock.steady_now();
  sending_took_ = sent_at_ - begun;
  context_->lag.queue = world.world->fanout.waiting(index_);
  if (received != UnixNanos{})
    context_->lag.us = std::chrono::floor<std::chrono::microseconds>(clock.now() - received).count();
  return is_more;
}

void Worker::on_tick() {
  const SteadyTime now = environment_.services.clock.steady_now();
  context_->now = now;
  for_each_connection([now](Connection& connection) { connection.on_tick(now); });
  if (drain_) drain_->step(connections_, now, environment_.counters);
  leave_unused_worlds();
  if (ticks_to_end_ && --*ticks_to_end_ <= 0) loop_->stop();
}

void Worker::publish_tally() {
  const Tally tally = std::exchange(context_->tally, {});
  if (tally.frames_sent > 0) environment_.counters.frames_sent.add(tally.frames_sent);
  if (tally.frames_superseded > 0) environment_.counters.frames_superseded.add(tally.frames_superseded);
  if (tally.bytes_sent > 0) environment_.counters.bytes_sent.add(tally.bytes_sent);
  if (tally.bytes_received > 0) environment_.counters.bytes_received.add(tally.bytes_received);
  const ws::PackedBytes packed = std::exchange(compression_.bytes, {});
  if (packed.before == 0) return;
  environment_.counters.ws_bytes_before_packing.add(packed.before);
  environment_.counters.ws_bytes_after_packing.add(packed.after);
}

}  // namespace qos::api
