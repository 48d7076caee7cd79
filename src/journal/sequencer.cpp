#include "journal/sequencer.hpp"

#include "core/result.hpp"
#include "core/spsc_ring.hpp"

namespace qos::journal {

struct Sequencer::Queue {
  explicit Queue(std::size_t capacity) : events{capacity} {}

  SpscRing<Event> events;
  Doorbell room;          // rung for a feed that waits because `events` is full
  std::size_t taken = 0;  // by the market thread since it last rang
};

Sequencer::Sequencer(Options options) : last_{options.last} {
  QOS_ASSERT(options.feeds > 0 && options.queue_capacity > 0);
  for (std::size_t feed = 0; feed < options.feeds; ++feed)
    queues_.push_back(std::make_unique<Queue>(options.queue_capacity));
}

Sequencer::~Sequencer() = default;

bool Sequencer::put(FeedId feed, const Event& event) {
  QOS_ASSERT(feed.value() < queues_.size());
  Queue& queue = *queues_[feed.value()];
  while (true) {
    const std::uint32_t seen = queue.room.look();
    if (closed()) return false;
    if (queue.events.try_push(event)) break;
    counters_.full_queue_waits.add();
    queue.room.wait(seen);
  }
  arrived_.ring();
  return true;
}

void Sequencer::close() {
  closed_.store(true);
  arrived_.ring();
  for (const auto& queue : queues_) queue->room.ring();
}

std::size_t Sequencer::drain(std::size_t limit, const std::function<void(const SequencedEvent&)>& apply) {
  SequencedEvent next;
  std::size_t drained = 0;
  for (std::size_t empty = 0; drained < limit && empty < queues_.size();) {
    Queue& queue = *queues_[next_feed_];
    next_feed_ = (next_feed_ + 1) % queues_.size();
    if (!queue.events.try_pop(next.event)) {
      ++empty;
      continue;
    }
    empty = 0;
    ++drained;
    // A feed that waits is woken when a good part of its queue is free again, not for every event.
    if (++queue.taken >= queue.events.capacity() / 4) {
      queue.taken = 0;
      queue.room.ring();
    }
    last_ = Sequence{last_.value() + 1};
    next.sequence = last_;
    apply(next);
  }
  counters_.events.add(drained);
  for (const auto& queue : queues_) {
    if (queue->taken > 0) queue->room.ring();
    queue->taken = 0;
  }
  return drained;
}

SequencedEvent Sequencer::number(const Event& event) {
  last_ = Sequence{last_.value() + 1};
  counters_.events.add();
  return {last_, event};
}

void Sequencer::wait(std::uint32_t seen) {
  if (!closed()) arrived_.wait(seen);
}

std::size_t Sequencer::queue_capacity() const {
  return queues_.front()->events.capacity();
}

}  // namespace qos::journal
