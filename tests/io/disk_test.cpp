// The machine's disk and the one in memory keep the same contract; the one in memory can also break it.
#include "io/disk.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "support/child.hpp"
#include "support/fake_disk.hpp"
#include "support/temp_folder.hpp"

namespace qos::io {
namespace {

using test::FakeDisk;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text});
}

std::string read(Disk& disk, const std::filesystem::path& path, std::uint64_t offset = 0) {
  const auto file = disk.open(path, Disk::Open::read).value();
  std::string text(100, '\0');
  text.resize(file->read_at(offset, std::as_writable_bytes(std::span{text})).value());
  return text;
}

void write(Disk& disk, const std::filesystem::path& path, std::string_view text) {
  const auto file = disk.open(path, Disk::Open::create).value();
  ASSERT_TRUE(file->write_at(0, bytes_of(text)).has_value());
}

struct DiskTest : testing::TestWithParam<bool> {
  Disk& disk() { return GetParam() ? static_cast<Disk&>(fake) : system_disk(); }
  std::filesystem::path path(std::string_view name) const { return temp / name; }

  test::TempFolder temp;
  FakeDisk fake;
};
INSTANTIATE_TEST_SUITE_P(Both, DiskTest, testing::Bool(),
                         [](const auto& which) { return which.param ? "InMemory" : "System"; });

TEST_P(DiskTest, reads_what_was_written_and_fewer_bytes_only_at_the_end) {
  const auto file = disk().open(path("a"), Disk::Open::create).value();
  ASSERT_TRUE(file->write_at(0, bytes_of("0123456789")).has_value());
  ASSERT_TRUE(file->write_at(3, bytes_of("xyz")).has_value());
  ASSERT_TRUE(file->sync().has_value());
  EXPECT_EQ(file->size().value(), 10U);
  EXPECT_EQ(read(disk(), path("a")), "012xyz6789");
  EXPECT_EQ(read(disk(), path("a"), 8), "89");
  EXPECT_EQ(read(disk(), path("a"), 10), "");
  EXPECT_EQ(read(disk(), path("a"), 50), "");
}

TEST_P(DiskTest, fills_with_zeros_what_was_never_written) {
  const auto file = disk().open(path("a"), Disk::Open::create).value();
  ASSERT_TRUE(file->write_at(3, bytes_of("x")).has_value());
  EXPECT_EQ(read(disk(), path("a")), std::string({0, 0, 0, 'x'}));
  ASSERT_TRUE(file->truncate(1).has_value());
  ASSERT_TRUE(file->truncate(2).has_value());
  EXPECT_EQ(read(disk(), path("a")), std::string({0, 0}));
}

TEST_P(DiskTest, makes_a_file_only_where_there_is_none_and_opens_only_what_is_there) {
  EXPECT_FALSE(disk().open(path("a"), Disk::Open::read).has_value());
  EXPECT_FALSE(disk().open(path("a"), Disk::Open::write).has_value());
  EXPECT_TRUE(disk().open(path("a"), Disk::Open::create).has_value());
  EXPECT_TRUE(disk().open(path("a"), Disk::Open::write).has_value());
  const auto again = disk().open(path("a"), Disk::Open::create);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().message, "cannot create " + path("a").string() + ": File exists");
}

TEST_P(DiskTest, lists_renames_and_removes) {
  EXPECT_TRUE(disk().list(path("none")).value().empty());
  ASSERT_TRUE(disk().make_folder(path("x/y")).has_value());
  write(disk(), path("x/y/b"), "b");
  write(disk(), path("x/y/a"), "a");
  EXPECT_EQ(disk().list(path("x/y")).value(), (std::vector<std::string>{"a", "b"}));
  ASSERT_TRUE(disk().rename(path("x/y/a"), path("x/y/b")).has_value());
  EXPECT_EQ(disk().list(path("x/y")).value(), (std::vector<std::string>{"b"}));
  EXPECT_EQ(read(disk(), path("x/y/b")), "a");
  EXPECT_TRUE(disk().exists(path("x/y/b")));
  ASSERT_TRUE(disk().remove(path("x/y/b")).has_value());
  EXPECT_FALSE(disk().exists(path("x/y/b")));
  EXPECT_FALSE(disk().remove(path("x/y/b")).has_value());
  EXPECT_FALSE(disk().rename(path("x/y/b"), path("x/y/c")).has_value());
  EXPECT_TRUE(disk().sync_folder(path("x/y")).has_value());
}

TEST_P(DiskTest, maps_a_file_that_others_see_change) {
  {
    const auto memory = disk().map(path("m"), 5'000).value();
    ASSERT_EQ(memory->bytes().size(), 5'000U);
    std::memcpy(memory->bytes().data() + 10, "hello", 5);
    EXPECT_EQ(read(disk(), path("m"), 10).substr(0, 5), "hello");
  }
  const auto again = disk().map(path("m"), 5'000).value();
  EXPECT_EQ(std::memcmp(again->bytes().data() + 10, "hello", 5), 0);
}

TEST_P(DiskTest, locks_for_one_holder_at_a_time) {
  auto held = disk().lock(path("lock"));
  ASSERT_TRUE(held.has_value()) << held.error().message;
  const auto second = disk().lock(path("lock"));
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message.find("is in use by process"), std::string::npos) << second.error().message;
  held->reset();
  EXPECT_TRUE(disk().lock(path("lock")).has_value());
}

TEST_P(DiskTest, has_a_boot_id_that_stays) {
  EXPECT_FALSE(disk().boot_id().value().empty());
  EXPECT_EQ(disk().boot_id().value(), disk().boot_id().value());
}

TEST(SystemDisk, names_the_process_that_has_the_lock) {
  const test::TempFolder temp;
  test::Child child{[&](const test::Child::Talk& talk) {
    const auto held = system_disk().lock(temp / "lock");
    talk.say(std::to_string(::getpid()));
    talk.hear();
    return held.has_value() ? 0 : 1;
  }};
  const std::string process = child.hear();
  const auto refused = system_disk().lock(temp / "lock");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, temp.path().string() + " is in use by process " + process);
  child.say("go");
  EXPECT_EQ(child.end().exit_code, 0);
  EXPECT_TRUE(system_disk().lock(temp / "lock").has_value());
}

TEST(FakeDisk, keeps_what_was_synced_and_may_lose_the_rest) {
  bool kept_all = false;
  bool lost_some = false;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    FakeDisk disk{seed};
    const auto file = disk.open("d/a", Disk::Open::create).value();
    ASSERT_TRUE(file->write_at(0, bytes_of("synced")).has_value());
    ASSERT_TRUE(file->sync().has_value());
    ASSERT_TRUE(disk.sync_folder("d").has_value());
    ASSERT_TRUE(file->write_at(6, bytes_of("+more")).has_value());
    disk.power_loss();
    const std::string left = disk.content("d/a").value();
    ASSERT_TRUE(left.starts_with("synced")) << "seed " << seed;
    kept_all |= left == "synced+more";
    lost_some |= left == "synced";
  }
  EXPECT_TRUE(kept_all);
  EXPECT_TRUE(lost_some);
}

TEST(FakeDisk, may_forget_files_and_undo_renames_that_the_folder_was_not_synced_for) {
  int made = 0;
  int renamed = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    FakeDisk disk{seed};
    disk.put("d/old", "old");
    disk.put("d/new", "new");
    write(disk, "d/made", "made");
    ASSERT_TRUE(disk.rename("d/new", "d/old").has_value());
    disk.power_loss();
    made += disk.exists("d/made") ? 1 : 0;
    const bool moved = disk.content("d/old") == "new";
    ASSERT_EQ(moved, !disk.exists("d/new")) << "a rename happens whole or not at all";
    renamed += moved ? 1 : 0;
  }
  for (const int count : {made, renamed}) {
    EXPECT_GT(count, 20);
    EXPECT_LT(count, 80);
  }
}

TEST(FakeDisk, keeps_everything_when_only_the_process_dies) {
  FakeDisk disk;
  write(disk, "d/a", "written");
  const auto memory = disk.map("d/m", 10).value();
  memory->bytes()[3] = std::byte{'x'};
  const auto file = disk.open("d/a", Disk::Open::write).value();
  const auto held = disk.lock("d/lock").value();
  disk.kill();
  // The dead process's objects do nothing any more.
  EXPECT_FALSE(file->write_at(0, bytes_of("W")).has_value());
  memory->bytes()[4] = std::byte{'y'};
  EXPECT_EQ(disk.content("d/a"), "written");
  EXPECT_EQ(disk.content("d/m"), std::string({0, 0, 0, 'x', 0, 0, 0, 0, 0, 0}));
  EXPECT_TRUE(disk.lock("d/lock").has_value());
}

TEST(FakeDisk, fails_the_call_it_was_told_to) {
  FakeDisk disk;
  const auto file = disk.open("d/a", Disk::Open::create).value();
  disk.fail_at(3, FakeDisk::Fault::error);
  EXPECT_TRUE(file->write_at(0, bytes_of("1")).has_value());
  const auto failed = file->write_at(0, bytes_of("2"));
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().message, "cannot write d/a: Input/output error");
  EXPECT_TRUE(file->write_at(0, bytes_of("3")).has_value());
  EXPECT_EQ(disk.call(3), "write d/a");
  disk.fail_at(5, FakeDisk::Fault::lie);
  EXPECT_TRUE(file->write_at(0, bytes_of("4")).has_value());
  EXPECT_EQ(disk.content("d/a"), "3");
}

// What a kernel does: after the error the pages count as clean, and the next sync has nothing to do.
TEST(FakeDisk, does_not_bring_to_the_disk_later_what_a_sync_failed_for) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    FakeDisk disk{seed};
    write(disk, "d/a", "x");
    ASSERT_TRUE(disk.sync_folder("d").has_value());
    const auto file = disk.open("d/a", Disk::Open::write).value();
    disk.fail_at(disk.calls() + 1, FakeDisk::Fault::error);
    EXPECT_FALSE(file->sync().has_value());
    EXPECT_TRUE(file->sync().has_value());
    disk.power_loss();
    lost += disk.content("d/a").value_or("").find('x') == std::string::npos ? 1 : 0;
  }
  EXPECT_GT(lost, 5);
  EXPECT_LT(lost, 50);
}

TEST(FakeDisk, has_no_more_room_than_it_was_given) {
  FakeDisk disk;
  disk.capacity(10);
  const auto file = disk.open("d/a", Disk::Open::create).value();
  EXPECT_TRUE(file->write_at(0, bytes_of("12345678")).has_value());
  EXPECT_FALSE(file->write_at(8, bytes_of("abcd")).has_value());
  EXPECT_TRUE(file->write_at(0, bytes_of("overwrites")).has_value());
  EXPECT_FALSE(disk.map("d/m", 1).has_value());
  disk.capacity(FakeDisk::kUnlimited);
  EXPECT_TRUE(disk.map("d/m", 1).has_value());
}

}  // namespace
}  // namespace qos::io
