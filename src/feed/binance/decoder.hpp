// Turns frames into events: symbols into instruments, diffs and snapshots into books, trades counted once.
// Owns no file, socket, clock or thread, so that it replays a capture exactly.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "feed/binance/book_sync.hpp"
#include "feed/binance/frame.hpp"
#include "feed/feed.hpp"

namespace qos::feed::binance {

// One thread: the feed's.
class Decoder {
 public:
  // Hears what an operator should know and no error says: an unknown symbol (once each), a lost message, a
  // snapshot that came too late. Called from the feed's thread.
  using Notice = std::function<void(const Error&)>;

  // The instruments are those of market CF; `instruments` and `counters` outlive the decoder.
  Decoder(FeedId feed, const market::InstrumentTable& instruments, FeedCounters& counters, Notice notice);

  // Emits what the frame makes, whole, in the venue's order. ts_recv: when its bytes came.
  void decode(const Frame& frame, UnixNanos ts_recv, EventSink& sink);

 private:
  struct Symbol {
    InstrumentId instrument;
    BookSync book;
    bool trades_singly = false;            // a trade was seen: aggTrades of this symbol no longer count
    std::uint64_t aggregated_through = 0;  // the last trade id that an aggTrade counted
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  // Where the events of one frame go.
  struct Out {
    EventSink& sink;
    UnixNanos ts_recv;
  };

  void on(const Unused& frame, const Out& out);
  void on(const DepthDiff& diff, const Out& out);
  void on(const DepthSnapshot& snapshot, const Out& out);
  void on(const TradePrint& print, const Out& out);
  void on(const BookTicker& ticker, const Out& out);
  void on(const RollingTicker& ticker, const Out& out);

  Symbol* find(std::string_view symbol);
  struct Change {
    std::uint64_t update_id;
    UnixNanos ts_event;
    std::span<const Level> bids;
    std::span<const Level> asks;
  };
  void emit_levels(InstrumentId instrument, const Change& change, const Out& out);
  void emit(const EventBody& body, const Out& out);

  FeedId feed_;
  FeedCounters& counters_;
  Notice notice_;
  std::unordered_map<std::string, Symbol, Hash, std::equal_to<>> symbols_;
  std::set<std::string, std::less<>> unknown_;  // those told of; bounded
};

}  // namespace qos::feed::binance
