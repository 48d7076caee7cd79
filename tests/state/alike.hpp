// Two machines that came to the same market on different ways: all that their views show, but for sequences,
// revisions and which K-lines are closed.
#pragma once

#include "state/world.hpp"

namespace qos::state {

inline std::string plain(const Kline& kline) {
  return text_of(kline) + " t" + kline.turnover.to_string();
}

inline std::vector<std::string> plain(const std::vector<Kline>& klines) {
  std::vector<std::string> texts;
  for (const auto& kline : klines) texts.push_back(plain(kline));
  return texts;
}

inline std::string plain(const std::optional<Price>& price) {
  return price ? price->to_string() : "-";
}

inline std::string plain(const std::optional<SessionPart>& part) {
  if (!part) return "-";
  return part->last.to_string() + " " + part->high.to_string() + " " + part->low.to_string() + " " +
         plain(part->previous_close) + " v" + part->volume.to_string() + " t" + part->turnover.to_string() +
         " @" + market::text_of(part->ts);
}

inline std::string plain(const Snapshot& s) {
  return "last " + plain(s.last) + " @" + market::text_of(s.ts) + " o" + plain(s.open) + " h" +
         plain(s.high) + " l" + plain(s.low) + " yp" + plain(s.previous_close) + " v" + s.volume.to_string() +
         " t" + s.turnover.to_string() + (s.suspended ? " suspended" : "") + " tt" +
         std::to_string(static_cast<int>(s.session)) + " pq " + plain(s.pre_market) + " aq " +
         plain(s.after_hours) + " nq " + plain(s.night);
}

inline std::vector<std::string> plain(const std::vector<TapeTrade>& trades) {
  std::vector<std::string> texts;
  for (const auto& trade : trades)
    texts.push_back(trade.price.to_string() + " " + trade.size.to_string() + " " + market::text_of(trade.ts));
  return texts;
}

inline constexpr std::array kExtendedSeries{StoredSeries::night, StoredSeries::pre_market,
                                            StoredSeries::after_hours};

inline void expect_alike(const InstrumentView& a, const InstrumentView& b) {
  for (const auto type : market::kKlineTypes)
    EXPECT_EQ(plain(a.klines(type, 10'000)), plain(b.klines(type, 10'000)))
        << "kt " << static_cast<int>(type);
  for (const auto series : kExtendedSeries)
    EXPECT_EQ(plain(a.extended_minutes(series, 10'000)), plain(b.extended_minutes(series, 10'000)));
  EXPECT_EQ(plain(a.snapshot()), plain(b.snapshot()));
}

}  // namespace qos::state
