// A change of the state as the pushes it makes: trade, snapshot, depth, K-lines, in this order, each with its
// channel, its place and its body. What is pushed live and what is worked out again for a client that comes
// back are the same bytes because both come from here.
//
// Thread: any; nothing is kept.
#pragma once

#include <string>

#include "api/json/encode.hpp"
#include "channel/fanout.hpp"
#include "market/instrument.hpp"
#include "state/machine.hpp"

namespace qos::api {

// Which push of a channel the state has counted to. 0 for plain K-lines: they are not counted, as they leave
// out that a K-line is final, and whoever asks for numbers hears the form with everything.
std::uint64_t number_of(const state::Numbers& numbers, channel::ChannelKey key);

namespace detail {

// That a K-line is final, and everything of extended sessions, is told by extensions only.
template <typename Tell>
void tell_kline(const state::Change& change, const market::Instrument& instrument,
                const state::KlineChange& told, Tell& tell) {
  const auto push = [&](std::uint8_t variant, std::uint64_t number, const json::KlineExtras& extras) {
    tell(channel::ChannelKey{change.instrument, channel::Topic::kline, variant},
         channel::Place{change.sequence, number, unix_seconds(told.kline.start)},
         [&](std::string& out) { json::append_kline_body(out, instrument, told.type, told.kline, extras); });
  };
  if (told.session != StoredSeries::regular)
    return push(channel::kSessionMinutes, told.number,
                {.turnover = true, .closed = true, .session = told.session});
  const auto type = static_cast<std::uint8_t>(market::index_of(told.type));
  if (told.news == state::KlineNews::values) push(type, 0, {});
  push(static_cast<std::uint8_t>(channel::kExtendedKlines + type), told.number,
       {.turnover = true, .closed = true});
}

}  // namespace detail

// Calls tell(ChannelKey, Place, encode) for every push; encode(std::string& out) appends the body, if it is
// wanted. `instrument` is the change's.
template <typename Tell>
void for_each_push(const state::Change& change, const market::Instrument& instrument, Tell&& tell) {
  using channel::ChannelKey;
  using channel::Place;
  using channel::Topic;
  if (const auto& trade = change.trade) {
    const Place place{change.sequence, trade->number};
    tell(ChannelKey{change.instrument, Topic::trade}, place,
         [&](std::string& out) { json::append_trade_body(out, instrument, *trade); });
    tell(ChannelKey{change.instrument, Topic::trade, channel::kPreciseTrades}, place,
         [&](std::string& out) { json::append_precise_trade_body(out, instrument, *trade); });
  }
  if (change.snapshot)
    tell(ChannelKey{change.instrument, Topic::snapshot}, Place{change.sequence, change.snapshot_number},
         [&](std::string& out) { json::append_snapshot_body(out, instrument, *change.snapshot); });
  if (change.depth)
    tell(ChannelKey{change.instrument, Topic::depth}, Place{change.sequence, change.depth_number},
         [&](std::string& out) { json::append_depth_body(out, instrument, *change.depth); });
  for (const auto& kline : change.klines) detail::tell_kline(change, instrument, kline, tell);
}

// Calls tell(Place, encode) for every K-line of the channel that the change made final, or revised after it
// was: what a client must not miss that draws charts. `key` is of K-lines, in the form in which bodies are
// wanted; extended sessions have none.
template <typename Tell>
void for_each_final_kline(const state::Change& change, const market::Instrument& instrument,
                          channel::ChannelKey key, Tell&& tell) {
  const bool is_extended = key.variant >= channel::kExtendedKlines;
  for (const auto& told : change.klines) {
    if (told.session != StoredSeries::regular || !told.kline.closed) continue;
    if (market::index_of(told.type) != key.variant % channel::kKlineTypes) continue;
    tell(channel::Place{change.sequence, told.number}, [&](std::string& out) {
      json::append_kline_body(out, instrument, told.type, told.kline,
                              {.turnover = is_extended, .closed = is_extended});
    });
  }
}

}  // namespace qos::api
