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
  for (const auto& [type, kline, session, news] : change.klines) {
    // Extended sessions and the news that a K-line is final are told by extensions only.
    if (session != StoredSeries::regular || news == state::KlineNews::closed) continue;
    const auto variant = static_cast<std::uint8_t>(market::index_of(type));
    fanout_.publish({change.instrument, Topic::kline, variant}, change.sequence,
                    [&](std::string& out) { api::json::append_kline_body(out, instrument, type, kline); });
  }
}

}  // namespace qos::server
