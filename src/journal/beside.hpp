// Runs one piece of work at a time beside its owner, who goes on with something else and then waits for it.
//
// Thread: the owner's; the work runs on one of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace qos::journal {

class Beside {
 public:
  Beside() : thread_{[this](const std::stop_token& stop) { run(stop); }} {}
  // Must not be called while work is under way.
  void start(std::function<void()> work) {
    {
      const std::scoped_lock lock{mutex_};
      work_ = std::move(work);
    }
    changed_.notify_all();
  }
  // Until what was started is done.
  void wait() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return !work_; });
  }

 private:
  void run(const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    while (changed_.wait(lock, stop, [this] { return static_cast<bool>(work_); })) {
      lock.unlock();
      work_();  // the owner does not touch it before it is empty again
      lock.lock();
      work_ = {};
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::function<void()> work_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace qos::journal
