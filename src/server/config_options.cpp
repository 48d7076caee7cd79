#include "server/config_options.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "channel/fanout.hpp"
#include "feed/feed.hpp"

namespace qos::server {
namespace {

Result<void> any_text(std::string_view) {
  return {};
}

Result<void> no_empty_text(std::string_view text) {
  if (text.empty()) return fail("must not be empty");
  return {};
}

// Only the shape: whether the machine has the address shows when it is bound.
Result<void> address(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto host = text.substr(0, colon);
  const auto port = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  const bool bare = host.find_first_of("[]: ") == std::string_view::npos;
  if (host.empty() || !(bracketed || bare) || error != std::errc{} || end != port.data() + port.size())
    return fail("'{}' is no ADDRESS:PORT or [V6-ADDRESS]:PORT with a port of 0 to 65535", text);
  return {};
}

Result<void> address_or_nothing(std::string_view text) {
  return text.empty() ? Result<void>{} : address(text);
}

Result<void> markets(std::string_view text) {
  if (const auto parsed = parse_markets(text); !parsed) return std::unexpected{parsed.error()};
  return {};
}

Result<void> feed_spec(std::string_view text) {
  if (const auto spec = feed::FeedSpec::parse(text); !spec) return std::unexpected{spec.error()};
  return {};
}

constexpr std::array<std::string_view, 2> kHttpStatuses{"by_class", "always_200"};
constexpr std::array<std::string_view, 2> kRegistrationModes{"open", "closed"};
constexpr std::array<std::string_view, 2> kDemoKeys{"on", "off"};
constexpr std::array<std::string_view, 2> kAnchors{"session", "segment"};
constexpr std::array<std::string_view, 2> kAdjustments{"ratio", "subtract"};
constexpr std::array<std::string_view, 2> kHistory{"on", "off"};
constexpr std::array<std::string_view, 2> kJournalModes{"on", "off"};
constexpr std::array<std::string_view, 2> kArchive{"on", "off"};
constexpr std::array<std::string_view, 5> kLogLevels{"trace", "debug", "info", "warn", "error"};

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kDayMs = 86'400'000;

const std::array kOptions{
    Option{"listen", "--listen",
           "Where HTTP and WebSocket clients are served: ADDRESS:PORT or [V6-ADDRESS]:PORT; port 0 takes a "
           "free one.",
           ListField{[](Config& c) -> auto& { return c.listen; }, address}},
    Option{"data", "--data",
           "Folder of everything the server keeps (keys, K-lines, reference data); made if absent. Relative "
           "to where it is "
           "started.",
           TextField{[](Config& c) -> auto& { return c.data; }, no_empty_text}},
    Option{"feed", "--feed",
           "Sources of market data, as KIND or KIND:OPTION=VALUE,…; docs of each kind list its options.",
           ListField{[](Config& c) -> auto& { return c.feed; }, feed_spec}},
    Option{"instruments", "", "CSV file of instruments. Empty: the table inside the program.",
           TextField{[](Config& c) -> auto& { return c.instruments; }, any_text}},
    Option{"markets", "", "Folder of session calendars. Empty: the calendars inside the program.",
           TextField{[](Config& c) -> auto& { return c.markets; }, any_text}},
    Option{"io_threads", "",
           "Threads that talk to clients. 0: one less than the machine has cores, at least 1.",
           IntegerField{[](Config& c) -> auto& { return c.io_threads; }, {0, channel::kMaxLoops}, ""}},
    Option{"stale_after_s", "",
           "A market whose feed is silent for longer during a session counts as stale: `strict` requests for "
           "it are "
           "answered with 503. 0: never.",
           IntegerField{[](Config& c) -> auto& { return c.stale_after_s; }, {0, 604'800}, "seconds"}},

    Option{"http.max_connections", "", "Open at a time over all threads; one more is closed at once.",
           IntegerField{[](Config& c) -> auto& { return c.http.max_connections; }, {1, 10'000'000}, ""}},
    Option{
        "http.max_body_bytes", "", "Largest body of a request, after decompression; beyond it 413.",
        IntegerField{[](Config& c) -> auto& { return c.http.max_body_bytes; }, {1'024, 16 * kMiB}, "bytes"}},
    Option{
        "http.max_frame_bytes", "",
        "Largest message of a WebSocket client; beyond it the connection is closed.",
        IntegerField{[](Config& c) -> auto& { return c.http.max_frame_bytes; }, {1'024, 16 * kMiB}, "bytes"}},
    Option{"http.outbox_hard_bytes", "",
           "What may wait for one slow client; beyond it the client is closed. Memory a client can cost.",
           IntegerField{
               [](Config& c) -> auto& { return c.http.outbox_hard_bytes; }, {65'536, 1'024 * kMiB}, "bytes"}},
    Option{"http.outbox_soft_bytes", "",
           "Above this for longer than outbox_grace_ms a client is closed too. At most outbox_hard_bytes.",
           IntegerField{
               [](Config& c) -> auto& { return c.http.outbox_soft_bytes; }, {4'096, 1'024 * kMiB}, "bytes"}},
    Option{"http.gather_us", "",
           "How long a busy I/O thread gathers updates at most, while more are there, before it sends them.",
           IntegerField{[](Config& c) -> auto& { return c.http.gather_us; }, {0, 1'000'000}, "microseconds"}},
    Option{
        "http.congestion_control", "",
        "How the kernel paces what is sent to a client: cubic, bbr or another that the machine has; empty: "
        "as the machine does.",
        TextField{[](Config& c) -> auto& { return c.http.congestion_control; }, any_text}},
    Option{"http.unsent_bytes", "",
           "What the kernel takes for a client although it cannot be sent yet; less lets a slow client hear "
           "newer states. 0: as much as fits.",
           IntegerField{[](Config& c) -> auto& { return c.http.unsent_bytes; }, {0, 16 * kMiB}, "bytes"}},
    Option{"http.outbox_grace_ms", "", "How long a client may stay above outbox_soft_bytes.",
           IntegerField{
               [](Config& c) -> auto& { return c.http.outbox_grace_ms; }, {0, 600'000}, "milliseconds"}},
    Option{
        "http.heartbeat_timeout_ms", "", "A WebSocket client silent for longer is closed (1001).",
        IntegerField{
            [](Config& c) -> auto& { return c.http.heartbeat_timeout_ms; }, {1'000, kDayMs}, "milliseconds"}},
    Option{"http.idle_timeout_ms", "",
           "An HTTP connection that sends no whole request, or takes nothing of its answer, for longer is "
           "closed.",
           IntegerField{
               [](Config& c) -> auto& { return c.http.idle_timeout_ms; }, {1'000, kDayMs}, "milliseconds"}},
    Option{"http.drain_ms", "",
           "A server told to stop asks its clients to leave evenly over this time, and cuts off 2 s later "
           "who has "
           "not. 0: all at once.",
           IntegerField{[](Config& c) -> auto& { return c.http.drain_ms; }, {0, 600'000}, "milliseconds"}},
    Option{"http.status", "",
           "by_class: errors have their HTTP status (400, 401, 429, …). always_200: every answer is sent "
           "with 200, for "
           "clients that insist on it; the body's `msg` and `code` tell.",
           ChoiceField{kHttpStatuses, [](const Config& c) { return static_cast<std::size_t>(c.http.status); },
                       [](Config& c, std::size_t place) { c.http.status = static_cast<HttpStatus>(place); }}},

    Option{"registration.mode", "",
           "open: /register gives a key at once to whoever asks. closed: only `qos key create` makes keys.",
           ChoiceField{kRegistrationModes,
                       [](const Config& c) { return static_cast<std::size_t>(c.registration.mode); },
                       [](Config& c, std::size_t place) {
                         c.registration.mode = static_cast<RegistrationMode>(place);
                       }}},
    Option{"registration.demo_key", "",
           "on: a key of the plan `unlimited` for a first try, kept in demo.key of the data folder and "
           "printed at the "
           "start. off: none is made, printed or let in again.",
           ChoiceField{
               kDemoKeys, [](const Config& c) { return static_cast<std::size_t>(c.registration.demo_key); },
               [](Config& c, std::size_t place) { c.registration.demo_key = static_cast<DemoKey>(place); }}},
    Option{"registration.plan", "", "The plan of keys that /register gives.",
           TextField{[](Config& c) -> auto& { return c.registration.plan; }, no_empty_text}},
    Option{"registration.per_day", "", "Keys that one address may register in a day.",
           IntegerField{[](Config& c) -> auto& { return c.registration.per_day; }, {1, 1'000'000}, ""}},

    Option{"state.trades_kept", "",
           "Latest trades held in memory for /trade, per instrument; 50 is what a request may ask.",
           IntegerField{[](Config& c) -> auto& { return c.state.trades_kept; }, {50, 100'000}, ""}},
    Option{
        "state.klines_kept", "",
        "Latest K-lines held in memory, per instrument and type (eleven types); older ones are read from the "
        "history.",
        IntegerField{[](Config& c) -> auto& { return c.state.klines_kept; }, {2, 262'144}, ""}},

    Option{"state.ledger_kept", "",
           "Latest trades of an instrument that the venue can still take back or correct exactly, 40 bytes "
           "each.",
           IntegerField{[](Config& c) -> auto& { return c.state.ledger_kept; }, {0, 1'048'576}, ""}},

    Option{"klines.anchor", "",
           "Where 5 to 240 minute K-lines start counting. session: at the session's open, so that they may "
           "reach across lunch. segment: again after each break.",
           ChoiceField{
               kAnchors, [](const Config& c) { return static_cast<std::size_t>(c.klines.anchor); },
               [](Config& c, std::size_t place) { c.klines.anchor = static_cast<market::Anchor>(place); }}},
    Option{"klines.adjustment", "",
           "How adjusted K-lines are made. ratio: prices times the product of factors. subtract: the linear "
           "chain of Chinese desktop software.",
           ChoiceField{kAdjustments,
                       [](const Config& c) { return static_cast<std::size_t>(c.klines.adjustment); },
                       [](Config& c, std::size_t place) {
                         c.klines.adjustment = static_cast<market::AdjustmentMethod>(place);
                       }}},
    Option{"klines.own_bar", "",
           "Markets, joined by +, whose closing print has a minute K-line of its own at the close; in the "
           "others it belongs to the last minute.",
           TextField{[](Config& c) -> auto& { return c.klines.own_bar; }, markets}},
    Option{"klines.history", "",
           "on: K-lines are kept in the folder klines of the data folder, for good. off: only what fits in "
           "memory is there.",
           ChoiceField{kHistory, [](const Config& c) { return static_cast<std::size_t>(c.klines.history); },
                       [](Config& c, std::size_t place) { c.klines.history = static_cast<History>(place); }}},

    Option{
        "journal.mode", "",
        "on: every event is kept in the folder journal of the data folder; a crash loses nothing, the past "
        "can be served again. off: what is in memory is gone after a restart.",
        ChoiceField{kJournalModes, [](const Config& c) { return static_cast<std::size_t>(c.journal.mode); },
                    [](Config& c, std::size_t place) { c.journal.mode = static_cast<JournalMode>(place); }}},
    Option{"journal.commit_ms", "",
           "Longest wait of an event until its sync begins: what a power cut can cost of feeds that are not "
           "durable first.",
           IntegerField{[](Config& c) -> auto& { return c.journal.commit_ms; }, {1, 10'000}, "milliseconds"}},
    Option{"journal.segment_mb", "",
           "A segment of the journal that has grown so large is closed and archived.",
           IntegerField{[](Config& c) -> auto& { return c.journal.segment_mb; }, {1, 65'536}, "MiB"}},
    Option{
        "journal.tail_events", "",
        "Events that may wait for the disk, 160 bytes each in a file that is memory; beyond it feeds wait.",
        IntegerField{[](Config& c) -> auto& { return c.journal.tail_events; }, {4'096, 16'777'216}, ""}},
    Option{"journal.keep_days", "", "Segments that were closed before are removed. 0: age does not matter.",
           IntegerField{[](Config& c) -> auto& { return c.journal.keep_days; }, {0, 36'500}, "days"}},
    Option{"journal.keep_mb", "",
           "Oldest segments beyond this size are removed. 0: size does not matter. What the next start needs "
           "is kept whatever these two say.",
           IntegerField{[](Config& c) -> auto& { return c.journal.keep_mb; }, {0, 1'073'741'824}, "MiB"}},
    Option{
        "journal.archive", "", "on: closed segments are compressed once more. off: they stay as written.",
        ChoiceField{kArchive, [](const Config& c) { return static_cast<std::size_t>(c.journal.archive); },
                    [](Config& c, std::size_t place) { c.journal.archive = static_cast<Archive>(place); }}},
    Option{
        "journal.durable_first", "",
        "Kinds of feeds, joined by +, whose events are published only once they are on the disk. What other "
        "feeds send behind them waits too.",
        TextField{[](Config& c) -> auto& { return c.journal.durable_first; }, any_text}},
    Option{
        "journal.checkpoint_events", "",
        "A checkpoint of the state is taken after so many events: a restart applies about as many at most.",
        IntegerField{
            [](Config& c) -> auto& { return c.journal.checkpoint_events; }, {1'000, 1'000'000'000'000}, ""}},
    Option{"journal.checkpoint_s", "", "And after this time, if anything happened.",
           IntegerField{[](Config& c) -> auto& { return c.journal.checkpoint_s; }, {1, 604'800}, "seconds"}},
    Option{
        "journal.checkpoint_spacing_s", "",
        "Between checkpoints that are kept for time travel and questions about the past.",
        IntegerField{
            [](Config& c) -> auto& { return c.journal.checkpoint_spacing_s; }, {60, 31'536'000}, "seconds"}},

    Option{
        "travel.max_worlds", "",
        "Instants of the past, with their speeds, that keys can travel in at the same time; each costs the "
        "memory of a whole state. 0: none.",
        IntegerField{[](Config& c) -> auto& { return c.travel.max_worlds; }, {0, 1'000}, ""}},

    Option{
        "tls.listen", "",
        "Where the same is served with TLS (https, wss): ADDRESS:PORT or [V6-ADDRESS]:PORT. Empty: nowhere.",
        ListField{[](Config& c) -> auto& { return c.tls.listen; }, address, 0}},
    Option{
        "tls.certificate", "",
        "PEM file of the certificate, the server's own first, then the chain. Replaced on disk, it is taken "
        "up without a restart (docs/tls.md).",
        TextField{[](Config& c) -> auto& { return c.tls.certificate; }, any_text}},
    Option{"tls.key", "", "PEM file of its private key, without a pass phrase.",
           TextField{[](Config& c) -> auto& { return c.tls.key; }, any_text}},

    Option{"admin.listen", "",
           "Where GET /metrics is served, without a key: keep it off public networks. Empty: nowhere.",
           TextField{[](Config& c) -> auto& { return c.admin.listen; }, address_or_nothing}},

    Option{"log.level", "", "The least serious messages that are written.",
           ChoiceField{kLogLevels, [](const Config& c) { return static_cast<std::size_t>(c.log.level); },
                       [](Config& c, std::size_t place) { c.log.level = static_cast<LogLevel>(place); }}},
    Option{"log.file", "", "File that messages are appended to. Empty: standard error.",
           TextField{[](Config& c) -> auto& { return c.log.file; }, any_text}},
};

constexpr std::array kPlanOptions{
    PlanOption{"max_klines",
               "K-lines of one code in one answer. 0: as many as there are.",
               "",
               {0, 1'000'000},
               &access::Plan::max_klines},
    PlanOption{
        "valid_days", "Life of a new key. 0: for good.", "days", {0, 36'500}, &access::Plan::valid_days},
};

constexpr std::array kPlanWords{
    PlanWord{"compression",
             "What WebSockets are sent is compressed, where the client can read it: once for all clients, or "
             "smaller still with a context of its own, at 38 KB a connection and the work for each anew.",
             access::kCompressionNames, &access::Plan::compression},
};

constexpr std::array kLimitOptions{
    LimitOption{
        "product_count",
        "Products in one request; for ws: distinct products subscribed on a connection. 0: unlimited.",
        "",
        {0, 10'000'000},
        &access::Limit::product_count,
        false},
    LimitOption{"request_frequency",
                "Requests a minute; for ws: commands, heartbeats excepted. 0: unlimited.",
                "a minute",
                {0, 1'000'000'000},
                &access::Limit::request_frequency,
                false},
    LimitOption{"max_connections",
                "WebSockets open at a time. 0: unlimited.",
                "",
                {0, 10'000'000},
                &access::Limit::max_connections,
                true},
    LimitOption{"min_interval_ms",
                "Least time between two commands, heartbeats excepted. 0: none.",
                "milliseconds",
                {0, 3'600'000},
                &access::Limit::min_interval_ms,
                true},
};

}  // namespace

std::span<const Option> options() {
  return kOptions;
}
std::span<const PlanOption> plan_options() {
  return kPlanOptions;
}
std::span<const PlanWord> plan_words() {
  return kPlanWords;
}
std::span<const LimitOption> limit_options() {
  return kLimitOptions;
}

}  // namespace qos::server
