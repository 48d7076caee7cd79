// A disk in memory that behaves as badly as real ones may: it fails when told, forgets what was not synced
// when the power goes, and lies. Deterministic: the same seed and the same calls give the same disk.
//
//   FakeDisk disk{seed};
//   disk.fail_at(17, FakeDisk::Fault::error);           // the 17th call from the beginning, once
//   disk.fail_at(17, FakeDisk::Fault::error, FakeDisk::Lasts::for_good);
//   disk.die_at(17);                                 // from the 17th call on nothing happens any more
//   disk.kill();                                     // the process died: what was written is there
//   disk.power_loss();                               // the machine died: what was synced is there
//
// Every call that changes something or makes it durable counts (open to create, map, lock, write, sync,
// truncate, make_folder, rename, remove, sync_folder), in the order in which they are made, from 1. Reads
// count only if count_reads() was asked for.
//
// What a power loss leaves, for each file whose folder entry is on the disk: every page of `page_bytes` that
// was synced and not written since, unchanged; of every other page, for itself: the old one, the new one, or
// a mixture torn at a sector. The size is the synced one, the last one, or one between. Folder entries that
// were made, renamed or removed since the folder was last synced: each of these steps for itself has happened
// or not, a rename whole or not at all. Now and then a page is written back early, as a kernel does. After a
// failed sync the pages it was for count as clean, though the disk does not have them: a later sync does not
// bring them.
//
// kill() and power_loss() end the process that had the disk: its files, mappings and locks go on existing as
// objects, but do nothing to the disk any more and answer with errors. Open again for what is there.
//
// Threads: any may call; a Mapping's memory is the caller's business.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "io/disk.hpp"

namespace qos::test {

class FakeDisk final : public io::Disk {
 public:
  enum class Fault : std::uint8_t {
    error,        // EIO; a sync's pages count as clean all the same
    no_space,     // ENOSPC; only calls that need room: create, map, write, make_folder
    short_write,  // a part is written, then EIO; other calls: as error
    read_only,    // EROFS; every call that changes something
    lie,          // says yes and does nothing (write, sync, sync_folder, truncate, rename, remove)
  };
  enum class Lasts : std::uint8_t { once, for_good };
  static constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

  explicit FakeDisk(std::uint64_t seed = 1, std::size_t page_bytes = 512);
  ~FakeDisk() override;

  // Calls made so far; the next one is calls() + 1.
  std::uint64_t calls() const;
  // What the nth call was: "sync journal/0001.qosj".
  std::string call(std::uint64_t nth) const;
  void count_reads(bool count);

  void fail_at(std::uint64_t nth, Fault fault, Lasts lasts = Lasts::once);
  // Every call for which this answers a fault gets it; `call` is as call() says it. Empty: none.
  void fail_if(std::function<std::optional<Fault>(std::string_view call)> rule);
  // No faults from now on.
  void heal();
  // Syncs of files and folders say yes and do nothing: what a test of durability must notice.
  void ignore_syncs(bool ignore);
  // Bytes that all files together may have.
  void capacity(std::uint64_t bytes);
  std::uint64_t used() const;

  // The nth call is made half or not at all, and no later one: the process is as good as dead.
  void die_at(std::uint64_t nth);
  bool dead() const;
  void kill();
  void power_loss();
  // As after the machine was started again, without losing anything.
  void new_boot();

  // The content of a file as a process sees it now.
  std::optional<std::string> content(const std::filesystem::path& path) const;
  void put(const std::filesystem::path& path, std::string content);  // synced at once
  void flip_bit(const std::filesystem::path& path, std::uint64_t bit);
  void erase(const std::filesystem::path& path);

  Result<std::unique_ptr<io::DiskFile>> open(const std::filesystem::path& path, Open how) override;
  Result<std::unique_ptr<io::Mapping>> map(const std::filesystem::path& path, std::size_t size) override;
  Result<std::unique_ptr<io::DiskLock>> lock(const std::filesystem::path& path) override;
  bool exists(const std::filesystem::path& path) override;
  Result<std::vector<std::string>> list(const std::filesystem::path& folder) override;
  Result<void> make_folder(const std::filesystem::path& folder) override;
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Result<void> remove(const std::filesystem::path& path) override;
  Result<void> sync_folder(const std::filesystem::path& folder) override;
  Result<std::string> boot_id() override;

 private:
  struct Node;
  struct State;
  class File;
  class Map;
  class Lock;
  std::shared_ptr<State> state_;
};

// Another disk under a boot id that the test chooses.
class OtherBoot : public io::Disk {
 public:
  OtherBoot(io::Disk& disk, std::string boot_id) : disk_{&disk}, boot_id_{std::move(boot_id)} {}

  Result<std::unique_ptr<io::DiskFile>> open(const std::filesystem::path& path, Open how) override {
    return disk_->open(path, how);
  }
  Result<std::unique_ptr<io::Mapping>> map(const std::filesystem::path& path, std::size_t size) override {
    return disk_->map(path, size);
  }
  Result<std::unique_ptr<io::DiskLock>> lock(const std::filesystem::path& path) override {
    return disk_->lock(path);
  }
  bool exists(const std::filesystem::path& path) override { return disk_->exists(path); }
  Result<std::vector<std::string>> list(const std::filesystem::path& folder) override {
    return disk_->list(folder);
  }
  Result<void> make_folder(const std::filesystem::path& folder) override {
    return disk_->make_folder(folder);
  }
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    return disk_->rename(from, to);
  }
  Result<void> remove(const std::filesystem::path& path) override { return disk_->remove(path); }
  Result<void> sync_folder(const std::filesystem::path& folder) override {
    return disk_->sync_folder(folder);
  }
  Result<std::string> boot_id() override { return boot_id_; }

 private:
  io::Disk* disk_;
  std::string boot_id_;
};

}  // namespace qos::test
