// Who may write now. One at a time; whoever serves a caller goes before the store's own work.
//
// Threads: any; a turn may end on another thread than it began.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

namespace qos::store {

class WriterTurns {
 public:
  class Turn {
   public:
    Turn() = default;
    explicit Turn(WriterTurns* turns) : turns_{turns} {}
    Turn(Turn&& other) noexcept : turns_{std::exchange(other.turns_, nullptr)} {}
    Turn& operator=(Turn&& other) noexcept {
      std::swap(turns_, other.turns_);
      return *this;
    }
    ~Turn() {
      if (turns_ != nullptr) turns_->end();
    }
    explicit operator bool() const { return turns_ != nullptr; }

   private:
    WriterTurns* turns_ = nullptr;
  };

  Turn take() {
    std::unique_lock lock{mutex_};
    ++waiting_;
    changed_.wait(lock, [this] { return !taken_; });
    --waiting_;
    taken_ = true;
    return Turn{this};
  }
  // Waits until nobody else wants to write. An empty turn: stop was requested first.
  Turn take_after_others(const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    if (!changed_.wait(lock, stop, [this] { return !taken_ && waiting_ == 0; })) return {};
    taken_ = true;
    return Turn{this};
  }

 private:
  void end() {
    {
      const std::lock_guard lock{mutex_};
      taken_ = false;
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool taken_ = false;
  int waiting_ = 0;
};

}  // namespace qos::store
