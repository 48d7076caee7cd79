// One source of events. A feed owns its connection or file and runs on a thread of its own; it never sees
// state.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/counter.hpp"
#include "core/result.hpp"
#include "event/event.hpp"
#include "event/kline.hpp"
#include "io/clock.hpp"
#include "market/corporate_action.hpp"
#include "market/instrument.hpp"

namespace qos::feed {

// Receives one feed's events in venue order. Called from the feed's thread only. May wait (the queue behind
// it is bounded and a recording can outrun the market thread).
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void on(const Event& event) = 0;
  // The past is handed over; what follows comes as it happens. Every feed says so once it is (a second time
  // is no harm): the server is ready when all have.
  virtual void live() {}
};

// Raised by the feed's thread, read by the metrics page.
struct FeedCounters {
  Counter messages;             // venue messages decoded
  Counter events;               // events handed on
  Counter rejected;             // messages that were no valid message; each is logged with where and why
  Counter unknown_instruments;  // messages of instruments the table does not have
  Counter ignored;              // valid messages of a kind that is not used
  Counter gaps;                 // lost messages noticed
};

// "simulated:seed=1,hours=always" -> kind and options. Part of the command line and of the configuration.
struct FeedSpec {
  std::string kind;
  std::map<std::string, std::string> options;

  static Result<FeedSpec> parse(std::string_view text);
  friend bool operator==(const FeedSpec&, const FeedSpec&) = default;
};

struct FeedContext {
  FeedId id;
  const market::InstrumentTable& instruments;
  const market::CalendarTable& calendars;
  io::Clock& clock;
  std::string_view simulated_prices = {};  // text of data/simulated_prices.csv; read while the feed is made
  // So many of its events are known from earlier runs: a closed world hands them over once more, without
  // waiting for their time, and they are passed over. Others need not look.
  std::uint64_t already = 0;
  // Told what an operator should read in the log: rejected messages, unknown instruments, gaps, each with
  // where and why. Called from the feed's thread, bounded by the feed; may be empty.
  std::function<void(const Error&)> report = {};
};

// Receives what a feed knows of the time before it began, for the history store. Called from one thread.
class PastSink {
 public:
  virtual ~PastSink() = default;
  // Days, or minutes of one trading date (days since 1970-01-01), in time order. An error is the disk's:
  // stop.
  virtual Result<void> klines(InstrumentId instrument, StoredSeries series, std::int32_t trading_date,
                              std::span<const Kline> klines) = 0;
  virtual Result<void> action(InstrumentId instrument, const market::CorporateAction& action) = 0;
};

// What the store has of an instrument already.
struct KnownPast {
  UnixNanos last_minute;  // start of the newest stored minute (of a day, if there is no minute)
  Price last_close;       // its close
  // The close of the last day before the trading date of last_minute; nullopt: none is stored.
  std::optional<Price> previous_close{};
  StoredSeries series = StoredSeries::regular;  // day: there is no minute, last_minute is a day's start
  // The minute is open, and nothing after this has happened in it: the last run ended there.
  std::optional<UnixNanos> lived_until{};
};

class Feed {
 public:
  virtual ~Feed() = default;
  // Called once, before run(): hands over the past that it can tell and the store does not have. `known`
  // answers for an instrument, nullopt: nothing is stored. A feed continues there.
  virtual Result<void> tell_past(PastSink& /*sink*/,
                                 const std::function<std::optional<KnownPast>(InstrumentId)>& /*known*/) {
    return {};
  }
  // Runs until the source ends (success), fails for good (an error) or stop is requested (success).
  virtual Result<void> run(EventSink& sink, const std::stop_token& stop) = 0;
  virtual const FeedCounters& counters() const = 0;
};

// What is known of a feed before it is made, so that the server can settle who covers which market.
struct FeedPlan {
  std::vector<market::Market> markets;  // covered
  bool markets_by_default = false;  // true: any market that no other feed covers (simulated without markets=)
  bool keep_open = false;           // its markets trade around the clock (hours=always)
  // Its events go on from where the last run ended, so state is told the stored past first. False for a
  // recording, which is a closed world: played again it hands over the same events, and those that the
  // journal has are passed over.
  bool continues = false;
  // Nothing of it is real: when another feed covers its instruments, or real K-lines are imported, what it
  // has left in the store goes away.
  bool simulated = false;
};

// One line a feed: registry.cpp. An unknown kind or option is an error that names what is known.
Result<FeedPlan> plan_feed(const FeedSpec& spec);
// `covered`: the markets settled for this feed; it emits nothing for others.
Result<std::unique_ptr<Feed>> make_feed(const FeedSpec& spec, const std::vector<market::Market>& covered,
                                        const FeedContext& context);

}  // namespace qos::feed
