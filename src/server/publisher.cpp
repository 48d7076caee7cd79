#include "server/publisher.hpp"

#include "api/json/encode.hpp"

namespace qos::server {

using channel::Topic;

void Publisher::publish(const state::Change& change) {
  if (change.empty()) return;
  const auto& instrument = instruments_.at(change.instrument);
  if (change.trade) {
    fanout_.publish({change.instrument, Topic::trade}, change.sequence,
                    [&](std::string& out) { api::json::append_trade_body(out, instrument, *change.trade); });
    fanout_.publish(
        {change.instrument, Topic::trade, channel::kPreciseTrades}, change.sequence,
        [&](std::string& out) { api::json::append_precise_trade_body(out, instrument, *change.trade); });
  }
  if (change.snapshot) {
    fanout_.publish({change.instrument, Topic::snapshot}, change.sequence, [&](std::string& out) {
      api::json::append_snapshot_body(out, instrument, *change.snapshot);
    });
  }
  if (change.depth) {
    fanout_.publish({change.instrument, Topic::depth}, change.sequence,
                    [&](std::string& out) { api::json::append_depth_body(out, instrument, *change.depth); });
  }
  for (const auto& kline : change.klines) publish_kline(change, instrument, kline);
}

// That a K-line is final, and everything of extended sessions, is told by extensions only.
void Publisher::publish_kline(const state::Change& change, const market::Instrument& instrument,
                              const state::KlineChange& told) {
  const auto publish = [&](std::uint8_t variant, const api::json::KlineExtras& extras) {
    fanout_.publish({change.instrument, Topic::kline, variant}, change.sequence, [&](std::string& out) {
      api::json::append_kline_body(out, instrument, told.type, told.kline, extras);
    });
  };
  if (told.session != StoredSeries::regular)
    return publish(channel::kSessionMinutes, {.turnover = true, .closed = true, .session = told.session});
  const auto type = static_cast<std::uint8_t>(market::index_of(told.type));
  if (told.news == state::KlineNews::values) publish(type, {});
  publish(static_cast<std::uint8_t>(channel::kExtendedKlines + type), {.turnover = true, .closed = true});
}

}  // namespace qos::server
