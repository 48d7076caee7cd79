#include "server/explain_service.hpp"

#include <spdlog/spdlog.h>

#include "replay/explain.hpp"

namespace qos::server {

bool ExplainService::ask(const Query& query, Done done) {
  return questions_.ask([this, query, done = std::move(done)](const PastQuestions::GiveUp& give_up) {
    done(answer(query, give_up));
  });
}

std::expected<api::Explainer::Explanation, api::Explainer::Failure> ExplainService::answer(
    const Query& query, const PastQuestions::GiveUp& give_up) const {
  auto explained = replay::explain(rewind_, {.instrument = query.instrument,
                                             .type = query.type,
                                             .start = query.start,
                                             .after = query.after,
                                             .count = query.count,
                                             .give_up = give_up});
  if (!explained) {
    spdlog::warn("a K-line could not be explained: {}", explained.error().message);
    return std::unexpected{Failure::broken};
  }
  // What the store has told of it lies before the journal.
  if (!*explained || (*explained)->was_told) return std::unexpected{Failure::too_old};
  const auto& found = **explained;
  Explanation explanation{.kline = found.kline,
                          .trades = {},
                          .counted = found.counted,
                          .left_out = found.left_out,
                          .more = found.more,
                          .restated = found.restated};
  explanation.trades.reserve(found.trades.size());
  for (const auto& trade : found.trades)
    explanation.trades.push_back({.sequence = trade.sequence,
                                  .price = trade.price,
                                  .size = trade.size,
                                  .ts = trade.ts,
                                  .trade_id = trade.trade_id,
                                  .rule = trade.rule,
                                  .taken_back = trade.taken_back});
  return explanation;
}

}  // namespace qos::server
