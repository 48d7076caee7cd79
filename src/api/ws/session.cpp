#include "api/ws/session.hpp"

#include <algorithm>
#include <chrono>

namespace qos::api::ws {
namespace {

// First states are read while less than this waits for the client: some milliseconds of a fast line.
constexpr std::size_t kFirstStatesRoom = std::size_t{256} << 10;
// How long a client has to answer a close frame.
constexpr std::chrono::seconds kCloseTimeout{5};
// How long a key may have ended before its connections do, beside the gate's own second.
constexpr std::chrono::seconds kLookAtKeyEvery{1};
// A shorter answer is not worth the time.
constexpr std::size_t kLeastPackedAnswer = 256;
// What is packed before the kernel has taken it cannot be superseded any more.
constexpr std::size_t kPackedAtATime = std::size_t{16} << 10;

}  // namespace

Session::Session(LoopContext& context, std::shared_ptr<LoopWorld> world, Transport transport,
                 access::Grant grant, std::shared_ptr<void> place, const Extensions& ext,
                 const std::optional<Compression>& compression)
    : Connection{context, std::move(transport)},
      shares_packed_{compression && !compression->own_context},
      world_{std::move(world)},
      grant_{std::move(grant)},
      place_{std::move(place)},
      counted_{context.counters.websockets_open},
      counted_compressed_{compression ? CountedPlace{context.counters.ws_compressed_open} : CountedPlace{}},
      reader_{context.options.max_frame_bytes, compression ? &context.compression.inflater : nullptr},
      extensions_{ext},
      last_heard_{context.now},
      key_looked_at_{context.now} {
  if (grant_.nature.cursor && services().cursors != nullptr)
    cursor_ = std::make_unique<CursorTrail>(*services().cursors, grant_.key, context.now);
  if (!compression || !compression->own_context) return;
  own_packer_ =
      std::make_unique<Packer>(context.compression.bytes, Deflater::Context::kept, compression->window_bits);
  // The answer to the handshake is no frame.
  outbox().seal();
}

void Session::on_bytes(std::span<char> bytes) {
  if (const auto violation = reader_.read(bytes, *this)) {
    // The stream cannot be understood any more, so the client's close frame is not waited for.
    say_goodbye(violation->code, violation->reason);
    close_when_sent();
  }
}

CommandContext Session::command_context() {
  return {.hub = hub(),
          .subscriber = *this,
          .first_states = first_states_,
          .extensions = extensions_,
          .pace = pace_,
          .grant = grant_,
          .gate = context().gate,
          .services = services(),
          .parser = context().commands,
          .now = context().services.clock.steady_now(),
          .resumes = [this]() -> Resumes& { return resumes(); },
          .resumes_under_way = resumes_.get(),
          .cursor = cursor_.get(),
          .cursors_lost = context().counters.cursors_lost,
          .memory = &services() == &context().services ? &context().memory : nullptr,
          .lag = context().lag,
          .packed = shares_packed_,
          .channels_ended = [this] { outbox().seal(); }};
}

Resumes& Session::resumes() {
  if (!resumes_)
    resumes_ = std::make_unique<Resumes>(Resumes::Surroundings{
        .hub = hub(),
        .subscriber = *this,
        .services = services(),
        .first_states = first_states_,
        .mail = context().mail,
        .something_to_send = [this] { context().host.visit_at_turn_end(*this); },
        .sent = [this](const channel::ChannelKey& key, Sequence sequence) { note(key, sequence); },
        .cursor_lost =
            [this](const channel::ChannelKey& key) {
              context().counters.cursors_lost.add();
              if (cursor_) cursor_->lost(key);
            }});
  return *resumes_;
}

void Session::on_text(std::string_view text) {
  heard();
  if (!closing_) answer(run_command(text, command_context()));
}

void Session::on_binary(std::string_view) {
  heard();
  if (!closing_) answer(answer_no_command("expected a text message, seen a binary one", command_context()));
}

void Session::on_ping(std::string_view payload) {
  heard();
  if (closing_) return;
  queue(channel::make_frame(make_control_frame(Opcode::pong, payload)));
  make_room();
}

void Session::on_close(std::optional<std::uint16_t> code) {
  // Ours was first: this is its answer. Else answer with the client's own code (RFC 6455, section 5.5.1).
  if (!closing_)
    say_goodbye(static_cast<CloseCode>(code.value_or(static_cast<std::uint16_t>(CloseCode::normal))), {});
  close_when_sent();
}

void Session::answer(const CommandAnswer& answer) {
  context().counters.ws_commands.add();
  if (answer.outcome == Outcome::error) context().counters.ws_errors.add();
  std::string frame;
  frame.reserve(answer.text.size() + 10);
  append_frame_header(frame, Opcode::text, answer.text.size());
  frame += answer.text;
  // The client may have read while the answer was made.
  make_room();
  ++context().tally.frames_sent;
  judge(send_answer(packed_for_all(channel::make_frame(std::move(frame)), kLeastPackedAnswer)));
  make_room();
}

void Session::queue(channel::Frame frame) {
  ++context().tally.frames_sent;
  judge(send(packed_for_all(std::move(frame), kLeastPacked)));
}

channel::Frame Session::packed_for_all(channel::Frame frame, std::size_t least) {
  return shares_packed_ && frame->size() >= least ? context().compression.shared.pack(std::move(frame))
                                                  : std::move(frame);
}

void Session::on_sending() {
  if (!own_packer_) return;
  outbox().encode_first(kPackedAtATime, [this](std::string_view frames) {
    std::string out;
    own_packer_->append(out, frames);
    return channel::make_frame(std::move(out));
  });
}

void Session::judge(channel::Outbox::Verdict verdict) {
  if (verdict == channel::Outbox::Verdict::slow_consumer) too_slow_ = true;
}

// A client that asks much in one packet is not slow yet: what the kernel takes now does not wait.
void Session::make_room() {
  if (outbox().bytes() <= context().options.outbox_soft_bytes) return;
  flush();
  if (!closed()) too_slow_ = outbox().verdict(context().now) == channel::Outbox::Verdict::slow_consumer;
}

void Session::take(channel::Batch& batch, std::span<const channel::Batch::Index> frames) {
  if (closing_ || too_slow_ || closed()) return;
  context().tally.frames_sent += frames.size();
  const std::size_t gone = !outbox().empty() ? 0
                           : own_packer_     ? put_own_frames(batch, frames)
                                             : put_frames(batch, frames);
  if (closed()) return;
  if (gone < frames.size())
    queue_frames(batch, frames.subspan(gone));
  else if (!outbox().empty())
    await_room();  // the end of the last one waits
  if (cursor_)
    for (const auto index : frames) note(batch.label(index).key, batch.label(index).sequence);
}

std::size_t Session::put_frames(channel::Batch& batch, std::span<const channel::Batch::Index> frames) {
  std::size_t gone = 0;
  while (gone < frames.size()) {
    const auto gathered = context().gatherer.gather(batch, frames.subspan(gone));
    std::size_t put_bytes = put(gathered.bytes);
    if (closed()) return gone;
    if (put_bytes == gathered.bytes.size()) {
      gone += gathered.frames;
      continue;
    }
    for (; put_bytes >= batch.bytes(frames[gone]).size(); ++gone)
      put_bytes -= batch.bytes(frames[gone]).size();
    if (put_bytes > 0) judge(outbox().push_rest(batch.shared(frames[gone++]), put_bytes, context().now));
    break;
  }
  return gone;
}

std::size_t Session::put_own_frames(channel::Batch& batch, std::span<const channel::Batch::Index> frames) {
  std::size_t gone = 0;
  std::string packed;
  while (gone < frames.size()) {
    // What the kernel may refuse is kept small: it cannot be superseded any more.
    std::size_t count = 1;
    std::size_t bytes = batch.bytes(frames[gone]).size();
    while (gone + count < frames.size()) {
      bytes += batch.bytes(frames[gone + count]).size();
      if (bytes > kPackedAtATime) break;
      ++count;
    }
    const auto gathered = context().gatherer.gather(batch, frames.subspan(gone, count));
    packed.clear();
    own_packer_->append(packed, gathered.bytes);
    const std::size_t put_bytes = put(packed);
    if (closed()) return gone;
    gone += gathered.frames;
    if (put_bytes == packed.size()) continue;
    judge(outbox().push_rest(channel::make_frame(std::move(packed)), put_bytes, context().now));
    outbox().seal();
    break;
  }
  return gone;
}

// The kernel says when it has room again; until then nothing is tried.
void Session::queue_frames(channel::Batch& batch, std::span<const channel::Batch::Index> frames) {
  for (const auto index : frames) {
    const auto pushed =
        outbox().push_update(batch.shared(index), batch.label(index), batch.form(index), context().now);
    judge(pushed.verdict);
    if (pushed.superseded) ++context().tally.frames_superseded;
    if (too_slow_) return context().host.visit_at_turn_end(*this);
  }
  await_room();
}

// What is queued here is sent in this order, or the connection ends.
void Session::note(const channel::ChannelKey& key, Sequence sequence) {
  if (cursor_) cursor_->note(key, sequence);
}

void Session::on_pong(std::string_view payload) {
  heard();
  if (cursor_) cursor_->confirm(payload);
}

void Session::ping_for_cursor(SteadyTime now) {
  if (!cursor_ || closing_) return;
  if (const auto payload = cursor_->next_ping(now))
    queue(channel::make_frame(make_control_frame(Opcode::ping, *payload)));
}

void Session::hold(const channel::Update& update, std::string_view frame) {
  if (!closing_ && !too_slow_ && resumes_) resumes_->hold(update, channel::make_frame(std::string{frame}));
}

bool Session::something_waits() const {
  return !first_states_.empty() || (resumes_ && resumes_->has_something_to_send());
}

bool Session::send_what_waits() {
  // The last state may be over the room, so that must stay well below what closes a client.
  const std::size_t room = std::min(kFirstStatesRoom, context().options.outbox_hard_bytes / 2);
  if (resumes_) {
    resumes_->pursue();
    while (outbox().bytes() < room)
      if (auto next = resumes_->next())
        queue(std::move(*next));
      else
        break;
  }
  while (!first_states_.empty() && outbox().bytes() < room) {
    auto started = first_states_.next(hub(), *this, services());
    if (!started) {
      context().host.visit_at_turn_end(*this);
      return false;
    }
    if (started->push) queue(std::move(started->push));
    note(started->key, started->after);
  }
  return true;
}

void Session::end_turn() {
  if (too_slow_) return give_up_on_slow_client();
  bool goes_on = true;
  do {
    if (!closing_) goes_on = send_what_waits();
    flush();
  } while (goes_on && !closed() && !closing_ && outbox().empty() && something_waits());
}

void Session::on_tick(SteadyTime now) {
  if (closing_) {
    if (now - goodbye_said_ > kCloseTimeout) close_now();
    return;
  }
  if (outbox().verdict(now) == channel::Outbox::Verdict::slow_consumer) return give_up_on_slow_client();
  look_at_key(now);
  if (resumes_ && !closing_) resumes_->on_tick(now);
  ping_for_cursor(now);
  if (now - last_heard_ <= context().options.heartbeat_timeout) return;
  if (closing_) return;
  context().counters.heartbeat_timeouts.add();
  say_goodbye(CloseCode::going_away, "no heartbeat");
}

void Session::look_at_key(SteadyTime now) {
  if (now - key_looked_at_ < kLookAtKeyEvery) return;
  key_looked_at_ = now;
  if (const auto denial = context().gate.check(grant_.key, context().services.clock.now()))
    say_goodbye(CloseCode::key_ended, row_of(kind_of(*denial)).begins);
}

void Session::on_stop() {
  if (!closing_) say_goodbye(CloseCode::service_restart, context().goodbye);
}

void Session::say_goodbye(CloseCode code, std::string_view reason) {
  if (closing_ || closed()) return;
  closing_ = true;
  goodbye_said_ = context().now;
  hub().drop(*this);
  first_states_ = {};
  resumes_.reset();
  // A client that connects anew at once must not be refused because of the connection it has lost.
  place_.reset();
  send(channel::make_frame(make_close_frame(code, reason)));
}

// What waits is not sent; the close frame follows what is half on the wire. A client that reads on within the
// time for closing learns why, any other is cut off.
void Session::give_up_on_slow_client() {
  too_slow_ = false;
  if (closing_) return flush();
  context().counters.slow_consumers.add();
  outbox().drop_unstarted();
  say_goodbye(CloseCode::slow_consumer, "the client reads too slowly");
  close_when_sent();
  flush();
}

void Session::on_closed() {
  resumes_.reset();
  hub().drop(*this);
}

}  // namespace qos::api::ws
