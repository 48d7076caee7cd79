#include "api/ws/cursor_trail.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace qos::api::ws {
namespace {

using channel::ChannelKey;
using channel::Topic;

constexpr std::chrono::seconds kPingEvery{1};
// A client that answers none of so many is not asked any further; the next pong makes room.
constexpr std::size_t kMostMarks = 8;

}  // namespace

std::optional<ChannelKey> CursorTrail::plain(ChannelKey channel) {
  const bool has_positions = channel.topic == Topic::trade ||
                             (channel.topic == Topic::kline && channel.variant != channel::kSessionMinutes);
  if (!has_positions) return std::nullopt;
  channel.variant =
      channel.topic == Topic::trade ? 0 : static_cast<std::uint8_t>(channel.variant % channel::kKlineTypes);
  return channel;
}

void CursorTrail::note(const ChannelKey& channel, Sequence sequence) {
  const auto key = plain(channel);
  if (!key || sequence == Sequence{}) return;
  // One event may change several K-lines of a type, and a ping may come between their pushes: only what is
  // before the event is complete. A trade is one event.
  if (key->topic == Topic::kline) sequence = Sequence{sequence.value() - 1};
  auto& latest = since_ping_[*key];
  latest = std::max(latest, sequence);
}

std::optional<std::string> CursorTrail::next_ping(SteadyTime now) {
  if (now - pinged_ < kPingEvery || marks_.size() == kMostMarks) return std::nullopt;
  pinged_ = now;
  marks_.push_back({++last_number_, {since_ping_.begin(), since_ping_.end()}});
  since_ping_.clear();
  return std::to_string(last_number_);
}

void CursorTrail::confirm(std::string_view payload) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(payload.data(), payload.data() + payload.size(), number);
  // A client may send pongs of its own (RFC 6455, section 5.5.3), and claim what it likes: of pings that were
  // not sent there are no marks.
  if (error != std::errc{} || end != payload.data() + payload.size()) return;
  if (number > last_number_) return;
  while (!marks_.empty() && marks_.front().number <= number) {
    cursors_.confirm(key_, marks_.front().positions);
    marks_.pop_front();
  }
}

std::optional<Sequence> CursorTrail::position(const ChannelKey& channel) const {
  const auto key = plain(channel);
  return key ? cursors_.position(key_, *key) : std::nullopt;
}

void CursorTrail::forget(const std::vector<ChannelKey>& channels) {
  for (const ChannelKey& channel : channels) {
    const auto key = plain(channel);
    if (!key) continue;
    since_ping_.erase(*key);
    for (Mark& mark : marks_)
      std::erase_if(mark.positions, [&](const auto& position) { return position.first == *key; });
    cursors_.forget(key_, std::span{&*key, 1});
  }
}

void CursorTrail::lost(const ChannelKey& channel) {
  if (const auto key = plain(channel)) cursors_.lost(key_, *key);
}

}  // namespace qos::api::ws
