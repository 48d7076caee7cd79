// The questions of the protocol, asked over HTTP or as a WebSocket's one-off command: the same code answers
// both. A question reads views and reference data; it computes nothing about markets.
//
// Thread: the I/O loop's; everything it reads is immutable or a view.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "access/gate.hpp"
#include "api/error.hpp"
#include "api/extensions.hpp"
#include "history/klines.hpp"
#include "io/clock.hpp"
#include "market/instrument.hpp"
#include "state/view.hpp"

namespace qos::api {

enum class Endpoint : std::uint8_t {
  instrument_info,
  snapshot,
  depth,
  trade,
  kline,
  history,
  market_calendar,
  product_list,
  corporate_actions,
};

// Whether the server has recovered and how fresh each market is. Written by the server, read by any thread.
class Health {
 public:
  void set_ready(bool ready) { ready_.store(ready, std::memory_order_release); }
  bool ready() const { return ready_.load(std::memory_order_acquire); }
  // The wall clock's time when an event of this market was last applied; the market thread.
  void heard(market::Market market, UnixNanos now) {
    heard_[static_cast<std::size_t>(market)].store(unix_nanos(now), std::memory_order_relaxed);
  }
  // Whether what happens reaches the disk: `failing` says whether the disk refuses just now; absent: nothing
  // is kept. Set before the first client is served; called by any thread.
  void watch_journal(std::function<bool()> failing) { journal_failing_ = std::move(failing); }
  std::string_view journal() const {
    if (!journal_failing_) return "off";
    return journal_failing_() ? "failing" : "ok";
  }
  // The server will soon be gone: nobody new should be sent here.
  void set_draining(bool draining) { draining_.store(draining, std::memory_order_release); }
  bool draining() const { return draining_.load(std::memory_order_acquire); }
  // Numbers of pushes begin behind it (journal/position.hpp). Known before the first client is served.
  void set_epoch(std::uint64_t epoch) { epoch_.store(epoch, std::memory_order_release); }
  std::uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }
  UnixNanos last_heard(market::Market market) const {
    return from_unix_nanos(heard_[static_cast<std::size_t>(market)].load(std::memory_order_relaxed));
  }

 private:
  std::atomic<bool> ready_{false};
  std::atomic<bool> draining_{false};
  std::atomic<std::uint64_t> epoch_{0};
  std::function<bool()> journal_failing_;
  std::array<std::atomic<std::int64_t>, market::kMarkets> heard_{};
};

struct LoopMemory;  // api/loop_memory.hpp
class Cursors;      // api/cursors.hpp
class Explainer;    // api/explain.hpp
class Rewind;       // api/rewind.hpp

struct Services {
  const market::InstrumentTable& instruments;
  const market::CalendarTable& calendars;
  const state::ViewTable& views;
  const history::Klines& klines;
  const Health& health;
  io::Clock& clock;
  // A market in session that was silent for longer is stale: requests with "strict":true get 503.
  std::chrono::seconds stale_after{60};
  // What the journal can tell again; nullptr: there is none, so nobody resumes and nothing is explained.
  Rewind* rewind = nullptr;
  Explainer* explainer = nullptr;
  Cursors* cursors = nullptr;  // nullptr: keys with a cursor are keys like any other
};

struct QueryAnswer {
  std::string data;                  // the JSON of `data`
  std::vector<std::string> missing;  // well-formed codes that no instrument has, as spelt
};

// `request` is the whole JSON text of the body or the command. Limits of the plan (products, K-lines) are
// applied here; the request's place in the minute is the caller's to take (permission_of says under which
// permission). `ext`: what is in force beside the request's own member `ext`. `memory`: the loop's, if the
// services are of the world that it remembers.
Answer<QueryAnswer> ask(Endpoint endpoint, std::string_view request, const access::Grant& grant,
                        const Services& services, const Extensions& ext = {}, LoopMemory* memory = nullptr);

access::Permission permission_of(Endpoint endpoint);

}  // namespace qos::api
