#include "support/fake_disk.hpp"

#include <algorithm>
#include <cstring>
#include <set>

namespace qos::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSector = 512;

}  // namespace

// What a process sees, and what the platter has.
struct FakeDisk::Node {
  std::shared_ptr<std::string> now = std::make_shared<std::string>();  // shared with mappings: never resized
  std::string synced;
  std::set<std::size_t> dropped;  // pages a failed sync left clean without the disk having them
  bool mapped = false;
};

struct FakeDisk::State {
  using Entries = std::map<std::string, std::shared_ptr<Node>>;  // by path
  struct Step {                                                  // of a folder, not synced yet
    enum class Kind : std::uint8_t { made, renamed, removed } kind;
    fs::path path;
    fs::path from;  // renamed
    std::shared_ptr<Node> node;
  };

  mutable std::mutex mutex;
  std::mt19937_64 random;
  std::size_t page;
  Entries now;
  Entries synced;
  std::set<std::string> folders;
  std::vector<Step> steps;
  std::set<std::string> locks;
  std::vector<std::string> log;
  std::uint64_t life = 0;  // of the process; handles of an earlier one are dead
  std::uint64_t boot = 1;
  std::uint64_t capacity = kUnlimited;
  bool ignores_syncs = false;
  bool counts_reads = false;
  bool is_dead = false;
  std::uint64_t dies_at = 0;
  std::uint64_t fails_at = 0;
  Fault fault = Fault::error;
  Lasts lasts = Lasts::once;
  std::function<std::optional<Fault>(std::string_view)> rule;

  static std::string key(const fs::path& path) { return path.lexically_normal().string(); }
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random() % limit; }

  enum class Verdict : std::uint8_t { go, error, no_space, half_then_error, lie, half_then_dead, dead };
  // Counts the call and says what becomes of it.
  Verdict count(std::string what, bool needs_room) {
    if (is_dead) return Verdict::dead;
    log.push_back(what);
    if (dies_at != 0 && log.size() >= dies_at) {
      is_dead = true;
      return Verdict::half_then_dead;
    }
    std::optional<Fault> now_fault;
    if (fails_at != 0 && (log.size() == fails_at || (log.size() > fails_at && lasts == Lasts::for_good)))
      now_fault = fault;
    if (!now_fault && rule) now_fault = rule(what);
    if (!now_fault) {
      write_back_early();
      return Verdict::go;
    }
    switch (*now_fault) {
      case Fault::no_space:
        return needs_room ? Verdict::no_space : Verdict::go;
      case Fault::short_write:
        return Verdict::half_then_error;
      case Fault::lie:
        return Verdict::lie;
      case Fault::error:
      case Fault::read_only:
        break;
    }
    return Verdict::error;
  }

  static std::unexpected<Error> sentence(std::string_view what, const fs::path& path, Verdict verdict) {
    const char* const reason = verdict == Verdict::no_space ? "No space left on device"
                               : verdict == Verdict::dead || verdict == Verdict::half_then_dead
                                   ? "the process is dead"
                                   : "Input/output error";
    return fail("cannot {} {}: {}", what, path.string(), reason);
  }

  std::uint64_t used() const {
    std::uint64_t sum = 0;
    for (const auto& [path, node] : now) sum += node->now->size();
    return sum;
  }

  static void resize(Node& node, std::size_t size) {
    // A mapping keeps its memory; a file that is mapped is never made longer or shorter here.
    QOS_ASSERT(!node.mapped || size == node.now->size());
    node.now->resize(size, '\0');
  }

  void write_page(Node& node, std::size_t at) {
    const std::size_t from = at * page;
    if (from >= node.now->size()) return;
    const std::size_t bytes = std::min(page, node.now->size() - from);
    if (node.synced.size() < from + bytes) node.synced.resize(from + bytes, '\0');
    std::memcpy(node.synced.data() + from, node.now->data() + from, bytes);
  }

  void sync(Node& node) {
    const std::size_t pages = (node.now->size() + page - 1) / page;
    node.synced.resize(node.now->size(), '\0');
    for (std::size_t at = 0; at < pages; ++at)
      if (!node.dropped.contains(at)) write_page(node, at);
  }

  void drop_unsynced(Node& node) {
    for (std::size_t from = 0; from < node.now->size(); from += page)
      if (differs(node, from) && below(2) == 0) node.dropped.insert(from / page);
  }

  bool differs(const Node& node, std::size_t from) const {
    const std::size_t bytes = std::min(page, node.now->size() - from);
    return node.synced.size() < from + bytes ||
           std::memcmp(node.synced.data() + from, node.now->data() + from, bytes) != 0;
  }

  void write_back_early() {
    if (below(8) != 0 || now.empty()) return;
    auto at = now.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(below(now.size())));
    Node& node = *at->second;
    const std::size_t which = below(node.now->size() / page + 1);
    if (!node.dropped.contains(which)) write_page(node, which);
  }

  void end_process() {
    ++life;
    is_dead = false;
    dies_at = 0;
    locks.clear();
    for (auto& [path, node] : now) detach(*node);
    for (auto& step : steps)
      if (step.node) detach(*step.node);
    for (auto& [path, node] : synced) detach(*node);
  }
  // Whatever the dead process still stores goes into memory nobody reads.
  static void detach(Node& node) {
    node.now = std::make_shared<std::string>(*node.now);
    node.mapped = false;
  }

  void lose_power() {
    end_process();
    Entries left = synced;
    for (const Step& step : steps) {
      if (below(2) == 0) continue;
      const std::string path = key(step.path);
      switch (step.kind) {
        case Step::Kind::made:
          left[path] = step.node;
          break;
        case Step::Kind::removed:
          left.erase(path);
          break;
        case Step::Kind::renamed:
          if (left.erase(key(step.from)) > 0) left[path] = step.node;
          break;
      }
    }
    steps.clear();
    std::set<Node*> done;
    for (auto& [path, node] : left)
      if (done.insert(node.get()).second) lose_pages(*node);
    now = left;
    synced = std::move(left);
    ++boot;
  }

  void lose_pages(Node& node) {
    const std::size_t longer = std::max(node.now->size(), node.synced.size());
    const std::size_t shorter = std::min(node.now->size(), node.synced.size());
    std::size_t size = node.synced.size();
    if (node.now->size() != size) {
      const std::size_t choice = below(3);
      if (choice == 1) size = node.now->size();
      if (choice == 2) size = shorter + below(longer - shorter + 1);
    }
    std::string result = node.synced;
    result.resize(size, '\0');
    for (std::size_t from = 0; from < size && from < node.now->size(); from += page) {
      if (!differs(node, from) || node.dropped.contains(from / page)) continue;
      const std::size_t bytes = std::min({page, node.now->size() - from, size - from});
      const std::size_t choice = below(3);
      if (choice == 0) continue;
      if (choice == 1) {
        std::memcpy(result.data() + from, node.now->data() + from, bytes);
        continue;
      }
      // Torn: sectors, or with small pages an eighth of one, each for itself.
      const std::size_t part = page > kSector ? kSector : page / 8;
      for (std::size_t at = 0; at < bytes; at += part)
        if (below(2) == 0)
          std::memcpy(result.data() + from + at, node.now->data() + from + at, std::min(part, bytes - at));
    }
    node.now = std::make_shared<std::string>(result);
    node.synced = std::move(result);
    node.dropped.clear();
  }
};

class FakeDisk::File final : public io::DiskFile {
 public:
  File(std::shared_ptr<State> state, std::shared_ptr<Node> node, fs::path path, bool writable)
      : state_{std::move(state)},
        node_{std::move(node)},
        path_{std::move(path)},
        life_{state_->life},
        writable_{writable} {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    const std::scoped_lock lock{state_->mutex};
    if (auto verdict = count("read", false, state_->counts_reads); verdict != State::Verdict::go)
      return State::sentence("read", path_, verdict);
    const std::string& bytes = *node_->now;
    if (offset >= bytes.size()) return 0;
    const auto size = std::min<std::size_t>(into.size(), bytes.size() - offset);
    std::memcpy(into.data(), bytes.data() + offset, size);
    return size;
  }

  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    const std::scoped_lock lock{state_->mutex};
    QOS_ASSERT(writable_);
    auto verdict = count("write", true);
    if (verdict == State::Verdict::lie) return {};
    std::size_t taken = bytes.size();
    if (verdict == State::Verdict::half_then_error || verdict == State::Verdict::half_then_dead)
      taken = state_->below(bytes.size() + 1);
    else if (verdict != State::Verdict::go)
      return State::sentence("write", path_, verdict);
    const std::uint64_t old = node_->now->size();
    const std::uint64_t room = state_->capacity - std::min(state_->capacity, state_->used());
    if (offset + taken > old && offset + taken - old > room) {
      verdict = State::Verdict::no_space;
      taken = old + room > offset ? static_cast<std::size_t>(old + room - offset) : 0;
    }
    if (taken > 0) {
      if (offset + taken > old) State::resize(*node_, offset + taken);
      std::memcpy(node_->now->data() + offset, bytes.data(), taken);
      for (auto at = offset / state_->page; at <= (offset + taken - 1) / state_->page; ++at)
        node_->dropped.erase(at);
    }
    if (verdict != State::Verdict::go) return State::sentence("write", path_, verdict);
    return {};
  }

  Result<void> sync() override {
    const std::scoped_lock lock{state_->mutex};
    const auto verdict = count("sync", false);
    if (verdict == State::Verdict::lie || (verdict == State::Verdict::go && state_->ignores_syncs)) return {};
    if (verdict == State::Verdict::go) {
      state_->sync(*node_);
      return {};
    }
    if (verdict == State::Verdict::error || verdict == State::Verdict::half_then_error)
      state_->drop_unsynced(*node_);
    return State::sentence("sync", path_, verdict);
  }

  Result<void> truncate(std::uint64_t size) override {
    const std::scoped_lock lock{state_->mutex};
    QOS_ASSERT(writable_);
    const auto verdict = count("truncate", false);
    if (verdict == State::Verdict::lie) return {};
    if (verdict != State::Verdict::go) return State::sentence("cut", path_, verdict);
    State::resize(*node_, size);
    return {};
  }

  Result<std::uint64_t> size() override {
    const std::scoped_lock lock{state_->mutex};
    if (life_ != state_->life || state_->is_dead)
      return State::sentence("look at", path_, State::Verdict::dead);
    return node_->now->size();
  }

 private:
  State::Verdict count(std::string_view what, bool needs_room, bool counted = true) {
    if (life_ != state_->life || state_->is_dead) return State::Verdict::dead;
    if (!counted) return State::Verdict::go;
    return state_->count(fmt::format("{} {}", what, path_.string()), needs_room);
  }

  std::shared_ptr<State> state_;
  std::shared_ptr<Node> node_;
  fs::path path_;
  std::uint64_t life_;
  bool writable_;
};

class FakeDisk::Map final : public io::Mapping {
 public:
  Map(std::shared_ptr<State> state, std::shared_ptr<Node> node)
      : state_{std::move(state)}, node_{std::move(node)}, memory_{node_->now} {}
  ~Map() override {
    const std::scoped_lock lock{state_->mutex};
    if (node_->now == memory_) node_->mapped = false;
  }

  std::span<std::byte> bytes() override { return std::as_writable_bytes(std::span{*memory_}); }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Node> node_;
  std::shared_ptr<std::string> memory_;
};

class FakeDisk::Lock final : public io::DiskLock {
 public:
  Lock(std::shared_ptr<State> state, std::string key)
      : state_{std::move(state)}, key_{std::move(key)}, life_{state_->life} {}
  ~Lock() override {
    const std::scoped_lock lock{state_->mutex};
    if (life_ == state_->life) state_->locks.erase(key_);
  }

 private:
  std::shared_ptr<State> state_;
  std::string key_;
  std::uint64_t life_;
};

FakeDisk::FakeDisk(std::uint64_t seed, std::size_t page_bytes) : state_{std::make_shared<State>()} {
  QOS_ASSERT(page_bytes >= 8);
  state_->random.seed(seed);
  state_->page = page_bytes;
}

FakeDisk::~FakeDisk() = default;

std::uint64_t FakeDisk::calls() const {
  const std::scoped_lock lock{state_->mutex};
  return state_->log.size();
}

std::string FakeDisk::call(std::uint64_t nth) const {
  const std::scoped_lock lock{state_->mutex};
  return nth >= 1 && nth <= state_->log.size() ? state_->log[nth - 1] : std::string{};
}

void FakeDisk::count_reads(bool count) {
  const std::scoped_lock lock{state_->mutex};
  state_->counts_reads = count;
}

void FakeDisk::fail_at(std::uint64_t nth, Fault fault, Lasts lasts) {
  const std::scoped_lock lock{state_->mutex};
  state_->fails_at = nth;
  state_->fault = fault;
  state_->lasts = lasts;
}

void FakeDisk::fail_if(std::function<std::optional<Fault>(std::string_view)> rule) {
  const std::scoped_lock lock{state_->mutex};
  state_->rule = std::move(rule);
}

void FakeDisk::heal() {
  const std::scoped_lock lock{state_->mutex};
  state_->fails_at = 0;
  state_->rule = {};
}

void FakeDisk::ignore_syncs(bool ignore) {
  const std::scoped_lock lock{state_->mutex};
  state_->ignores_syncs = ignore;
}

void FakeDisk::capacity(std::uint64_t bytes) {
  const std::scoped_lock lock{state_->mutex};
  state_->capacity = bytes;
}

std::uint64_t FakeDisk::used() const {
  const std::scoped_lock lock{state_->mutex};
  return state_->used();
}

void FakeDisk::die_at(std::uint64_t nth) {
  const std::scoped_lock lock{state_->mutex};
  state_->dies_at = nth;
}

bool FakeDisk::dead() const {
  const std::scoped_lock lock{state_->mutex};
  return state_->is_dead;
}

void FakeDisk::kill() {
  const std::scoped_lock lock{state_->mutex};
  state_->end_process();
}

void FakeDisk::power_loss() {
  const std::scoped_lock lock{state_->mutex};
  state_->lose_power();
}

void FakeDisk::new_boot() {
  const std::scoped_lock lock{state_->mutex};
  ++state_->boot;
}

std::optional<std::string> FakeDisk::content(const fs::path& path) const {
  const std::scoped_lock lock{state_->mutex};
  const auto found = state_->now.find(State::key(path));
  if (found == state_->now.end()) return std::nullopt;
  return *found->second->now;
}

void FakeDisk::put(const fs::path& path, std::string content) {
  const std::scoped_lock lock{state_->mutex};
  const auto node = std::make_shared<Node>();
  node->synced = content;
  node->now = std::make_shared<std::string>(std::move(content));
  state_->now[State::key(path)] = node;
  state_->synced[State::key(path)] = node;
}

void FakeDisk::flip_bit(const fs::path& path, std::uint64_t bit) {
  const std::scoped_lock lock{state_->mutex};
  Node& node = *state_->now.at(State::key(path));
  (*node.now)[bit / 8] = static_cast<char>((*node.now)[bit / 8] ^ (1 << bit % 8));
  if (bit / 8 < node.synced.size()) node.synced[bit / 8] = (*node.now)[bit / 8];
}

void FakeDisk::erase(const fs::path& path) {
  const std::scoped_lock lock{state_->mutex};
  state_->now.erase(State::key(path));
  state_->synced.erase(State::key(path));
}

Result<std::unique_ptr<io::DiskFile>> FakeDisk::open(const fs::path& path, Open how) {
  const std::scoped_lock lock{state_->mutex};
  if (state_->is_dead) return State::sentence("open", path, State::Verdict::dead);
  const auto found = state_->now.find(State::key(path));
  if (how != Open::create) {
    if (found == state_->now.end()) return fail("cannot open {}: No such file or directory", path.string());
    return std::make_unique<File>(state_, found->second, path, how == Open::write);
  }
  const auto verdict = state_->count("create " + path.string(), true);
  if (verdict != State::Verdict::go && verdict != State::Verdict::lie)
    return State::sentence("create", path, verdict);
  if (found != state_->now.end()) return fail("cannot create {}: File exists", path.string());
  auto node = std::make_shared<Node>();
  state_->now[State::key(path)] = node;
  state_->steps.push_back({.kind = State::Step::Kind::made, .path = path, .from = {}, .node = node});
  return std::make_unique<File>(state_, std::move(node), path, true);
}

Result<std::unique_ptr<io::Mapping>> FakeDisk::map(const fs::path& path, std::size_t size) {
  const std::scoped_lock lock{state_->mutex};
  const auto verdict = state_->count("map " + path.string(), true);
  if (verdict != State::Verdict::go && verdict != State::Verdict::lie)
    return State::sentence("map", path, verdict);
  auto& node = state_->now[State::key(path)];
  if (!node) {
    node = std::make_shared<Node>();
    state_->steps.push_back({.kind = State::Step::Kind::made, .path = path, .from = {}, .node = node});
  }
  if (node->now->size() < size) {
    if (state_->capacity - std::min(state_->capacity, state_->used()) < size - node->now->size())
      return State::sentence("map", path, State::Verdict::no_space);
    State::resize(*node, size);
  }
  node->mapped = true;
  return std::make_unique<Map>(state_, node);
}

Result<std::unique_ptr<io::DiskLock>> FakeDisk::lock(const fs::path& path) {
  const std::scoped_lock lock{state_->mutex};
  const auto verdict = state_->count("lock " + path.string(), false);
  if (verdict != State::Verdict::go && verdict != State::Verdict::lie)
    return State::sentence("lock", path, verdict);
  if (!state_->locks.insert(State::key(path)).second)
    return fail("{} is in use by process 1", path.parent_path().string());
  return std::make_unique<Lock>(state_, State::key(path));
}

bool FakeDisk::exists(const fs::path& path) {
  const std::scoped_lock lock{state_->mutex};
  return state_->now.contains(State::key(path)) || state_->folders.contains(State::key(path));
}

Result<std::vector<std::string>> FakeDisk::list(const fs::path& folder) {
  const std::scoped_lock lock{state_->mutex};
  if (state_->is_dead) return State::sentence("list", folder, State::Verdict::dead);
  std::vector<std::string> names;
  for (const auto& [path, node] : state_->now)
    if (State::key(fs::path{path}.parent_path()) == State::key(folder))
      names.push_back(fs::path{path}.filename().string());
  std::ranges::sort(names);
  return names;
}

Result<void> FakeDisk::make_folder(const fs::path& folder) {
  const std::scoped_lock lock{state_->mutex};
  const auto verdict = state_->count("make_folder " + folder.string(), true);
  if (verdict != State::Verdict::go && verdict != State::Verdict::lie)
    return State::sentence("make folder", folder, verdict);
  for (auto at = folder; !at.empty() && at != at.parent_path(); at = at.parent_path())
    state_->folders.insert(State::key(at));
  return {};
}

Result<void> FakeDisk::rename(const fs::path& from, const fs::path& to) {
  const std::scoped_lock lock{state_->mutex};
  const auto verdict = state_->count("rename " + to.string(), false);
  if (verdict == State::Verdict::lie) return {};
  if (verdict != State::Verdict::go) return State::sentence("rename", from, verdict);
  const auto found = state_->now.find(State::key(from));
  if (found == state_->now.end()) return fail("cannot rename {}: No such file or directory", from.string());
  const auto node = found->second;
  state_->now.erase(found);
  state_->now[State::key(to)] = node;
  state_->steps.push_back({.kind = State::Step::Kind::renamed, .path = to, .from = from, .node = node});
  return {};
}

Result<void> FakeDisk::remove(const fs::path& path) {
  const std::scoped_lock lock{state_->mutex};
  const auto verdict = state_->count("remove " + path.string(), false);
  if (verdict == State::Verdict::lie) return {};
  if (verdict != State::Verdict::go) return State::sentence("remove", path, verdict);
  if (state_->now.erase(State::key(path)) == 0)
    return fail("cannot remove {}: No such file or directory", path.string());
  state_->steps.push_back({.kind = State::Step::Kind::removed, .path = path, .from = {}, .node = nullptr});
  return {};
}

Result<void> FakeDisk::sync_folder(const fs::path& folder) {
  const std::scoped_lock lock{state_->mutex};
  const auto verdict = state_->count("sync_folder " + folder.string(), false);
  if (verdict == State::Verdict::lie || (verdict == State::Verdict::go && state_->ignores_syncs)) return {};
  if (verdict != State::Verdict::go) return State::sentence("sync folder", folder, verdict);
  const auto inside = [&](const std::string& path) {
    return State::key(fs::path{path}.parent_path()) == State::key(folder);
  };
  std::erase_if(state_->synced, [&](const auto& entry) { return inside(entry.first); });
  for (const auto& [path, node] : state_->now)
    if (inside(path)) state_->synced[path] = node;
  std::erase_if(state_->steps, [&](const State::Step& step) { return inside(State::key(step.path)); });
  return {};
}

Result<std::string> FakeDisk::boot_id() {
  const std::scoped_lock lock{state_->mutex};
  return fmt::format("fake-boot-{}", state_->boot);
}

}  // namespace qos::test
