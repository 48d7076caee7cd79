// Answers questions about the past that take a while, on a thread of its own, one after another: what a
// client missed, how a K-line came about. Bounded: beyond `waiting` questions the answer is no, at once.
//
// Threads: ask() any; start() and stop() the owner's.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "core/counter.hpp"

namespace qos::server {

class PastQuestions {
 public:
  explicit PastQuestions(std::size_t waiting = 256) : most_waiting_{waiting} {}
  ~PastQuestions() { stop(); }

  // Whether the answer is not worth going on for: the server stops, or who has asked has long gone.
  using GiveUp = std::function<bool()>;
  // False: too many wait already, or it has ended. The question looks at its GiveUp now and then.
  bool ask(std::function<void(const GiveUp&)> question);
  void start();
  // What waits is forgotten; the one that is being answered is finished.
  void stop();

  struct Counters {
    Counter answered;
    Counter refused;
  };
  const Counters& counters() const { return counters_; }

 private:
  void run(const std::stop_token& stop);

  const std::size_t most_waiting_;
  std::mutex mutex_;  // guards questions_
  std::condition_variable_any asked_;
  struct Waiting {
    std::chrono::steady_clock::time_point asked;
    std::function<void(const GiveUp&)> question;
  };
  std::deque<Waiting> questions_;
  Counters counters_;
  std::jthread thread_;
};

}  // namespace qos::server
