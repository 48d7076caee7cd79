// Something that most instruments never need: made by the writer when it is first needed, seen by readers
// from then on, freed with its owner.
//
// Threads: make() and renew() belong to the one writer; get() to everybody.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace qos::state {

template <typename T>
class Published {
 public:
  Published() = default;
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;
  ~Published() { delete value_.load(std::memory_order_relaxed); }

  // nullptr: not made yet.
  T* get() { return value_.load(std::memory_order_acquire); }
  const T* get() const { return value_.load(std::memory_order_acquire); }

  // The one that is there, else a new one made of `args`.
  template <typename... Args>
  T& make(Args&&... args) {
    if (T* made = value_.load(std::memory_order_relaxed)) return *made;
    T* made = new T(std::forward<Args>(args)...);
    value_.store(made, std::memory_order_release);
    return *made;
  }

  // A new one in its place. The one before must be kept as long as there are readers, for one may be reading
  // it just now.
  template <typename... Args>
  [[nodiscard]] std::unique_ptr<T> renew(Args&&... args) {
    T* made = new T(std::forward<Args>(args)...);
    return std::unique_ptr<T>{value_.exchange(made, std::memory_order_acq_rel)};
  }

 private:
  std::atomic<T*> value_{nullptr};
};

}  // namespace qos::state
