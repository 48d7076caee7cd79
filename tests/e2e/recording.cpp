#include "e2e/recording.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

namespace qos::e2e {
namespace {

struct Subscription {
  std::string_view type;
  int kt;
};
constexpr std::array kSubscriptions{Subscription{"S", 0},   Subscription{"T", 0}, Subscription{"D", 0},
                                    Subscription{"K", 1},   Subscription{"K", 5}, Subscription{"K", 60},
                                    Subscription{"K", 1001}};

constexpr int kRegular = 0;
constexpr int kExtended = 1;  // sessions of one code share a count

Stream stream_name(std::string_view type, std::int64_t kt, std::int64_t session, std::string_view code) {
  if (type != "K") return fmt::format("{} {}", type, code);
  return fmt::format("K{}{} {}", kt, session == 0 ? "" : "/ses", code);
}

simdjson::dom::parser& parser() {
  thread_local simdjson::dom::parser one;
  return one;
}

std::int64_t number(const simdjson::dom::element& object, std::string_view member) {
  std::int64_t value = 0;
  return object[member].get(value) == simdjson::SUCCESS ? value : 0;
}

std::string body_of(const simdjson::dom::object& object) {
  std::map<std::string_view, std::string> members;
  for (const auto& field : object)
    if (field.key != "tp" && field.key != "seq" && field.key != "merged")
      members.emplace(field.key, simdjson::minify(field.value));
  std::string body;
  for (const auto& [name, value] : members)
    body += fmt::format("{}{}={}", body.empty() ? "" : " ", name, value);
  return body;
}

}  // namespace

Push push_of(std::string_view message) {
  const auto root = parser().parse(simdjson::padded_string{message}).value();
  const std::string_view type = root["tp"].get_string().value();
  return {
      .stream = stream_name(type, number(root, "kt"), number(root, "ses"), root["c"].get_string().value()),
      .number = static_cast<std::uint64_t>(number(root, "seq")),
      .merged = static_cast<std::uint64_t>(number(root, "merged")),
      .body = body_of(root.get_object().value()),
      .start = number(root, "ts"),
      .is_final = type == "K" && number(root, "f") != 0};
}

std::string body_of(std::string_view element) {
  return body_of(parser().parse(simdjson::padded_string{element}).get_object().value());
}

// `"CODE":NUMBER` of each code that has one.
std::string Recording::from(std::string_view type, int kt, int session, std::uint64_t back) {
  std::string text;
  for (const auto& code : codes_) {
    const auto found = streams_.find(stream_name(type, kt, session, code));
    if (found == streams_.end() || found->second.last == 0) continue;
    // As far back from the newest there is; not before what this recording began with.
    auto& [bodies, merged, last] = found->second;
    if (!bodies.empty()) {
      const auto newest = bodies.rbegin()->first;
      last = std::max(bodies.begin()->first, newest - std::min(newest, back));
    }
    text += fmt::format(R"({}"{}":{})", text.empty() ? "" : ",", code, last);
  }
  return text;
}

void Recording::subscribe(WsClient& client, std::uint64_t back) {
  std::string codes;
  for (const auto& code : codes_) codes += fmt::format(R"({}"{}")", codes.empty() ? "" : ",", code);
  for (const auto& [type, kt] : kSubscriptions) {
    auto command = fmt::format(R"({{"type":"{}","codes":[{}])", type, codes);
    if (kt != 0) command += fmt::format(R"(,"kt":{})", kt);
    if (!epoch_.empty())
      command += fmt::format(R"(,"epoch":{},"from":{{{}}})", epoch_, from(type, kt, kRegular, back));
    if (!epoch_.empty() && kt == 1)
      command += fmt::format(R"(,"from_ses":{{{}}})", from(type, kt, kExtended, back));
    client.send(command + "}");
    ++answers_due_;
    while (answers_due_ > 0 && take(client)) continue;
    if (answers_due_ > 0) return;  // it has died again
  }
}

bool Recording::take(WsClient& client) {
  const auto message = client.receive();
  if (!message) {
    answers_due_ = 0;
    return false;
  }
  if (message->find(R"("tp":)") == std::string::npos) {
    take_answer(*message);
  } else {
    take_push(*message);
  }
  return true;
}

void Recording::take_answer(std::string_view message) {
  --answers_due_;
  EXPECT_NE(message.find(R"("msg":"OK")"), std::string_view::npos) << message;
  EXPECT_EQ(message.find("lost"), std::string_view::npos) << message;
  const auto root = parser().parse(simdjson::padded_string{message}).value();
  const auto epoch = std::to_string(number(root, "epoch"));
  if (epoch_.empty()) epoch_ = epoch;
  EXPECT_EQ(epoch, epoch_) << message;
}

void Recording::take_push(std::string_view message) {
  ++pushes_;
  auto push = push_of(message);
  Heard& heard = streams_[push.stream];
  if (heard.last == 0 && !push.stream.starts_with('T')) {
    // The first state: its number is of the last push that is in it.
    heard.last = push.number;
    return;
  }
  if (heard.last != 0) {
    EXPECT_EQ(push.number, heard.last + 1 + push.merged)
        << push.stream << " has a hole or goes back: " << message;
  }
  heard.last = push.number;
  if (push.merged > 0) heard.merged[push.number] = push.merged;
  const auto [place, is_new] = heard.bodies.emplace(push.number, push.body);
  if (!is_new) {
    ++heard_again_;
    EXPECT_EQ(place->second, push.body) << push.stream << " " << push.number << " was told otherwise before";
    return;
  }
  if (push.is_final) finals_[{push.stream, push.start}] = push.body;
}

std::map<Stream, std::uint64_t> Recording::last() const {
  std::map<Stream, std::uint64_t> last;
  for (const auto& [stream, heard] : streams_) last.emplace(stream, heard.last);
  return last;
}

const std::map<std::uint64_t, std::string>& Recording::pushes_of(const Stream& stream) const {
  static const std::map<std::uint64_t, std::string> kNone;
  const auto found = streams_.find(stream);
  return found == streams_.end() ? kNone : found->second.bodies;
}

std::uint64_t Recording::merged_into(const Stream& stream, std::uint64_t number) const {
  const auto& merged = streams_.at(stream).merged;
  const auto found = merged.find(number);
  return found == merged.end() ? 0 : found->second;
}

std::string hole_in(const std::vector<std::vector<std::string>>& connections,
                    const std::vector<std::string>& all) {
  std::ptrdiff_t end = -1;  // behind the last that was heard
  for (std::size_t n = 0; n < connections.size(); ++n) {
    const auto& heard = connections[n];
    if (heard.empty()) continue;
    // What was heard last may not have reached the other client.
    std::ptrdiff_t found = -1;
    const auto limit = end < 0 ? std::ssize(all) - 1 : std::min(end, std::ssize(all));
    for (std::ptrdiff_t at = limit; at >= 0 && found < 0; --at) {
      const auto common = std::min(std::ssize(heard), std::ssize(all) - at);
      if (std::equal(heard.begin(), heard.begin() + common, all.begin() + at)) found = at;
      if (end < 0 && common < std::ssize(heard)) found = -1;
    }
    if (found < 0)
      return fmt::format("connection {}: its {} trades from {} on do not continue trade {} of {}", n,
                         heard.size(), heard.front(), end, all.size());
    end = std::max(end, found + std::ssize(heard));
  }
  if (end < std::ssize(all)) return end < 0 ? "nothing was heard" : "";
  return "";
}

}  // namespace qos::e2e
