// A client of the WebSocket protocol on one end of a socket pair: subscribes with `seq`, remembers the last
// number of every channel, comes back with `from`, and holds every push against what was published.
#pragma once

#include <sys/socket.h>

#include <array>
#include <charconv>
#include <random>

#include "io/descriptor.hpp"
#include "simulation/reference.hpp"

namespace qos::simulation {

struct ClientCounts {
  std::uint64_t pushes = 0;
  std::uint64_t resumed = 0;  // channels that were asked for with `from` and not called lost
  std::uint64_t lost = 0;
  std::uint64_t closed = 0;  // by the server
};

class Client {
 public:
  Client(std::uint64_t seed, const Reference& reference, ClientCounts& counts)
      : random_{seed}, reference_{reference}, counts_{counts} {}

  bool connected() const { return socket_.valid(); }
  // The server's end.
  io::Descriptor connect() {
    std::array<int, 2> ends{};
    QOS_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const int small = 8'192;
    ::setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    socket_.reset(ends[0]);
    in_.clear();
    asked_.reset();
    upgraded_ = greeted_ = false;
    channels_ = {};
    precise_ = random_() % 2 == 0;
    send(
        "GET /ws?key=good HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    say(precise_ ? R"({"type":"X","ext":["seq","ns","turnover","closed"]})"
                 : R"({"type":"X","ext":["seq","turnover","closed"]})");
    return io::Descriptor{ends[1]};
  }
  void disconnect() { socket_.reset(); }

  // Asks for a few codes of one topic, from where it was if it was there before.
  void subscribe() {
    if (!connected() || !greeted_ || asked_) return;
    Asked asked{.topic = static_cast<channel::Topic>(random_() % 4)};
    constexpr std::array<std::uint8_t, 5> kTypes{0, 1, 4, 7, 8};
    if (asked.topic == channel::Topic::kline) asked.type = kTypes[random_() % kTypes.size()];
    std::string codes;
    std::string from;
    for (std::uint32_t row = 0; row < instruments().size(); ++row) {
      const auto key = key_of(InstrumentId{row}, asked.topic, asked.type);
      if (random_() % 2 == 0 || channels_.contains(key)) continue;
      // An index has no depth.
      const auto code = instruments().at(InstrumentId{row}).code.to_string();
      codes += fmt::format(R"({}"{}")", codes.empty() ? "" : ",", code);
      auto& hearing = channels_[key];
      if (const auto known = known_.find(key); known != known_.end() && random_() % 8 != 0) {
        from += fmt::format(R"({}"{}":{})", from.empty() ? "" : ",", code, known->second);
        hearing = {.last = known->second, .resumes = true};
        asked.resumed.push_back(key);
      }
      // The state comes first, or nothing of the past.
    }
    if (codes.empty()) return;
    say(fmt::format(R"({{"type":"{}","codes":[{}],"kt":{}{}}})", "STDK"[static_cast<int>(asked.topic)], codes,
                    static_cast<int>(market::kKlineTypes[asked.type]),
                    from.empty() ? "" : fmt::format(R"(,"from":{{{}}})", from)));
    asked_ = std::move(asked);
  }

  // Takes what has come, at most so much. True: there was something.
  bool read(std::size_t most) {
    if (!connected()) return false;
    const auto before = in_.size();
    in_.resize(before + most);
    const auto got = ::recv(socket_.get(), in_.data() + before, most, 0);
    in_.resize(before + static_cast<std::size_t>(std::max<std::ptrdiff_t>(got, 0)));
    if (got > 0) {
      heard_ = XXH3_64bits_withSeed(in_.data() + before, static_cast<std::size_t>(got), heard_);
      take_messages();
      return true;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    ++counts_.closed;
    disconnect();
    return true;
  }
  // Nothing is under way: it must have heard everything.
  void demand_everything() const {
    if (!connected()) return;
    demand(!asked_, "a command was not answered");
    for (const auto& [key, hearing] : channels_) {
      const auto* there = reference_.published(key);
      const auto last = there == nullptr ? 0 : there->last();
      if (!hearing.last) {
        // Trades have no first state; what was before the subscription is not told.
        continue;
      }
      demand(*hearing.last == reference_.epoch().value() + last, "{}: heard up to {}, published up to {}",
             text_of(key), *hearing.last - reference_.epoch().value(), last);
    }
  }
  std::uint64_t heard() const { return heard_; }

 private:
  struct Hearing {
    std::optional<std::uint64_t> last{};  // on the wire
    bool resumes = false;                 // `last` is of before
  };
  struct Asked {
    channel::Topic topic = channel::Topic::snapshot;
    std::uint8_t type = 0;
    std::vector<channel::ChannelKey> resumed{};
  };

  channel::ChannelKey key_of(InstrumentId id, channel::Topic topic, std::uint8_t type) const {
    if (topic == channel::Topic::kline)
      return {id, topic, static_cast<std::uint8_t>(channel::kExtendedKlines + type)};
    return {id, topic,
            topic == channel::Topic::trade && precise_ ? channel::kPreciseTrades : std::uint8_t{0}};
  }
  void send(std::string_view bytes) {
    [[maybe_unused]] const auto put = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  // Masked with zeroes, which leaves the text as it is.
  void say(std::string_view text) {
    std::string frame{'\x81'};
    if (text.size() < 126) {
      frame += static_cast<char>(0x80 | text.size());
    } else {
      frame += static_cast<char>(0x80 | 126);
      frame += static_cast<char>(text.size() >> 8);
      frame += static_cast<char>(text.size() & 0xFF);
    }
    frame.append(4, '\0');
    frame += text;
    send(frame);
  }

  void take_messages() {
    std::size_t at = 0;
    if (!upgraded_) {
      const auto end = in_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      demand(in_.starts_with("HTTP/1.1 101"), "no upgrade: {}", in_.substr(0, end));
      upgraded_ = true;
      at = end + 4;
    }
    while (connected()) {
      const std::string_view rest = std::string_view{in_}.substr(at);
      if (rest.size() < 2) break;
      std::size_t size = static_cast<unsigned char>(rest[1]);
      std::size_t head = 2;
      if (size >= 126) {
        head = size == 126 ? 4 : 10;
        if (rest.size() < head) break;
        size = 0;
        for (std::size_t byte = 2; byte < head; ++byte)
          size = size << 8 | static_cast<unsigned char>(rest[byte]);
      }
      if (rest.size() < head + size) break;
      const auto opcode = rest[0] & 0x0F;
      if (opcode == 1) take(rest.substr(head, size));
      if (opcode == 8) {
        ++counts_.closed;
        return disconnect();
      }
      at += head + size;
    }
    in_.erase(0, at);
  }

  void take(std::string_view text) {
    if (text.starts_with(R"({"tp":")")) return take_push(text);
    if (text.find(R"("msg":"resume lost")") != std::string_view::npos) return take_lost(text);
    demand(text.find(R"("msg":"OK")") != std::string_view::npos, "the server answers {}", text);
    if (!greeted_) {
      greeted_ = true;
      return;
    }
    demand(asked_.has_value(), "an answer to nothing: {}", text);
    std::vector<std::string_view> lost = lost_codes(text);
    for (const auto& key : asked_->resumed)
      if (std::ranges::find(lost, instruments().at(key.instrument).code.to_string()) != lost.end())
        lose(key);
      else
        ++counts_.resumed;
    asked_.reset();
  }
  static std::vector<std::string_view> lost_codes(std::string_view text) {
    std::vector<std::string_view> codes;
    const auto begins = text.find(R"("lost":[)");
    if (begins == std::string_view::npos) return codes;
    auto list = text.substr(begins + 8);
    list = list.substr(0, list.find(']'));
    while (!list.empty()) {
      list.remove_prefix(list.find('"') + 1);
      codes.push_back(list.substr(0, list.find('"')));
      list.remove_prefix(codes.back().size() + 1);
      if (list.find('"') == std::string_view::npos) break;
    }
    return codes;
  }
  void lose(channel::ChannelKey key) {
    ++counts_.lost;
    channels_[key] = {};
  }
  void take_lost(std::string_view text) {
    const auto topic = topic_of(text[9]);
    const auto kt =
        topic == channel::Topic::kline ? type_of(number_after(text, R"("kt":)").value()) : std::uint8_t{0};
    for (const auto code : lost_codes(text)) {
      lose(key_of(instrument_of(code), topic, kt));
      --counts_.resumed;
    }
  }

  static channel::Topic topic_of(char letter) {
    return static_cast<channel::Topic>(std::string_view{"STDK"}.find(letter));
  }
  static std::uint8_t type_of(std::uint64_t kt) {
    return static_cast<std::uint8_t>(
        market::index_of(*market::parse_kline_type(static_cast<std::int64_t>(kt))));
  }
  static InstrumentId instrument_of(std::string_view code) {
    for (std::uint32_t row = 0; row < instruments().size(); ++row)
      if (instruments().at(InstrumentId{row}).code.to_string() == code) return InstrumentId{row};
    throw Violation{fmt::format("a push of {}", code)};
  }
  static std::optional<std::uint64_t> number_after(std::string_view text, std::string_view name) {
    const auto at = text.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    std::uint64_t number = 0;
    std::from_chars(text.data() + at + name.size(), text.data() + text.size(), number);
    return number;
  }

  // {"tp":"S","c":"HK:700" + body, with ,"seq":N before its last brace.
  void take_push(std::string_view text) {
    ++counts_.pushes;
    constexpr std::size_t kCodeAt = 15;
    const auto code = text.substr(kCodeAt, text.find('"', kCodeAt) - kCodeAt);
    const auto body_at = kCodeAt + code.size() + 1;
    const auto seq_at = text.rfind(R"(,"seq":)");
    demand(seq_at != std::string_view::npos, "a push without a number: {}", text);
    const auto wire = *number_after(text.substr(seq_at), R"(,"seq":)");
    const auto topic = topic_of(text[7]);
    const auto type =
        topic == channel::Topic::kline ? type_of(*number_after(text, R"("kt":)")) : std::uint8_t{0};
    const auto key = key_of(instrument_of(code), topic, type);
    const auto epoch = reference_.epoch().value();
    const auto found = channels_.find(key);
    demand(found != channels_.end(), "a push of a channel that was not asked for: {}", text);
    auto& hearing = found->second;
    demand(wire >= epoch, "a number below the epoch {}: {}", epoch, text);
    const auto* there = reference_.published(key);
    demand(there != nullptr && wire - epoch <= there->last(), "a number that was not published: {}", text);
    // The first of an ordinary subscription is the state, which may be newer than its last push.
    const bool is_state = !hearing.last && topic != channel::Topic::trade;
    // Behind one that waited, a later one tells that it stands for it too.
    const auto merged = number_after(text.substr(seq_at), R"("merged":)").value_or(0);
    demand(merged == 0 || topic != channel::Topic::trade, "trades were left out: {}", text);
    if (hearing.last)
      demand(wire == *hearing.last + 1 + merged, "{}: {} after {}, standing for {} (epoch {}){}",
             text_of(key), wire, *hearing.last, merged, epoch, hearing.resumes ? ", resumed" : "");
    const auto number = wire - epoch;
    if (!is_state && number > there->base) {
      body_ = text.substr(body_at, seq_at - body_at);
      body_ += '}';
      demand(hash_of(body_) == there->bodies[number - there->base - 1], "another body than was published: {}",
             text);
    }
    hearing.last = wire;
    known_[key] = wire;
  }

  std::mt19937_64 random_;
  const Reference& reference_;
  ClientCounts& counts_;
  io::Descriptor socket_;
  std::string in_;
  std::string body_;
  bool upgraded_ = false;
  bool greeted_ = false;
  bool precise_ = false;
  std::optional<Asked> asked_;
  std::map<channel::ChannelKey, Hearing> channels_;     // of this connection
  std::map<channel::ChannelKey, std::uint64_t> known_;  // over connections
  std::uint64_t heard_ = 0;
};

}  // namespace qos::simulation
