#include "server/config.hpp"

#include <algorithm>
#include <thread>

#include "channel/fanout.hpp"

namespace qos::server {

using access::Limit;
using access::Permission;
using access::Plan;

std::vector<Plan> Config::default_plans() {
  Plan free{.name = "free", .max_klines = 1'000, .valid_days = 15};
  free.limits.fill({.product_count = 10, .request_frequency = 30});
  Limit& ws = free.limits[static_cast<std::size_t>(Permission::ws)];
  ws.max_connections = 1;
  // QOS asks for a second between commands; its own examples sleep just that, so the network may take a
  // tenth.
  ws.min_interval_ms = 900;
  return {free, Plan{.name = "unlimited", .max_klines = 0}};
}

std::size_t io_thread_count(const Config& config) {
  if (config.io_threads > 0) return config.io_threads;
  const auto cores = std::thread::hardware_concurrency();
  return std::min<std::size_t>(std::max(cores, 2U) - 1, channel::kMaxLoops);
}

std::filesystem::path key_database(const Config& config) {
  return std::filesystem::path{config.data} / "keys.sqlite";
}

std::filesystem::path cursor_database(const Config& config) {
  return std::filesystem::path{config.data} / "cursors.sqlite";
}

std::filesystem::path kline_folder(const Config& config) {
  return std::filesystem::path{config.data} / "klines";
}
std::filesystem::path journal_folder(const Config& config) {
  return std::filesystem::path{config.data} / "journal";
}
std::filesystem::path checkpoint_folder(const Config& config) {
  return journal_folder(config) / "checkpoints";
}

Result<std::vector<market::Market>> parse_markets(std::string_view text) {
  std::vector<market::Market> markets;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find('+'));
    const auto market = market::parse_market(part);
    if (!market) return fail("'{}' is no market; expected markets joined by +, as US+HK", part);
    markets.push_back(*market);
    if (part.size() == text.size()) break;
    text.remove_prefix(part.size() + 1);
    if (text.empty()) return fail("a market is missing behind the last +");
  }
  return markets;
}

}  // namespace qos::server
