#include "api/ws/push.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

#include "api/ws/frame.hpp"
#include "api/ws/packer.hpp"

namespace qos::api::ws {
namespace {

constexpr std::string_view kHead = R"({"tp":"_","c":")";
constexpr std::size_t kTopicAt = 7;
constexpr std::size_t kMaxFrameHeader = 10;
// ,"seq":18446744073709551615}
constexpr std::size_t kMaxNumberEnd = 28;

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

void append(std::string& out, channel::Topic topic, std::string_view spelling, std::string_view body,
            std::string_view end) {
  const std::size_t payload = kHead.size() + spelling.size() + 1 + body.size() + end.size();
  append_frame_header(out, Opcode::text, payload);
  const std::size_t start = out.size();
  out += kHead;
  out[start + kTopicAt] = letter_of(topic);
  out += spelling;
  out += '"';
  out += body;
  out += end;
}

template <typename Append>
channel::Frame make(std::size_t size, Append&& append_to) {
  std::string out;
  out.reserve(kMaxFrameHeader + kHead.size() + size);
  append_to(out);
  return channel::make_frame(std::move(out));
}

}  // namespace

void append_push(std::string& out, channel::Topic topic, std::string_view spelling, std::string_view body) {
  append(out, topic, spelling, body, {});
}

void append_numbered_push(std::string& out, channel::Topic topic, std::string_view spelling,
                          std::string_view body, std::uint64_t seq) {
  body.remove_suffix(1);  // the closing brace
  std::array<char, kMaxNumberEnd> end;
  const auto written = fmt::format_to_n(end.data(), end.size(), R"(,"seq":{}}})", seq);
  append(out, topic, spelling, body, {end.data(), written.size});
}

channel::Frame make_push(channel::Topic topic, std::string_view spelling, std::string_view body) {
  return make(spelling.size() + body.size(),
              [&](std::string& out) { append_push(out, topic, spelling, body); });
}

channel::Frame make_numbered_push(channel::Topic topic, std::string_view spelling, std::string_view body,
                                  std::uint64_t seq) {
  return make(spelling.size() + body.size() + kMaxNumberEnd,
              [&](std::string& out) { append_numbered_push(out, topic, spelling, body, seq); });
}

channel::Frame say_merged(const channel::Frame& frame, std::uint32_t merged) {
  // Only who is behind pays for this, so a packed frame goes out as one that is not.
  const std::string whole = unpacked(*frame);
  std::string_view text = payload_of(whole);
  text.remove_suffix(1);  // the closing brace
  const std::string end = fmt::format(R"(,"merged":{}}})", merged);
  std::string out;
  out.reserve(kMaxFrameHeader + text.size() + end.size());
  append_frame_header(out, Opcode::text, text.size() + end.size());
  out += text;
  out += end;
  return channel::make_frame(std::move(out));
}

}  // namespace qos::api::ws
