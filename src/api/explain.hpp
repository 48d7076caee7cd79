// How a K-line came about: its trades, those that were left out, and the rule that decided. Worked out again
// from the journal, so the answer comes later.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "core/id.hpp"
#include "core/price.hpp"
#include "core/time.hpp"
#include "event/kline.hpp"
#include "market/kline_clock.hpp"
#include "state/trade_verdict.hpp"

namespace qos::api {

// A rule as clients read it: a word that never changes its meaning, and a sentence for people.
struct RuleText {
  std::string_view word;
  std::string_view sentence;
};
RuleText text_of(state::TradeRule rule);

class Explainer {
 public:
  struct Query {
    InstrumentId instrument;
    market::KlineType type = market::KlineType::m1;
    UnixNanos start;        // of the K-line
    Sequence after;         // tell trades of events above it: to go on where an answer was cut
    std::size_t count = 0;  // tell at most so many trades
  };
  // What became of a trade. A trade that was taken back or corrected later is told as it was first, and as
  // `taken_back` by the event that did it; its correction is a trade of its own.
  struct Trade {
    Sequence sequence;
    Price price;
    Quantity size;
    UnixNanos ts;
    std::uint64_t trade_id = 0;  // the venue's; 0: it has none
    state::TradeRule rule = state::TradeRule::counted;
    Sequence taken_back;  // 0: it was not
  };
  struct Explanation {
    std::optional<Kline> kline;  // as the trades make it; nullopt: there is none with this start
    std::vector<Trade> trades;   // rising; counted ones and those left out
    // Over all trades of the K-line, told or not.
    std::uint64_t counted = 0;
    std::uint64_t left_out = 0;
    bool more = false;  // there are trades behind the last one told
    // The last event by which the venue replaced a minute of it: its values are the venue's since, and need
    // not be what the trades come to. 0: none.
    Sequence restated;
  };
  enum class Failure : std::uint8_t {
    too_old,  // before what the journal keeps
    broken,   // the journal could not be read
  };
  using Done = std::function<void(std::expected<Explanation, Failure>)>;

  virtual ~Explainer() = default;
  // Any thread; never waits. True: `done` will be called once, on another thread, or not at all if the
  // service ends first. False: its queue, which is bounded, is full.
  virtual bool ask(const Query& query, Done done) = 0;
};

}  // namespace qos::api
