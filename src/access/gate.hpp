// Who may ask, and how often. Keys live hashed in SQLite under the data folder; plans in the configuration.
//
// Threads: any thread may call a Gate; it guards itself (the I/O loops share a key's quotas). The market thread
// never comes here.
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

// Why a key was not let in; the wire texts are in ../shared spec protocol, section 6.
enum class Denial : std::uint8_t { invalid, expired, disabled };

// A key that was let in. Cheap to copy; stays valid while the plan or the key changes behind it.
struct Grant {
  KeyId key;
  std::string name;                  // the operator's label or the e-mail it was registered with
  std::shared_ptr<const Plan> plan;
};

// The state of one quota after a request, for RateLimit-* headers. limit 0: unlimited, the others are then 0 too.
struct Quota {
  bool allowed = true;
  std::uint32_t limit = 0;
  std::uint32_t remaining = 0;
  std::chrono::seconds reset{0};     // until the window starts anew, rounded up
};

struct KeyRecord {
  KeyId id;
  std::string name;
  std::string plan;
  UnixNanos created_at;
  std::optional<UnixNanos> expires_at;
  bool disabled = false;
  std::string prefix;                // the first 6 characters, for people to tell keys apart
};

struct NewKey {
  std::string key;                   // 32 hex digits; shown once, never stored
  KeyRecord record;
};

class Gate {
 public:
  struct Options {
    std::filesystem::path database;  // created if absent, with mode 0600
    std::vector<Plan> plans;
  };
  static Result<std::unique_ptr<Gate>> open(Options options);
  virtual ~Gate() = default;

  // Looks the key up by its hash. A key made or disabled by another process (`qos key`) counts within a second.
  virtual std::expected<Grant, Denial> authenticate(std::string_view key, UnixNanos now) = 0;

  // Takes one request out of the key's minute for this permission. The window starts with its first request.
  virtual Quota take(const Grant& grant, Permission permission, SteadyTime now) = 0;

  // A WebSocket's place among the plan's max_connections; nullptr: none left. Gives it back when destroyed.
  virtual std::shared_ptr<void> connect(const Grant& grant) = 0;

  // Fails if the plan does not exist. `name` may be empty. expires_at comes from the plan's valid_days.
  virtual Result<NewKey> create(std::string_view plan, std::string_view name, UnixNanos now) = 0;
  virtual Result<std::vector<KeyRecord>> list() = 0;
  // By id, by the key itself or by its prefix if only one has it.
  virtual Result<KeyRecord> disable(std::string_view which) = 0;
  // The plan by name; nullptr if there is none.
  virtual std::shared_ptr<const Plan> plan(std::string_view name) const = 0;
};

}  // namespace qos::access
