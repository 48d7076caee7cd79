#include "server/config_print.hpp"

#include <fmt/ranges.h>

#include "server/config_options.hpp"

namespace qos::server {
namespace {

constexpr std::size_t kColumns = 100;

constexpr std::string_view kHead =
    "What `qos serve` can be told, with units, ranges and defaults; docs/configuration.md has the same as a "
    "table. "
    "`qos serve --print-config` prints the values in force in this form. An unknown or mistyped option is "
    "refused with "
    "its line. Flags override the file: --listen, --data, --feed and, for everything, --set NAME=VALUE.";
constexpr std::string_view kPlansHead =
    "Plans: what a key may do. `free` and `unlimited` are always there; a table of their name changes only "
    "what it "
    "says. In a new plan what is not said is unlimited (max_klines: 1000). Endpoints: depth, history, "
    "instrument_info "
    "(also /market-calendar and /product-list), kline, snapshot, trade and ws.";

// Broken between words into lines that begin with "# ".
std::string comment(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (column == 0 || column + 1 + word.size() > kColumns) {
      out += column == 0 ? "#" : "\n#";
      column = 1;
    }
    out += fmt::format(" {}", word);
    column += 1 + word.size();
  }
  return out + '\n';
}

// Fields hand out references to change; reading goes through a copy of the Config.
std::string value_text(const Option& option, Config& config) {
  struct Printer {
    Config& config;
    std::string operator()(const TextField& field) const { return toml_text(field.at(config)); }
    std::string operator()(const ListField& field) const { return toml_list(field.at(config)); }
    std::string operator()(const IntegerField& field) const { return std::to_string(field.at(config)); }
    std::string operator()(const ChoiceField& field) const {
      return toml_text(field.words[field.get(config)]);
    }
  };
  return std::visit(Printer{config}, option.field);
}

std::string range_text(const Range& range, std::string_view unit) {
  return fmt::format("{} to {}{}{}", range.least, range.most, unit.empty() ? "" : " ", unit);
}

std::string words_text(std::span<const std::string_view> words) {
  return fmt::format("\"{}\"", fmt::join(words, "\" or \""));
}

std::string_view chosen(const PlanWord& word, const access::Plan& plan) {
  return word.words[static_cast<std::size_t>(plan.*word.at)];
}

std::string range_text(const Option& option) {
  struct Printer {
    std::string operator()(const TextField&) const { return "a text"; }
    std::string operator()(const ListField& field) const {
      return fmt::format("{} to {} texts", field.least, kMaxListItems);
    }
    std::string operator()(const IntegerField& field) const { return range_text(field.range, field.unit); }
    std::string operator()(const ChoiceField& field) const { return words_text(field.words); }
  };
  return std::visit(Printer{}, option.field);
}

// "http" of "http.status"; empty for options of no table.
std::string_view section_of(std::string_view name) {
  const auto dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view{} : name.substr(0, dot);
}

std::string plan_text(const access::Plan& plan) {
  std::string out = fmt::format("[plans.{}]\n", plan.name);
  for (const PlanOption& option : plan_options())
    out += fmt::format("{} = {}\n", option.name, plan.*option.at);
  for (const PlanWord& word : plan_words())
    out += fmt::format("{} = {}\n", word.name, toml_text(chosen(word, plan)));
  for (std::size_t place = 0; place < access::kPermissions; ++place) {
    const bool ws = access::Permission{static_cast<std::uint8_t>(place)} == access::Permission::ws;
    std::vector<std::string> members;
    for (const LimitOption& option : limit_options())
      if (ws || !option.only_ws)
        members.push_back(fmt::format("{} = {}", option.name, plan.limits[place].*option.at));
    out += fmt::format("{} = {{ {} }}\n", access::kPermissionNames[place], fmt::join(members, ", "));
  }
  return out;
}

std::string plan_comments() {
  std::string out = comment(kPlansHead) + "#\n";
  for (const PlanOption& option : plan_options())
    out += comment(
        fmt::format("{}: {} Takes {}.", option.name, option.help, range_text(option.range, option.unit)));
  for (const PlanWord& word : plan_words())
    out += comment(fmt::format("{}: {} Takes {}.", word.name, word.help, words_text(word.words)));
  for (const LimitOption& option : limit_options())
    out += comment(fmt::format("{}{}: {} Takes {}.", option.name, option.only_ws ? " (ws only)" : "",
                               option.help, range_text(option.range, option.unit)));
  return out;
}

}  // namespace

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\u{:04X}", byte);
    else
      out += c;
  }
  return out + '"';
}

std::string toml_list(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  quoted.reserve(texts.size());
  for (const auto& text : texts) quoted.push_back(toml_text(text));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

std::string render(const Config& given) {
  Config config = given;
  Config defaults;
  std::string out = comment(kHead);
  std::string_view section;
  for (const Option& option : options()) {
    const auto its_section = section_of(option.name);
    if (its_section != section) out += fmt::format("\n[{}]", its_section);
    section = its_section;
    const auto flag = option.flag.empty() ? std::string{} : fmt::format(" Flag: {}.", option.flag);
    out += '\n' + comment(option.help);
    out += comment(
        fmt::format("Takes {}; default {}.{}", range_text(option), value_text(option, defaults), flag));
    const auto name = section.empty() ? option.name : option.name.substr(section.size() + 1);
    out += fmt::format("{} = {}\n", name, value_text(option, config));
  }
  out += '\n' + plan_comments();
  for (const auto& plan : config.plans) out += '\n' + plan_text(plan);
  return out;
}

std::vector<OptionText> option_texts() {
  std::vector<OptionText> texts;
  Config defaults;
  for (const Option& option : options())
    texts.push_back({.name = std::string{option.name},
                     .flag = std::string{option.flag},
                     .default_value = value_text(option, defaults),
                     .range = range_text(option),
                     .help = std::string{option.help}});
  const access::Plan plan;
  for (const PlanOption& option : plan_options())
    texts.push_back({.name = fmt::format("plans.NAME.{}", option.name),
                     .flag = {},
                     .default_value = std::to_string(plan.*option.at),
                     .range = range_text(option.range, option.unit),
                     .help = std::string{option.help}});
  for (const PlanWord& word : plan_words())
    texts.push_back({.name = fmt::format("plans.NAME.{}", word.name),
                     .flag = {},
                     .default_value = toml_text(chosen(word, plan)),
                     .range = words_text(word.words),
                     .help = std::string{word.help}});
  for (const LimitOption& option : limit_options())
    texts.push_back({.name = fmt::format("plans.NAME.{}.{}", option.only_ws ? "ws" : "ENDPOINT", option.name),
                     .flag = {},
                     .default_value = "0",
                     .range = range_text(option.range, option.unit),
                     .help = std::string{option.help}});
  return texts;
}

}  // namespace qos::server
