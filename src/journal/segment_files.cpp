#include "journal/segment_files.hpp"

#include <string>
#include <unordered_set>

#include "journal/block_file.hpp"
#include "journal/segment.hpp"

namespace qos::journal {
namespace {

// Adds what is not there yet.
class Union {
 public:
  explicit Union(std::vector<std::string>& all) : all_{&all} {}
  void add(const std::vector<std::string>& names) {
    for (const auto& name : names)
      if (known_.insert(name).second) all_->push_back(name);
  }

 private:
  std::vector<std::string>* all_;
  std::unordered_set<std::string> known_;
};

}  // namespace

Result<std::vector<SegmentFile>> segment_files(io::Disk& disk, const std::filesystem::path& folder) {
  const auto names = disk.list(folder);
  if (!names) return std::unexpected{names.error()};
  std::vector<SegmentFile> files;
  // Sorted as they are, an archived one comes before its raw one.
  for (const auto& name : *names) {
    const auto first = first_sequence_of(name);
    if (!first || (!files.empty() && files.back().first == *first)) continue;
    files.push_back({.name = name, .first = *first, .archived = name.ends_with(kArchiveSuffix)});
  }
  return files;
}

Result<SegmentFacts> segment_facts(io::Disk& disk, const std::filesystem::path& folder,
                                   const SegmentFile& segment) {
  const auto path = folder / segment.name;
  const auto file = disk.open(path, io::Disk::Open::read);
  if (!file) return std::unexpected{file.error()};
  const auto start = read_segment_start(**file);
  if (!start) return within(path.string(), start.error());
  const auto size = (*file)->size();
  if (!size) return std::unexpected{size.error()};
  SegmentFacts facts{.file = segment.name,
                     .epoch = start->epoch,
                     .first = start->first,
                     .last = Sequence{start->first.value() - 1},
                     .created = start->created,
                     .bytes = *size,
                     .archived = segment.archived};
  BlockFile blocks{**file};
  for (auto at = start->bytes; at < *size;) {
    const auto found = blocks.header_at(at);
    if (!found) return std::unexpected{found.error()};
    const auto& header = found->header;
    if (!header || header->first_sequence != facts.last.value() + 1 || header->bytes() > *size - at) break;
    if (facts.events == 0) facts.first_received = from_unix_nanos(header->first_received);
    facts.last_received = from_unix_nanos(header->last_received);
    facts.last = header->last();
    facts.events += header->events;
    at += header->bytes();
  }
  return facts;
}

Result<std::vector<SegmentFacts>> segments_of(io::Disk& disk, const std::filesystem::path& folder) {
  const auto files = segment_files(disk, folder);
  if (!files) return std::unexpected{files.error()};
  std::vector<SegmentFacts> facts;
  for (const auto& file : *files) {
    auto known = segment_facts(disk, folder, file);
    if (!known) return std::unexpected{known.error()};
    facts.push_back(std::move(*known));
  }
  return facts;
}

Result<Names> all_names(io::Disk& disk, const std::filesystem::path& folder) {
  const auto files = segment_files(disk, folder);
  if (!files) return std::unexpected{files.error()};
  Names all;
  Union instruments{all.instruments};
  Union calendars{all.calendars};
  Union feeds{all.feeds};
  for (const auto& segment : *files) {
    const auto file = disk.open(folder / segment.name, io::Disk::Open::read);
    if (!file) continue;
    const auto start = read_segment_start(**file);
    if (!start) continue;
    instruments.add(start->names.instruments);
    calendars.add(start->names.calendars);
    feeds.add(start->names.feeds);
  }
  return all;
}

}  // namespace qos::journal
