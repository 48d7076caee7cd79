// The streams of permessage-deflate, against the examples of RFC 7692 and against zlib used by hand.
#include "api/ws/deflate.hpp"

#include <gtest/gtest.h>

#include "api/packed_client.hpp"
#include "api/ws/frame.hpp"
#include "api/ws/packer.hpp"
#include "api/ws/push.hpp"

namespace qos::api::ws {
namespace {

using namespace std::string_literals;
using serving::packed_text;
using serving::Unpacker;

constexpr std::size_t kMost = 1'000;

std::string packed_by(Deflater& deflater, std::string_view text) {
  std::string out;
  deflater.append(out, text);
  return out;
}

// RFC 7692, section 7.2.3.
const std::string kHello = "\xf2\x48\xcd\xc9\xc9\x07\x00"s;

TEST(Deflater, writes_the_examples_of_the_rfc) {
  Deflater alone{Deflater::Context::none};
  EXPECT_EQ(packed_by(alone, "Hello"), kHello);
  EXPECT_EQ(packed_by(alone, "Hello"), kHello);
  Deflater with_context{Deflater::Context::kept};
  EXPECT_EQ(packed_by(with_context, "Hello"), kHello);
  EXPECT_EQ(packed_by(with_context, "Hello"), "\xf2\x00\x11\x00\x00"s);
}

TEST(Inflater, reads_the_examples_of_the_rfc) {
  const std::pair<const char*, std::string> rows[] = {
      {"one block", kHello},
      {"a block without compression", "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s},
      {"a block that ends the stream", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s},
      {"the same with nothing behind it", "\xf3\x48\xcd\xc9\xc9\x07\x00"s},
      {"two blocks", "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s},
  };
  Inflater inflater;
  for (const auto& [name, packed] : rows) {
    const auto message = inflater.inflate(packed, kMost);
    ASSERT_TRUE(message) << name;
    EXPECT_EQ(*message, "Hello") << name;
  }
  EXPECT_EQ(inflater.inflate("\x00"s, kMost).value(), "");
}

TEST(Inflater, refuses_what_needs_the_message_before) {
  Inflater inflater;
  EXPECT_TRUE(inflater.inflate(kHello, kMost));
  EXPECT_EQ(inflater.inflate("\xf2\x00\x11\x00\x00"s, kMost).error(), CloseCode::invalid_text);
}

TEST(Inflater, refuses_what_is_cut_off_or_no_stream) {
  Inflater inflater;
  for (std::size_t size = 0; size + 1 < kHello.size(); ++size) {
    const auto message = inflater.inflate(kHello.substr(0, size), kMost);
    EXPECT_TRUE(!message || *message != "Hello") << size;
  }
  EXPECT_EQ(inflater.inflate("", kMost).error(), CloseCode::invalid_text);
  EXPECT_EQ(inflater.inflate("\xff\xff\xff", kMost).error(), CloseCode::invalid_text);
  EXPECT_EQ(inflater.inflate(kHello, kMost).value(), "Hello") << "and goes on with the next one";
}

TEST(Inflater, stops_at_what_a_message_may_have) {
  Inflater inflater;
  EXPECT_EQ(inflater.inflate(packed_text(std::string(kMost, 'x')), kMost)->size(), kMost);
  EXPECT_EQ(inflater.inflate(packed_text(std::string(kMost + 1, 'x')), kMost).error(),
            CloseCode::message_too_big);
  EXPECT_EQ(inflater.inflate(packed_text(std::string(100'000'000, '\0')), 1 << 18).error(),
            CloseCode::message_too_big);
  const std::string large(300'000, 'y');
  EXPECT_EQ(inflater.inflate(packed_text(large), large.size()).value(), large);
}

TEST(Inflater, refuses_a_message_of_nothing_but_last_blocks) {
  Inflater inflater;
  std::string blocks;
  for (int count = 0; count < 100'000; ++count) blocks += "\x03\x00"s;
  EXPECT_EQ(inflater.inflate(blocks, kMost).error(), CloseCode::invalid_text);
  EXPECT_EQ(inflater.inflate("\x03\x00\x03\x00"s + std::string{kHello}, kMost).value(), "Hello");
}

// Sizes about the pieces in which it works, of what compresses and of what does not.
TEST(Deflater, makes_what_another_zlib_reads) {
  for (const auto context : {Deflater::Context::none, Deflater::Context::kept}) {
    Deflater deflater{context};
    Unpacker unpacker{kWindowBits};
    std::uint32_t noise = 1;
    for (const std::size_t size : {0U, 1U, 63U, 200U, 4'095U, 4'096U, 16'384U, 70'000U, 1'000'000U, 5U}) {
      std::string text(size, '\0');
      for (const bool random : {false, true}) {
        for (char& byte : text)
          byte = static_cast<char>(random ? (noise = noise * 1664525U + 1013904223U) >> 24U : 'a');
        if (context == Deflater::Context::none) unpacker.forget_context();
        ASSERT_EQ(unpacker.unpack(packed_by(deflater, text)), text) << size;
      }
    }
  }
}

TEST(Deflater, keeps_to_the_smallest_window_that_was_agreed_on) {
  Deflater deflater{Deflater::Context::kept, kLeastWindowBits};
  Unpacker unpacker{kLeastWindowBits};
  std::string text;
  for (int number = 0; number < 500; ++number) text += "row " + std::to_string(number * 7'919) + ",";
  for (int round = 0; round < 3; ++round) EXPECT_EQ(unpacker.unpack(packed_by(deflater, text)), text);
}

std::string frame_of(std::string_view text, Opcode opcode = Opcode::text) {
  std::string frame;
  append_frame_header(frame, opcode, text.size());
  return frame += text;
}

TEST(Packer, packs_messages_that_get_smaller_and_nothing_else) {
  PackedBytes bytes;
  Packer packer{bytes};
  const std::string worth(kLeastPacked, 'x');
  for (const auto& frame :
       {frame_of(worth.substr(1)),
        frame_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/-*<>[]{}#%&"),
        make_control_frame(Opcode::ping, worth), make_close_frame(CloseCode::normal, worth)}) {
    const auto shared = channel::make_frame(frame);
    EXPECT_EQ(*packer.pack(shared), frame);
    std::string out = "before" + frame;
    packer.pack_last(out, 6);
    EXPECT_EQ(out, "before" + frame);
  }
  std::string out = "before" + frame_of(worth);
  packer.pack_last(out, 6);
  const std::string packed = out.substr(6);
  EXPECT_TRUE(is_packed(packed));
  EXPECT_LT(packed.size(), 12U);
  EXPECT_EQ(*packer.pack(channel::make_frame(packed)), packed) << "once is enough";
  EXPECT_EQ(unpacked(packed), frame_of(worth));
  EXPECT_EQ(unpacked(frame_of("a")), frame_of("a"));
  EXPECT_LT(bytes.after, bytes.before);
}

TEST(Packer, keeps_the_order_of_many_frames_of_all_lengths) {
  PackedBytes bytes;
  Packer packer{bytes, Deflater::Context::kept, kWindowBits};
  Unpacker unpacker{kWindowBits};
  std::string frames;
  for (const std::size_t size : {0U, 125U, 126U, 65'535U, 65'536U, 200U})
    frames += frame_of(std::string(size, 'z'));
  std::string out;
  packer.append(out, frames);
  std::string again;
  for (std::string_view rest = out; !rest.empty();) {
    const auto frame = first_frame(rest);
    rest.remove_prefix(frame.size());
    const std::string payload{payload_of(frame)};
    again += frame_of(is_packed(frame) ? unpacker.unpack(payload) : payload);
  }
  EXPECT_EQ(again, frames);
}

TEST(Push, says_what_a_packed_one_stands_for) {
  PackedBytes bytes;
  Packer packer{bytes};
  const auto plain = make_numbered_push(channel::Topic::snapshot, "US:AAPL",
                                        std::string(R"(,"lp":"1")") + std::string(100, ' ') + "}", 7);
  const auto packed = packer.pack(plain);
  ASSERT_TRUE(is_packed(*packed));
  EXPECT_EQ(*say_merged(packed, 3), *say_merged(plain, 3));
  EXPECT_TRUE(say_merged(packed, 3)->ends_with(R"(,"seq":7,"merged":3})"));
}

}  // namespace
}  // namespace qos::api::ws
