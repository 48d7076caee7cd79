// A WebSocket connection: messages in, answers and pushes out, and how it ends.
//
// Thread: the loop's.
#pragma once

#include <memory>
#include <string_view>

#include "api/connection.hpp"
#include "api/ws/commands.hpp"
#include "api/ws/cursor_trail.hpp"
#include "api/ws/deflate_offer.hpp"
#include "api/ws/first_states.hpp"
#include "api/ws/frame.hpp"
#include "api/ws/pace.hpp"
#include "api/ws/packer.hpp"
#include "channel/hub.hpp"

namespace qos::api::ws {

class Session final : public Connection, public channel::Subscriber, private MessageHandler {
 public:
  // `place`: the connection's place among those the plan allows; given back when goodbye is said.
  // `ext`: the extensions the handshake asked for; the command X may change them.
  // `world`: what it shows.
  // `compression`: what was agreed on; nullopt: none.
  Session(LoopContext& context, std::shared_ptr<LoopWorld> world, Transport transport, access::Grant grant,
          std::shared_ptr<void> place, const Extensions& ext,
          const std::optional<Compression>& compression = {});

  // What came behind the handshake in the same packet.
  void take_early_bytes(std::span<char> bytes) { on_bytes(bytes); }

  void take(channel::Batch& batch, std::span<const channel::Batch::Index> frames) override;
  void hold(const channel::Update& update, std::string_view frame) override;
  void on_tick(SteadyTime now) override;
  void on_stop() override;
  void end_turn() override;

 private:
  void on_bytes(std::span<char> bytes) override;
  void on_sending() override;
  void on_end_of_input() override { close_now(); }
  void on_closed() override;

  void on_text(std::string_view text) override;
  void on_binary(std::string_view bytes) override;
  void on_ping(std::string_view payload) override;
  void on_pong(std::string_view payload) override;
  void on_close(std::optional<std::uint16_t> code) override;
  bool goes_on() const override { return accepts_input() && !too_slow_; }

  CommandContext command_context();
  Resumes& resumes();
  void heard() { last_heard_ = context().now; }
  void answer(const CommandAnswer& answer);
  void queue(channel::Frame frame);
  // Itself, or packed if that is done for all alike and it has `least` bytes.
  channel::Frame packed_for_all(channel::Frame frame, std::size_t least);
  void judge(channel::Outbox::Verdict verdict);
  // Gives the kernel what it takes; the first frame that it has no byte of is returned.
  std::size_t put_frames(channel::Batch& batch, std::span<const channel::Batch::Index> frames);
  // Likewise, packed in terms of what the client was sent before. What was packed is sent, in this order.
  std::size_t put_own_frames(channel::Batch& batch, std::span<const channel::Batch::Index> frames);
  void queue_frames(channel::Batch& batch, std::span<const channel::Batch::Index> frames);
  void make_room();
  // What clients missed and first states, as there is room. False: the next one must wait for another turn.
  bool send_what_waits();
  bool something_waits() const;
  // Tells why, if the client still reads, and ends the session when that is sent.
  void say_goodbye(CloseCode code, std::string_view reason);
  void give_up_on_slow_client();
  // The handshake's key may have ended since.
  void look_at_key(SteadyTime now);

  channel::Hub& hub() { return world_->hub; }
  const Services& services() const { return world_->services(); }
  void note(const channel::ChannelKey& key, Sequence sequence);
  void ping_for_cursor(SteadyTime now);

  // Looked at with every share, so they stand in front.
  bool closing_ = false;                 // a close frame is queued or sent; only the client's is waited for
  bool too_slow_ = false;                // decided inside take(), carried out at the turn's end
  bool shares_packed_ = false;           // it is sent what is packed once for all
  std::unique_ptr<CursorTrail> cursor_;  // nullptr: the key has no cursor
  std::unique_ptr<Packer> own_packer_;   // nullptr: it has no context of its own
  std::shared_ptr<LoopWorld> world_;
  access::Grant grant_;
  std::shared_ptr<void> place_;
  CountedPlace counted_;
  CountedPlace counted_compressed_;
  MessageReader reader_;
  FirstStates first_states_;
  std::unique_ptr<Resumes> resumes_;  // nullptr: nobody has asked for the past
  Extensions extensions_;
  Pace pace_;
  SteadyTime last_heard_;
  SteadyTime key_looked_at_;
  SteadyTime goodbye_said_{};
};

}  // namespace qos::api::ws
