// Log-linear histogram of nanoseconds: 64 buckets by power of two, so a quantile is exact to 1/64.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace qos::bench {

class Histogram {
 public:
  void add(std::uint64_t value) {
    ++counts_[index_of(value)];
    ++count_;
    max_ = std::max(max_, value);
  }
  void merge(const Histogram& other) {
    for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
  }
  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  std::uint64_t quantile(double q) const {
    const auto wanted = static_cast<std::uint64_t>(static_cast<double>(count_) * q);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets; ++i)
      if ((seen += counts_[i]) > wanted) return std::min(upper_bound_of(i), max_);
    return max_;
  }

 private:
  static constexpr unsigned kBits = 6;  // log2 of the buckets by power of two
  static constexpr std::uint64_t kSub = 1U << kBits;
  static constexpr std::size_t kBuckets = (64 - kBits + 1) << kBits;

  static std::size_t index_of(std::uint64_t value) {
    if (value < kSub) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kBits;
    return ((shift + std::size_t{1}) << kBits) + ((value >> shift) & (kSub - 1));
  }
  static std::uint64_t upper_bound_of(std::size_t index) {
    if (index < kSub) return index;
    const unsigned shift = static_cast<unsigned>(index >> kBits) - 1;
    return (((index & (kSub - 1)) + kSub + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(kBuckets);
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace qos::bench
