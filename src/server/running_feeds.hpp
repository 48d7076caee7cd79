// The feeds of a server, each with its thread, and the way their events go: into the sequencer's queues.
//
// Threads: everything belongs to the thread that owns the pipeline, but all_live(), which any may ask.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/counter.hpp"
#include "feed/feed.hpp"
#include "journal/sequencer.hpp"

namespace qos::server {

class RunningFeed final : public feed::EventSink {
 public:
  // already: so many of its events are in the journal, and it hands them over once more: they are passed
  // over.
  RunningFeed(std::string kind, FeedId id, std::unique_ptr<feed::Feed> feed, std::uint64_t already,
              journal::Sequencer& sequencer);

  const std::string& kind() const { return kind_; }
  feed::Feed& feed() { return *feed_; }
  const feed::FeedCounters& counters() const { return feed_->counters(); }

  void start();
  void request_stop() { thread_.request_stop(); }
  void join();
  // It runs no more, or has never run.
  bool at_rest() const { return !thread_.joinable() || ended(); }
  bool ended() const { return ended_.load(std::memory_order_acquire); }
  // Its past is told, or it has ended without.
  bool is_live() const { return live_.load(std::memory_order_acquire); }
  std::uint64_t handed_over() const { return handed_over_.value(); }

 private:
  void on(const Event& event) override;
  void live() override;
  void run(const std::stop_token& stop);

  std::string kind_;
  FeedId id_;
  std::unique_ptr<feed::Feed> feed_;
  std::uint64_t already_;
  journal::Sequencer& sequencer_;
  Counter handed_over_;
  std::atomic<bool> live_{false};
  std::atomic<bool> ended_{false};
  std::jthread thread_;
};

class RunningFeeds {
 public:
  using Feeds = std::vector<std::unique_ptr<RunningFeed>>;

  void add(std::unique_ptr<RunningFeed> feed) { feeds_.push_back(std::move(feed)); }
  Feeds::const_iterator begin() const { return feeds_.begin(); }
  Feeds::const_iterator end() const { return feeds_.end(); }
  std::size_t size() const { return feeds_.size(); }

  void start();
  void request_stop();
  // Until all have ended after request_stop(); but no longer than `patience` for room in a queue that is not
  // made: `held` says that the market thread takes nothing.
  void wait(const std::function<bool()>& held, std::chrono::milliseconds patience) const;
  void join();

  bool all_live() const;
  bool all_ended() const;
  std::uint64_t handed_over() const;

 private:
  Feeds feeds_;
};

}  // namespace qos::server
