// Power loss as near to the real one as it goes without pulling a plug: an ext4 in a file, which is shut down
// at once through its own ioctl, its journal not flushed, while a child appends. What the child had been told
// to be durable must be there after the next mount; everything that was only in the page cache is gone.
//
// Needs root, loop devices and mkfs.ext4; says why it is skipped. QOS_TEST_POWER_LOSSES: rounds, 3 by
// default.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/ioctl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <random>
#include <thread>

#include "io/descriptor.hpp"
#include "journal/journal_support.hpp"
#include "support/child.hpp"
#include "support/temp_folder.hpp"

namespace qos::journal {
namespace {

// The kernel's EXT4_IOC_SHUTDOWN (fs/ext4/ext4.h), in no header of the C library, and its "do not flush".
constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kWithoutFlush = 2;

// Says yes to every sync and does nothing.
class NoSyncs final : public test::OtherBoot {
 public:
  explicit NoSyncs(io::Disk& disk) : OtherBoot{disk, "without"}, disk_{&disk} {}

  Result<std::unique_ptr<io::DiskFile>> open(const std::filesystem::path& path, Open how) override {
    auto file = disk_->open(path, how);
    if (!file) return file;
    return std::make_unique<File>(std::move(*file));
  }
  Result<void> sync_folder(const std::filesystem::path&) override { return {}; }

 private:
  class File final : public io::DiskFile {
   public:
    explicit File(std::unique_ptr<io::DiskFile> file) : file_{std::move(file)} {}
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
      return file_->read_at(offset, into);
    }
    Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
      return file_->write_at(offset, bytes);
    }
    Result<void> sync() override { return {}; }
    Result<void> truncate(std::uint64_t size) override { return file_->truncate(size); }
    Result<std::uint64_t> size() override { return file_->size(); }

   private:
    std::unique_ptr<io::DiskFile> file_;
  };
  io::Disk* disk_;
};

bool runs(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

// A file system of its own in a file.
class PulledDisk {
 public:
  PulledDisk() {
    if (::geteuid() != 0)
      why_not_ = "needs root to mount a file system";
    else if (!runs(fmt::format("truncate -s 96M '{0}' && mkfs.ext4 -q -F '{0}'", image())))
      why_not_ = "no mkfs.ext4 here";
    else if (!mount())
      why_not_ = "no loop device can be mounted here";
  }
  ~PulledDisk() {
    if (mounted_) unmount();
  }

  const std::string& why_not() const { return why_not_; }
  std::filesystem::path folder() const { return folder_ / "mnt/journal"; }
  bool mount() {
    std::filesystem::create_directories(folder_ / "mnt");
    mounted_ = runs(fmt::format("mount -o loop '{}' '{}'", image(), (folder_ / "mnt").string()));
    return mounted_;
  }
  void unmount() {
    // A process that was just killed may still hold it for a moment.
    for (int attempt = 0; attempt < 100 && ::umount2((folder_ / "mnt").c_str(), 0) != 0; ++attempt)
      ::usleep(10'000);
    mounted_ = false;
  }
  // From this instant on nothing reaches the file any more.
  bool pull() const {
    const io::Descriptor root{::open((folder_ / "mnt").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    std::uint32_t how = kWithoutFlush;
    return root.valid() && ::ioctl(root.get(), kShutdown, &how) == 0;
  }

 private:
  std::string image() const { return (folder_ / "image").string(); }

  test::TempFolder folder_;
  std::string why_not_;
  bool mounted_ = false;
};

Journal::Options options(const std::filesystem::path& folder) {
  return {.folder = folder, .segment_bytes = 40'000, .tail_events = 4'096};
}

// Appends until it is killed, and says up to where the journal calls it durable.
int append_for_ever(io::Disk& disk, const std::filesystem::path& folder, const test::Child::Talk& talk) {
  auto journal = Journal::open(disk, io::system_clock(), options(folder), test_names());
  if (!journal) {
    talk.say(journal.error().message);
    return 1;
  }
  (*journal)->start();
  std::uint64_t said = 0;
  for (std::uint64_t next = (*journal)->found().last.sequence.value() + 1;;) {
    for (int n = 0; n < 20; ++n)
      if ((*journal)->append(test_event(next))) ++next;
    std::this_thread::sleep_for(std::chrono::microseconds{300});
    const std::uint64_t durable = (*journal)->durable().value();
    if (durable > said) talk.say(std::to_string(durable));
    said = durable;
  }
}

struct Loss {
  std::uint64_t said = 0;
  std::uint64_t there = 0;
  std::string error;
};

// One life, one loss, one look at what is left.
Loss lose_power_once(PulledDisk& pulled, io::Disk& disk, int lines, int boot) {
  Loss loss;
  test::Child child{[&](const test::Child::Talk& talk) {
    talk.say(std::to_string(::getpid()));
    return append_for_ever(disk, pulled.folder(), talk);
  }};
  const auto process = static_cast<pid_t>(std::stol(child.hear()));
  std::string line;
  for (int n = 0; n < lines; ++n) line = child.hear();
  if (!pulled.pull()) loss.error = "the file system cannot be shut down";
  // What it still says it had been told before: after the loss no sync succeeds.
  ::kill(process, SIGKILL);
  loss.said = std::strtoull(line.c_str(), nullptr, 10);
  for (std::string next = child.hear(); !next.empty(); next = child.hear())
    if (const auto value = std::strtoull(next.c_str(), nullptr, 10); next.size() >= line.size())
      loss.said = std::max<std::uint64_t>(loss.said, value);
  static_cast<void>(child.end());
  pulled.unmount();
  if (!pulled.mount()) loss.error = "the file system cannot be mounted again";
  if (!loss.error.empty()) return loss;

  test::OtherBoot after{io::system_disk(), fmt::format("boot {}", boot)};
  auto journal = Journal::open(after, io::system_clock(), options(pulled.folder()), test_names());
  if (!journal) {
    loss.error = journal.error().message;
    return loss;
  }
  if (!(*journal)->found().new_epoch) loss.error = "the epoch is said to go on";
  const auto events = read_all(after, Sequence{0}, pulled.folder());
  if (!events) {
    loss.error = events.error().message;
    return loss;
  }
  loss.there = events->size();
  for (std::uint64_t n = 0; n < loss.there; ++n)
    if ((*events)[n] != test_event(n + 1)) loss.error = fmt::format("event {} is another one", n + 1);
  (*journal)->stop();
  return loss;
}

int rounds() {
  const char* const wanted = std::getenv("QOS_TEST_POWER_LOSSES");
  return wanted != nullptr ? std::atoi(wanted) : 3;
}

TEST(JournalPowerLoss, keeps_what_it_acknowledged_on_a_real_file_system) {
  PulledDisk pulled;
  if (!pulled.why_not().empty()) GTEST_SKIP() << pulled.why_not();
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random{seed};
  for (int round = 0; round < rounds(); ++round) {
    test::OtherBoot disk{io::system_disk(), fmt::format("run {}", round)};
    const Loss loss = lose_power_once(pulled, disk, static_cast<int>(1 + random() % 40), round);
    ASSERT_EQ(loss.error, "") << "round " << round;
    ASSERT_GT(loss.said, 0U);
    ASSERT_GE(loss.there, loss.said) << "round " << round;
  }
}

// Were the journal not to sync, the test above would have to see it.
TEST(JournalPowerLoss, is_seen_by_this_test_when_syncs_do_nothing) {
  PulledDisk pulled;
  if (!pulled.why_not().empty()) GTEST_SKIP() << pulled.why_not();
  NoSyncs disk{io::system_disk()};
  const Loss loss = lose_power_once(pulled, disk, 20, 0);
  EXPECT_GT(loss.said, 0U);
  EXPECT_TRUE(!loss.error.empty() || loss.there < loss.said) << loss.there << " of " << loss.said;
}

}  // namespace
}  // namespace qos::journal
