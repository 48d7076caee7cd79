#include "channel/hub.hpp"

#include <algorithm>
#include <limits>

#include "core/result.hpp"

namespace qos::channel {
namespace {

// Newer than every update: the subscriber has not been sent the state yet, so nothing may overtake it.
constexpr Sequence kNotStarted{std::numeric_limits<Sequence::rep>::max()};
// Likewise, but what comes is handed over to wait.
constexpr Sequence kHeld{kNotStarted.value() - 1};

// Listeners lie in the order of their addresses, so that one is found among ten thousand without a walk.
auto place_of(auto& listeners, const Subscriber* subscriber) {
  return std::ranges::lower_bound(
      listeners, subscriber, std::ranges::less{},
      [](const auto& listener) -> const Subscriber* { return listener.subscriber; });
}

}  // namespace

Hub::Hub(std::size_t loop, Fanout& fanout, FrameBuilder builder)
    : loop_{loop}, fanout_{fanout}, builder_{std::move(builder)} {}

Hub::~Hub() {
  for (const auto& [key, spellings] : channels_) fanout_.unlisten(loop_, key);
}

Hub::Added Hub::subscribe(Subscriber& subscriber, ChannelKey key, std::string_view spelling, Form form) {
  auto& keys = by_subscriber_[&subscriber];
  const auto place = std::ranges::lower_bound(keys, key);
  if (place != keys.end() && *place == key) return Added::already;
  keys.insert(place, key);

  const auto [channel, is_new] = channels_.try_emplace(key);
  if (is_new) fanout_.listen(loop_, key);
  auto& spellings = channel->second;
  auto same = std::ranges::find_if(
      spellings, [&](const Spelling& known) { return known.text == spelling && known.form == form; });
  if (same == spellings.end()) same = spellings.insert(spellings.end(), {std::string{spelling}, form, {}});
  same->listeners.insert(place_of(same->listeners, &subscriber), {&subscriber, kNotStarted});
  return Added::yes;
}

Hub::Listener* Hub::find(const Subscriber& subscriber, ChannelKey key) {
  const auto channel = channels_.find(key);
  if (channel == channels_.end()) return nullptr;
  for (Spelling& spelling : channel->second) {
    const auto place = place_of(spelling.listeners, &subscriber);
    if (place != spelling.listeners.end() && place->subscriber == &subscriber) return &*place;
  }
  return nullptr;
}

void Hub::start_after(Subscriber& subscriber, ChannelKey key, Sequence sequence) {
  Listener* listener = find(subscriber, key);
  QOS_ASSERT(listener != nullptr);
  listener->after = sequence;
}

void Hub::hold(Subscriber& subscriber, ChannelKey key) {
  QOS_ASSERT(awaits_start(subscriber, key));
  find(subscriber, key)->after = kHeld;
}

void Hub::let_go(Subscriber& subscriber, ChannelKey key) {
  Listener* listener = find(subscriber, key);
  QOS_ASSERT(listener != nullptr && listener->after == kHeld);
  listener->after = kNotStarted;
}

bool Hub::awaits_start(const Subscriber& subscriber, ChannelKey key) {
  const Listener* listener = find(subscriber, key);
  return listener != nullptr && listener->after == kNotStarted;
}

bool Hub::unsubscribe(Subscriber& subscriber, ChannelKey key) {
  const auto found = by_subscriber_.find(&subscriber);
  if (found == by_subscriber_.end()) return false;
  auto& keys = found->second;
  const auto place = std::ranges::lower_bound(keys, key);
  if (place == keys.end() || *place != key) return false;
  keys.erase(place);
  if (keys.empty()) by_subscriber_.erase(found);
  remove_listener(subscriber, key);
  return true;
}

void Hub::drop(Subscriber& subscriber) {
  const auto found = by_subscriber_.find(&subscriber);
  if (found == by_subscriber_.end()) return;
  const auto keys = std::move(found->second);
  by_subscriber_.erase(found);
  for (const ChannelKey key : keys) remove_listener(subscriber, key);
}

void Hub::remove_listener(const Subscriber& subscriber, ChannelKey key) {
  const auto channel = channels_.find(key);
  QOS_ASSERT(channel != channels_.end());
  auto& spellings = channel->second;
  for (auto spelling = spellings.begin(); spelling != spellings.end(); ++spelling) {
    const auto place = place_of(spelling->listeners, &subscriber);
    if (place == spelling->listeners.end() || place->subscriber != &subscriber) continue;
    spelling->listeners.erase(place);
    if (spelling->listeners.empty()) spellings.erase(spelling);
    break;
  }
  if (!spellings.empty()) return;
  channels_.erase(channel);
  fanout_.unlisten(loop_, key);
}

std::size_t Hub::instruments_of(const Subscriber& subscriber) const {
  const auto found = by_subscriber_.find(&subscriber);
  if (found == by_subscriber_.end()) return 0;
  std::size_t distinct = 0;
  const ChannelKey* previous = nullptr;  // keys are in the order of instruments
  for (const ChannelKey& key : found->second) {
    if (previous == nullptr || previous->instrument != key.instrument) ++distinct;
    previous = &key;
  }
  return distinct;
}

bool Hub::listens_to(const Subscriber& subscriber, InstrumentId instrument) const {
  const auto found = by_subscriber_.find(&subscriber);
  if (found == by_subscriber_.end()) return false;
  const auto place = std::ranges::lower_bound(found->second, instrument, {}, &ChannelKey::instrument);
  return place != found->second.end() && place->instrument == instrument;
}

bool Hub::listens_to(const Subscriber& subscriber, ChannelKey key) const {
  const auto found = by_subscriber_.find(&subscriber);
  return found != by_subscriber_.end() && std::ranges::binary_search(found->second, key);
}

std::size_t Hub::drain(std::size_t limit) {
  std::size_t taken = 0;
  for (Update update; taken < limit && fanout_.try_pop(loop_, update); ++taken) deliver(update);
  return taken;
}

void Hub::deliver(const Update& update) {
  const auto channel = channels_.find(update.key);
  if (channel == channels_.end()) return;
  for (const Spelling& spelling : channel->second) {
    Frame frame;  // made when the first listener wants it
    for (const Listener& listener : spelling.listeners) {
      const bool is_held = listener.after == kHeld;
      if (!is_held && update.sequence <= listener.after) continue;
      if (!frame) frame = builder_(update, spelling.text, spelling.form);
      if (is_held)
        listener.subscriber->hold(update, frame);
      else
        listener.subscriber->deliver(update, frame);
    }
  }
}

}  // namespace qos::channel
