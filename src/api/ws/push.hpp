// A push as the bytes of a WebSocket frame:  {"tp":"S","c":"HK:700"  + body. Made once per change and
// spelling and shared by everyone who is sent it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "channel/channel_key.hpp"
#include "channel/frame.hpp"

namespace qos::api::ws {

// Appends the frame. `spelling` as it passed market::parse_codes, which leaves nothing to escape; `body` of
// api/json/encode.hpp.
void append_push(std::string& out, channel::Topic topic, std::string_view spelling, std::string_view body);
// The same with the extension seq:  …,"seq":N}  . On the wire a number begins behind the epoch.
void append_numbered_push(std::string& out, channel::Topic topic, std::string_view spelling,
                          std::string_view body, std::uint64_t seq);

// The same as frames of their own.
channel::Frame make_push(channel::Topic topic, std::string_view spelling, std::string_view body);
channel::Frame make_numbered_push(channel::Topic topic, std::string_view spelling, std::string_view body,
                                  std::uint64_t seq);

// Of a numbered push that stands for so many earlier ones too, which are not sent:  …,"merged":N}
channel::Frame say_merged(const channel::Frame& frame, std::uint32_t merged);

}  // namespace qos::api::ws
