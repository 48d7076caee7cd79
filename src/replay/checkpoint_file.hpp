// A checkpoint on disk: the state as of some moment, so that a recovery need not read the journal from its
// beginning. docs/formats/checkpoint.md
//
// It is taken while events go on: what belongs to no instrument as of `first`, then instrument after
// instrument, each as of a later event, the last as of `last`. It says nothing unless the journal has all
// events up to `last`, so nobody writes one to its end before they are durable.
//
// Threads: each object belongs to one.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "io/disk.hpp"
#include "journal/position.hpp"

namespace qos::replay {

struct CheckpointFacts {
  journal::Epoch epoch;
  Sequence first;                                    // applying the journal goes on behind it
  Sequence last;                                     // the newest event that any part has seen
  UnixNanos received;                                // the latest ts_recv of any feed's event up to `last`
  std::map<std::string, std::uint64_t> handed_over;  // by feed as configured: its events up to `first`

  friend bool operator==(const CheckpointFacts&, const CheckpointFacts&) = default;
};

// Where one part lies in the file.
struct CheckpointRow {
  std::string code;
  std::uint64_t offset = 0;
  std::uint64_t stored = 0;    // bytes in the file, compressed
  std::uint64_t size = 0;      // bytes that they stand for
  std::uint64_t checksum = 0;  // XXH3 of the stored ones
};

class CheckpointWriter {
 public:
  // Writes to a file beside; the checkpoint exists once finish() has returned.
  static Result<CheckpointWriter> begin(io::Disk& disk, const std::filesystem::path& folder, Sequence first);

  // `code` empty: what belongs to no instrument. Each code once.
  Result<void> add(std::string_view code, std::string_view bytes);
  // Durable, under its own name.
  Result<void> finish(const CheckpointFacts& facts);
  std::uint64_t bytes() const { return offset_; }  // of all parts, as they are stored

 private:
  CheckpointWriter(io::Disk& disk, std::filesystem::path folder, Sequence first);

  io::Disk* disk_;
  std::filesystem::path folder_;
  std::filesystem::path path_;
  std::filesystem::path unfinished_;
  std::unique_ptr<io::DiskFile> file_;
  std::uint64_t offset_ = 0;
  std::vector<CheckpointRow> rows_;
  std::string packed_;
};

class CheckpointFile {
 public:
  // Reads and checks what there is; parts when they are asked for. An error names the file and what does not
  // fit.
  static Result<CheckpointFile> open(io::Disk& disk, const std::filesystem::path& path);

  const CheckpointFacts& facts() const { return facts_; }
  // Codes in the order of writing; the first is empty.
  std::vector<std::string_view> codes() const;
  // nullopt: it has no such part.
  Result<std::optional<std::string>> part(std::string_view code) const;
  // Every part is what was written.
  Result<void> check() const;

 private:
  Result<std::string> stored_bytes(const CheckpointRow& row) const;

  std::string name_;
  std::shared_ptr<io::DiskFile> file_;
  CheckpointFacts facts_;
  std::vector<CheckpointRow> rows_;
  std::map<std::string, std::size_t, std::less<>> by_code_;
};

// Finished checkpoints in the folder by their `first`, oldest first. What was not finished is removed with
// remove_unfinished().
struct CheckpointPlace {
  Sequence first;
  std::filesystem::path path;
};
Result<std::vector<CheckpointPlace>> checkpoints_in(io::Disk& disk, const std::filesystem::path& folder);
Result<void> remove_unfinished(io::Disk& disk, const std::filesystem::path& folder);

}  // namespace qos::replay
