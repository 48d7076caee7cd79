#include "server/replay_server.hpp"

#include <algorithm>
#include <filesystem>

#include "journal/reader.hpp"
#include "replay/own_calendars.hpp"
#include "server/planned_feeds.hpp"
#include "server/reference.hpp"
#include "server/travel_worlds.hpp"
#include "store/kline_store.hpp"
#include "store/reference_rows.hpp"

namespace qos::server {
namespace {

// Whoever is let in travels.
class TravellingGate final : public access::Gate {
 public:
  TravellingGate(std::unique_ptr<access::Gate> gate, UnixNanos at) : gate_{std::move(gate)}, at_{at} {}

  std::expected<access::Grant, access::Denial> authenticate(std::string_view key, UnixNanos now) override {
    auto grant = gate_->authenticate(key, now);
    if (grant) grant->nature = {.travel = access::Travel{.at = at_}};
    return grant;
  }
  std::optional<access::Denial> check(KeyId key, UnixNanos now) override { return gate_->check(key, now); }
  access::Quota take(const access::Grant& grant, access::Permission permission, SteadyTime now) override {
    return gate_->take(grant, permission, now);
  }
  std::shared_ptr<void> connect(const access::Grant& grant) override { return gate_->connect(grant); }
  Result<access::NewKey> create(std::string_view plan, std::string_view name, UnixNanos now,
                                const access::KeyNature& nature) override {
    return gate_->create(plan, name, now, nature);
  }
  Result<std::vector<access::KeyRecord>> list() override { return gate_->list(); }
  Result<access::KeyRecord> disable(std::string_view which) override { return gate_->disable(which); }
  std::shared_ptr<const access::Plan> plan(std::string_view name) const override { return gate_->plan(name); }

 private:
  std::unique_ptr<access::Gate> gate_;
  UnixNanos at_;
};

// There is one world, whatever a key says of its own journey.
class OneWorld final : public api::Worlds {
 public:
  OneWorld(TravelWorlds& worlds, const Journey& journey) : worlds_{worlds}, journey_{journey} {}
  std::shared_ptr<const api::World> of(const access::Grant&) override { return worlds_.of(journey_); }

 private:
  TravelWorlds& worlds_;
  Journey journey_;
};

// What is made of files.
struct Opened {
  Config config;
  std::unique_ptr<Reference> reference;
  std::unique_ptr<access::Gate> gate;
  std::unique_ptr<store::KlineStore> store;  // null: there is no history
  std::shared_ptr<const market::CorporateActionTable> actions;
};

Result<void> look_for_journal(const Config& config) {
  std::error_code ignored;
  const auto folder = journal_folder(config);
  if (!std::filesystem::exists(folder, ignored))
    return fail("there is no journal: {} does not exist (is --data right?)", folder.string());
  return {};
}

Result<Opened> open_files(const Config& config, const Journey& journey) {
  if (auto there = look_for_journal(config); !there) return std::unexpected{there.error()};
  Opened opened{.config = config, .reference = {}, .gate = {}, .store = {}, .actions = {}};
  const auto feeds = plan_feeds(config.feed, registered_feeds());
  if (!feeds) return std::unexpected{feeds.error()};
  auto reference = load_reference({.instruments = config.instruments, .markets = config.markets});
  if (!reference) return std::unexpected{reference.error()};
  opened.reference = std::move(*reference);
  settle_closing_prints(config, *opened.reference);
  if (auto open = keep_calendars_open(*feeds, *opened.reference); !open) return std::unexpected{open.error()};
  auto gate = access::Gate::open({.database = key_database(config), .plans = config.plans});
  if (!gate) return std::unexpected{gate.error()};
  opened.gate = std::make_unique<TravellingGate>(std::move(*gate), journey.at);
  std::error_code ignored;
  if (std::filesystem::exists(kline_folder(config), ignored)) {
    auto store = store::KlineStore::open({.folder = kline_folder(config)});
    if (!store) return std::unexpected{store.error()};
    opened.store = std::move(*store);
  }
  auto rows = store::ReferenceRows::open(reference_database(config.data));
  if (!rows) return std::unexpected{rows.error()};
  auto actions = rows->actions();
  if (!actions) return std::unexpected{actions.error()};
  opened.actions = std::make_shared<const market::CorporateActionTable>(std::move(*actions));
  return opened;
}

}  // namespace

class ReplayServer::Impl {
 public:
  Impl(Opened opened, const Journey& journey, io::Clock& clock)
      : files_{std::move(opened)},
        names_{names_of(files_.config, *files_.reference)},
        calendars_{replay::own_calendars(files_.reference->calendars)},
        nothing_{files_.reference->instruments, *calendars_, machine_options(files_.config)},
        no_klines_{files_.reference->instruments, *calendars_, nullptr, nullptr, {}},
        fanout_{{.loops = io_thread_count(files_.config),
                 .instruments = files_.reference->instruments.size(),
                 .ring_bytes = 0}},
        services_{.instruments = files_.reference->instruments,
                  .calendars = *calendars_,
                  .views = nothing_.views(),
                  .klines = no_klines_,
                  .health = health_,
                  .clock = clock},
        worlds_{source(clock), {.max_worlds = 1}},
        world_{worlds_, journey} {
    health_.set_ready(true);  // as a whole; the world says of itself whether it is
  }

  Result<void> open(const Journey& journey) {
    if (auto made = worlds_.make(journey); !made) return made;
    auto server = api::Server::bind(server_options(files_.config), services_, *files_.gate, fanout_, &world_);
    if (!server) return std::unexpected{server.error()};
    server_ = std::move(*server);
    return {};
  }

  api::Server& server() { return *server_; }
  access::Gate& gate() { return *files_.gate; }

 private:
  TravelSource source(io::Clock& clock) {
    return {.archive = {.disk = io::system_disk(),
                        .journal = journal_folder(files_.config),
                        .checkpoints = checkpoint_folder(files_.config),
                        .names = names_,
                        .instruments = files_.reference->instruments,
                        .calendars = files_.reference->calendars,
                        .options = machine_options(files_.config)},
            .store = files_.store.get(),
            .actions = [this] { return files_.actions; },
            .adjustment = files_.config.klines.adjustment,
            .clock = clock,
            .loops = io_thread_count(files_.config),
            .stale_after = std::chrono::seconds{files_.config.stale_after_s}};
  }

  Opened files_;
  journal::Names names_;
  // The live world of this server, which nobody sees.
  std::unique_ptr<market::CalendarTable> calendars_;
  state::Machine nothing_;
  history::Klines no_klines_;
  api::Health health_;
  channel::Fanout fanout_;
  api::Services services_;
  TravelWorlds worlds_;
  OneWorld world_;
  std::unique_ptr<api::Server> server_;
};

ReplayServer::ReplayServer(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
ReplayServer::~ReplayServer() {
  stop();
}

Result<std::unique_ptr<ReplayServer>> ReplayServer::open(const Config& config, const Journey& journey,
                                                         io::Clock& clock) {
  auto opened = open_files(config, journey);
  if (!opened) return std::unexpected{opened.error()};
  auto impl = std::make_unique<Impl>(std::move(*opened), journey, clock);
  if (auto ready = impl->open(journey); !ready) return std::unexpected{ready.error()};
  return std::unique_ptr<ReplayServer>{new ReplayServer{std::move(impl)}};
}

void ReplayServer::start() {
  impl_->server().start();
}
void ReplayServer::stop() {
  impl_->server().stop();
}
std::vector<std::string> ReplayServer::addresses() const {
  return impl_->server().addresses();
}
access::Gate& ReplayServer::gate() {
  return impl_->gate();
}

}  // namespace qos::server
