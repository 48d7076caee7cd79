#include "replay/checkpointer.hpp"

#include <algorithm>
#include <concepts>
#include <utility>

#include "core/bytes.hpp"
#include "replay/kept_checkpoints.hpp"

namespace qos::replay {
namespace {

// How often a finished checkpoint looks whether the journal is durable; a commit takes milliseconds.
constexpr std::chrono::milliseconds kLook{5};

// Without an id: what belongs to no instrument.
std::string saved(const state::Machine& machine, std::same_as<InstrumentId> auto... id) {
  std::string bytes;
  ByteWriter out{bytes};
  machine.save(id..., out);
  return bytes;
}

}  // namespace

Checkpointer::Checkpointer(journal::Journal& journal, io::Clock& clock,
                           const market::InstrumentTable& instruments, Options options, Sequence last)
    : journal_{journal},
      clock_{clock},
      instruments_{instruments},
      options_{std::move(options)},
      taken_at_{last},
      taken_time_{clock.steady_now() - options_.every + std::min(options_.every, options_.first)} {
  counters_.last_first.set(static_cast<std::int64_t>(last.value()));
}

Checkpointer::~Checkpointer() {
  stop();
}

bool Checkpointer::due(Sequence applied) const {
  if (under_way() || applied <= taken_at_) return false;
  return applied.value() - taken_at_.value() >= options_.every_events ||
         clock_.steady_now() - taken_time_ >= options_.every;
}

void Checkpointer::begin(const state::Machine& machine, CheckpointFacts facts) {
  QOS_ASSERT(!under_way());
  facts_ = std::move(facts);
  facts_.first = machine.last();
  taken_at_ = facts_.first;
  taken_time_ = clock_.steady_now();
  // The queue may be full of the one before: then there is none this time.
  if (hand_over({.code = {}, .bytes = saved(machine), .begins = facts_.first})) next_ = 0;
}

bool Checkpointer::step(const state::Machine& machine, UnixNanos received) {
  if (!under_way()) return false;
  {
    const std::scoped_lock lock{mutex_};
    if (parts_.size() >= options_.parts_waiting) return false;
  }
  if (*next_ < instruments_.size()) {
    const InstrumentId id{(*next_)++};
    return hand_over({.code = instruments_.at(id).code.to_string(), .bytes = saved(machine, id)});
  }
  next_.reset();
  facts_.last = machine.last();
  facts_.received = received;
  return hand_over({.ends = facts_});
}

bool Checkpointer::hand_over(Part part) {
  const std::scoped_lock lock{mutex_};
  if (parts_.size() > options_.parts_waiting) return false;
  parts_.push_back(std::move(part));
  arrived_.notify_one();
  return true;
}

void Checkpointer::start() {
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

void Checkpointer::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  while (write_some()) continue;
}

void Checkpointer::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (write_some()) continue;
    std::unique_lock lock{mutex_};
    if (waits_) {
      arrived_.wait_for(lock, stop, kLook, [] { return false; });
    } else {
      arrived_.wait(lock, stop, [this] { return !parts_.empty(); });
    }
  }
}

bool Checkpointer::write_some() {
  Result<void> done;
  if (waits_) {
    if (journal_.durable() < waits_->last) return false;
    const auto facts = *std::exchange(waits_, std::nullopt);
    done = settle(facts);
  } else {
    Part part;
    {
      const std::scoped_lock lock{mutex_};
      if (parts_.empty()) return false;
      part = std::move(parts_.front());
      parts_.pop_front();
    }
    done = write(part);
  }
  if (done) return true;
  writer_.reset();
  abandoned_ = true;
  counters_.failed.add();
  if (options_.report) options_.report(done.error());
  return true;
}

Result<void> Checkpointer::write(const Part& part) {
  if (part.begins) {
    abandoned_ = false;
    auto writer = CheckpointWriter::begin(journal_.disk(), options_.folder, *part.begins);
    if (!writer) return std::unexpected{writer.error()};
    writer_ = std::move(*writer);
  }
  if (abandoned_ || !writer_) return {};
  if (!part.ends) return writer_->add(part.code, part.bytes);
  waits_ = part.ends;
  return {};
}

Result<void> Checkpointer::settle(const CheckpointFacts& facts) {
  auto writer = std::exchange(writer_, std::nullopt);
  if (auto finished = writer->finish(facts); !finished) return finished;
  counters_.taken.add();
  counters_.last_first.set(static_cast<std::int64_t>(facts.first.value()));
  counters_.last_bytes.set(static_cast<std::int64_t>(writer->bytes()));
  return keep_some(journal_, options_.folder, options_.spacing);
}

}  // namespace qos::replay
