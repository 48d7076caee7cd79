#include "channel/hub.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "core/result.hpp"

namespace qos::channel {
namespace {

// Newer than every update: the subscriber has not been sent the state yet, so nothing may overtake it.
constexpr Sequence kNotStarted{std::numeric_limits<Sequence::rep>::max()};
// Likewise, but what comes is handed over to wait.
constexpr Sequence kHeld{kNotStarted.value() - 1};

// One turn's most, which is what its memory grows to.
constexpr std::size_t kMostParts = 1 << 18;
constexpr std::size_t kMostBytes = 4 << 20;

// Thousands of subscribers do not stay in the cache from one turn to the next.
void prefetch(const Subscriber* subscriber) {
  if (subscriber == nullptr) return;
  constexpr std::size_t kLines = 4;
  constexpr std::size_t kCacheLine = 64;
  const auto* at = reinterpret_cast<const std::byte*>(subscriber);
  // A subscriber is the second base of what it is part of: the line before it is wanted too.
  for (std::size_t line = 0; line < kLines; ++line) __builtin_prefetch(at + line * kCacheLine - kCacheLine);
}

// There are as many of these lists as subscriptions, so they are kept nearly as long as they need to be.
template <typename T>
void make_room(std::vector<T>& list, std::size_t more) {
  constexpr std::size_t kLeastStep = 2;
  if (list.size() + more <= list.capacity()) return;
  list.reserve(list.size() + std::max({more, kLeastStep, list.size() / 4}));
}

auto find_text(auto& spellings, std::string_view text, Form form) {
  return std::ranges::find_if(spellings,
                              [&](const auto& known) { return known.form == form && known.text == text; });
}

}  // namespace

Hub::Hub(std::size_t loop, Fanout& fanout, FrameBuilder builder)
    : loop_{loop}, fanout_{fanout}, builder_{std::move(builder)} {}

Hub::~Hub() {
  for (const auto& [key, spellings] : channels_) fanout_.unlisten(loop_, key);
}

Hub::Slot Hub::enter(Subscriber& subscriber) {
  if (subscriber.slot_ != Subscriber::kNone) return subscriber.slot_;
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<Slot>(subscribers_.size()));
    subscribers_.emplace_back();
  }
  subscriber.slot_ = free_slots_.back();
  free_slots_.pop_back();
  subscribers_[subscriber.slot_].subscriber = &subscriber;
  return subscriber.slot_;
}

void Hub::leave(Subscriber& subscriber) {
  subscribers_[subscriber.slot_] = {};
  free_slots_.push_back(subscriber.slot_);
  subscriber.slot_ = Subscriber::kNone;
}

const std::vector<ChannelKey>* Hub::keys_of(const Subscriber& subscriber) const {
  return subscriber.slot_ == Subscriber::kNone ? nullptr : &subscribers_[subscriber.slot_].keys;
}

Hub::Added Hub::subscribe(Subscriber& subscriber, ChannelKey key, std::string_view spelling, Form form) {
  const Slot slot = enter(subscriber);
  auto& keys = subscribers_[slot].keys;
  if (std::ranges::binary_search(keys, key)) return Added::already;
  make_room(keys, 1);
  keys.insert(std::ranges::lower_bound(keys, key), key);

  const auto [channel, is_new] = channels_.try_emplace(key);
  if (is_new) fanout_.listen(loop_, key);
  auto& spellings = channel->second;
  auto same = find_text(spellings, spelling, form);
  if (same == spellings.end())
    same = spellings.insert(spellings.end(), {std::string{spelling}, form, {}, {}});
  auto& starting = same->starting;
  make_room(starting, 1);
  starting.emplace(std::ranges::lower_bound(starting, slot, {}, &Starting::slot), slot, kNotStarted);
  return Added::yes;
}

Hub::Starting* Hub::find_starting(const Subscriber& subscriber, ChannelKey key) {
  const auto channel = channels_.find(key);
  if (channel == channels_.end()) return nullptr;
  for (Spelling& spelling : channel->second) {
    const auto place = std::ranges::lower_bound(spelling.starting, subscriber.slot_, {}, &Starting::slot);
    if (place != spelling.starting.end() && place->slot == subscriber.slot_) return &*place;
  }
  return nullptr;
}

void Hub::start_after(Subscriber& subscriber, ChannelKey key, Sequence sequence) {
  Starting* starting = find_starting(subscriber, key);
  QOS_ASSERT(starting != nullptr);
  starting->set_after(sequence);
}

void Hub::hold(Subscriber& subscriber, ChannelKey key) {
  QOS_ASSERT(awaits_start(subscriber, key));
  find_starting(subscriber, key)->set_after(kHeld);
}

void Hub::let_go(Subscriber& subscriber, ChannelKey key) {
  Starting* starting = find_starting(subscriber, key);
  QOS_ASSERT(starting != nullptr && starting->after() == kHeld);
  starting->set_after(kNotStarted);
}

bool Hub::awaits_start(const Subscriber& subscriber, ChannelKey key) {
  const Starting* starting = find_starting(subscriber, key);
  return starting != nullptr && starting->after() == kNotStarted;
}

bool Hub::unsubscribe(Subscriber& subscriber, ChannelKey key) {
  if (!listens_to(subscriber, key)) return false;
  auto& keys = subscribers_[subscriber.slot_].keys;
  keys.erase(std::ranges::lower_bound(keys, key));
  remove_listener(subscriber.slot_, key);
  if (keys.empty()) leave(subscriber);
  return true;
}

void Hub::drop(Subscriber& subscriber) {
  if (subscriber.slot_ == Subscriber::kNone) return;
  for (const ChannelKey key : subscribers_[subscriber.slot_].keys) remove_listener(subscriber.slot_, key);
  leave(subscriber);
}

void Hub::remove_listener(Slot slot, ChannelKey key) {
  const auto channel = channels_.find(key);
  QOS_ASSERT(channel != channels_.end());
  auto& spellings = channel->second;
  for (auto spelling = spellings.begin(); spelling != spellings.end(); ++spelling) {
    auto& [text, form, started, starting] = *spelling;
    const auto place = std::ranges::lower_bound(started, slot);
    const auto early = std::ranges::lower_bound(starting, slot, {}, &Starting::slot);
    if (place != started.end() && *place == slot)
      started.erase(place);
    else if (early != starting.end() && early->slot == slot)
      starting.erase(early);
    else
      continue;
    if (started.empty() && starting.empty()) spellings.erase(spelling);
    break;
  }
  if (!spellings.empty()) return;
  channels_.erase(channel);
  fanout_.unlisten(loop_, key);
}

std::size_t Hub::instruments_of(const Subscriber& subscriber) const {
  const auto* keys = keys_of(subscriber);
  if (keys == nullptr) return 0;
  std::size_t distinct = 0;
  const ChannelKey* previous = nullptr;  // keys are in the order of instruments
  for (const ChannelKey& key : *keys) {
    if (previous == nullptr || previous->instrument != key.instrument) ++distinct;
    previous = &key;
  }
  return distinct;
}

bool Hub::listens_to(const Subscriber& subscriber, InstrumentId instrument) const {
  const auto* keys = keys_of(subscriber);
  if (keys == nullptr) return false;
  const auto place = std::ranges::lower_bound(*keys, instrument, {}, &ChannelKey::instrument);
  return place != keys->end() && place->instrument == instrument;
}

bool Hub::listens_to(const Subscriber& subscriber, ChannelKey key) const {
  const auto* keys = keys_of(subscriber);
  return keys != nullptr && std::ranges::binary_search(*keys, key);
}

std::size_t Hub::gather(std::size_t limit) {
  std::size_t taken = 0;
  for (Update update; taken < limit && fanout_.try_pop(loop_, update); ++taken) gather(update);
  return taken;
}

bool Hub::is_full() const {
  return shares_.size() >= kMostParts || batch_.total_bytes() >= kMostBytes;
}

void Hub::gather(const Update& update) {
  const auto channel = channels_.find(update.key);
  if (channel == channels_.end()) return;
  newest_received_ = std::max(newest_received_, update.received);
  for (Spelling& spelling : channel->second) {
    std::optional<Batch::Index> made;  // when the first listener wants it
    const auto frame = [&] {
      if (!made)
        made = batch_.add({update.key, update.sequence, update.piece}, spelling.form,
                          [&](std::string& out) { builder_(out, update, spelling.text, spelling.form); });
      return *made;
    };
    if (!spelling.starting.empty()) start_some(spelling, update, frame);
    if (!spelling.started.empty()) shares_.add(frame(), spelling.started);
  }
}

// Those whose state is older than the update hear everything from it on.
template <typename MakeFrame>
void Hub::start_some(Spelling& spelling, const Update& update, MakeFrame&& frame) {
  just_started_.clear();
  std::erase_if(spelling.starting, [&](const Starting& starting) {
    if (starting.after() == kHeld)
      subscribers_[starting.slot].subscriber->hold(update, batch_.bytes(frame()));
    if (starting.after() >= kHeld || update.sequence <= starting.after()) return false;
    just_started_.push_back(starting.slot);
    return true;
  });
  if (just_started_.empty()) return;
  auto& started = spelling.started;
  make_room(started, just_started_.size());
  const auto middle = started.insert(started.end(), just_started_.begin(), just_started_.end());
  std::ranges::inplace_merge(started, middle);
}

void Hub::deliver() {
  shares_.give_out([this](Slot slot, std::span<const Batch::Index> frames, Slot soon) {
    prefetch(subscribers_[soon].subscriber);
    // It may have dropped itself when it was given what it held, or in an earlier call of another hub's.
    if (Subscriber* subscriber = subscribers_[slot].subscriber) subscriber->take(batch_, frames);
  });
  batch_.clear();
  newest_received_ = {};
}

}  // namespace qos::channel
