#include "journal/tail.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/crash_point.hpp"

namespace qos::journal {
namespace {

constexpr std::array<char, 8> kMagic{'Q', 'O', 'S', 't', 'a', 'i', 'l', '\n'};
constexpr std::uint32_t kTailVersion = 1;

// Written once, before anything is appended. docs/formats/journal.md is the specification.
struct Fixed {
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kTailVersion;
  std::uint32_t event_bytes = sizeof(SequencedEvent);
  std::uint64_t layout = 0;
  std::uint64_t capacity = 0;
  std::uint64_t epoch = 0;
  std::array<char, 64> boot_id{};
  std::uint64_t checksum = 0;  // XXH3-64 of all before it
};
static_assert(sizeof(Fixed) == 112, "the tail's header is a file format");
static_assert(std::has_unique_object_representations_v<Fixed>);

// Written by a clean end. The checksum covers the two before it and the epoch.
struct Finished {
  std::uint64_t sequence = 0;
  std::uint64_t checksum = 0;
};

// Numbers that two threads write lie on cache lines of their own.
constexpr std::size_t kAppendedAt = 512;
constexpr std::size_t kReleasedAt = 640;
constexpr std::size_t kFinishedAt = 768;
constexpr std::size_t kEventsAt = 4096;
constexpr std::uint64_t kCapacityMax = std::uint64_t{1} << 26;  // 10 GiB of events

static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free);
static_assert(kEventsAt % alignof(SequencedEvent) == 0);

std::uint64_t checksum_of(const Fixed& fixed) {
  return XXH3_64bits(&fixed, offsetof(Fixed, checksum));
}

std::uint64_t checksum_of(const Finished& finished, std::uint64_t epoch) {
  const std::array numbers{finished.sequence, epoch};
  return XXH3_64bits(numbers.data(), sizeof numbers);
}

std::string text_of(const std::array<char, 64>& text) {
  return {text.data(), ::strnlen(text.data(), text.size())};
}

template <typename T>
T load(std::span<const std::byte> bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

Result<std::vector<std::byte>> read(io::Disk& disk, const std::filesystem::path& path, std::uint64_t offset,
                                    std::size_t size) {
  auto file = disk.open(path, io::Disk::Open::read);
  if (!file) return std::unexpected{std::move(file.error())};
  std::vector<std::byte> bytes(size);
  const auto got = (*file)->read_at(offset, bytes);
  if (!got) return std::unexpected{got.error()};
  bytes.resize(*got);
  return bytes;
}

}  // namespace

Tail::Tail(std::unique_ptr<io::Mapping> memory, std::uint64_t capacity, Sequence last)
    : memory_{std::move(memory)},
      base_{memory_->bytes().data()},
      capacity_{capacity},
      mask_{capacity - 1},
      next_{last.value() + 1},
      known_released_{last.value()} {}

std::atomic_ref<std::uint64_t> Tail::number(std::size_t offset) const {
  return std::atomic_ref<std::uint64_t>{*reinterpret_cast<std::uint64_t*>(base_ + offset)};
}

SequencedEvent* Tail::slot(std::uint64_t sequence) const {
  return reinterpret_cast<SequencedEvent*>(base_ + kEventsAt) + (sequence & mask_);
}

Result<std::unique_ptr<Tail>> Tail::create(io::Disk& disk, const std::filesystem::path& folder,
                                           const Run& run) {
  const auto path = folder / kTailFile;
  auto fresh = path;
  fresh += ".new";
  // Beside the old one until it is whole: whoever is killed here leaves either the old or the new.
  if (disk.exists(fresh))
    if (auto done = disk.remove(fresh); !done) return std::unexpected{std::move(done.error())};
  const std::uint64_t capacity = std::bit_ceil(std::clamp<std::uint64_t>(run.capacity, 2, kCapacityMax));
  auto memory = disk.map(fresh, kEventsAt + capacity * sizeof(SequencedEvent));
  if (!memory) return std::unexpected{std::move(memory.error())};

  Fixed fixed{.layout = event_layout(), .capacity = capacity, .epoch = run.epoch.value()};
  if (run.boot_id.size() >= fixed.boot_id.size())
    return fail("boot id of {} characters, at most {} are known", run.boot_id.size(),
                fixed.boot_id.size() - 1);
  run.boot_id.copy(fixed.boot_id.data(), run.boot_id.size());
  fixed.checksum = checksum_of(fixed);
  std::memcpy((*memory)->bytes().data(), &fixed, sizeof fixed);
  std::unique_ptr<Tail> tail{new Tail{std::move(*memory), capacity, run.last}};
  tail->number(kAppendedAt).store(run.last.value());
  tail->number(kReleasedAt).store(run.last.value());

  if (auto done = disk.rename(fresh, path); !done) return std::unexpected{std::move(done.error())};
  return tail;
}

bool Tail::append(const SequencedEvent& event) {
  QOS_ASSERT(event.sequence.value() == next_);
  if (next_ - known_released_ > capacity_) {
    known_released_ = number(kReleasedAt).load(std::memory_order_acquire);
    if (next_ - known_released_ > capacity_) return false;
  }
  std::memcpy(static_cast<void*>(slot(next_)), &event, sizeof event);
  crash_point("tail.copied");
  number(kAppendedAt).store(next_, std::memory_order_release);
  crash_point("tail.appended");
  ++next_;
  return true;
}

Sequence Tail::appended() const {
  return Sequence{number(kAppendedAt).load(std::memory_order_acquire)};
}

Sequence Tail::released() const {
  return Sequence{number(kReleasedAt).load(std::memory_order_acquire)};
}

std::span<const SequencedEvent> Tail::waiting(Sequence after, std::size_t most) const {
  const std::uint64_t first = after.value() + 1;
  const std::uint64_t there = appended().value() - after.value();
  const std::uint64_t to_end = capacity_ - (first & mask_);
  return {slot(first), std::min<std::uint64_t>({there, to_end, most})};
}

void Tail::release(Sequence up_to) {
  number(kReleasedAt).store(up_to.value(), std::memory_order_release);
}

Result<void> Tail::finish(io::Disk& disk, const std::filesystem::path& folder) {
  QOS_ASSERT(released() == appended());
  auto file = disk.open(folder / kTailFile, io::Disk::Open::write);
  if (!file) return std::unexpected{std::move(file.error())};
  // First the numbers, then the word that they are final: a machine that dies in between has not finished.
  if (auto done = (*file)->sync(); !done) return done;
  Finished finished{.sequence = appended().value()};
  finished.checksum = checksum_of(finished, load<Fixed>(memory_->bytes(), 0).epoch);
  if (auto done = (*file)->write_at(kFinishedAt, std::as_bytes(std::span{&finished, 1})); !done) return done;
  return (*file)->sync();
}

Result<LeftTail> read_left_tail(io::Disk& disk, const std::filesystem::path& folder) {
  const auto path = folder / kTailFile;
  LeftTail left;
  if (!disk.exists(path)) return left;
  const auto bytes = read(disk, path, 0, kEventsAt);
  if (!bytes) return std::unexpected{bytes.error()};
  left.state = LeftTail::State::unreadable;
  if (bytes->size() < kEventsAt) {
    left.why = fmt::format("it has {} bytes, its header alone takes {}", bytes->size(), kEventsAt);
    return left;
  }
  const auto fixed = load<Fixed>(*bytes, 0);
  if (fixed.magic != kMagic || fixed.checksum != checksum_of(fixed) || !std::has_single_bit(fixed.capacity) ||
      fixed.capacity > kCapacityMax) {
    left.why = "its header is damaged";
    return left;
  }
  const auto finished = load<Finished>(*bytes, kFinishedAt);
  left.epoch = Epoch{fixed.epoch};
  left.boot_id = text_of(fixed.boot_id);
  left.capacity = fixed.capacity;
  left.appended = Sequence{load<std::uint64_t>(*bytes, kAppendedAt)};
  left.released = Sequence{load<std::uint64_t>(*bytes, kReleasedAt)};
  left.finished = finished.checksum == checksum_of(finished, fixed.epoch) &&
                  finished.sequence == left.appended.value() && left.released == left.appended;
  const bool alike = fixed.version == kTailVersion && fixed.event_bytes == sizeof(SequencedEvent) &&
                     fixed.layout == event_layout();
  left.state = alike ? LeftTail::State::readable : LeftTail::State::other_layout;
  return left;
}

Result<LeftEvents> events_of(io::Disk& disk, const std::filesystem::path& folder, const LeftTail& left,
                             Sequence after) {
  QOS_ASSERT(left.state == LeftTail::State::readable && after <= left.appended);
  LeftEvents found;
  const std::uint64_t count = left.appended.value() - after.value();
  if (count > left.capacity) {
    found.why =
        fmt::format("the tail holds {} events, {} are missing from the segments", left.capacity, count);
    return found;
  }
  const auto bytes = read(disk, folder / kTailFile, kEventsAt, left.capacity * sizeof(SequencedEvent));
  if (!bytes) return std::unexpected{bytes.error()};
  for (std::uint64_t sequence = after.value() + 1; sequence <= left.appended.value(); ++sequence) {
    const std::size_t at = (sequence & (left.capacity - 1)) * sizeof(SequencedEvent);
    SequencedEvent event;
    if (at + sizeof event > bytes->size()) {
      found.why = fmt::format("the tail ends before event {}", sequence);
      return found;
    }
    std::memcpy(static_cast<void*>(&event), bytes->data() + at, sizeof event);
    if (event.sequence.value() != sequence || event.event.body.index() >= std::variant_size_v<EventBody>) {
      found.why = fmt::format("at offset {} of the tail event {} is expected, number {} of kind {} is there",
                              kEventsAt + at, sequence, event.sequence.value(), event.event.body.index());
      return found;
    }
    found.events.push_back(event);
  }
  return found;
}

}  // namespace qos::journal
