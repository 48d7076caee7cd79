#include "server/running_feeds.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "io/thread_name.hpp"

namespace qos::server {

RunningFeed::RunningFeed(std::string kind, FeedId id, std::unique_ptr<feed::Feed> feed, std::uint64_t already,
                         journal::Sequencer& sequencer)
    : kind_{std::move(kind)}, id_{id}, feed_{std::move(feed)}, already_{already}, sequencer_{sequencer} {}

void RunningFeed::start() {
  thread_ = std::jthread{[this](const std::stop_token& stop) {
    io::name_this_thread("qos-feed-" + kind_);
    run(stop);
  }};
}

void RunningFeed::join() {
  if (thread_.joinable()) thread_.join();
}

void RunningFeed::on(const Event& event) {
  if (already_ > 0) {
    --already_;
    return;
  }
  if (sequencer_.put(id_, event)) handed_over_.add();
}

void RunningFeed::live() {
  if (live_.exchange(true, std::memory_order_acq_rel)) return;
  sequencer_.wake();
}

void RunningFeed::run(const std::stop_token& stop) {
  const auto finished = feed_->run(*this, stop);
  live();
  if (!finished) {
    spdlog::error("feed {}: {}", kind_, finished.error().message);
  } else if (!stop.stop_requested()) {
    spdlog::info("feed {}: the source has ended after {} events", kind_, feed_->counters().events.value());
  }
  ended_.store(true, std::memory_order_release);
}

void RunningFeeds::start() {
  for (const auto& feed : feeds_) feed->start();
}

void RunningFeeds::request_stop() {
  for (const auto& feed : feeds_) feed->request_stop();
}

void RunningFeeds::wait(const std::function<bool()>& held, std::chrono::milliseconds patience) const {
  const auto begun = std::chrono::steady_clock::now();
  const auto at_rest = [](const auto& feed) { return feed->at_rest(); };
  while (!std::ranges::all_of(feeds_, at_rest)) {
    if (held() && std::chrono::steady_clock::now() - begun > patience) return;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

void RunningFeeds::join() {
  for (const auto& feed : feeds_) feed->join();
}

bool RunningFeeds::all_live() const {
  return std::ranges::all_of(feeds_, [](const auto& feed) { return feed->is_live(); });
}

bool RunningFeeds::all_ended() const {
  return std::ranges::all_of(feeds_, [](const auto& feed) { return feed->ended(); });
}

std::uint64_t RunningFeeds::handed_over() const {
  std::uint64_t sum = 0;
  for (const auto& feed : feeds_) sum += feed->handed_over();
  return sum;
}

}  // namespace qos::server
