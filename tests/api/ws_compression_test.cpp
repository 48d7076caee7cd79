// permessage-deflate over real sockets: who is sent what packed, and what a client may send.
#include <gtest/gtest.h>

#include "api/packed_client.hpp"
#include "api/server_fixture.hpp"

namespace qos::api::serving {
namespace {

constexpr std::string_view kSubscribe = R"({"type":"S","codes":["US:AAPL"]})";

void allow(House& house, const std::string& key, access::Compression compression) {
  access::Plan plan;
  plan.compression = compression;
  house.gate.add(key, plan);
}

TEST(WsCompression, is_agreed_on_as_the_plan_allows) {
  House house;
  allow(house, "none", access::Compression::none);
  allow(house, "own", access::Compression::own);
  EXPECT_EQ(PackedClient(house.port()).agreed(),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
            "server_max_window_bits=12");
  EXPECT_EQ(PackedClient(house.port(), "own").agreed(),
            "permessage-deflate; client_no_context_takeover; server_max_window_bits=12");
  for (const auto* key : {"none", "own", "good"}) {
    EXPECT_EQ(WsClient{house.port()}.answer.header("sec-websocket-extensions"), "");
    PackedClient client{house.port(), key, 0, {}, "permessage-deflate; unheard_of"};
    EXPECT_EQ(client.answer.status, 101);
    EXPECT_EQ(client.agreed(), "");
  }
  EXPECT_EQ(PackedClient(house.port(), "none").agreed(), "");
}

TEST(WsCompression, is_counted) {
  House house;
  {
    PackedClient client{house.port()};
    WsClient other{house.port()};
    client.ask(kSubscribe);
    EXPECT_EQ(house.counters().ws_compressed_open.value(), 1);
    house.publish("US:AAPL", 1);
    client.hear();
    client.ask(R"({"type":"H"})");
  }
  WsClient last{house.port()};
  last.ask(R"({"type":"H"})");
  const auto before = house.counters().ws_bytes_before_packing.value();
  const auto after = house.counters().ws_bytes_after_packing.value();
  EXPECT_GT(before, after);
  EXPECT_GT(after, 0U);
}

TEST(WsCompression, packs_long_answers_and_leaves_short_ones) {
  House house;
  house.publish("US:AAPL", 1);
  for (int number = 100'000; number < 100'020; ++number) house.publish("SZ:" + std::to_string(number), 7);
  allow(house, "own", access::Compression::own);
  WsClient plain{house.port()};
  std::string question = R"({"type":"RS","codes":["US:AAPL")";
  for (int number = 100'000; number < 100'020; ++number) question += ",\"SZ:" + std::to_string(number) + '"';
  question += "]}";
  for (const auto* key : {"good", "own"}) {
    PackedClient client{house.port(), key};
    EXPECT_EQ(client.ask(R"({"type":"H"})"), plain.ask(R"({"type":"H"})"));
    EXPECT_EQ(client.packed_frames(), 0U);
    const auto short_bytes = client.bytes();
    const auto answer = client.ask(question);
    EXPECT_EQ(answer, plain.ask(question));
    EXPECT_EQ(client.packed_frames(), 1U);
    EXPECT_LT(client.bytes() - short_bytes, answer.size() / 4);
  }
}

TEST(WsCompression, understands_what_a_client_packs_whole_or_in_pieces) {
  House house;
  const std::string heartbeat = WsClient{house.port()}.ask(R"({"type":"H","reqid":7})");
  PackedClient client{house.port()};
  for (int round = 0; round < 3; ++round) {
    client.say_packed(R"({"type":"H","reqid":7})");
    EXPECT_EQ(client.hear(), heartbeat);
    EXPECT_EQ(client.ask(R"({"type":"H","reqid":7})"), heartbeat) << "one that is not packed";
  }
  const std::string packed = packed_text(R"({"type":"H","reqid":7})");
  for (std::size_t cut = 0; cut <= packed.size(); ++cut) {
    client.send(masked_frame(0x41, packed.substr(0, cut)) + masked_frame(0x89, "between") +
                masked_frame(0x80, packed.substr(cut)));
    EXPECT_EQ(client.read_frame().payload, "between");
    EXPECT_EQ(client.hear(), heartbeat) << cut;
  }
  client.send(masked_frame(0xC2, packed));
  EXPECT_NE(client.hear().find("expected a text message"), std::string::npos);
}

struct Wrong {
  const char* name;
  std::string bytes;
  std::uint16_t code;
  std::string offer = "permessage-deflate";
};

TEST(WsCompression, closes_with_the_code_of_what_went_wrong) {
  ServerOptions options;
  options.max_frame_bytes = 10'000;
  House house{options};
  const std::string heartbeat = packed_text(R"({"type":"H"})");
  const std::vector<Wrong> rows = {
      {"a packed frame without agreement", masked_frame(0xC1, heartbeat), 1002, ""},
      {"another reserved bit", masked_frame(0xA1, heartbeat), 1002},
      {"a packed ping", masked_frame(0xC9, heartbeat), 1002},
      {"a packed close", masked_frame(0xC8, heartbeat), 1002},
      {"a packed continuation", masked_frame(0x41, heartbeat) + masked_frame(0xC0, ""), 1002},
      {"no stream", masked_frame(0xC1, "\xff\xff\xff\xff"), 1007},
      {"nothing at all", masked_frame(0xC1, ""), 1007},
      {"a message cut off", masked_frame(0xC1, heartbeat.substr(0, heartbeat.size() / 2)), 1007},
      {"no UTF-8 when unpacked", masked_frame(0xC1, packed_text("\xff\xfe")), 1007},
      {"a bomb", masked_frame(0xC1, packed_text(std::string(5'000'000, ' '))), 1009},
      {"a byte too much", masked_frame(0xC1, packed_text(std::string(10'001, ' '))), 1009},
  };
  for (const auto& [name, bytes, code, offer] : rows) {
    PackedClient client{house.port(), "good", 0, {}, offer};
    client.send(bytes);
    const auto frame = client.read_frame();
    EXPECT_EQ(frame.opcode, 8) << name;
    EXPECT_FALSE(frame.is_packed) << name;
    EXPECT_EQ(frame.close_code(), code) << name << ": " << frame.payload.substr(2);
    EXPECT_TRUE(client.at_end()) << name;
  }
  // As much as is allowed is no bomb.
  PackedClient client{house.port()};
  client.say_packed(std::string(9'988, ' ') + R"({"type":"H"})");
  EXPECT_NE(client.hear().find(R"("msg":"OK")"), std::string::npos);
}

// The frames that many share need nothing of what one was sent before, so who comes late understands them.
TEST(WsCompression, shares_frames_with_clients_that_come_later) {
  House house;
  PackedClient first{house.port()};
  first.ask(kSubscribe);
  for (std::uint64_t n = 1; n <= 20; ++n) {
    PackedClient late{house.port()};
    late.ask(kSubscribe);
    if (n > 1) late.hear();
    house.publish("US:AAPL", n);
    EXPECT_EQ(late.hear(), first.hear());
    EXPECT_GT(late.packed_frames(), 0U);
  }
}

}  // namespace
}  // namespace qos::api::serving
