// Everything `qos serve` can be told: one TOML file, and flags that override it. docs/configuration.md is
// written from the same table (config_options.hpp) that reads and prints it.
//
// Threads: plain values, made once at the start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/plan.hpp"
#include "core/result.hpp"
#include "market/adjustment.hpp"
#include "market/kline_clock.hpp"

namespace qos::server {

enum class HttpStatus : std::uint8_t { by_class, always_200 };
enum class RegistrationMode : std::uint8_t { open, closed };
enum class DemoKey : std::uint8_t { on, off };
enum class History : std::uint8_t { on, off };
enum class JournalMode : std::uint8_t { on, off };
enum class Archive : std::uint8_t { on, off };
enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };

// Field names are the option names; what each means, its unit and range stand in config_options.cpp.
struct Config {
  struct Http {
    std::uint64_t max_connections = 10'000;
    std::uint64_t max_body_bytes = 1 << 20;
    std::uint64_t max_frame_bytes = 1 << 18;
    std::uint64_t outbox_hard_bytes = 4 << 20;
    std::uint64_t outbox_soft_bytes = 1 << 20;
    std::uint64_t outbox_grace_ms = 5'000;
    std::uint64_t gather_us = 2'000;
    std::uint64_t updates_per_flush = 0;  // no option: for measuring, as api::ServerOptions has it
    std::string congestion_control = "cubic";
    std::uint64_t unsent_bytes = 128 << 10;
    std::uint64_t heartbeat_timeout_ms = 60'000;
    std::uint64_t idle_timeout_ms = 75'000;
    std::uint64_t drain_ms = 5'000;
    HttpStatus status = HttpStatus::by_class;
    friend bool operator==(const Http&, const Http&) = default;
  };
  struct RegistrationOptions {
    RegistrationMode mode = RegistrationMode::open;
    DemoKey demo_key = DemoKey::on;
    std::string plan = "free";
    std::uint64_t per_day = 10;
    friend bool operator==(const RegistrationOptions&, const RegistrationOptions&) = default;
  };
  struct State {
    std::uint64_t trades_kept = 64;
    std::uint64_t klines_kept = 1'000;
    std::uint64_t ledger_kept = 4'096;
    friend bool operator==(const State&, const State&) = default;
  };
  struct Klines {
    market::Anchor anchor = market::Anchor::session;
    market::AdjustmentMethod adjustment = market::AdjustmentMethod::ratio;
    std::string own_bar = "US";  // markets joined by +
    History history = History::on;
    friend bool operator==(const Klines&, const Klines&) = default;
  };
  struct Journal {
    JournalMode mode = JournalMode::on;
    std::uint64_t commit_ms = 5;
    std::uint64_t segment_mb = 256;
    std::uint64_t tail_events = 65'536;
    std::uint64_t keep_days = 7;
    std::uint64_t keep_mb = 4'096;
    Archive archive = Archive::on;
    std::string durable_first{};  // kinds of feeds joined by +
    std::uint64_t checkpoint_events = 10'000'000;
    std::uint64_t checkpoint_s = 600;
    std::uint64_t checkpoint_spacing_s = 21'600;
    friend bool operator==(const Journal&, const Journal&) = default;
  };
  struct Travel {
    std::uint64_t max_worlds = 4;
    friend bool operator==(const Travel&, const Travel&) = default;
  };
  struct Tls {
    std::vector<std::string> listen{};  // empty: off
    std::string certificate{};
    std::string key{};
    friend bool operator==(const Tls&, const Tls&) = default;
  };
  struct Admin {
    std::string listen = "127.0.0.1:8081";  // empty: off
    friend bool operator==(const Admin&, const Admin&) = default;
  };
  struct Log {
    LogLevel level = LogLevel::info;
    std::string file;  // empty: standard error
    friend bool operator==(const Log&, const Log&) = default;
  };

  std::vector<std::string> listen{"127.0.0.1:8080"};
  std::string data = "var";
  std::vector<std::string> feed{"simulated"};  // feed::FeedSpec texts
  std::string instruments;                     // empty: the table inside the binary
  std::string markets;                         // empty: the calendars inside the binary
  std::uint64_t io_threads = 0;                // 0: io_thread_count() decides
  std::uint64_t stale_after_s = 60;            // 0: never
  Http http;
  RegistrationOptions registration;
  State state;
  Klines klines;
  Journal journal;
  Travel travel;
  Tls tls;
  Admin admin;
  Log log;
  std::vector<access::Plan> plans = default_plans();  // sorted by name

  // `free`, as QOS documents its own, and `unlimited`.
  static std::vector<access::Plan> default_plans();

  friend bool operator==(const Config&, const Config&) = default;
};

// What the command line said. Absent or empty: the file's word, or the default's. Lists replace the file's
// lists.
struct ServeFlags {
  std::optional<std::string> config;  // --config FILE
  std::vector<std::string> listen;    // --listen ADDRESS:PORT, may be repeated
  std::optional<std::string> data;    // --data DIR
  std::vector<std::string> feed;      // --feed SPEC, may be repeated
  std::vector<std::string> set;       // --set NAME=VALUE in TOML: any option, may be repeated
};

// Errors name the file and the line: "qos.toml:3: unknown option 'http.max_conections' (did you mean
// 'http.max_connections'?)".
Result<Config> effective_config(const ServeFlags& flags);

// `source` is what errors call the text: a file's name, "--set".
Result<Config> parse_config(std::string_view toml, std::string_view source, Config defaults = {});

// io_threads, or for 0 one less than the machine has cores (the market thread's), at least 1 and at most what
// the fan-out serves.
std::size_t io_thread_count(const Config& config);

std::filesystem::path key_database(const Config& config);       // <data>/keys.sqlite
std::filesystem::path cursor_database(const Config& config);    // <data>/cursors.sqlite
std::filesystem::path kline_folder(const Config& config);       // <data>/klines
std::filesystem::path journal_folder(const Config& config);     // <data>/journal
std::filesystem::path checkpoint_folder(const Config& config);  // <data>/journal/checkpoints

// "US+HK" -> both; empty: none. An error names the part that is no market.
Result<std::vector<market::Market>> parse_markets(std::string_view text);

}  // namespace qos::server
