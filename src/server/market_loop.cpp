#include "server/market_loop.hpp"

#include <algorithm>
#include <thread>

#include "core/crash_point.hpp"

namespace qos::server {
namespace {

// A checkpoint of ten thousand instruments takes seconds.
constexpr std::chrono::seconds kPatience{30};

}  // namespace

MarketLoop::MarketLoop(Parts parts, Options options, Before before)
    : parts_{std::move(parts)},
      options_{std::move(options)},
      before_{std::move(before)},
      handed_over_(options_.feeds.size()) {}

std::size_t MarketLoop::room() const {
  if (!keeps()) return options_.batch;
  const auto behind = parts_.journal->appended().value() - parts_.journal->durable().value();
  // One place is left for a digest.
  return options_.tail_events - std::min(options_.tail_events, behind + 1);
}

bool MarketLoop::is_held() const {
  return room() == 0;
}

std::size_t MarketLoop::turn() {
  const auto limit = std::min(options_.batch, room());
  if (limit == 0) counters_.held.add();
  held_.store(limit == 0, std::memory_order_relaxed);
  const auto taken =
      limit == 0 ? 0 : parts_.sequencer.drain(limit, [this](const SequencedEvent& event) { take(event); });
  const auto applied = apply_what_may_be();
  if (since_digest_ >= options_.digest_every) put_digest();
  return taken + applied + save_some();
}

void MarketLoop::take(const SequencedEvent& event) {
  if (!keeps()) return apply(event);
  const bool appended = parts_.journal->append(event);
  QOS_ASSERT(appended);  // there was room for it
  if (waiting_.empty() && !is_durable_first(event)) return apply(event);
  waiting_.push_back(event);
}

bool MarketLoop::is_durable_first(const SequencedEvent& event) const {
  const std::size_t feed = event.event.feed.value();
  return feed < options_.durable_first.size() && options_.durable_first[feed];
}

std::size_t MarketLoop::apply_what_may_be() {
  if (waiting_.empty()) return 0;
  const Sequence durable = parts_.journal->durable();
  std::size_t applied = 0;
  while (!waiting_.empty() && (waiting_.front().sequence <= durable || !is_durable_first(waiting_.front()))) {
    apply(waiting_.front());
    waiting_.pop_front();
    ++applied;
  }
  return applied;
}

void MarketLoop::apply(const SequencedEvent& event) {
  parts_.machine.apply(event, parts_.sink);
  const std::size_t feed = event.event.feed.value();
  if (feed < handed_over_.size()) {
    ++handed_over_[feed];
    if (feed + 1 < handed_over_.size()) before_.received = std::max(before_.received, event.event.ts_recv);
  }
  ++since_digest_;
  parts_.applied(event);
  crash_point("market.applied");
}

// What the digest is of must be what stands before it in the journal.
void MarketLoop::put_digest() {
  if (!keeps() || !settled() || is_held()) return;
  since_digest_ = 0;
  const auto now = parts_.clock.now();
  const FeedId self{static_cast<std::uint16_t>(options_.feeds.size() - 1)};
  take(parts_.sequencer.number(
      {.feed = self, .ts_recv = now, .body = StateDigest{parts_.machine.digest(), now}}));
}

// At most one instrument, so that no event waits for more.
std::size_t MarketLoop::save_some() {
  auto* checkpointer = parts_.checkpointer;
  if (checkpointer == nullptr || !settled()) return 0;
  if (checkpointer->due(parts_.machine.last())) {
    put_digest();
    checkpointer->begin(parts_.machine, facts());
    return 1;
  }
  return checkpointer->step(parts_.machine, before_.received) ? 1 : 0;
}

void MarketLoop::finish() {
  if (!keeps() || !settled()) return;
  put_digest();
  auto* checkpointer = parts_.checkpointer;
  if (checkpointer == nullptr) return;
  if (!checkpointer->under_way() && checkpointer->has_news(parts_.machine.last()))
    checkpointer->begin(parts_.machine, facts());
  const auto begun = std::chrono::steady_clock::now();
  while (checkpointer->under_way() && std::chrono::steady_clock::now() - begun < kPatience)
    if (!checkpointer->step(parts_.machine, before_.received))
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

replay::CheckpointFacts MarketLoop::facts() const {
  replay::CheckpointFacts facts{.epoch = parts_.journal->epoch(), .handed_over = before_.handed_over};
  for (std::size_t feed = 0; feed < handed_over_.size(); ++feed)
    facts.handed_over[options_.feeds[feed]] += handed_over_[feed];
  return facts;
}

}  // namespace qos::server
