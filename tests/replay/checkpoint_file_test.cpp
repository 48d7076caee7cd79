// A checkpoint says what was written, or that it does not: whatever bytes are wrong or missing.
#include "replay/checkpoint_file.hpp"

#include <gmock/gmock.h>

#include "support/fake_disk.hpp"

namespace qos::replay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::filesystem::path kFolder = "checkpoints";
const std::filesystem::path kPath = kFolder / "00000000000000000042.qosc";

CheckpointFacts some_facts() {
  return {.epoch = journal::Epoch{1'722'816'000'000'000},
          .first = Sequence{42},
          .last = Sequence{50},
          .received = from_unix_seconds(1'722'816'000),
          .handed_over = {{"binance", 30}, {"server", 12}}};
}

// Compresses well, badly, and not at all.
std::vector<std::pair<std::string, std::string>> some_parts() {
  std::string mixed;
  for (int n = 0; n < 300; ++n) mixed += static_cast<char>(n * n * 7);
  return {{"", "shared"}, {"US:AAPL", std::string(5'000, 'x')}, {"HK:700", mixed}, {"SH:600519", ""}};
}

Result<void> write(io::Disk& disk, const CheckpointFacts& facts = some_facts()) {
  auto writer = CheckpointWriter::begin(disk, kFolder, facts.first);
  if (!writer) return std::unexpected{writer.error()};
  for (const auto& [code, bytes] : some_parts())
    if (auto added = writer->add(code, bytes); !added) return added;
  return writer->finish(facts);
}

// Facts and parts are what was written, or there is an error.
testing::AssertionResult is_the_same_or_refused(io::Disk& disk) {
  const auto file = CheckpointFile::open(disk, kPath);
  if (!file) return testing::AssertionSuccess();
  if (file->facts() != some_facts()) return testing::AssertionFailure() << "other facts";
  const bool whole = file->check().has_value();
  for (const auto& [code, bytes] : some_parts()) {
    const auto part = file->part(code);
    if (!part) {
      if (whole) return testing::AssertionFailure() << code << " cannot be read, but all was checked";
      continue;
    }
    if (!*part || **part != bytes) return testing::AssertionFailure() << "another part " << code;
  }
  return testing::AssertionSuccess();
}

TEST(CheckpointFile, gives_back_what_was_written) {
  test::FakeDisk disk;
  ASSERT_TRUE(write(disk));
  const auto file = CheckpointFile::open(disk, kPath);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->facts(), some_facts());
  EXPECT_THAT(file->codes(), ElementsAre("", "US:AAPL", "HK:700", "SH:600519"));
  for (const auto& [code, bytes] : some_parts()) EXPECT_EQ(file->part(code).value(), bytes) << code;
  EXPECT_EQ(file->part("US:TSLA").value(), std::nullopt);
  EXPECT_TRUE(file->check());
}

TEST(CheckpointFile, with_a_bit_flipped_says_the_same_or_an_error) {
  test::FakeDisk disk;
  ASSERT_TRUE(write(disk));
  const auto bytes = disk.content(kPath)->size();
  std::size_t noticed = 0;
  for (std::uint64_t bit = 0; bit < bytes * 8; ++bit) {
    disk.flip_bit(kPath, bit);
    ASSERT_TRUE(is_the_same_or_refused(disk)) << "bit " << bit;
    const auto file = CheckpointFile::open(disk, kPath);
    if (!file || !file->check()) ++noticed;
    disk.flip_bit(kPath, bit);
  }
  EXPECT_EQ(noticed, bytes * 8);
}

TEST(CheckpointFile, cut_or_continued_anywhere_is_an_error) {
  test::FakeDisk disk;
  ASSERT_TRUE(write(disk));
  const auto whole = *disk.content(kPath);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    disk.put(kPath, whole.substr(0, size));
    const auto file = CheckpointFile::open(disk, kPath);
    ASSERT_FALSE(file) << size;
    EXPECT_THAT(file.error().message, HasSubstr(kPath.string()));
  }
  disk.put(kPath, whole + '\0');
  EXPECT_FALSE(CheckpointFile::open(disk, kPath));
}

TEST(CheckpointFile, of_another_kind_or_version_says_so) {
  test::FakeDisk disk;
  ASSERT_TRUE(write(disk));
  auto bytes = *disk.content(kPath);
  bytes[bytes.size() - 4] = 2;
  disk.put(kPath, bytes);
  EXPECT_THAT(CheckpointFile::open(disk, kPath).error().message,
              HasSubstr("checkpoint format 2, this program reads 1"));
  disk.put(kPath, std::string(100, 'a'));
  EXPECT_THAT(CheckpointFile::open(disk, kPath).error().message, HasSubstr("ends with 61616161"));
}

TEST(CheckpointFile, exists_only_when_it_is_finished) {
  test::FakeDisk disk;
  {
    auto writer = CheckpointWriter::begin(disk, kFolder, Sequence{42});
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->add("", "shared"));
    EXPECT_TRUE(checkpoints_in(disk, kFolder)->empty());
  }
  EXPECT_EQ(disk.list(kFolder)->size(), 1U);
  ASSERT_TRUE(remove_unfinished(disk, kFolder));
  EXPECT_TRUE(disk.list(kFolder)->empty());
  ASSERT_TRUE(write(disk));
  ASSERT_TRUE(remove_unfinished(disk, kFolder));
  EXPECT_EQ(checkpoints_in(disk, kFolder)->front().first, Sequence{42});
}

TEST(CheckpointFile, other_files_in_the_folder_are_none) {
  test::FakeDisk disk;
  ASSERT_TRUE(disk.make_folder(kFolder));
  for (const auto* name : {"x.qosc", "12.txt", "1a.qosc", "-1.qosc", "99999999999999999999999.qosc", ".qosc"})
    disk.put(kFolder / name, "text");
  EXPECT_TRUE(checkpoints_in(disk, kFolder)->empty());
}

// Whichever call fails, and in whatever way: there is a whole checkpoint, or none and an error was told.
TEST(CheckpointFile, on_a_failing_disk_is_whole_or_not_there) {
  test::FakeDisk counting;
  ASSERT_TRUE(write(counting));
  using Fault = test::FakeDisk::Fault;
  for (const Fault fault : {Fault::error, Fault::no_space, Fault::short_write, Fault::read_only})
    for (std::uint64_t call = 1; call <= counting.calls(); ++call) {
      test::FakeDisk disk;
      disk.fail_at(call, fault);
      const bool written = write(disk).has_value();
      disk.heal();
      disk.power_loss();
      const auto there = checkpoints_in(disk, kFolder);
      const bool found = there && !there->empty();
      if (written) {
        ASSERT_TRUE(found) << counting.call(call);
      }
      if (found) {
        ASSERT_TRUE(is_the_same_or_refused(disk)) << counting.call(call);
      }
    }
}

TEST(CheckpointFile, survives_power_loss_once_finish_has_returned) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    test::FakeDisk disk{seed};
    ASSERT_TRUE(write(disk));
    disk.power_loss();
    const auto file = CheckpointFile::open(disk, kPath);
    ASSERT_TRUE(file) << "seed " << seed << ": " << file.error().message;
    ASSERT_TRUE(file->check());
  }
}

}  // namespace
}  // namespace qos::replay
