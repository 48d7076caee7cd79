// Who may ask, and how often. Keys live hashed in SQLite under the data folder; plans in the configuration.
//
// Threads: any thread may call a Gate; it guards itself (the I/O loops share a key's quotas). The market
// thread never comes here. authenticate() and take() do no database work but for one look a second at whether
// another process has committed.
//
// Keys are 128 random bits and are found by their SHA-256 in a hash table. What the time of a lookup tells
// depends on the hash of a guess, which says nothing about the hashes of other guesses, so nobody can walk
// towards a key by timing; a slow or salted hash would guard people's passwords, not 128 random bits.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/plan.hpp"
#include "core/counter.hpp"
#include "core/id.hpp"
#include "core/result.hpp"
#include "core/time.hpp"

namespace qos::access {

// Why a key was not let in; the wire texts are in QOS protocol, section 6.
enum class Denial : std::uint8_t { invalid, expired, disabled };

// A key that sees the market as of an instant of the past, and from there on at a speed.
struct Travel {
  UnixNanos at;
  std::uint32_t speed = 1;  // seconds of the past in one of ours, 1 to kMaxTravelSpeed

  friend bool operator==(const Travel&, const Travel&) = default;
};
inline constexpr std::uint32_t kMaxTravelSpeed = 100'000;

// What sets a key apart from others of its plan.
struct KeyNature {
  // The server remembers what its connections have been sent, and sends what they missed when they come back.
  bool cursor = false;
  std::optional<Travel> travel;

  friend bool operator==(const KeyNature&, const KeyNature&) = default;
};

// A key that was let in. Cheap to copy; stays valid while the plan or the key changes behind it.
struct Grant {
  KeyId key;
  std::string name;  // the operator's label or the e-mail it was registered with
  std::shared_ptr<const Plan> plan;
  KeyNature nature;
};

// The state of one quota after a request, for RateLimit-* headers. limit 0: unlimited, the others are then 0
// too.
struct Quota {
  bool allowed = true;
  std::uint32_t limit = 0;
  std::uint32_t remaining = 0;
  std::chrono::seconds reset{0};  // until the window starts anew, rounded up
};

struct KeyRecord {
  KeyId id;
  std::string name;
  std::string plan;
  UnixNanos created_at;
  std::optional<UnixNanos> expires_at;
  bool disabled = false;
  std::string prefix;  // the first 6 characters, for people to tell keys apart
  KeyNature nature;
};

struct NewKey {
  std::string key;  // 32 hex digits; shown once, never stored
  KeyRecord record;
};

// Raised by any thread, read by the metrics page.
struct GateCounters {
  Counter granted;
  Counter denied_invalid;  // malformed and unknown keys
  Counter denied_expired;
  Counter denied_disabled;
  Counter denied_plan;  // known keys whose plan the configuration no longer has; denied as invalid
  Counter quota_refusals;
  Counter connection_refusals;
  Counter reloads;          // another process had changed the keys
  Counter reload_failures;  // the database could not be read; what was known before still counts
};

inline constexpr std::size_t kMaxNameBytes = 254;  // the longest e-mail address (RFC 5321)

class Gate {
 public:
  struct Options {
    std::filesystem::path database;  // created if absent, with mode 0600; its folder must exist
    std::vector<Plan> plans;
    std::size_t max_keys = 1'000'000;  // create() fails beyond it; a key takes about 500 bytes of memory
  };
  // Fails with the reason if the database is damaged, cannot be written, belongs to another program or was
  // written by a newer version.
  static Result<std::unique_ptr<Gate>> open(Options options);
  virtual ~Gate() = default;

  // Looks the key up by its hash. A key made or disabled by another process (`qos key`) counts within a
  // second. Expired: now >= expires_at. A key whose plan the configuration no longer has is denied as
  // invalid, since nobody can say what it may do, and counted. `now` is the world's time; a step back of it
  // does no harm.
  virtual std::expected<Grant, Denial> authenticate(std::string_view key, UnixNanos now) = 0;

  // Whether a key that was let in would still be: nullopt, or why not; invalid if its row or plan has gone.
  // For connections that outlive their authentication. As cheap as authenticate(), and as quick to learn of
  // other processes. A gate whose keys never end need not say anything.
  virtual std::optional<Denial> check(KeyId, UnixNanos) { return std::nullopt; }

  // Takes one request out of the key's minute for this permission. The window starts with its first request
  // and ends 60 s later. A refused request takes nothing.
  virtual Quota take(const Grant& grant, Permission permission, SteadyTime now) = 0;

  // The same numbers without taking anything: allowed says whether a request would be. For those who are told
  // their budget though nothing was charged. A gate that counts nothing need not say anything.
  virtual Quota look(const Grant&, Permission, SteadyTime) { return {}; }

  // A WebSocket's place among the plan's max_connections; nullptr: none left. Gives it back when destroyed.
  virtual std::shared_ptr<void> connect(const Grant& grant) = 0;

  // Fails if the plan does not exist, the speed of a travel is out of range, or the name is longer than
  // kMaxNameBytes, no UTF-8 or holds control characters; `name` may be empty. expires_at comes from the
  // plan's valid_days. Waits for the disk: what was returned survives a kill and a power cut.
  virtual Result<NewKey> create(std::string_view plan, std::string_view name, UnixNanos now,
                                const KeyNature& nature = {}) = 0;
  virtual Result<std::vector<KeyRecord>> list() = 0;
  // By id, by the key itself or by its prefix if only one has it. Disabling twice is no error.
  virtual Result<KeyRecord> disable(std::string_view which) = 0;
  // The plan by name; nullptr if there is none.
  virtual std::shared_ptr<const Plan> plan(std::string_view name) const = 0;

  const GateCounters& counters() const { return counters_; }

 protected:
  GateCounters counters_;
};

}  // namespace qos::access
