// An HTTP/1.x connection: requests in, answers out in the same order, keep-alive and pipelining, until it
// closes or becomes a WebSocket.
//
// Thread: the loop's.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/connection.hpp"
#include "api/http/request_reader.hpp"

namespace qos::api::http {

class HttpConnection final : public Connection {
 public:
  HttpConnection(LoopContext& context, Transport transport, std::string remote_address);

  void on_tick(SteadyTime now) override;
  void on_stop() override;
  void leave() override;

 private:
  void on_bytes(std::span<char> bytes) override;
  void on_end_of_input() override;
  // A long answer on a slow line is no idleness.
  void on_some_sent() override { last_alive_ = context().now; }
  void on_everything_sent() override;

  // Reads and answers as many requests as there are; returns how many bytes they took.
  std::size_t read_requests(std::string_view bytes);
  std::size_t answer_requests(std::string_view bytes);
  std::unique_ptr<RequestReader> take_reader();
  void read_waiting();
  void decide_on_reading();
  void answer(const RequestReader& request);
  // `rest`: what was read beyond the handshake; it belongs to the WebSocket.
  void answer_websocket(const RequestReader& request, std::string rest);
  // The body, decompressed into `unpacked` if it was sent so.
  Answer<std::string_view> body_of(const RequestReader& request, std::string& unpacked) const;
  // Each behind the answers that are to be sent; reply() counts, and closes behind the last one.
  void say(const Response& response, const ResponseStyle& style);
  void reply(const Response& response, const ResponseStyle& style);
  void send_answers();
  void refuse_and_close(const ApiError& error);
  bool has_room() const;
  Answerer answerer(std::uint64_t ticket);
  void bring(std::uint64_t ticket, const Response& response);

  // The request whose answer others work on. There is one at most: what comes behind it waits unread.
  struct Awaited {
    std::uint64_t ticket;
    ResponseStyle style;
    SteadyTime since;
    std::shared_ptr<const World> world;  // where it is worked out; nullptr: the live one
  };

  std::string remote_address_;
  SteadyTime last_alive_;                  // when a whole request came last, or part of an answer went
  std::unique_ptr<RequestReader> reader_;  // of the request that is under way
  std::string
      waiting_;  // bytes that cannot be used yet: half a header, or more requests than answers have room
  bool input_ended_ = false;
  bool reading_ = true;  // as the kernel was told
  std::optional<Awaited> awaited_;
  std::uint64_t next_ticket_ = 1;
  std::shared_ptr<HttpConnection*> self_;  // what an answer finds its way back by; made when first needed
};

}  // namespace qos::api::http
