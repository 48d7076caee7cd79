// The way back to an I/O loop for answers that come later, from threads that may outlive it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "io/loop.hpp"

namespace qos::api {

// Any thread.
class LoopMail {
 public:
  explicit LoopMail(io::Loop& loop) : loop_{&loop} {}

  // Runs `task` on the loop's thread; never, if the loop has gone or goes before.
  void post(std::function<void()> task) {
    const std::scoped_lock lock{mutex_};
    if (loop_ != nullptr) loop_->post(std::move(task));
  }
  void wake() {
    const std::scoped_lock lock{mutex_};
    if (loop_ != nullptr) loop_->wake();
  }
  // The owner of the loop, before it destroys it.
  void close() {
    const std::scoped_lock lock{mutex_};
    loop_ = nullptr;
  }

 private:
  std::mutex mutex_;
  io::Loop* loop_;
};

}  // namespace qos::api
