#include "server/config_print.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "io/file.hpp"
#include "server/config_options.hpp"

namespace qos::server {
namespace {

using ::testing::HasSubstr;

std::string text_of(std::string_view path) {
  const auto text = io::read_file(std::string{QOS_SOURCE_DIR "/"} + std::string{path});
  return text ? *text : text.error().message;
}

TEST(ConfigPrint, defaults_read_back_as_themselves) {
  EXPECT_EQ(parse_config(render(Config{}), "printed"), Config{});
}

TEST(ConfigPrint, escapes_what_toml_needs) {
  EXPECT_EQ(toml_text("a\"b\\c\n\x01é"), R"("a\"b\\c\u000A\u0001é")");
  EXPECT_EQ(toml_list({"a", "\""}), R"(["a", "\""])");
}

// Random values of every option, ends of ranges included; read back over random other values, so that an
// option that is not printed shows.
class RandomConfigs {
 public:
  explicit RandomConfigs(std::uint64_t seed) : random_{seed} {}

  Config next() {
    Config config;
    struct Setter {
      RandomConfigs& self;
      Config& config;
      void operator()(const TextField& field) const {
        field.at(config) = field.check("any text")       ? self.text()
                           : field.check("127.0.0.1:99") ? "127.0.0.1:99"
                                                         : "HK+US";
      }
      void operator()(const ListField& field) const {
        const char* const value = field.check("[::1]:9") ? "[::1]:9" : R"(simulated:path=a\\b")";
        field.at(config).assign(1 + self.below(3), value);
      }
      void operator()(const IntegerField& field) const { field.at(config) = self.within(field.range); }
      void operator()(const ChoiceField& field) const { field.set(config, self.below(field.words.size())); }
    };
    for (const Option& option : options()) std::visit(Setter{*this, config}, option.field);
    config.http.outbox_soft_bytes = std::min(config.http.outbox_soft_bytes, config.http.outbox_hard_bytes);
    config.plans = {plan("0"), plan("free"), plan("true"), plan("unlimited")};
    config.registration.plan = "true";
    return config;
  }

 private:
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  std::uint64_t within(Range range) {
    switch (below(4)) {
      case 0:
        return range.least;
      case 1:
        return range.most;
      default:
        return range.least + below(range.most - range.least + 1);
    }
  }
  std::string text() {
    std::string text = "x";
    for (auto left = below(8); left > 0; --left)
      text += std::vector<std::string>{"\"", "\\", "'", " ", "#", "é", "行情", "a", "\\u0041"}[below(9)];
    return text;
  }
  access::Plan plan(std::string name) {
    access::Plan plan{.name = std::move(name)};
    for (const auto& option : plan_options())
      plan.*option.at = static_cast<std::uint32_t>(within(option.range));
    for (std::size_t place = 0; place < access::kPermissions; ++place)
      for (const auto& option : limit_options())
        if (!option.only_ws || access::kPermissionNames[place] == "ws")
          plan.limits[place].*option.at = static_cast<std::uint32_t>(within(option.range));
    return plan;
  }
  std::mt19937_64 random_;
};

TEST(ConfigPrint, any_configuration_reads_back_as_itself) {
  constexpr std::uint64_t kSeed = 20'261'122;
  SCOPED_TRACE(kSeed);
  RandomConfigs configs{kSeed};
  for (int round = 0; round < 200; ++round) {
    const auto config = configs.next();
    auto over = configs.next();
    const auto printed = render(config);
    const auto read = parse_config(printed, "printed", std::move(over));
    ASSERT_TRUE(read) << read.error().message << "\n" << printed;
    ASSERT_EQ(*read, config) << printed;
  }
}

TEST(ConfigPrint, the_example_file_is_the_defaults_printed) {
  EXPECT_EQ(text_of("config/qos.example.toml"), render(Config{}));
}

// docs/configuration.md holds these rows word for word.
TEST(ConfigPrint, the_documentation_has_a_row_for_every_option) {
  const auto document = text_of("docs/configuration.md");
  for (const auto& option : option_texts()) {
    const auto row = fmt::format("| `{}` | {} | `{}` | {} | {} |\n", option.name,
                                 option.flag.empty() ? "" : fmt::format("`{}`", option.flag),
                                 option.default_value, option.range, option.help);
    EXPECT_TRUE(document.find(row) != std::string::npos) << "missing in docs/configuration.md:\n" << row;
  }
  // And none for an option that is gone.
  std::size_t rows = 0;
  for (auto at = document.find("\n| `"); at != std::string::npos; at = document.find("\n| `", at + 1)) ++rows;
  EXPECT_EQ(rows, option_texts().size());
}

TEST(ConfigPrint, every_option_says_what_it_means_and_takes) {
  for (const auto& option : option_texts()) {
    EXPECT_TRUE(option.help.ends_with('.')) << option.name;
    EXPECT_EQ(option.help.find('|'), std::string::npos) << option.name;
  }
  const auto printed = render(Config{});
  EXPECT_THAT(printed, HasSubstr("# Largest body of a request, after decompression; beyond it 413.\n"
                                 "# Takes 1024 to 16777216 bytes; default 1048576.\n"
                                 "max_body_bytes = 1048576\n"));
  EXPECT_THAT(printed, HasSubstr("\n[http]\n"));
}

}  // namespace
}  // namespace qos::server
