// One more on a gauge for as long as it lives.
#pragma once

#include <utility>

#include "core/counter.hpp"

namespace qos::api {

class CountedPlace {
 public:
  CountedPlace() = default;
  explicit CountedPlace(Gauge& gauge) : gauge_{&gauge} { gauge_->add(1); }
  ~CountedPlace() {
    if (gauge_ != nullptr) gauge_->add(-1);
  }
  CountedPlace(CountedPlace&& other) noexcept : gauge_{std::exchange(other.gauge_, nullptr)} {}
  CountedPlace& operator=(CountedPlace&& other) noexcept {
    std::swap(gauge_, other.gauge_);
    return *this;
  }

 private:
  Gauge* gauge_ = nullptr;
};

}  // namespace qos::api
