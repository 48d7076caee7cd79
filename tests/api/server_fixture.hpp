// A whole server on port 0 over a market that a test drives by hand: each instrument is a counter, and its
// n-th state has n as sequence, price and volume, so that a hole, a repetition or a step back shows in the
// numbers themselves.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "access/gate.hpp"
#include "api/json/encode.hpp"
#include "api/rewind.hpp"
#include "api/server.hpp"
#include "api/worlds.hpp"
#include "channel/fanout.hpp"
#include "io/file.hpp"
#include "io/manual_clock.hpp"
#include "state/view.hpp"

namespace qos::api::serving {

inline state::Snapshot snapshot_at(std::uint64_t n) {
  state::Snapshot snapshot;
  if (n == 0) return snapshot;
  snapshot.sequence = Sequence{n};
  snapshot.last = Price::from_raw(static_cast<std::int64_t>(n) * Price::kScale);
  snapshot.open = snapshot.high = snapshot.low = snapshot.previous_close = snapshot.last;
  snapshot.session = state::UsSession::regular;
  snapshot.ts = from_unix_seconds(static_cast<std::int64_t>(n));
  return snapshot;
}

inline state::Depth depth_at(std::uint64_t n) {
  state::Depth depth;
  if (n == 0) return depth;
  depth.sequence = Sequence{n};
  depth.ts = from_unix_seconds(static_cast<std::int64_t>(n));
  depth.bid_count = 1;
  depth.bids[0] = {Price::from_raw(static_cast<std::int64_t>(n) * Price::kScale), Quantity::from_units(1)};
  return depth;
}

inline state::TapeTrade trade_at(std::uint64_t n) {
  return {.sequence = Sequence{n},
          .number = n,
          .price = Price::from_raw(static_cast<std::int64_t>(n) * Price::kScale),
          .size = Quantity::from_units(1),
          .ts = from_unix_seconds(static_cast<std::int64_t>(n)),
          .aggressor = Aggressor::buy};
}

inline state::Kline kline_at(std::uint64_t n) {
  state::Kline kline;
  kline.sequence = Sequence{n};
  kline.open = kline.high = kline.low = kline.close =
      Price::from_raw(static_cast<std::int64_t>(n) * Price::kScale);
  return kline;
}

class CounterView final : public state::InstrumentView {
 public:
  Sequence version() const override { return Sequence{version_.load()}; }
  state::Snapshot snapshot() const override { return snapshot_at(cell_.load()); }
  state::Depth depth() const override { return depth_at(cell_.load()); }
  std::vector<state::TapeTrade> trades(std::size_t) const override {
    const auto n = cell_.load();
    return n == 0 ? std::vector<state::TapeTrade>{} : std::vector{trade_at(n)};
  }
  // As many as are asked for, all alike: long answers need them.
  std::vector<state::Kline> klines(market::KlineType, std::size_t count,
                                   std::optional<UnixNanos>) const override {
    const auto n = cell_.load();
    return n == 0 ? std::vector<state::Kline>{} : std::vector(std::min<std::size_t>(count, 4), kline_at(n));
  }
  std::uint64_t stamp() const override { return stamp_.load(); }
  // Every state of a counter was pushed on every channel.
  state::Numbers numbers() const override {
    const auto n = cell_.load();
    state::Numbers numbers{.snapshot = n, .depth = n, .trade = n, .session_minutes = n};
    numbers.klines.fill(n);
    return numbers;
  }
  // The order of the machine: stamp, cells, version, stamp. The market's thread.
  void set(std::uint64_t n) {
    stamp_.fetch_add(1);
    cell_.store(n);
    version_.store(n);
    stamp_.fetch_add(1);
  }
  // As if the market thread were in the middle of an event, or not any more; and what it has written so far.
  void begin_or_end_event() { stamp_.fetch_add(1); }
  void set_cell(std::uint64_t n) { cell_.store(n); }

 private:
  std::atomic<std::uint64_t> cell_{0};
  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::uint64_t> stamp_{0};
};

class CounterViews final : public state::ViewTable {
 public:
  explicit CounterViews(std::size_t instruments) : views_(instruments) {}
  const state::InstrumentView* find(InstrumentId id) const override {
    return id.value() < views_.size() ? &views_[id.value()] : nullptr;
  }
  CounterView& at(InstrumentId id) { return views_[id.value()]; }

 private:
  std::vector<CounterView> views_;
};

// Keys: "good" (no limits), "expired", "disabled", and what a test adds by naming a plan. Windows never end.
class FakeGate final : public access::Gate {
 public:
  FakeGate() { add("good", {}); }
  access::Plan& add(const std::string& key, access::Plan plan) {
    const std::scoped_lock lock{mutex_};
    plans_[key] = std::make_shared<access::Plan>(std::move(plan));
    return *plans_[key];
  }
  std::expected<access::Grant, access::Denial> authenticate(std::string_view key, UnixNanos) override {
    const std::scoped_lock lock{mutex_};
    if (key == "expired") return std::unexpected{access::Denial::expired};
    if (key == "disabled") return std::unexpected{access::Denial::disabled};
    const auto found = plans_.find(std::string{key});
    if (found == plans_.end()) return std::unexpected{access::Denial::invalid};
    const auto nature = natures_.find(std::string{key});
    return access::Grant{KeyId{1}, std::string{key}, found->second,
                         nature == natures_.end() ? access::KeyNature{} : nature->second};
  }
  void set_nature(const access::KeyNature& nature, const std::string& key = "good") {
    const std::scoped_lock lock{mutex_};
    natures_[key] = nature;
  }
  // From now on every key that was let in has ended, or not.
  void end_keys(std::optional<access::Denial> denial) {
    const std::scoped_lock lock{mutex_};
    ended_ = denial;
  }
  std::optional<access::Denial> check(KeyId, UnixNanos) override {
    const std::scoped_lock lock{mutex_};
    ++checks_;
    return ended_;
  }
  int checks() {
    const std::scoped_lock lock{mutex_};
    return checks_;
  }
  access::Quota take(const access::Grant& grant, access::Permission permission, SteadyTime) override {
    const auto limit = grant.plan->limit(permission).request_frequency;
    if (limit == 0) return {};
    const std::scoped_lock lock{mutex_};
    auto& taken = taken_[{grant.name, permission}];
    if (taken == limit)
      return {.allowed = false, .limit = limit, .remaining = 0, .reset = std::chrono::seconds{42}};
    ++taken;
    return {.allowed = true, .limit = limit, .remaining = limit - taken, .reset = std::chrono::seconds{42}};
  }
  access::Quota look(const access::Grant& grant, access::Permission permission, SteadyTime) override {
    const auto limit = grant.plan->limit(permission).request_frequency;
    if (limit == 0) return {};
    const std::scoped_lock lock{mutex_};
    const auto taken = taken_[{grant.name, permission}];
    return {.allowed = taken < limit,
            .limit = limit,
            .remaining = limit - taken,
            .reset = std::chrono::seconds{42}};
  }
  std::shared_ptr<void> connect(const access::Grant& grant) override {
    const auto limit = grant.plan->limit(access::Permission::ws).max_connections;
    const std::scoped_lock lock{mutex_};
    auto& count = connections_[grant.name];
    if (!count) count = std::make_shared<std::atomic<std::uint32_t>>(0);
    if (limit > 0 && count->load() >= limit) return nullptr;
    count->fetch_add(1);
    return {count.get(), [held = count](void*) { held->fetch_sub(1); }};
  }
  Result<access::NewKey> create(std::string_view, std::string_view, UnixNanos,
                                const access::KeyNature&) override {
    return fail("no keys");
  }
  Result<std::vector<access::KeyRecord>> list() override { return std::vector<access::KeyRecord>{}; }
  Result<access::KeyRecord> disable(std::string_view) override { return fail("no keys"); }
  std::shared_ptr<const access::Plan> plan(std::string_view) const override { return nullptr; }

 private:
  std::mutex mutex_;
  std::optional<access::Denial> ended_;
  int checks_ = 0;
  std::map<std::string, std::shared_ptr<access::Plan>, std::less<>> plans_;
  std::map<std::string, access::KeyNature, std::less<>> natures_;
  std::map<std::pair<std::string, access::Permission>, std::uint32_t> taken_;
  std::map<std::string, std::shared_ptr<std::atomic<std::uint32_t>>> connections_;
};

inline market::CalendarTable load_calendars() {
  market::CalendarTable table;
  const std::string folder = QOS_SOURCE_DIR "/config/markets/";
  for (const char* name : {"US", "HK", "CN", "CF", "FX", "CM"}) {
    const auto rules = io::read_file(folder + name + ".toml");
    const auto rows = io::read_file(folder + name + ".days.csv");
    auto calendar = market::SessionCalendar::load({.rules_name = name,
                                                   .rules = rules ? std::string_view{*rules} : "",
                                                   .rows_name = name,
                                                   .rows = rows ? std::string_view{*rows} : ""});
    if (!calendar) throw std::runtime_error{calendar.error().message};
    table.add(std::move(*calendar));
  }
  return table;
}

inline market::InstrumentTable load_instruments(const market::CalendarTable& calendars) {
  std::string csv =
      "code,kind,exchange,currency,name_zh,name_en,lot_size,tick,volume_step,calendar,total_shares,"
      "outstanding_shares,eps,naps,dividend_yield,source\n"
      "US:AAPL,stock,NASD,USD,,,1,US,,,,,,,,test\n"
      "US:TSLA,stock,NASD,USD,,,1,US,,,,,,,,test\n"
      "HK:700,stock,SEHK,HKD,,,100,HKEX,,,,,,,,test\n"
      "CF:BTCUSDT,perpetual,BINANCE,USDT,,,,0.10,0.001,,,,,,,test\n";
  // Enough others for a request of two thousand codes.
  for (int number = 100'000; number < 102'100; ++number)
    csv += "SZ:" + std::to_string(number) + ",stock,SZSE,CNY,,,100,0.01,,,,,,,,test\n";
  auto table = market::InstrumentTable::load("test instruments", csv, calendars);
  if (!table) throw std::runtime_error{table.error().message};
  return std::move(*table);
}

// Keeps what it is asked until a test answers, on the test's thread.
class FakeRewind final : public Rewind {
 public:
  struct Asked {
    Request request;
    Done done;
  };
  bool ask(const Request& request, Done done) override {
    const std::scoped_lock lock{mutex_};
    ++asks_;
    if (is_full_) return false;
    asked_.push_back({request, std::move(done)});
    came_.notify_all();
    return true;
  }
  // The next question, if there is one.
  std::optional<Asked> try_take() {
    const std::scoped_lock lock{mutex_};
    if (asked_.empty()) return std::nullopt;
    Asked asked = std::move(asked_.front());
    asked_.pop_front();
    return asked;
  }
  // The next question; waits for it.
  Asked take() {
    std::unique_lock lock{mutex_};
    if (!came_.wait_for(lock, std::chrono::seconds{20}, [&] { return !asked_.empty(); }))
      throw std::runtime_error{"nobody asks for the past"};
    Asked asked = std::move(asked_.front());
    asked_.pop_front();
    return asked;
  }
  void set_full(bool is_full) {
    const std::scoped_lock lock{mutex_};
    is_full_ = is_full;
  }
  int asks() {
    const std::scoped_lock lock{mutex_};
    return asks_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Asked> asked_;
  int asks_ = 0;
  bool is_full_ = false;
};

class House {
 public:
  // What others implement.
  struct Seams {
    Worlds* worlds = nullptr;
    Cursors* cursors = nullptr;
    Explainer* explainer = nullptr;
  };
  explicit House(ServerOptions options = {}) : House{std::move(options), Seams{}} {}
  House(ServerOptions options, const Seams& seams)
      : fanout_{{.loops = options.loops, .instruments = instruments_.size(), .ring_bytes = 256 << 10}},
        views_{instruments_.size()} {
    services_.cursors = seams.cursors;
    services_.explainer = seams.explainer;
    health_.set_ready(true);
    options.listen = {"127.0.0.1:0"};
    auto server = Server::bind(options, services_, gate, fanout_, seams.worlds);
    if (!server) throw std::runtime_error{server.error().message};
    server_ = std::move(*server);
    server_->start();
  }
  ~House() { server_->stop(); }

  std::uint16_t port() const { return port_of(server_->addresses().front()); }
  // If options.tls_listen is not empty.
  std::uint16_t tls_port() const { return port_of(server_->tls_addresses().front()); }
  const market::Instrument& instrument(std::string_view code) const {
    return *instruments_.find(market::parse_code(code)->code);
  }

  // One event of the market: the state, then every channel of the instrument. One thread at a time.
  void publish(std::string_view code, std::uint64_t n) { publish(instrument(code), n); }
  void publish(const market::Instrument& of, std::uint64_t n) {
    views_.at(of.id).set(n);
    const channel::Place sequence{Sequence{n}, n};
    using channel::Topic;
    fanout_.publish({of.id, Topic::trade, 0}, sequence,
                    [&](std::string& out) { json::append_trade_body(out, of, trade_at(n)); });
    fanout_.publish({of.id, Topic::snapshot, 0}, sequence,
                    [&](std::string& out) { json::append_snapshot_body(out, of, snapshot_at(n)); });
    fanout_.publish({of.id, Topic::depth, 0}, sequence,
                    [&](std::string& out) { json::append_depth_body(out, of, depth_at(n)); });
    for (std::uint8_t variant = 0; variant < market::kKlineTypes.size(); ++variant)
      publish_kline(of, variant, kline_at(n), {});
  }
  // What the market thread tells of one K-line. `variant` as in channel/channel_key.hpp.
  void publish_kline(const market::Instrument& of, std::uint8_t variant, const state::Kline& kline,
                     const json::KlineExtras& extras) {
    const auto type = market::kKlineTypes[variant % channel::kKlineTypes];
    fanout_.publish({of.id, channel::Topic::kline, variant},
                    {kline.sequence, kline.sequence.value(), unix_seconds(kline.start)},
                    [&](std::string& out) { json::append_kline_body(out, of, type, kline, extras); });
  }

  Server& server() { return *server_; }
  const ServerCounters& counters() const { return server_->counters(); }
  channel::Fanout& fanout() { return fanout_; }
  Health& health() { return health_; }
  CounterViews& views() { return views_; }
  const market::InstrumentTable& instruments() const { return instruments_; }
  const market::CalendarTable& calendars() const { return calendars_; }

  io::ManualClock clock{from_unix_seconds(1'750'086'000)};
  FakeGate gate;
  FakeRewind rewind;

 private:
  static std::uint16_t port_of(const std::string& address) {
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }

  market::CalendarTable calendars_ = load_calendars();
  market::InstrumentTable instruments_ = load_instruments(calendars_);
  channel::Fanout fanout_;
  CounterViews views_;
  Health health_;
  history::Klines klines_{instruments_, calendars_, &views_, nullptr, {}};
  Services services_{.instruments = instruments_,
                     .calendars = calendars_,
                     .views = views_,
                     .klines = klines_,
                     .health = health_,
                     .clock = clock,
                     .rewind = &rewind};
  std::unique_ptr<Server> server_;
};

}  // namespace qos::api::serving
