#include "replay/recovery.hpp"

#include <algorithm>
#include <ranges>

#include "core/bytes.hpp"

namespace qos::replay {
namespace {

bool will_do(const CheckpointFacts& facts, const CheckpointChoice& choice) {
  return facts.last <= choice.durable && (!choice.received_by || facts.received <= *choice.received_by) &&
         (!choice.first_by || facts.first <= *choice.first_by);
}

}  // namespace

Result<std::optional<CheckpointFile>> newest_checkpoint(io::Disk& disk, const std::filesystem::path& folder,
                                                        const CheckpointChoice& choice,
                                                        const std::function<void(const Error&)>& report) {
  const auto places = checkpoints_in(disk, folder);
  if (!places) return std::unexpected{places.error()};
  for (const auto& place : std::views::reverse(*places)) {
    auto checkpoint = CheckpointFile::open(disk, place.path);
    if (checkpoint && !will_do(checkpoint->facts(), choice)) continue;
    const auto whole = checkpoint ? checkpoint->check() : std::unexpected{checkpoint.error()};
    if (whole) return std::move(*checkpoint);
    if (report) report(whole.error());
  }
  return std::nullopt;
}

Result<void> restore(const CheckpointFile& checkpoint, const market::InstrumentTable& instruments,
                     state::Machine& machine) {
  const auto shared = checkpoint.part("");
  if (!shared) return std::unexpected{shared.error()};
  QOS_ASSERT(shared->has_value());  // CheckpointFile::open saw it
  ByteReader in{**shared};
  if (auto restored = machine.restore(in); !restored) return restored;
  for (std::uint32_t row = 0; row < instruments.size(); ++row) {
    const InstrumentId id{row};
    const auto code = instruments.at(id).code.to_string();
    const auto part = checkpoint.part(code);
    if (!part) return std::unexpected{part.error()};
    if (!*part) continue;
    ByteReader bytes{**part};
    if (auto restored = machine.restore(id, bytes); !restored) return within(code, restored.error());
  }
  return {};
}

Result<Applied> apply_journal(journal::Reader& reader, std::size_t feeds, FeedId own, state::Machine& machine,
                              state::ChangeSink& sink, Sequence until) {
  Applied applied{.handed_over = std::vector<std::uint64_t>(feeds)};
  while (applied.last < until) {
    const auto events = reader.next();
    if (!events) return std::unexpected{events.error()};
    if (events->empty()) break;
    for (const SequencedEvent& event : *events) {
      if (event.sequence > until) break;
      machine.apply(event, sink);
      applied.last = event.sequence;
      ++applied.events;
      const FeedId feed = event.event.feed;
      if (feed.value() < feeds) ++applied.handed_over[feed.value()];
      if (feed != own) applied.received = std::max(applied.received, event.event.ts_recv);
    }
  }
  return applied;
}

}  // namespace qos::replay
