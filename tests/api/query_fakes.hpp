// A house of one room: a few instruments, views that say what a test put into them, a gate with three keys, a
// clock that stands still.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "access/gate.hpp"
#include "api/explain.hpp"
#include "api/http/register.hpp"
#include "api/http/routes.hpp"
#include "api/query.hpp"
#include "io/file.hpp"
#include "io/manual_clock.hpp"
#include "market/instrument.hpp"
#include "state/view.hpp"

namespace qos::api::fakes {

struct View final : state::InstrumentView {
  state::Snapshot current;
  state::Depth book;
  std::vector<state::TapeTrade> tape;
  std::map<market::KlineType, std::vector<state::Kline>> kept_klines;
  std::map<StoredSeries, std::vector<state::Kline>> session_minutes;

  Sequence version() const override { return current.sequence; }
  state::Snapshot snapshot() const override { return current; }
  state::Depth depth() const override { return book; }
  std::vector<state::TapeTrade> trades(std::size_t count) const override { return latest(tape, count); }
  std::vector<state::Kline> klines(market::KlineType type, std::size_t count,
                                   std::optional<UnixNanos> until) const override {
    const auto found = kept_klines.find(type);
    return found == kept_klines.end() ? std::vector<state::Kline>{}
                                      : latest(up_to(found->second, until), count);
  }
  std::vector<state::Kline> extended_minutes(StoredSeries session, std::size_t count,
                                             std::optional<UnixNanos> until) const override {
    const auto found = session_minutes.find(session);
    return found == session_minutes.end() ? std::vector<state::Kline>{}
                                          : latest(up_to(found->second, until), count);
  }

 private:
  static std::vector<state::Kline> up_to(std::vector<state::Kline> klines, std::optional<UnixNanos> until) {
    if (until) std::erase_if(klines, [&](const state::Kline& kline) { return kline.start > *until; });
    return klines;
  }
  template <typename T>
  static std::vector<T> latest(const std::vector<T>& all, std::size_t count) {
    return {all.end() - static_cast<std::ptrdiff_t>(std::min(count, all.size())), all.end()};
  }
};

struct Views final : state::ViewTable {
  std::map<InstrumentId, View> by_id;

  const state::InstrumentView* find(InstrumentId id) const override {
    const auto found = by_id.find(id);
    return found == by_id.end() ? nullptr : &found->second;
  }
};

// Keys: "good" (unlimited), "small" (3 products, 5 requests a minute, 10 K-lines), "old" and "off".
struct Gate final : access::Gate {
  std::shared_ptr<access::Plan> unlimited = std::make_shared<access::Plan>();
  std::shared_ptr<access::Plan> small = std::make_shared<access::Plan>();
  std::uint32_t taken = 0;
  std::vector<access::Permission> taken_permissions;
  std::vector<std::string> created;
  bool is_broken = false;

  Gate() {
    unlimited->name = "unlimited";
    small->name = "free";
    small->limits.fill({.product_count = 3, .request_frequency = 5, .max_connections = 1});
    small->max_klines = 10;
    small->valid_days = 15;
  }

  std::expected<access::Grant, access::Denial> authenticate(std::string_view key, UnixNanos) override {
    if (key == "good") return access::Grant{KeyId{1}, "good", unlimited};
    if (key == "small") return access::Grant{KeyId{2}, "small", small};
    if (key == "old") return std::unexpected{access::Denial::expired};
    if (key == "off") return std::unexpected{access::Denial::disabled};
    return std::unexpected{access::Denial::invalid};
  }
  access::Quota take(const access::Grant& grant, access::Permission permission, SteadyTime) override {
    taken_permissions.push_back(permission);
    const auto limit = grant.plan->limit(permission).request_frequency;
    if (limit == 0) return {};
    if (taken == limit)
      return {.allowed = false, .limit = limit, .remaining = 0, .reset = std::chrono::seconds{42}};
    ++taken;
    return {.allowed = true, .limit = limit, .remaining = limit - taken, .reset = std::chrono::seconds{42}};
  }
  std::shared_ptr<void> connect(const access::Grant&) override { return std::make_shared<int>(0); }
  Result<access::NewKey> create(std::string_view plan, std::string_view name, UnixNanos now,
                                const access::KeyNature&) override {
    if (is_broken) return fail("the disk is full");
    created.emplace_back(name);
    const access::KeyRecord record{.id = KeyId{3},
                                   .name = std::string{name},
                                   .plan = std::string{plan},
                                   .created_at = now,
                                   .expires_at = now + std::chrono::days{small->valid_days},
                                   .prefix = "012345"};
    return access::NewKey{.key = "0123456789abcdef0123456789abcdef", .record = record};
  }
  Result<std::vector<access::KeyRecord>> list() override { return std::vector<access::KeyRecord>{}; }
  Result<access::KeyRecord> disable(std::string_view) override { return access::KeyRecord{}; }
  std::shared_ptr<const access::Plan> plan(std::string_view name) const override {
    if (name == "free") return small;
    return name == "unlimited" ? unlimited : nullptr;
  }
};

// The project's own calendars.
inline market::CalendarTable load_calendars() {
  market::CalendarTable table;
  const std::string folder = QOS_SOURCE_DIR "/config/markets/";
  for (const char* name : {"US", "HK", "CN", "CF", "FX", "CM"}) {
    const auto rules_name = folder + name + ".toml";
    const auto rows_name = folder + name + ".days.csv";
    const auto rules = io::read_file(rules_name);
    const auto rows = io::read_file(rows_name);
    auto calendar = market::SessionCalendar::load({.rules_name = rules_name,
                                                   .rules = rules ? std::string_view{*rules} : "",
                                                   .rows_name = rows_name,
                                                   .rows = rows ? std::string_view{*rows} : ""});
    if (!calendar) throw std::runtime_error{calendar.error().message};
    table.add(std::move(*calendar));
  }
  return table;
}

inline constexpr std::string_view kInstruments =
    R"(code,kind,exchange,currency,name_zh,name_en,lot_size,tick,volume_step,calendar,total_shares,outstanding_shares,eps,naps,dividend_yield,source
US:AAPL,stock,NASD,USD,苹果,Apple Inc.,1,US,,,15115823000,,6.08,,,test
US:TSLA,stock,NASD,USD,特斯拉,"Tesla, Inc.",1,US,,,,,,,,test
US:BRK.B,stock,NYSE,USD,,"Berkshire ""B""",1,US,,,,,,,,test
HK:1,stock,SEHK,HKD,长和,CK Hutchison Holdings Limited,500,HKEX,,,3830044500,3830044500,4.46,128.10,6.5,test
HK:700,stock,SEHK,HKD,腾讯控股,Tencent Holdings Limited,100,HKEX,,,,,,,,test
SH:600519,stock,SSE,CNY,贵州茅台,,100,0.01,,,,,,,,test
SZ:000001,stock,SZSE,CNY,平安银行,Ping An Bank,100,0.01,,,,,,,,test
CF:BTCUSDT,perpetual,BINANCE,USDT,比特币,BTC,,0.10,0.001,,,,,,,test
FX:USDJPY,currency_pair,OTC,JPY,,,,0.001,,,,,,,,test
IX:HSI,index,SEHK,HKD,恒生指数,Hang Seng Index,,0.01,,HK,,,,,,test
IX:SPX,index,INDEX,USD,标普500指数,S&P 500 Index,,0.01,,US,,,,,,test
CM:XAUUSD,commodity,OTC,USD,黄金,"Gold, troy ounce",,0.01,,,,,,,,test
)";

inline market::InstrumentTable load_instruments(const market::CalendarTable& calendars,
                                                std::string_view csv = kInstruments) {
  auto table = market::InstrumentTable::load("test instruments", csv, calendars);
  if (!table) throw std::runtime_error{table.error().message};
  return std::move(*table);
}

// Answers at once: two trades, whatever is asked.
struct Explainer final : api::Explainer {
  bool ask(const Query& query, Done done) override;
};

struct House {
  market::CalendarTable calendars = load_calendars();
  market::InstrumentTable instruments;
  Views views;
  Health health;
  // Monday 2025-06-16, 15:00 UTC: the US are in their regular session, Hong Kong and the mainland have
  // closed.
  io::ManualClock clock{from_unix_seconds(1'750'086'000)};
  history::Klines klines{instruments, calendars, &views, nullptr, {}};
  Explainer explainer;
  Services services{.instruments = instruments,
                    .calendars = calendars,
                    .views = views,
                    .klines = klines,
                    .health = health,
                    .clock = clock,
                    .explainer = &explainer};
  Gate gate;
  ServerOptions options;
  http::RegistrationLimiter registrations{{}};
  http::Context context{services, gate, options, registrations};

  explicit House(std::string_view csv = kInstruments) : instruments{load_instruments(calendars, csv)} {
    health.set_ready(true);
  }

  const market::Instrument& instrument(std::string_view code) const {
    return *instruments.find(market::parse_code(code)->code);
  }
  View& view(std::string_view code) { return views.by_id[instrument(code).id]; }
  access::Grant grant(std::string_view key = "good") { return *gate.authenticate(key, clock.now()); }

  Answer<QueryAnswer> ask(Endpoint endpoint, std::string_view request, std::string_view key = "good") {
    return api::ask(endpoint, request, grant(key), services);
  }
  // The JSON of `data`, or the error's message.
  std::string said(Endpoint endpoint, std::string_view request, std::string_view key = "good") {
    const auto answer = ask(endpoint, request, key);
    return answer ? answer->data : answer.error().message;
  }
  http::Response post(std::string_view target, std::string_view body, std::string_view key = "good") {
    http::Response later;
    context.wait = [&later] { return [&later](http::Response response) { later = std::move(response); }; };
    auto response = http::respond(
        {.method = "POST", .target = target, .key_header = key, .body = body, .remote_address = "192.0.2.1"},
        context);
    return response.comes_later ? later : response;
  }
};

inline Price price(std::string_view text) {
  return Price::parse(text).value();
}
inline Quantity quantity(std::string_view text) {
  return Quantity::parse(text).value();
}
inline Volume volume(std::string_view text) {
  return Volume::parse(text).value();
}
inline Turnover turnover(std::string_view text) {
  return Turnover::parse(text).value();
}

inline state::TapeTrade trade(std::string_view p, std::string_view v, std::int64_t ts,
                              Aggressor aggressor = Aggressor::unknown) {
  return {.sequence = Sequence{1},
          .price = price(p),
          .size = quantity(v),
          .ts = from_unix_seconds(ts) + std::chrono::milliseconds{999},
          .aggressor = aggressor};
}

inline state::Kline kline(std::int64_t ts, std::string_view o, std::string_view cl, std::string_view h,
                          std::string_view l, std::string_view v) {
  return {.sequence = Sequence{1},
          .start = from_unix_seconds(ts),
          .open = price(o),
          .high = price(h),
          .low = price(l),
          .close = price(cl),
          .volume = volume(v)};
}

inline state::Snapshot snapshot(std::string_view last, std::string_view previous_close) {
  state::Snapshot out;
  out.sequence = Sequence{7};
  out.last = price(last);
  out.ts = from_unix_seconds(1'742'241'600);
  out.open = price("211.25");
  out.high = price("213.95");
  out.low = price("209.5");
  out.previous_close = price(previous_close);
  out.volume = volume("48073426");
  out.turnover = turnover("10195032149.65");
  return out;
}

inline state::SessionPart part(std::string_view last, std::string_view previous_close) {
  return {.last = price(last),
          .high = price("214"),
          .low = price("209"),
          .previous_close = price(previous_close),
          .volume = volume("601820"),
          .turnover = turnover("127025147.50"),
          .ts = from_unix_seconds(1'742'218'198)};
}

inline bool Explainer::ask(const Query& query, Done done) {
  const auto trade = [&](std::uint64_t sequence) {
    return Trade{.sequence = Sequence{sequence},
                 .price = price("213"),
                 .size = quantity("100"),
                 .ts = query.start,
                 .trade_id = sequence};
  };
  Explanation explained;
  explained.kline = kline(unix_seconds(query.start), "213", "213", "213", "213", "200");
  explained.kline->closed = true;
  explained.trades = {trade(7), trade(8), trade(9)};
  explained.trades.back().rule = state::TradeRule::volume_only;
  explained.counted = 3;
  done(std::move(explained));
  return true;
}

}  // namespace qos::api::fakes
