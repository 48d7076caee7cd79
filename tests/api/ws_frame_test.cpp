#include "api/ws/frame.hpp"

#include <gtest/gtest.h>

#include "api/socket_client.hpp"

namespace qos::api::ws {
namespace {

using serving::masked_frame;

// Writes down what it was told.
class Diary final : public MessageHandler {
 public:
  void on_text(std::string_view text) override { note("text ", text); }
  void on_binary(std::string_view bytes) override { note("binary ", bytes); }
  void on_ping(std::string_view payload) override { note("ping ", payload); }
  void on_pong(std::string_view payload) override { note("pong", payload); }
  void on_close(std::optional<std::uint16_t> code) override {
    note("close ", code ? std::to_string(*code) : "without code");
  }
  bool goes_on() const override { return lines.size() < limit; }

  std::vector<std::string> lines;
  std::size_t limit = 1'000;

 private:
  void note(std::string_view what, std::string_view rest) {
    lines.push_back(std::string{what} + std::string{rest});
  }
};

constexpr std::size_t kLimit = 1'000;

struct Heard {
  std::vector<std::string> lines;
  std::optional<Violation> violation;

  friend bool operator==(const Heard&, const Heard&) = default;
};

Heard hear(std::string stream, std::size_t piece) {
  MessageReader reader{kLimit};
  Diary diary;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    const std::span<char> bytes{stream.data() + at, std::min(piece, stream.size() - at)};
    if (const auto violation = reader.read(bytes, diary)) return {diary.lines, violation};
  }
  return {diary.lines, std::nullopt};
}

TEST(WsFrame, writes_each_of_the_three_forms_of_a_length) {
  const auto header = [](std::size_t size) {
    std::string out;
    append_frame_header(out, Opcode::text, size);
    return out;
  };
  using namespace std::string_literals;
  EXPECT_EQ(header(0), "\x81\x00"s);
  EXPECT_EQ(header(125), "\x81\x7D"s);
  EXPECT_EQ(header(126), "\x81\x7E\x00\x7E"s);
  EXPECT_EQ(header(65'535), "\x81\x7E\xFF\xFF"s);
  EXPECT_EQ(header(65'536), "\x81\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s);
  EXPECT_EQ(make_close_frame(CloseCode::going_away, "bye"),
            "\x88\x05\x03\xE9"
            "bye"s);
  EXPECT_EQ(make_close_frame(CloseCode::normal, std::string(500, 'x')).size(), 2 + kMaxControlPayload);
}

// TCP cuts the stream anywhere, so the cut must not change what is heard.
TEST(WsFrame, hears_the_same_messages_however_the_bytes_are_cut) {
  const std::string stream = masked_frame(0x81, R"({"type":"H"})") + masked_frame(0x89, "are you there") +
                             masked_frame(0x01, "one ") + masked_frame(0x8A, " 17") + masked_frame(0x00, "") +
                             masked_frame(0x89, "in between") + masked_frame(0x80, "message") +
                             masked_frame(0x81, "") + masked_frame(0x82, std::string(300, 'b')) +
                             masked_frame(0x81, "价格") + masked_frame(0x88, "\x03\xE8 bye");
  const Heard whole = hear(stream, stream.size());
  EXPECT_EQ(whole.lines,
            (std::vector<std::string>{R"(text {"type":"H"})", "ping are you there", "pong 17",
                                      "ping in between", "text one message", "text ",
                                      "binary " + std::string(300, 'b'), "text 价格", "close 1000"}));
  EXPECT_FALSE(whole.violation);
  for (std::size_t piece = 1; piece < stream.size(); ++piece) EXPECT_EQ(hear(stream, piece), whole) << piece;
}

struct Malformed {
  const char* name;
  std::string bytes;
  CloseCode code;
};

std::vector<Malformed> malformed_frames() {
  using namespace std::string_literals;
  const auto protocol = CloseCode::protocol_error;
  std::vector<Malformed> rows{
      {"no mask", "\x81\x05hello"s, protocol},
      {"no mask on an empty frame", "\x81\x00"s, protocol},
      {"no mask on a ping", "\x89\x00"s, protocol},
      {"RSV1", masked_frame(0xC1, "x"), protocol},
      {"RSV2", masked_frame(0xA1, "x"), protocol},
      {"RSV3", masked_frame(0x91, "x"), protocol},
      {"all reserved bits on a close", masked_frame(0xF8, ""), protocol},
      {"a fragmented ping", masked_frame(0x09, ""), protocol},
      {"a fragmented pong", masked_frame(0x0A, ""), protocol},
      {"a fragmented close", masked_frame(0x08, ""), protocol},
      {"a ping of 126 bytes", masked_frame(0x89, std::string(126, 'x')), protocol},
      {"a close of 126 bytes", masked_frame(0x88, std::string(126, 'x')), protocol},
      {"a continuation of nothing", masked_frame(0x80, "x"), protocol},
      {"an unfinished continuation of nothing", masked_frame(0x00, "x"), protocol},
      {"a text inside a fragmented text", masked_frame(0x01, "a") + masked_frame(0x81, "b"), protocol},
      {"a binary inside a fragmented text", masked_frame(0x01, "a") + masked_frame(0x82, "b"), protocol},
      {"a continuation after the end", masked_frame(0x81, "a") + masked_frame(0x80, "b"), protocol},
      {"5 bytes in a 16-bit length", "\x81\xFE\x00\x05mask"s, protocol},
      {"5 bytes in a 64-bit length", "\x81\xFF\x00\x00\x00\x00\x00\x00\x00\x05mask"s, protocol},
      {"65535 bytes in a 64-bit length", "\x81\xFF\x00\x00\x00\x00\x00\x00\xFF\xFFmask"s, protocol},
      {"a close code of one byte", masked_frame(0x88, "\x03"), protocol},
      {"close code 0", masked_frame(0x88, "\x00\x00"s), protocol},
      {"close code 999", masked_frame(0x88, "\x03\xE7"s), protocol},
      {"close code 1005, never sent", masked_frame(0x88, "\x03\xED"s), protocol},
      {"close code 1006, never sent", masked_frame(0x88, "\x03\xEE"s), protocol},
      {"close code 1015, never sent", masked_frame(0x88, "\x03\xF7"s), protocol},
      {"close code 2999", masked_frame(0x88, "\x0B\xB7"s), protocol},
      {"close code 5000", masked_frame(0x88, "\x13\x88"s), protocol},
      {"a message over the limit", masked_frame(0x81, std::string(kLimit + 1, 'x')),
       CloseCode::message_too_big},
      {"fragments over the limit", masked_frame(0x01, std::string(kLimit, 'x')) + masked_frame(0x80, "x"),
       CloseCode::message_too_big},
      {"the longest length there is", "\x82\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFmask"s,
       CloseCode::message_too_big},
      {"a length whose sum overflows",
       masked_frame(0x02, "x") + "\x80\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFmask"s, CloseCode::message_too_big},
      {"a text that is no UTF-8", masked_frame(0x81, "\xC3\x28"), CloseCode::invalid_text},
      {"an overlong slash", masked_frame(0x81, "\xC0\xAF"), CloseCode::invalid_text},
      {"a surrogate", masked_frame(0x81, "\xED\xA0\x80"), CloseCode::invalid_text},
      {"a character cut off by the end", masked_frame(0x01, "\xE4\xBB") + masked_frame(0x80, ""),
       CloseCode::invalid_text},
      {"a close reason that is no UTF-8", masked_frame(0x88, "\x03\xE8\xFF"), CloseCode::invalid_text},
  };
  for (const int opcode : {0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF})
    rows.push_back({"an opcode that does not exist", masked_frame(0x80 | opcode, "x"), protocol});
  return rows;
}

TEST(WsFrame, refuses_what_the_rfc_forbids_with_its_code) {
  for (const auto& row : malformed_frames())
    for (const std::size_t piece : {std::size_t{1}, row.bytes.size()}) {
      const Heard heard = hear(row.bytes, piece);
      ASSERT_TRUE(heard.violation) << row.name << " in pieces of " << piece;
      EXPECT_EQ(heard.violation->code, row.code) << row.name;
    }
}

TEST(WsFrame, takes_everything_the_rfc_allows_up_to_the_limits) {
  EXPECT_EQ(hear(masked_frame(0x81, std::string(kLimit, 'x')), 7).lines.at(0).size(), kLimit + 5);
  EXPECT_EQ(hear(masked_frame(0x89, std::string(125, 'x')), 7).lines.at(0).size(), 125U + 5);
  EXPECT_EQ(hear(masked_frame(0x82, "\xFF\xFE"), 1).lines.at(0), "binary \xFF\xFE");
  // A character may be cut by a fragment's end.
  EXPECT_EQ(hear(masked_frame(0x01, "\xE4\xBB") + masked_frame(0x80, "\xB7"), 1).lines.at(0), "text 价");
  for (const int code : {1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999}) {
    const std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    EXPECT_EQ(hear(masked_frame(0x88, payload), 3).lines.at(0), "close " + std::to_string(code));
  }
  EXPECT_EQ(hear(masked_frame(0x88, ""), 1).lines.at(0), "close without code");
}

TEST(WsFrame, stops_between_frames_when_it_is_told_to) {
  MessageReader reader{kLimit};
  Diary diary;
  diary.limit = 2;
  std::string stream = masked_frame(0x81, "a") + masked_frame(0x81, "b") + masked_frame(0x81, "c");
  EXPECT_FALSE(reader.read(stream, diary));
  EXPECT_EQ(diary.lines, (std::vector<std::string>{"text a", "text b"}));
}

}  // namespace
}  // namespace qos::api::ws
