#include "server/opened.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>

#include "io/descriptor_limit.hpp"
#include "replay/own_calendars.hpp"
#include "server/data_folder.hpp"

namespace qos::server {
namespace {

// Beside the connections: files, sockets that listen, event queues, the metrics page.
constexpr std::uint64_t kOwnDescriptors = 64;

void raise_descriptor_limit(std::uint64_t connections) {
  const auto wanted = connections + kOwnDescriptors;
  const auto allowed = io::raise_descriptor_limit(wanted);
  if (allowed < wanted)
    spdlog::warn(
        "http.max_connections is {}, but the system allows {} descriptors (ulimit -n): clients beyond are "
        "turned away",
        connections, allowed);
}

// K-lines that close while the journal is applied again: the store may lack them.
class Again final : public state::ChangeSink {
 public:
  explicit Again(KeptData& kept) : kept_{kept} {}
  void on(const state::Change& change) override {
    kept_.take(change, KlineWriter::Told::again);
    kept_.end_of_event();
  }

 private:
  KeptData& kept_;
};

Result<void> settle_origins(const std::vector<PlannedFeed>& planned, const Reference& reference,
                            KeptData& kept) {
  KeptData::Origins origins;
  for (const auto& feed : planned) {
    auto& simulated = feed.plan.keep_open ? origins.simulated_always_open : origins.simulated;
    add_instruments(feed, reference.instruments, feed.plan.simulated ? simulated : origins.real);
  }
  return kept.settle_origins(origins);
}

// Null if nothing is served with TLS.
Result<std::unique_ptr<io::TlsCertificate>> load_certificate(const Config::Tls& config) {
  if (config.listen.empty()) return nullptr;
  return io::TlsCertificate::load({.certificate = config.certificate, .key = config.key});
}

// State as it was, or fresh.
Result<void> make_machine(const std::vector<PlannedFeed>& planned, Opened& opened) {
  auto& reference = *opened.reference;
  const auto options = machine_options(opened.config);
  if (opened.events) {
    auto machine = opened.events->make_machine(reference.instruments, reference.calendars, options);
    if (!machine) return std::unexpected{machine.error()};
    opened.machine = std::move(*machine);
  } else {
    opened.machine = std::make_unique<state::Machine>(reference.instruments, reference.calendars, options);
  }
  opened.kept->serve(opened.machine->views());
  if (auto settled = settle_origins(planned, reference, *opened.kept); !settled) return settled;
  if (!opened.events) return {};
  Again again{*opened.kept};
  return opened.events->catch_up(*opened.machine, again);
}

}  // namespace

void add_instruments(const PlannedFeed& planned, const market::InstrumentTable& instruments,
                     std::vector<InstrumentId>& ids) {
  for (const auto market : planned.plan.markets)
    std::ranges::copy(instruments.of_market(market), std::back_inserter(ids));
}

Result<Opened> open_files(Config config, io::Clock& clock, const std::vector<PlannedFeed>& feeds,
                          Succession* succession, io::BoundSockets& sockets) {
  auto certificate = load_certificate(config.tls);
  if (!certificate) return std::unexpected{certificate.error()};
  auto reference = load_reference({.instruments = config.instruments, .markets = config.markets});
  if (!reference) return std::unexpected{reference.error()};
  raise_descriptor_limit(config.http.max_connections);
  if (succession != nullptr) {
    auto addresses = config.listen;
    addresses.insert(addresses.end(), config.tls.listen.begin(), config.tls.listen.end());
    auto bound = succession->sockets_for(addresses);
    if (!bound) return std::unexpected{bound.error()};
    sockets = std::move(*bound);
    // From here on clients wait.
    if (auto taken = succession->take(); !taken) return std::unexpected{taken.error()};
  }
  if (auto folder = make_data_folder(config.data); !folder) return std::unexpected{folder.error()};
  auto gate = access::Gate::open({.database = key_database(config), .plans = config.plans});
  if (!gate) return std::unexpected{gate.error()};
  settle_closing_prints(config, **reference);
  if (auto open = keep_calendars_open(feeds, **reference); !open) return std::unexpected{open.error()};
  auto kept = KeptData::open(config, **reference, clock);
  if (!kept) return std::unexpected{kept.error()};
  auto names = names_of(config, **reference);
  Opened opened{.config = std::move(config),
                .clock = clock,
                .certificate = std::move(*certificate),
                .reference = std::move(*reference),
                .calendars_of_files = {},
                .gate = std::move(*gate),
                .kept = std::move(*kept),
                .names = std::move(names)};
  opened.calendars_of_files = replay::own_calendars(opened.reference->calendars);
  if (opened.config.journal.mode == JournalMode::on) {
    // When a commit or a checkpoint is due is a matter of this machine, whatever time the markets have.
    auto events = KeptEvents::open(opened.config, io::system_disk(), io::system_clock(), opened.names);
    if (!events) return std::unexpected{events.error()};
    opened.events = std::move(*events);
  }
  if (auto made = make_machine(feeds, opened); !made) return std::unexpected{made.error()};
  return opened;
}

}  // namespace qos::server
