#include "server/config_read.hpp"

#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <map>

#include "server/config_options.hpp"
#include "server/nearest_name.hpp"

namespace qos::server {
namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

std::string_view kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::none:
      return "nothing";
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a number with decimals";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
  }
  return "something else";
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string unit_text(std::string_view unit) {
  return unit.empty() ? "" : fmt::format(" {}", unit);
}

// Reads one document. Goes on after a fault, so that a person sees all of them at once.
class Reader {
 public:
  Reader(Config& config, const Source& source) : config_{config}, source_{source} {}

  void read(const toml::table& root);
  Result<void> verdict() const;

 private:
  void fault(const toml::source_region& where, std::string message) {
    faults_.emplace(where.begin.line, std::move(message));
  }
  void unknown(const toml::key& key, const std::string& name, std::span<const std::string> known);
  // The table behind `name`, or nullptr and a fault.
  const toml::table* table(const toml::node& node, std::string_view name);
  void read_option(const Option& option, const toml::node& node);
  std::optional<std::string> text(const toml::node& node, std::string_view name, TextCheck check);
  std::optional<std::uint64_t> integer(const toml::node& node, std::string_view name, Range range,
                                       std::string_view unit);
  void read_list(const ListField& field, const toml::node& node, std::string_view name);
  // The place of a text among the words.
  std::optional<std::size_t> choice(const toml::node& node, std::string_view name,
                                    std::span<const std::string_view> words);
  void read_plans(const toml::table& plans);
  void read_plan(access::Plan& plan, const toml::table& table);
  void read_limit(access::Plan& plan, access::Permission permission, const toml::table& table,
                  const std::string& name);
  access::Plan* plan_named(const toml::key& key);

  Config& config_;
  const Source& source_;
  std::multimap<std::uint32_t, std::string> faults_;  // by line
};

std::vector<std::string> option_names() {
  std::vector<std::string> names;
  for (const Option& option : options()) names.emplace_back(option.name);
  return names;
}

const Option* find_option(std::string_view name) {
  const auto found = std::ranges::find(options(), name, &Option::name);
  return found == options().end() ? nullptr : &*found;
}

bool is_section(std::string_view name) {
  return std::ranges::any_of(options(), [name](const Option& option) {
    return option.name.size() > name.size() && option.name.starts_with(name) &&
           option.name[name.size()] == '.';
  });
}

void Reader::unknown(const toml::key& key, const std::string& name, std::span<const std::string> known) {
  const auto nearest = nearest_name(name, known);
  fault(key.source(), fmt::format("unknown option '{}'{}", name,
                                  nearest ? fmt::format(", did you mean '{}'?", *nearest) : std::string{}));
}

const toml::table* Reader::table(const toml::node& node, std::string_view name) {
  if (const auto* found = node.as_table()) return found;
  fault(node.source(), fmt::format("{}: expected a table, found {}", name, kind_of(node)));
  return nullptr;
}

void Reader::read(const toml::table& root) {
  const auto known = option_names();
  for (const auto& [key, node] : root) {
    const std::string name{key.str()};
    if (const Option* option = find_option(name)) {
      read_option(*option, node);
    } else if (name == "plans") {
      if (const auto* plans = table(node, name)) read_plans(*plans);
    } else if (is_section(name)) {
      const auto* section = table(node, name);
      if (section == nullptr) continue;
      for (const auto& [inner_key, inner] : *section) {
        const auto inner_name = fmt::format("{}.{}", name, inner_key.str());
        if (const Option* option = find_option(inner_name))
          read_option(*option, inner);
        else
          unknown(inner_key, inner_name, known);
      }
    } else {
      auto with_sections = known;
      for (const char* section : {"http", "registration", "state", "klines", "tls", "admin", "log", "plans"})
        with_sections.emplace_back(section);
      unknown(key, name, with_sections);
    }
  }
}

void Reader::read_option(const Option& option, const toml::node& node) {
  const auto name = option.name;
  std::visit(Overloaded{[&](const TextField& field) {
                          if (auto value = text(node, name, field.check))
                            field.at(config_) = std::move(*value);
                        },
                        [&](const ListField& field) { read_list(field, node, name); },
                        [&](const IntegerField& field) {
                          if (const auto value = integer(node, name, field.range, field.unit))
                            field.at(config_) = *value;
                        },
                        [&](const ChoiceField& field) {
                          if (const auto place = choice(node, name, field.words)) field.set(config_, *place);
                        }},
             option.field);
}

std::optional<std::string> Reader::text(const toml::node& node, std::string_view name, TextCheck check) {
  const auto value = node.value_exact<std::string>();
  if (!value) {
    fault(node.source(), fmt::format("{}: expected a text in quotes, found {}", name, kind_of(node)));
    return std::nullopt;
  }
  const auto checked =
      has_control_character(*value) ? fail("must not hold control characters") : check(*value);
  if (checked) return value;
  fault(node.source(), fmt::format("{}: {}", name, checked.error().message));
  return std::nullopt;
}

std::optional<std::uint64_t> Reader::integer(const toml::node& node, std::string_view name, Range range,
                                             std::string_view unit) {
  const auto value = node.value_exact<std::int64_t>();
  if (!value) {
    fault(node.source(), fmt::format("{}: expected an integer, found {}", name, kind_of(node)));
    return std::nullopt;
  }
  if (*value >= 0 && static_cast<std::uint64_t>(*value) >= range.least &&
      static_cast<std::uint64_t>(*value) <= range.most)
    return static_cast<std::uint64_t>(*value);
  fault(node.source(), fmt::format("{}: {} is out of range, {} to {}{}", name, *value, range.least,
                                   range.most, unit_text(unit)));
  return std::nullopt;
}

void Reader::read_list(const ListField& field, const toml::node& node, std::string_view name) {
  const auto* array = node.as_array();
  if (array == nullptr) {
    fault(node.source(), fmt::format("{}: expected a list of texts, found {}", name, kind_of(node)));
    return;
  }
  if (array->size() < field.least || array->size() > kMaxListItems) {
    fault(node.source(),
          fmt::format("{}: {} entries, expected {} to {}", name, array->size(), field.least, kMaxListItems));
    return;
  }
  std::vector<std::string> values;
  for (const auto& item : *array)
    if (auto value = text(item, name, field.check)) values.push_back(std::move(*value));
  if (values.size() == array->size()) field.at(config_) = std::move(values);
}

std::optional<std::size_t> Reader::choice(const toml::node& node, std::string_view name,
                                          std::span<const std::string_view> words) {
  const auto value = node.value_exact<std::string>();
  const auto place = value ? std::ranges::find(words, *value) : words.end();
  if (place != words.end()) return static_cast<std::size_t>(place - words.begin());
  fault(node.source(), fmt::format("{}: expected one of \"{}\", found {}", name, fmt::join(words, "\", \""),
                                   value ? fmt::format("\"{}\"", *value) : std::string{kind_of(node)}));
  return std::nullopt;
}

// The configured plan, or a new one; nullptr and a fault if the name is unfit or there are too many.
access::Plan* Reader::plan_named(const toml::key& key) {
  const auto name = key.str();
  const auto found = std::ranges::find(config_.plans, name, &access::Plan::name);
  if (found != config_.plans.end()) return &*found;
  const bool fit = !name.empty() && name.size() <= kMaxPlanName && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (!fit)
    fault(key.source(),
          fmt::format("plans: '{}' is no name of a plan: 1 to {} characters of a-z, 0-9, _ and -", name,
                      kMaxPlanName));
  else if (config_.plans.size() >= kMaxPlans)
    fault(key.source(), fmt::format("plans: more than {} of them", kMaxPlans));
  else
    return &*config_.plans.insert(std::ranges::upper_bound(config_.plans, name, {}, &access::Plan::name),
                                  access::Plan{.name = std::string{name}});
  return nullptr;
}

void Reader::read_plans(const toml::table& plans) {
  for (const auto& [key, node] : plans) {
    const auto* members = table(node, fmt::format("plans.{}", key.str()));
    if (members == nullptr) continue;
    if (access::Plan* plan = plan_named(key)) read_plan(*plan, *members);
  }
}

void Reader::read_plan(access::Plan& plan, const toml::table& table_of_plan) {
  const auto prefix = fmt::format("plans.{}.", plan.name);
  for (const auto& [key, node] : table_of_plan) {
    const auto name = prefix + std::string{key.str()};
    const auto option = std::ranges::find(plan_options(), key.str(), &PlanOption::name);
    const auto word = std::ranges::find(plan_words(), key.str(), &PlanWord::name);
    const auto permission = std::ranges::find(access::kPermissionNames, key.str());
    if (option != plan_options().end()) {
      if (const auto value = integer(node, name, option->range, option->unit))
        plan.*option->at = static_cast<std::uint32_t>(*value);
    } else if (word != plan_words().end()) {
      if (const auto place = choice(node, name, word->words))
        plan.*word->at = access::Compression{static_cast<std::uint8_t>(*place)};
    } else if (permission != access::kPermissionNames.end()) {
      const auto place = static_cast<std::uint8_t>(permission - access::kPermissionNames.begin());
      if (const auto* limit = table(node, name)) read_limit(plan, access::Permission{place}, *limit, name);
    } else {
      std::vector<std::string> known;
      for (const auto& each : plan_options()) known.push_back(prefix + std::string{each.name});
      for (const auto& each : plan_words()) known.push_back(prefix + std::string{each.name});
      for (const auto each : access::kPermissionNames) known.push_back(prefix + std::string{each});
      unknown(key, name, known);
    }
  }
}

void Reader::read_limit(access::Plan& plan, access::Permission permission, const toml::table& table_of_limit,
                        const std::string& endpoint) {
  for (const auto& [key, node] : table_of_limit) {
    const auto name = fmt::format("{}.{}", endpoint, key.str());
    const auto option = std::ranges::find(limit_options(), key.str(), &LimitOption::name);
    if (option == limit_options().end()) {
      std::vector<std::string> known;
      for (const auto& each : limit_options()) known.push_back(fmt::format("{}.{}", endpoint, each.name));
      unknown(key, name, known);
    } else if (option->only_ws && permission != access::Permission::ws) {
      fault(key.source(), fmt::format("{}: only ws has {}", name, option->name));
    } else if (const auto value = integer(node, name, option->range, option->unit)) {
      plan.limits[static_cast<std::size_t>(permission)].*option->at = static_cast<std::uint32_t>(*value);
    }
  }
}

Result<void> Reader::verdict() const {
  if (faults_.empty()) return {};
  std::string message;
  std::size_t told = 0;
  for (const auto& [line, text] : faults_) {
    if (told == kMaxFaults) {
      message += fmt::format("\n{}: and {} more", source_.name, faults_.size() - told);
      break;
    }
    message += fmt::format("{}{}: {}", told == 0 ? "" : "\n", source_.place(line), text);
    ++told;
  }
  return std::unexpected{Error{std::move(message)}};
}

}  // namespace

Result<void> read_into(Config& config, std::string_view toml, const Source& source) {
  try {
    const auto root = toml::parse(toml);
    Reader reader{config, source};
    reader.read(root);
    return reader.verdict();
  } catch (const toml::parse_error& error) {
    return fail("{}: {}", source.place(error.source().begin.line), error.description());
  }
}

bool is_toml(std::string_view text) {
  try {
    static_cast<void>(toml::parse(text));
    return true;
  } catch (const toml::parse_error&) {
    return false;
  }
}

Result<void> check_together(const Config& config) {
  const auto& tls = config.tls;
  if (!tls.listen.empty() && (tls.certificate.empty() || tls.key.empty()))
    return fail("tls.listen is {}, but {} is empty", tls.listen.front(),
                tls.certificate.empty() ? "tls.certificate" : "tls.key");
  if (config.http.outbox_soft_bytes > config.http.outbox_hard_bytes)
    return fail("http.outbox_soft_bytes is {}, more than http.outbox_hard_bytes, which is {}",
                config.http.outbox_soft_bytes, config.http.outbox_hard_bytes);
  std::vector<std::string_view> names;
  for (const auto& plan : config.plans) names.emplace_back(plan.name);
  if (std::ranges::find(names, config.registration.plan) == names.end())
    return fail("registration.plan: there is no plan '{}' among {}", config.registration.plan,
                fmt::join(names, ", "));
  return {};
}

}  // namespace qos::server
