#include "channel/outbox.hpp"

#include <algorithm>

namespace qos::channel {
namespace {

constexpr std::size_t kPlacesKept = 8;

}  // namespace

Outbox::Verdict Outbox::push(Frame frame, SteadyTime now) {
  if (frame->empty()) return verdict(now);
  bytes_ += frame->size();
  frames_.push_back(std::move(frame));
  if (bytes_ > limits_->soft_bytes && !soft_since_) soft_since_ = now;
  return verdict(now);
}

Outbox::Verdict Outbox::push_answer(Frame frame, SteadyTime now) {
  if (bytes_ <= limits_->soft_bytes) {
    excused_ += frame->size();
    excused_end_ = bytes_ + frame->size();
  }
  return push(std::move(frame), now);
}

Outbox::Verdict Outbox::verdict(SteadyTime now) const {
  const bool overdue = soft_since_ && now - *soft_since_ > limits_->grace;
  return bytes_ - excused_ > limits_->hard_bytes || overdue ? Verdict::slow_consumer : Verdict::keep;
}

std::size_t Outbox::gather(std::span<std::string_view> parts) const {
  const std::size_t count = std::min(parts.size(), frames_.size() - first_);
  for (std::size_t index = 0; index < count; ++index) parts[index] = *frames_[first_ + index];
  if (count > 0) parts[0].remove_prefix(offset_);
  return count;
}

void Outbox::sent(std::size_t bytes, SteadyTime now) {
  bytes_ -= bytes;
  if (excused_ > 0 && soft_since_) soft_since_ = now;
  excused_end_ -= std::min(excused_end_, bytes);
  excused_ = std::min(excused_, excused_end_);
  bytes += offset_;
  std::size_t whole = 0;
  while (first_ + whole < frames_.size() && frames_[first_ + whole]->size() <= bytes)
    bytes -= frames_[first_ + whole++]->size();
  offset_ = bytes;
  forget(whole);
  if (bytes_ <= limits_->soft_bytes) soft_since_.reset();
}

void Outbox::forget(std::size_t frames) {
  for (std::size_t index = 0; index < frames; ++index) frames_[first_ + index].reset();
  first_ += frames;
  if (first_ == frames_.size()) {
    // A busy client keeps its few places, one that had a burst gives them back.
    if (frames_.capacity() > kPlacesKept) frames_ = {};
    frames_.clear();
    first_ = 0;
  } else if (first_ > frames_.size() / 2) {
    // A client that never quite catches up must not leave a trail of empty places behind.
    frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void Outbox::drop_unstarted() {
  const std::size_t keep = first_ + (offset_ > 0 ? 1 : 0);
  for (std::size_t index = keep; index < frames_.size(); ++index) bytes_ -= frames_[index]->size();
  excused_end_ = std::min(excused_end_, bytes_);
  excused_ = std::min(excused_, excused_end_);
  frames_.resize(keep);
  forget(0);
}

}  // namespace qos::channel
