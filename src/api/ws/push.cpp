#include "api/ws/push.hpp"

#include <fmt/format.h>

#include <string>

#include "api/ws/frame.hpp"

namespace qos::api::ws {
namespace {

constexpr std::string_view kHead = R"({"tp":"_","c":")";
constexpr std::size_t kTopicAt = 7;
constexpr std::size_t kMaxFrameHeader = 10;

constexpr char letter_of(channel::Topic topic) {
  switch (topic) {
    case channel::Topic::snapshot:
      return 'S';
    case channel::Topic::trade:
      return 'T';
    case channel::Topic::depth:
      return 'D';
    case channel::Topic::kline:
      return 'K';
  }
  return 'S';
}

channel::Frame make(channel::Topic topic, std::string_view spelling, std::string_view body,
                    std::string_view end) {
  const std::size_t payload = kHead.size() + spelling.size() + 1 + body.size() + end.size();
  std::string out;
  out.reserve(kMaxFrameHeader + payload);
  append_frame_header(out, Opcode::text, payload);
  const std::size_t start = out.size();
  out += kHead;
  out[start + kTopicAt] = letter_of(topic);
  out += spelling;
  out += '"';
  out += body;
  out += end;
  return channel::make_frame(std::move(out));
}

}  // namespace

channel::Frame make_push(channel::Topic topic, std::string_view spelling, std::string_view body) {
  return make(topic, spelling, body, {});
}

channel::Frame make_numbered_push(channel::Topic topic, std::string_view spelling, std::string_view body,
                                  std::uint64_t seq) {
  body.remove_suffix(1);  // the closing brace
  return make(topic, spelling, body, fmt::format(R"(,"seq":{}}})", seq));
}

}  // namespace qos::api::ws
