#include "server/pipeline.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "api/cursors.hpp"
#include "history/klines.hpp"
#include "io/descriptor_limit.hpp"
#include "io/thread_name.hpp"
#include "journal/sequencer.hpp"
#include "replay/own_calendars.hpp"
#include "server/certificate_watch.hpp"
#include "server/data_folder.hpp"
#include "server/explain_service.hpp"
#include "server/kept_data.hpp"
#include "server/kept_events.hpp"
#include "server/market_loop.hpp"
#include "server/opened.hpp"
#include "server/past_questions.hpp"
#include "server/pipeline_metrics.hpp"
#include "server/planned_feeds.hpp"
#include "server/publisher.hpp"
#include "server/reference.hpp"
#include "server/rewind_service.hpp"
#include "server/running_feeds.hpp"
#include "server/travel_worlds.hpp"

namespace qos::server {
namespace {

// The server's own events that are put before they are applied, at the start.
constexpr std::size_t kOwnBatch = 1'024;
// How long they may wait for a disk that takes nothing.
constexpr std::chrono::seconds kPatience{30};
// And events of feeds, when the server is told to stop.
constexpr std::chrono::seconds kHeldPatience{3};

// What clients are told when the server drains. A second at least, so that it is down when they try, and not
// all in the same.
constexpr std::string_view kRestarts = "the server restarts: connect again after 1 to 5 s";
constexpr std::string_view kHandedOver = "a newer server has taken over: connect again at once";

// By feed: whether its kind is named in journal.durable_first.
std::vector<bool> durable_first(const Config& config) {
  std::vector<bool> first;
  const auto& kinds = config.journal.durable_first;
  for (const auto& text : config.feed) {
    const auto spec = feed::FeedSpec::parse(text);
    first.push_back(spec && ('+' + kinds + '+').find('+' + spec->kind + '+') != std::string::npos);
  }
  return first;
}

}  // namespace

class Pipeline::Impl final : private state::ChangeSink {
 public:
  Impl(Opened opened, std::size_t feeds)
      : config_{std::move(opened.config)},
        clock_{opened.clock},
        certificate_{std::move(opened.certificate)},
        reference_{std::move(opened.reference)},
        calendars_of_files_{std::move(opened.calendars_of_files)},
        gate_{std::move(opened.gate)},
        kept_{std::move(opened.kept)},
        names_{std::move(opened.names)},
        events_{std::move(opened.events)},
        machine_{std::move(opened.machine)},
        own_events_{static_cast<std::uint16_t>(feeds)},
        sequencer_{{.feeds = feeds + 1, .last = events_ ? events_->journal().appended() : Sequence{}}},
        loop_{{.sequencer = sequencer_,
               .journal = events_ ? &events_->journal() : nullptr,
               .checkpointer = events_ ? &events_->checkpointer() : nullptr,
               .machine = *machine_,
               .sink = *this,
               .clock = clock_,
               .applied =
                   [this](const SequencedEvent& event) {
                     kept_->end_of_event();
                     // Digests are nobody's: they are not waited for.
                     if (!std::holds_alternative<StateDigest>(event.event.body)) applied_.add();
                   }},
              {.tail_events = config_.journal.tail_events,
               .durable_first = durable_first(config_),
               .feeds = names_.feeds},
              events_ ? events_->before() : MarketLoop::Before{}},
        fanout_{{.loops = io_thread_count(config_), .instruments = reference_->instruments.size()}},
        publisher_{reference_->instruments, fanout_},
        services_{.instruments = reference_->instruments,
                  .calendars = reference_->calendars,
                  .views = machine_->views(),
                  .klines = kept_->klines(),
                  .health = health_,
                  .clock = clock_,
                  .stale_after = std::chrono::seconds{config_.stale_after_s}} {
    if (events_) events_->start([this] { sequencer_.wake(); });
    if (events_) health_.watch_journal([this] { return events_->journal().counters().failing.value() != 0; });
    // Without a journal every run is an epoch of its own.
    if (events_) {
      services_.rewind = &rewind_.emplace(archive(), questions_);
      services_.explainer = &explain_.emplace(archive(), questions_);
      travel_.emplace(travel_source(), TravelWorlds::Options{.max_worlds = config_.travel.max_worlds});
    }
    health_.set_epoch(events_ ? events_->journal().epoch().value()
                              : static_cast<std::uint64_t>(unix_nanos(clock_.now()) / 1'000));
  }

  // An opening that fails ends without stop(), and the journal's thread wakes the sequencer.
  ~Impl() override {
    if (events_) events_->stop();
  }

  Result<void> make_feeds(const std::vector<PlannedFeed>& planned, const FeedMaker& maker) {
    for (std::size_t index = 0; index < planned.size(); ++index) {
      const FeedId id{static_cast<std::uint16_t>(index)};
      // A closed world hands over the same events again: those that the journal has are passed over.
      const auto already = planned[index].plan.continues ? 0 : handed_over_before(index);
      auto made = maker.make(planned[index].spec, planned[index].plan.markets,
                             {.id = id,
                              .instruments = reference_->instruments,
                              .calendars = reference_->calendars,
                              .clock = clock_,
                              .simulated_prices = reference_->simulated_prices,
                              .already = already,
                              .report = [kind = planned[index].spec.kind](const Error& error) {
                                spdlog::warn("feed {}: {}", kind, error.message);
                              }});
      if (!made) return within("feed", made.error());
      feeds_.add(
          std::make_unique<RunningFeed>(planned[index].spec.kind, id, std::move(*made), already, sequencer_));
    }
    return {};
  }

  Result<void> bind(io::BoundSockets sockets) {
    // Without a journal nobody could be told what was missed.
    if (events_) {
      auto cursors =
          api::Cursors::open({.database = cursor_database(config_),
                              .last = events_->journal().found().last.sequence,
                              .report = [](const std::string& line) { spdlog::warn("cursors: {}", line); }},
                             reference_->instruments, io::system_clock());
      if (!cursors) return std::unexpected{cursors.error()};
      cursors_ = std::move(*cursors);
      services_.cursors = cursors_.get();
    }
    auto options = server_options(config_);
    options.tls_listen = config_.tls.listen;
    options.certificate = certificate_.get();
    auto server = api::Server::bind(options, services_, *gate_, fanout_, travel_ ? &*travel_ : nullptr,
                                    std::move(sockets));
    if (!server) return std::unexpected{server.error()};
    server_ = std::move(*server);
    for (const auto& warning : server_->warnings()) spdlog::warn("{}", warning);
    if (certificate_) certificate_watch_.emplace(*certificate_, server_->counters().tls);
    add_metrics();
    if (!config_.admin.listen.empty()) return metrics_.start(config_.admin.listen);
    return {};
  }

  // The past of every feed goes into the store, and state is told what it has to go on from. No other thread
  // runs yet, so this one applies the events itself.
  Result<void> take_past(const std::vector<PlannedFeed>& planned) {
    for (const auto& change : calendar_news()) {
      put_own(change);
      if (auto settled = settle_own(); !settled) return settled;
    }
    std::vector<InstrumentId> continuing;
    for (const auto& feed : planned)
      if (feed.plan.continues) add_instruments(feed, reference_->instruments, continuing);
    for (const auto& tick : ends_of_lived_minutes(continuing)) put_own(tick);
    if (auto settled = settle_own(); !settled) return settled;
    kept_->settle_lived();

    if (auto complete = kept_->complete_days(); !complete) return complete;
    for (const auto& feed : feeds_)
      if (auto kept = kept_->keep_past_of(feed->feed()); !kept)
        return within(fmt::format("feed {}: its past", feed->kind()), kept.error());
    // A feed tells no day K-line of a date that it leaves in progress.
    if (auto complete = kept_->complete_days(); !complete) return complete;
    Result<void> settled;
    std::size_t waiting = 0;
    const auto told = kept_->tell_past(continuing, [&](const EventBody& body) {
      if (!settled) return;
      put_own(body);
      if (++waiting < kOwnBatch) return;
      settled = settle_own();
      waiting = 0;
    });
    if (!told || !settled) return told ? settled : told;
    return settle_own();
  }

  void start(Accept accept) {
    questions_.start();
    server_->start(accept);
    if (certificate_watch_) certificate_watch_->start();
    kept_->start([this](const CalendarChange& change) { put_own(change); });
    market_thread_ = std::jthread{[this] {
      io::name_this_thread("qos-market");
      run_market();
    }};
    feeds_.start();
  }

  void accept() { server_->accept(); }

  bool wait_until_ready(std::chrono::milliseconds patience) {
    std::unique_lock lock{ready_mutex_};
    ready_changed_.wait_for(lock, patience, [this] { return health_.ready() || sequencer_.closed(); });
    return health_.ready();
  }

  void drain(Leaving leaving) {
    const bool restarts = leaving == Leaving::restarts;
    // After a successor that was lost nobody else takes those who wait to be let in.
    if (restarts) server_->accept();
    health_.set_draining(restarts);
    server_->drain({.over = std::chrono::milliseconds{config_.http.drain_ms},
                    .reason = restarts ? kRestarts : kHandedOver});
  }
  bool drained() const { return server_->counters().connections_open.value() == 0; }

  // What every end begins with: nothing new happens, and what has happened is on disk.
  void come_to_rest() {
    feeds_.request_stop();
    // A feed that waits for room in its queue is let go only after the market thread had its chance to make
    // some.
    feeds_.wait([this] { return loop_.held(); }, kHeldPatience);
    sequencer_.close();
    feeds_.join();
    if (market_thread_.joinable()) {
      market_thread_.join();
      loop_.finish();
    }
    questions_.stop();
    if (events_) events_->stop();
    kept_->stop();
  }

  std::vector<api::Server::Listening> listening() const { return server_->listening(); }
  HandOverCounters& hand_over_counters() { return hand_over_counters_; }

  void give_up_data() {
    server_->pause_accepting();
    come_to_rest();
    if (cursors_) cursors_->retire();
    metrics_.stop();
    if (events_) events_->give_up_folder();
  }

  void stop() {
    come_to_rest();
    fanout_.close();
    if (certificate_watch_) certificate_watch_->stop();
    if (server_) server_->stop();
    const std::scoped_lock lock{ready_mutex_};
    ready_changed_.notify_all();
  }

  std::vector<std::string> addresses() const { return server_->addresses(); }
  std::vector<std::string> tls_addresses() const { return server_->tls_addresses(); }
  access::Gate& gate() { return *gate_; }
  int metrics_port() const { return metrics_.port(); }
  std::uint64_t events_applied() const { return applied_.value(); }
  bool at_rest() const {
    if (!feeds_.all_ended()) return false;
    return applied_.value() == own_handed_over_.value() + feeds_.handed_over() && kept_->at_rest();
  }
  bool history_at_rest() const { return kept_->at_rest(); }

 private:
  void run_market() {
    // What may still be queued from before the last feed said that it is live.
    std::optional<std::size_t> past_left;
    for (;;) {
      const auto seen = sequencer_.look();
      if (!past_left && !health_.ready() && feeds_.all_live())
        past_left = feeds_.size() * sequencer_.queue_capacity();
      // Closed is looked at before draining, so that what was put before closing is applied.
      const bool closed = sequencer_.closed();
      const auto taken = loop_.turn();
      if (past_left) {
        *past_left -= std::min(*past_left, taken);
        if (taken == 0 || *past_left == 0) {
          past_left.reset();
          become_ready();
        }
      }
      if (taken > 0) continue;
      if (closed) return;
      sequencer_.wait(seen);
    }
  }

  // Where the past lies, for whoever derives it again.
  replay::Archive archive() const {
    return {.disk = io::system_disk(),
            .journal = journal_folder(config_),
            .checkpoints = checkpoint_folder(config_),
            .names = names_,
            .instruments = reference_->instruments,
            .calendars = *calendars_of_files_,
            .options = machine_options(config_)};
  }

  TravelSource travel_source() {
    return {.archive = archive(),
            .store = kept_->store(),
            .actions = [this] { return kept_->klines().actions(); },
            .adjustment = config_.klines.adjustment,
            .clock = clock_,
            .loops = io_thread_count(config_),
            .stale_after = std::chrono::seconds{config_.stale_after_s}};
  }

  // What was put is applied. An error: the disk takes nothing.
  Result<void> settle_own() {
    const auto begun = std::chrono::steady_clock::now();
    while (own_handed_over_.value() > applied_.value()) {
      if (loop_.turn() > 0) continue;
      if (std::chrono::steady_clock::now() - begun > kPatience)
        return fail("the journal in {} takes no events: {} wait for the disk",
                    journal_folder(config_).string(), own_handed_over_.value() - applied_.value());
      // Nobody rings for a disk that refuses.
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return {};
  }

  // Time goes on to where the minutes end that were open when the server stopped, if that has passed: then
  // they are final, and whoever makes up what has followed begins after them.
  std::vector<ClockTick> ends_of_lived_minutes(const std::vector<InstrumentId>& ids) const {
    std::map<CalendarId, UnixNanos> ends;
    const auto now = clock_.now();
    for (const auto id : ids) {
      const auto minutes = machine_->views().find(id)->klines(market::KlineType::m1, 1);
      if (minutes.empty()) continue;
      UnixNanos& end =
          ends.try_emplace(reference_->instruments.at(id).calendar, UnixNanos::min()).first->second;
      const auto ends_at = minutes.back().start + std::chrono::minutes{1};
      if (ends_at <= now) end = std::max(end, ends_at);
    }
    std::vector<ClockTick> ticks;
    for (const auto& [calendar, end] : ends)
      if (end != UnixNanos::min()) ticks.push_back({.calendar = calendar, .ts_event = end});
    return ticks;
  }

  // What an operator has said of dates, as far as state does not know it.
  std::vector<CalendarChange> calendar_news() const {
    auto news = changes_between({}, kept_->calendar_rows(), reference_->calendars, clock_.now());
    for (const auto& fault : news.faults)
      spdlog::warn("{}: {}", reference_database(config_.data).string(), fault.message);
    return std::move(news.changes);
  }

  std::uint64_t handed_over_before(std::size_t feed) const {
    if (!events_) return 0;
    const auto& before = events_->before().handed_over;
    const auto found = before.find(names_.feeds[feed]);
    return found == before.end() ? 0 : found->second;
  }

  // What the server itself says: the past, and news of the reference data.
  void put_own(const EventBody& body) {
    if (sequencer_.put(own_events_, {.feed = own_events_, .ts_recv = clock_.now(), .body = body}))
      own_handed_over_.add();
  }

  void on(const state::Change& change) override {
    // That time closes a K-line is no sign of life of its market.
    if (change.has_new_values())
      health_.heard(reference_->instruments.at(change.instrument).code.market, clock_.now());
    publisher_.publish(change);
    kept_->take(change);
  }

  void become_ready() {
    const std::scoped_lock lock{ready_mutex_};
    health_.set_ready(true);
    ready_changed_.notify_all();
  }

  void add_metrics() {
    for (const auto& feed : feeds_) add_feed_metrics(metrics_, feed->kind(), feed->counters());
    add_market_metrics(metrics_, sequencer_.counters(), machine_->counters(), fanout_.counters());
    add_server_metrics(metrics_, server_->counters());
    if (certificate_) add_tls_metrics(metrics_, server_->counters().tls, *certificate_);
    add_history_metrics(metrics_, *kept_);
    if (events_)
      add_journal_metrics(metrics_, events_->journal(), events_->checkpointer().counters(), loop_.counters());
    add_past_metrics(metrics_, questions_.counters());
    if (cursors_) add_cursor_metrics(metrics_, cursors_->counters());
    if (travel_) add_travel_metrics(metrics_, travel_->counters());
    add_hand_over_metrics(metrics_, hand_over_counters_);
    metrics_.add_gauge("qos_ready", "1 once every feed has handed over its past",
                       [this] { return health_.ready() ? 1.0 : 0.0; });
    metrics_.add_gauge("qos_draining", "1 once the server was told to stop and asks its clients to leave",
                       [this] { return health_.draining() ? 1.0 : 0.0; });
  }

  Config config_;
  io::Clock& clock_;
  std::unique_ptr<io::TlsCertificate> certificate_;  // null: no TLS
  std::unique_ptr<Reference> reference_;
  std::unique_ptr<market::CalendarTable> calendars_of_files_;
  std::unique_ptr<access::Gate> gate_;
  std::unique_ptr<KeptData> kept_;
  journal::Names names_;
  std::unique_ptr<KeptEvents> events_;  // null: nothing is kept of events
  std::unique_ptr<state::Machine> machine_;
  FeedId own_events_;  // the queue behind those of the feeds
  journal::Sequencer sequencer_;
  MarketLoop loop_;
  PastQuestions questions_;
  std::optional<RewindService> rewind_;
  std::optional<ExplainService> explain_;
  std::unique_ptr<api::Cursors> cursors_;
  std::optional<TravelWorlds> travel_;
  channel::Fanout fanout_;
  Publisher publisher_;
  api::Health health_;
  api::Services services_;
  RunningFeeds feeds_;
  std::unique_ptr<api::Server> server_;
  std::optional<CertificateWatch> certificate_watch_;
  HandOverCounters hand_over_counters_;
  admin::MetricsPage metrics_;
  Counter applied_;  // events applied and published
  Counter own_handed_over_;
  std::mutex ready_mutex_;
  std::condition_variable ready_changed_;
  std::jthread market_thread_;
};

Pipeline::Pipeline(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Pipeline::~Pipeline() {
  if (impl_) impl_->stop();
}

Result<std::unique_ptr<Pipeline>> Pipeline::open(Config config, io::Clock& clock, const FeedMaker& maker,
                                                 Succession* succession) {
  auto feeds = plan_feeds(config.feed, maker);
  if (!feeds) return std::unexpected{feeds.error()};
  io::BoundSockets sockets;
  auto opened = open_files(std::move(config), clock, *feeds, succession, sockets);
  if (!opened) return std::unexpected{opened.error()};
  auto impl = std::make_unique<Impl>(std::move(*opened), feeds->size());
  if (auto made = impl->make_feeds(*feeds, maker); !made) return std::unexpected{made.error()};
  if (auto bound = impl->bind(std::move(sockets)); !bound) return std::unexpected{bound.error()};
  if (auto past = impl->take_past(*feeds); !past) return std::unexpected{past.error()};
  return std::unique_ptr<Pipeline>{new Pipeline{std::move(impl)}};
}

void Pipeline::start(Accept accept) {
  impl_->start(accept);
}
void Pipeline::accept() {
  impl_->accept();
}
bool Pipeline::wait_until_ready(std::chrono::milliseconds patience) {
  return impl_->wait_until_ready(patience);
}
std::vector<api::Server::Listening> Pipeline::listening() const {
  return impl_->listening();
}
void Pipeline::give_up_data() {
  impl_->give_up_data();
}
HandOverCounters& Pipeline::hand_over_counters() {
  return impl_->hand_over_counters();
}
void Pipeline::drain(Leaving leaving) {
  impl_->drain(leaving);
}
bool Pipeline::drained() const {
  return impl_->drained();
}
void Pipeline::stop() {
  impl_->stop();
}
std::vector<std::string> Pipeline::addresses() const {
  return impl_->addresses();
}
std::vector<std::string> Pipeline::tls_addresses() const {
  return impl_->tls_addresses();
}
access::Gate& Pipeline::gate() {
  return impl_->gate();
}
int Pipeline::metrics_port() const {
  return impl_->metrics_port();
}
std::uint64_t Pipeline::events_applied() const {
  return impl_->events_applied();
}
bool Pipeline::at_rest() const {
  return impl_->at_rest();
}
bool Pipeline::history_at_rest() const {
  return impl_->history_at_rest();
}

}  // namespace qos::server
