#include "access/gate.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <limits>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "access/connection_table.hpp"
#include "access/key_name.hpp"
#include "access/key_store.hpp"
#include "access/key_text.hpp"
#include "access/quota_table.hpp"

namespace qos::access {
namespace {

// How stale the index may be towards other processes.
constexpr std::chrono::nanoseconds kLookEvery = std::chrono::seconds{1};

using Plans = std::map<std::string, std::shared_ptr<const Plan>, std::less<>>;

// An expiry beyond what nanoseconds can name (year 2262) is none.
std::optional<UnixNanos> expiry(UnixNanos now, std::uint32_t valid_days) {
  if (valid_days == 0) return std::nullopt;
  const auto days = std::chrono::days{valid_days};
  const auto left = std::chrono::floor<std::chrono::days>(UnixNanos::max() - std::max(now, UnixNanos{}));
  if (days >= left) return std::nullopt;
  return now + days;
}

class StoredGate final : public Gate {
 public:
  StoredGate(KeyStore store, Plans plans, std::size_t max_keys)
      : plans_{std::move(plans)}, max_keys_{max_keys}, store_{std::move(store)} {}

  Result<void> load();

  std::expected<Grant, Denial> authenticate(std::string_view key, UnixNanos now) override;
  std::optional<Denial> check(KeyId key, UnixNanos now) override;
  Quota take(const Grant& grant, Permission permission, SteadyTime now) override;
  Quota look(const Grant& grant, Permission permission, SteadyTime now) override;
  std::shared_ptr<void> connect(const Grant& grant) override;
  Result<NewKey> create(std::string_view plan, std::string_view name, UnixNanos now,
                        const KeyNature& nature) override;
  Result<std::vector<KeyRecord>> list() override;
  Result<KeyRecord> disable(std::string_view which) override;
  std::shared_ptr<const Plan> plan(std::string_view name) const override;

 private:
  struct Entry {
    KeyRecord record;
    std::shared_ptr<const Plan> plan;  // nullptr: no longer configured

    std::optional<Denial> denial(UnixNanos now) const;
  };

  void look_at_other_processes(UnixNanos now);
  Result<void> catch_up();
  void remember(const StoredKey& key);
  void replace_index(const std::vector<StoredKey>& keys);
  Result<KeyId> find(std::string_view which);

  const Plans plans_;
  const std::size_t max_keys_;

  std::mutex store_mutex_;  // guards the four below; never taken while index_mutex_ is held
  KeyStore store_;
  std::int64_t data_version_ = 0;
  std::int64_t seen_revision_ = 0;  // of other connections; own changes may be read again, which does no harm
  std::atomic<std::int64_t> last_look_ns_{
      std::numeric_limits<std::int64_t>::min()};  // written under the mutex

  mutable std::shared_mutex index_mutex_;
  std::unordered_map<KeyHash, Entry, KeyHashBits> index_;
  std::unordered_map<KeyId, KeyHash> hash_of_;  // of every entry of index_

  QuotaTable quotas_;
  std::shared_ptr<ConnectionTable> connections_ = std::make_shared<ConnectionTable>();
};

std::optional<Denial> StoredGate::Entry::denial(UnixNanos now) const {
  if (record.disabled) return Denial::disabled;
  if (record.expires_at && now >= *record.expires_at) return Denial::expired;
  if (!plan) return Denial::invalid;
  return std::nullopt;
}

Result<void> StoredGate::load() {
  const std::scoped_lock lock{store_mutex_};
  // First the version, then the rows: a commit in between is then noticed at the next look.
  const auto version = store_.data_version();
  if (!version) return std::unexpected{version.error()};
  const auto keys = store_.changed_since(0);
  if (!keys) return std::unexpected{keys.error()};
  replace_index(*keys);
  data_version_ = *version;
  return {};
}

void StoredGate::look_at_other_processes(UnixNanos now) {
  const auto due = [this, now] {
    const auto last = last_look_ns_.load(std::memory_order_relaxed);
    const auto at = unix_nanos(now);
    return at < last || last == std::numeric_limits<std::int64_t>::min() || at - last >= kLookEvery.count();
  };
  if (!due()) return;
  const std::unique_lock lock{store_mutex_, std::try_to_lock};
  if (!lock || !due()) return;  // somebody else is looking or writing: the next request will see it
  last_look_ns_.store(unix_nanos(now), std::memory_order_relaxed);
  const auto version = store_.data_version();
  if (version && *version == data_version_) return;
  if (!version || !catch_up()) {
    counters_.reload_failures.add();
    return;
  }
  data_version_ = *version;
  counters_.reloads.add();
}

// Fetches what is newer. Rows that somebody deleted by hand show only in the count, and cost a full read.
Result<void> StoredGate::catch_up() {
  const auto news = store_.changed_since(seen_revision_);
  if (!news) return std::unexpected{news.error()};
  for (const StoredKey& key : *news) remember(key);
  if (!news->empty()) seen_revision_ = news->back().revision;

  const auto rows = store_.count();
  if (!rows) return std::unexpected{rows.error()};
  const auto known = [this] {
    const std::shared_lock lock{index_mutex_};
    return index_.size();
  };
  if (static_cast<std::size_t>(*rows) == known()) return {};
  const auto keys = store_.changed_since(0);
  if (!keys) return std::unexpected{keys.error()};
  replace_index(*keys);
  return {};
}

void StoredGate::remember(const StoredKey& key) {
  Entry entry{.record = key.record, .plan = plan(key.record.plan)};
  const std::unique_lock lock{index_mutex_};
  index_.insert_or_assign(key.hash, std::move(entry));
  hash_of_.insert_or_assign(key.record.id, key.hash);
}

void StoredGate::replace_index(const std::vector<StoredKey>& keys) {
  decltype(index_) index;
  index.reserve(keys.size());
  decltype(hash_of_) hash_of;
  hash_of.reserve(keys.size());
  for (const StoredKey& key : keys) {
    index.try_emplace(key.hash, key.record, plan(key.record.plan));
    hash_of.try_emplace(key.record.id, key.hash);
  }
  if (!keys.empty()) seen_revision_ = keys.back().revision;
  const std::unique_lock lock{index_mutex_};
  index_.swap(index);
  hash_of_.swap(hash_of);
}

std::expected<Grant, Denial> StoredGate::authenticate(std::string_view key, UnixNanos now) {
  const auto deny = [](Denial denial, Counter& counter) {
    counter.add();
    return std::unexpected{denial};
  };
  const auto hash = hash_key(key);
  if (!hash) return deny(Denial::invalid, counters_.denied_invalid);
  look_at_other_processes(now);

  const std::shared_lock lock{index_mutex_};
  const auto found = index_.find(*hash);
  if (found == index_.end()) return deny(Denial::invalid, counters_.denied_invalid);
  const auto& [record, plan] = found->second;
  const auto denial = found->second.denial(now);
  if (denial == Denial::disabled) return deny(*denial, counters_.denied_disabled);
  if (denial == Denial::expired) return deny(*denial, counters_.denied_expired);
  if (denial) return deny(*denial, counters_.denied_plan);
  counters_.granted.add();
  return Grant{.key = record.id, .name = record.name, .plan = plan, .nature = record.nature};
}

std::optional<Denial> StoredGate::check(KeyId key, UnixNanos now) {
  look_at_other_processes(now);
  const std::shared_lock lock{index_mutex_};
  const auto hash = hash_of_.find(key);
  if (hash == hash_of_.end()) return Denial::invalid;
  const auto found = index_.find(hash->second);
  return found == index_.end() ? Denial::invalid : found->second.denial(now);
}

Quota StoredGate::take(const Grant& grant, Permission permission, SteadyTime now) {
  const auto limit = grant.plan->limit(permission).request_frequency;
  if (limit == 0) return {};
  const auto quota = quotas_.take(grant.key, permission, limit, now);
  if (!quota.allowed) counters_.quota_refusals.add();
  return quota;
}

Quota StoredGate::look(const Grant& grant, Permission permission, SteadyTime now) {
  const auto limit = grant.plan->limit(permission).request_frequency;
  return limit == 0 ? Quota{} : quotas_.look(grant.key, permission, limit, now);
}

std::shared_ptr<void> StoredGate::connect(const Grant& grant) {
  auto place = connections_->take(grant.key, grant.plan->limit(Permission::ws).max_connections);
  if (!place) counters_.connection_refusals.add();
  return place;
}

Result<NewKey> StoredGate::create(std::string_view plan_name, std::string_view name, UnixNanos now,
                                  const KeyNature& nature) {
  const auto plan = this->plan(plan_name);
  if (!plan) {
    std::string known;
    for (const auto& [other, unused] : plans_) known += (known.empty() ? "" : ", ") + other;
    return fail("no plan '{}' is configured; there are: {}", printable(plan_name), known);
  }
  if (auto checked = check_name(name); !checked) return std::unexpected{checked.error()};
  if (nature.travel && (nature.travel->speed < 1 || nature.travel->speed > kMaxTravelSpeed))
    return fail("a key travels at a speed from 1 to {}, not {}", kMaxTravelSpeed, nature.travel->speed);
  auto key = random_key();
  if (!key) return std::unexpected{key.error()};
  const auto hash = hash_key(*key);
  QOS_ASSERT(hash);

  const std::scoped_lock lock{store_mutex_};
  auto stored = store_.insert(*hash,
                              KeyRecord{.name = std::string{name},
                                        .plan = plan->name,
                                        .created_at = now,
                                        .expires_at = expiry(now, plan->valid_days),
                                        .prefix = key->substr(0, kPrefixDigits),
                                        .nature = nature},
                              max_keys_);
  if (!stored) return std::unexpected{stored.error()};
  remember(*stored);
  return NewKey{.key = std::move(*key), .record = std::move(stored->record)};
}

Result<std::vector<KeyRecord>> StoredGate::list() {
  const std::scoped_lock lock{store_mutex_};
  auto keys = store_.all();
  if (!keys) return std::unexpected{keys.error()};
  std::vector<KeyRecord> records;
  records.reserve(keys->size());
  for (StoredKey& key : *keys) records.push_back(std::move(key.record));
  return records;
}

// Six digits may be an id and a prefix: then both are looked for and must agree.
Result<KeyId> StoredGate::find(std::string_view which) {
  const auto keys = store_.all();
  if (!keys) return std::unexpected{keys.error()};
  const auto hash = hash_key(which);
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(which.data(), which.data() + which.size(), id);
  const bool is_id = error == std::errc{} && end == which.data() + which.size();
  std::vector<KeyId> found;
  for (const StoredKey& key : *keys) {
    const bool matches = (hash && key.hash == *hash) || (is_id && key.record.id == KeyId{id}) ||
                         (!which.empty() && key.record.prefix == which);
    if (matches) found.push_back(key.record.id);
  }
  // The text may be a mistyped key, which is a secret: no error repeats it.
  if (found.empty()) return fail("no key has this id, prefix or value");
  if (found.size() > 1)
    return fail("{} keys fit '{}' (ids {} and {}): give the key itself", found.size(), which,
                found[0].value(), found[1].value());
  return found.front();
}

Result<KeyRecord> StoredGate::disable(std::string_view which) {
  const std::scoped_lock lock{store_mutex_};
  const auto id = find(which);
  if (!id) return std::unexpected{id.error()};
  const auto stored = store_.disable(*id);
  if (!stored) return std::unexpected{stored.error()};
  if (!*stored) return fail("key {} has gone", id->value());
  remember(**stored);
  return (*stored)->record;
}

std::shared_ptr<const Plan> StoredGate::plan(std::string_view name) const {
  const auto found = plans_.find(name);
  return found == plans_.end() ? nullptr : found->second;
}

}  // namespace

Result<std::unique_ptr<Gate>> Gate::open(Options options) {
  auto store = KeyStore::open(options.database);
  if (!store) return std::unexpected{store.error()};
  Plans plans;
  for (Plan& plan : options.plans) {
    auto shared = std::make_shared<const Plan>(std::move(plan));
    plans.insert_or_assign(shared->name, shared);
  }
  auto gate = std::make_unique<StoredGate>(std::move(*store), std::move(plans), options.max_keys);
  if (auto loaded = gate->load(); !loaded) return std::unexpected{loaded.error()};
  return gate;
}

}  // namespace qos::access
