#include "channel/outbox.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"

namespace qos::channel {
namespace {

// Fewer than this are looked through one by one; more have an index.
constexpr std::size_t kIndexFrom = 16;

struct Item {
  Frame frame;
  ChannelKey key;
  std::int64_t piece = 0;
  std::uint32_t merged = 0;  // updates that it took the place of
  bool may_be_superseded = false;
  bool is_numbered = false;
  bool says_merged = false;  // `frame` tells of all of `merged`
  bool is_excused = false;   // an answer that does not count towards `hard`
  bool is_sealed = false;    // Outbox::seal()
};

}  // namespace

class Outbox::Waiting {
 public:
  explicit Waiting(const Limits& limits) : limits_{limits} {}

  void push(Item item, SteadyTime now) {
    bytes_ += item.frame->size();
    if (item.is_excused) excused_ += item.frame->size();
    if (item.may_be_superseded && latest_) (*latest_)[item.key] = gone_ + items_.size();
    items_.push_back(std::move(item));
    if (!latest_ && items_.size() - first_ > kIndexFrom) make_index();
    watch_soft(now);
  }

  // False: none waits that it may take the place of.
  bool supersede(const Frame& frame, const Label& label, SteadyTime now) {
    Item* item = latest_of(label.key);
    if (item == nullptr || item->is_sealed || item->piece != label.piece) return false;
    if (item == &items_[first_] && offset_ > 0) return false;
    resize(*item, frame);
    ++item->merged;
    item->says_merged = false;
    watch_soft(now);
    return true;
  }

  void begin_with(Item item, std::size_t sent, SteadyTime now) {
    push(std::move(item), now);
    offset_ = sent;
    bytes_ -= sent;
    watch_soft(now);
  }

  Verdict verdict(SteadyTime now) const {
    const bool overdue = soft_since_ && now - *soft_since_ > limits_.grace;
    return bytes_ - excused_ > limits_.hard_bytes || overdue ? Verdict::slow_consumer : Verdict::keep;
  }

  std::string_view gather(std::span<char> room) {
    const auto front = part(first_);
    if (items_.size() - first_ == 1 || front.size() >= room.size()) return front;
    std::size_t used = 0;
    // What is still to be encoded does not go along with what is.
    const bool is_sealed = items_[first_].is_sealed;
    for (std::size_t index = first_; index < items_.size() && used < room.size(); ++index) {
      if (items_[index].is_sealed != is_sealed) break;
      used += part(index).copy(room.data() + used, room.size() - used);
    }
    return {room.data(), used};
  }

  void seal() {
    for (std::size_t index = first_; index < items_.size(); ++index) items_[index].is_sealed = true;
  }

  void encode_first(std::size_t most, const std::function<Frame(std::string_view)>& encode) {
    if (items_[first_].is_sealed || offset_ > 0) return;
    std::string frames{part(first_)};
    Item encoded{.is_excused = items_[first_].is_excused, .is_sealed = true};
    std::size_t end = first_ + 1;
    for (; end < items_.size() && !items_[end].is_sealed; ++end) {
      const auto next = part(end);
      if (next.size() > most - std::min(most, frames.size())) break;
      frames += next;
      encoded.is_excused |= items_[end].is_excused;
    }
    for (std::size_t index = first_; index < end; ++index) {
      bytes_ -= items_[index].frame->size();
      if (items_[index].is_excused) excused_ -= items_[index].frame->size();
      items_[index].frame.reset();
    }
    encoded.frame = encode(frames);
    bytes_ += encoded.frame->size();
    if (encoded.is_excused) excused_ += encoded.frame->size();
    first_ = end - 1;
    items_[first_] = std::move(encoded);
    forget_soft();
  }

  void sent(std::size_t bytes, SteadyTime now) {
    if (excused_ > 0 && soft_since_) soft_since_ = now;
    bytes_ -= bytes;
    while (bytes > 0) {
      Item& item = items_[first_];
      const std::size_t taken = std::min(bytes, item.frame->size() - offset_);
      if (item.is_excused) excused_ -= taken;
      bytes -= taken;
      offset_ += taken;
      if (offset_ == item.frame->size()) pop();
    }
    tidy();
    forget_soft();
  }

  void drop_unstarted() {
    const std::size_t keep = first_ + (offset_ > 0 ? 1 : 0);
    for (std::size_t index = keep; index < items_.size(); ++index) {
      const Item& item = items_[index];
      bytes_ -= item.frame->size();
      if (item.is_excused) excused_ -= item.frame->size();
    }
    items_.resize(keep);
    latest_.reset();
    forget_soft();
  }

  bool empty() const { return first_ == items_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  // After every change that may have made it less.
  void forget_soft() {
    if (bytes_ <= limits_.soft_bytes) soft_since_.reset();
  }

  void watch_soft(SteadyTime now) {
    forget_soft();
    if (bytes_ > limits_.soft_bytes && !soft_since_) soft_since_ = now;
  }

  // The newest update of the channel that waits.
  Item* latest_of(ChannelKey key) {
    if (latest_) {
      const auto found = latest_->find(key);
      return found == latest_->end() || found->second < gone_ + first_ ? nullptr
                                                                       : &items_[found->second - gone_];
    }
    for (std::size_t index = items_.size(); index > first_; --index)
      if (items_[index - 1].may_be_superseded && items_[index - 1].key == key) return &items_[index - 1];
    return nullptr;
  }

  void make_index() {
    latest_ = std::make_unique<std::unordered_map<ChannelKey, std::uint64_t>>();
    for (std::size_t index = first_; index < items_.size(); ++index)
      if (items_[index].may_be_superseded) (*latest_)[items_[index].key] = gone_ + index;
  }

  void resize(Item& item, Frame frame) {
    bytes_ = bytes_ - item.frame->size() + frame->size();
    item.frame = std::move(frame);
  }

  // The unsent bytes of an item, from now on as they are.
  std::string_view part(std::size_t index) {
    Item& item = items_[index];
    const std::size_t begin = index == first_ ? offset_ : 0;
    if (item.merged > 0 && item.is_numbered && !item.says_merged && begin == 0 && limits_.say_merged) {
      resize(item, limits_.say_merged(item.frame, item.merged));
      item.says_merged = true;
    }
    return std::string_view{*item.frame}.substr(begin);
  }

  void pop() {
    items_[first_++].frame.reset();
    offset_ = 0;
  }

  // A client that never quite catches up must not leave a trail of empty places behind.
  void tidy() {
    if (first_ <= items_.size() / 2) return;
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
    gone_ += first_;
    first_ = 0;
    if (latest_ && latest_->size() > 2 * items_.size() + kIndexFrom) make_index();
  }

  const Limits& limits_;
  std::vector<Item> items_;
  std::size_t first_ = 0;    // items_ before it are sent
  std::size_t offset_ = 0;   // bytes of the first one that are sent
  std::uint64_t gone_ = 0;   // items that have left items_
  std::size_t bytes_ = 0;    // unsent
  std::size_t excused_ = 0;  // of them, those of answers that do not count
  std::optional<SteadyTime> soft_since_;
  // The newest update of each channel, by how many were pushed before it; made when it saves a walk. May name
  // some that are sent.
  std::unique_ptr<std::unordered_map<ChannelKey, std::uint64_t>> latest_;
};

Outbox::Outbox(const Limits& limits) : limits_{&limits} {}
Outbox::~Outbox() = default;
Outbox::Outbox(Outbox&&) noexcept = default;
Outbox& Outbox::operator=(Outbox&&) noexcept = default;

Outbox::Waiting& Outbox::waiting() {
  if (!waiting_) waiting_ = std::make_unique<Waiting>(*limits_);
  return *waiting_;
}

Outbox::Verdict Outbox::push(Frame frame, SteadyTime now) {
  if (frame->empty()) return verdict(now);
  waiting().push({.frame = std::move(frame)}, now);
  return verdict(now);
}

Outbox::Verdict Outbox::push_answer(Frame frame, SteadyTime now) {
  if (frame->empty()) return verdict(now);
  const bool is_excused = bytes() <= limits_->soft_bytes;
  waiting().push({.frame = std::move(frame), .is_excused = is_excused}, now);
  return verdict(now);
}

Outbox::Pushed Outbox::push_update(Frame frame, const Label& label, Form form, SteadyTime now) {
  const bool supersedes = may_be_superseded(label.key) && waiting_ && waiting_->supersede(frame, label, now);
  if (!supersedes)
    waiting().push({.frame = std::move(frame),
                    .key = label.key,
                    .piece = label.piece,
                    .may_be_superseded = may_be_superseded(label.key),
                    .is_numbered = is_numbered(form)},
                   now);
  return {verdict(now), supersedes};
}

Outbox::Verdict Outbox::push_rest(Frame frame, std::size_t sent, SteadyTime now) {
  QOS_ASSERT(empty() && sent < frame->size());
  waiting().begin_with({.frame = std::move(frame)}, sent, now);
  return verdict(now);
}

Outbox::Verdict Outbox::verdict(SteadyTime now) const {
  return waiting_ ? waiting_->verdict(now) : Verdict::keep;
}

std::size_t Outbox::bytes() const {
  return waiting_ ? waiting_->bytes() : 0;
}

std::string_view Outbox::gather(std::span<char> room) {
  return waiting_ ? waiting_->gather(room) : std::string_view{};
}

void Outbox::sent(std::size_t bytes, SteadyTime now) {
  if (!waiting_) return;
  waiting_->sent(bytes, now);
  if (waiting_->empty()) waiting_.reset();
}

void Outbox::drop_unstarted() {
  if (!waiting_) return;
  waiting_->drop_unstarted();
  if (waiting_->empty()) waiting_.reset();
}

void Outbox::seal() {
  if (waiting_) waiting_->seal();
}

void Outbox::encode_first(std::size_t most, const std::function<Frame(std::string_view)>& encode) {
  if (waiting_) waiting_->encode_first(most, encode);
}

}  // namespace qos::channel
