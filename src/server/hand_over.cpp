#include "server/hand_over.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <thread>

namespace qos::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kRequest = "qos take-over ";
constexpr std::string_view kVersion = "1";
constexpr std::string_view kSockets = "sockets\n";
constexpr std::string_view kStop = "stop";
constexpr std::string_view kYours = "yours";
constexpr std::string_view kReady = "ready";
constexpr std::string_view kNo = "no: ";

// With one that comes while another is served, until it has said what it wants.
constexpr std::chrono::milliseconds kTurningAway{200};
constexpr std::chrono::milliseconds kAfterRefusal{100};

// What a peer has said, for a log: it may be anything.
std::string shown(std::string_view text) {
  std::string printable;
  for (const char c : text.substr(0, 40)) printable += c >= ' ' && c < '\x7f' ? c : '?';
  return printable;
}

// An offer's or a refusal's text without what it begins with.
Result<void> refusal_in(std::string_view text) {
  if (text.starts_with(kNo)) return fail("the running server says no: {}", text.substr(kNo.size()));
  return {};
}

}  // namespace

std::filesystem::path hand_over_path(const std::filesystem::path& data) {
  return data / "serve.sock";
}

Result<HandOverDoor> HandOverDoor::open(const std::filesystem::path& data, HandOverCounters& counters,
                                        const HandOverPatience& patience) {
  auto listener = io::LocalListener::bind(hand_over_path(data));
  if (!listener) return std::unexpected{listener.error()};
  return HandOverDoor{std::move(*listener), counters, patience};
}

std::optional<io::LocalPeer> HandOverDoor::let_in() {
  auto peer = listener_.accept();
  if (peer) return std::move(*peer);
  counters_->refused.add();
  spdlog::warn("hand-over: turned away: {}", peer.error().message);
  // Who could not be let in for want of descriptors still knocks.
  std::this_thread::sleep_for(kAfterRefusal);
  return std::nullopt;
}

void HandOverDoor::turn_away_others() {
  while (auto other = let_in()) {
    // A socket that is closed with something unread takes back what it has said.
    static_cast<void>(other->receive(kTurningAway));
    counters_->refused.add();
    spdlog::warn("hand-over: another successor came meanwhile and is turned away");
    static_cast<void>(other->send(fmt::format("{}a hand-over is under way", kNo)));
  }
}

Result<std::string> HandOverDoor::hear(io::LocalPeer& peer, std::chrono::milliseconds patience,
                                       int interrupt) {
  const auto deadline = Clock::now() + patience;
  std::array<pollfd, 3> waiting{pollfd{peer.descriptor(), POLLIN, 0},
                                pollfd{listener_.descriptor(), POLLIN, 0}, pollfd{interrupt, POLLIN, 0}};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return fail("silent for {} ms", patience.count());
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(left.count())) < 0 && errno != EINTR)
      return fail("cannot wait: {}", std::strerror(errno));
    if (waiting[0].revents != 0) {
      auto message = peer.receive(std::chrono::milliseconds{0});
      if (!message) return std::unexpected{message.error()};
      return std::move(message->text);
    }
    if (waiting[1].revents != 0) turn_away_others();
    if (waiting[2].revents != 0) return fail("interrupted by a signal");
  }
}

// Everything before "stop". An error: nothing has happened.
Result<void> HandOverDoor::agree(io::LocalPeer& successor, const HandOverSteps& steps, int interrupt) {
  const auto request = hear(successor, patience_.request, interrupt);
  if (!request) return std::unexpected{request.error()};
  if (!request->starts_with(kRequest)) return fail("expected a request, seen \"{}\"", shown(*request));
  if (const auto version = std::string_view{*request}.substr(kRequest.size()); version != kVersion)
    return fail("version {} of the hand-over is spoken here, not \"{}\"", kVersion, shown(version));
  std::string offer{kSockets};
  std::vector<int> sockets;
  for (const auto& [listen, descriptor] : steps.listening()) {
    offer += listen + '\n';
    sockets.push_back(descriptor);
  }
  if (auto sent = successor.send(offer, sockets); !sent) return sent;
  const auto stop = hear(successor, patience_.stop, interrupt);
  if (!stop) return std::unexpected{stop.error()};
  if (*stop != kStop) return fail("expected \"{}\", seen \"{}\"", kStop, shown(*stop));
  return {};
}

HandOverDoor::Outcome HandOverDoor::serve(const HandOverSteps& steps, int interrupt) {
  auto successor = let_in();
  if (!successor) return Outcome::kept;
  if (const auto agreed = agree(*successor, steps, interrupt); !agreed) {
    counters_->refused.add();
    spdlog::warn("hand-over: none, and nothing has happened: {}", agreed.error().message);
    static_cast<void>(successor->send(std::string{kNo} + agreed.error().message));
    return Outcome::kept;
  }
  spdlog::info("hand-over: a successor has the sockets, this server ends its feeds");
  steps.give_up_data();
  const auto ready = [&]() -> Result<void> {
    if (auto sent = successor->send(kYours); !sent) return sent;
    const auto heard = hear(*successor, patience_.ready, interrupt);
    if (!heard) return std::unexpected{heard.error()};
    if (*heard != kReady) return fail("expected \"{}\", seen \"{}\"", kReady, shown(*heard));
    return {};
  }();
  if (!ready) {
    counters_->failed.add();
    spdlog::error("hand-over: the successor was lost before it was ready: {}", ready.error().message);
    return Outcome::lost;
  }
  listener_.leave_path();
  spdlog::info("hand-over: the successor is ready");
  return Outcome::done;
}

bool Succession::somebody_serves(const std::filesystem::path& data) {
  const auto found = io::LocalPeer::find(hand_over_path(data));
  return found && found->has_value();
}

Result<std::optional<Succession>> Succession::ask(const std::filesystem::path& data,
                                                  const HandOverPatience& patience) {
  auto found = io::LocalPeer::find(hand_over_path(data));
  if (!found) return within("hand-over", found.error());
  auto& peer = *found;
  if (!peer) return std::nullopt;
  if (auto sent = peer->send(fmt::format("{}{}", kRequest, kVersion)); !sent)
    return within("hand-over", sent.error());
  auto message = peer->receive(patience.stop);
  if (!message) return within("hand-over: the running server", message.error());
  if (auto refused = refusal_in(message->text); !refused) return within("hand-over", refused.error());
  auto offered = read_offer(std::move(*message));
  if (!offered) return within("hand-over: the running server", offered.error());
  return Succession{std::move(*peer), std::move(*offered), patience};
}

Result<std::vector<Succession::Offered>> Succession::read_offer(io::LocalMessage message) {
  std::string_view text = message.text;
  if (!text.starts_with(kSockets)) return fail("expected an offer of sockets, seen \"{}\"", shown(text));
  text.remove_prefix(kSockets.size());
  std::vector<Offered> offered;
  for (auto& socket : message.descriptors) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos)
      return fail("offered {} sockets, but not as many addresses", message.descriptors.size());
    auto listener = io::Listener::adopt(std::move(socket));
    if (!listener) return std::unexpected{listener.error()};
    auto address = (*listener)->address().to_string();
    offered.push_back({std::string{text.substr(0, end)}, std::move(address), std::move(*listener)});
    text.remove_prefix(end + 1);
  }
  if (!text.empty()) return fail("offered an address without its socket: \"{}\"", shown(text));
  return offered;
}

Result<io::BoundSockets> Succession::sockets_for(const std::vector<std::string>& listen) {
  io::BoundSockets sockets;
  for (const auto& text : listen) {
    auto found = std::ranges::find(offered_, text, &Offered::listen);
    if (found == offered_.end()) found = std::ranges::find(offered_, text, &Offered::address);
    if (found != offered_.end()) {
      spdlog::info("hand-over: {} is taken over", found->address);
      sockets.push_back({text, std::move(found->listener)});
      offered_.erase(found);
      continue;
    }
    const auto address = io::SocketAddress::parse(text);
    if (!address) return std::unexpected{address.error()};
    auto fresh = io::Listener::bind(*address);
    if (!fresh) return std::unexpected{fresh.error()};
    spdlog::info("hand-over: {} is new", (*fresh)->address().to_string());
    sockets.push_back({text, std::move(*fresh)});
  }
  for (const auto& left : offered_)
    spdlog::info("hand-over: {} is not in this configuration and is closed", left.address);
  offered_.clear();
  return sockets;
}

Result<void> Succession::take() {
  taken_at_ = Clock::now();
  if (auto sent = peer_.send(kStop); !sent) return within("hand-over", sent.error());
  const auto answer = peer_.receive(patience_.ready);
  if (!answer) return within("hand-over: the running server", answer.error());
  if (auto refused = refusal_in(answer->text); !refused) return within("hand-over", refused.error());
  if (answer->text != kYours)
    return fail("hand-over: expected \"{}\", seen \"{}\"", kYours, shown(answer->text));
  return {};
}

void Succession::ready() {
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - taken_at_);
  spdlog::info("hand-over: done; who connected meanwhile waited {} ms at most", waited.count());
  if (const auto sent = peer_.send(kReady); !sent)
    spdlog::warn("hand-over: the server before this one has gone already: {}", sent.error().message);
}

}  // namespace qos::server
