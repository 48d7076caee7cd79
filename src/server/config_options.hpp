// The table of all options: one row each, from which the file is read, printed and documented.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.hpp"
#include "server/config.hpp"

namespace qos::server {

// What a text must look like. The error says what was expected, without the option's name.
using TextCheck = Result<void> (*)(std::string_view text);

struct TextField {
  std::string& (*at)(Config& config);
  TextCheck check;
};

// A list of `least` to kMaxListItems texts.
struct ListField {
  std::vector<std::string>& (*at)(Config& config);
  TextCheck check;
  std::size_t least = 1;
};

// least <= value <= most.
struct Range {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

struct IntegerField {
  std::uint64_t& (*at)(Config& config);
  Range range;
  std::string_view unit;  // empty for plain counts
};

// One of a few words; the value is the place in `words`.
struct ChoiceField {
  std::span<const std::string_view> words;
  std::size_t (*get)(const Config& config);
  void (*set)(Config& config, std::size_t place);
};

struct Option {
  std::string_view name;  // as in the file, with its table: "http.max_body_bytes"
  std::string_view flag;  // of the command line; empty: only --set
  std::string_view help;  // full sentences
  std::variant<TextField, ListField, IntegerField, ChoiceField> field;
};

// A member of [plans.NAME]…
struct PlanOption {
  std::string_view name;
  std::string_view help;
  std::string_view unit;
  Range range;
  std::uint32_t access::Plan::* at;
};

// … one of them that is a word, of access::kCompressionNames …
struct PlanWord {
  std::string_view name;
  std::string_view help;
  std::span<const std::string_view> words;
  access::Compression access::Plan::* at;
};

// … and of [plans.NAME.ENDPOINT].
struct LimitOption {
  std::string_view name;
  std::string_view help;
  std::string_view unit;
  Range range;
  std::uint32_t access::Limit::* at;
  bool only_ws;
};

// In the order in which they are printed: first those of no table, then table by table.
std::span<const Option> options();
std::span<const PlanOption> plan_options();
std::span<const PlanWord> plan_words();
std::span<const LimitOption> limit_options();

inline constexpr std::size_t kMaxListItems = 64;
inline constexpr std::size_t kMaxPlans = 256;
inline constexpr std::size_t kMaxPlanName = 32;  // characters: a-z, 0-9, _ and -

}  // namespace qos::server
