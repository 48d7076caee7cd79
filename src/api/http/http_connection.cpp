#include "api/http/http_connection.hpp"

#include <algorithm>

#include "api/http/handshake.hpp"
#include "api/http/header_text.hpp"
#include "api/ws/session.hpp"

namespace qos::api::http {
namespace {

constexpr std::size_t kMaxHeader = 8'192;
// A client that sends requests without reading answers is not read any further above this.
constexpr std::size_t kAnswersWaiting = 256 * 1024;
// More than a header or a chunk's line can be: what waits for its end beyond this never ends.
constexpr std::size_t kMaxUnfinished = 2 * kMaxHeader;

// How long the two sides may take to agree on how TLS is spoken.
constexpr std::chrono::seconds kHandshakePatience{10};

// How long an answer that others work on may take.
constexpr std::chrono::seconds kExplainPatience{60};

bool is_ok(const Response& response) {
  return response.body.starts_with(R"({"msg":"OK")");
}

}  // namespace

HttpConnection::HttpConnection(LoopContext& context, Transport transport, std::string remote_address)
    : Connection{context, std::move(transport)},
      remote_address_{std::move(remote_address)},
      last_alive_{context.now} {}

// A request whose answer comes later keeps its place: those behind it are not read before.
bool HttpConnection::has_room() const {
  return !awaited_ && outbox().bytes() + context().http_answers.size() < kAnswersWaiting;
}

void HttpConnection::on_bytes(std::span<char> bytes) {
  std::string_view arrived{bytes.data(), bytes.size()};
  if (!waiting_.empty()) {
    waiting_.append(arrived);
    return read_waiting();
  }
  const std::size_t used = read_requests(arrived);
  if (!accepts_input()) return;
  waiting_ = arrived.substr(used);
  decide_on_reading();
}

void HttpConnection::read_waiting() {
  const std::size_t used = read_requests(waiting_);
  if (!accepts_input()) return;
  waiting_.erase(0, used);
  if (waiting_.empty()) waiting_ = {};
  decide_on_reading();
}

// Decides what happens next with what could not be used.
void HttpConnection::decide_on_reading() {
  if (has_room()) {
    if (waiting_.size() > kMaxUnfinished)
      return refuse_and_close(
          make_error(ErrorKind::invalid_request, "malformed HTTP request: a line without an end"));
    if (input_ended_) return close_when_sent();
  }
  const bool wanted = has_room() && !input_ended_;
  if (wanted != std::exchange(reading_, wanted)) read_while(wanted);
}

// The loop has one at hand; only requests that come in pieces need more.
std::unique_ptr<RequestReader> HttpConnection::take_reader() {
  if (auto reader = std::move(context().request_reader)) {
    reader->begin_anew();
    return reader;
  }
  return std::make_unique<RequestReader>(
      RequestReader::Limits{.header_bytes = kMaxHeader, .body_bytes = context().options.max_body_bytes});
}

std::size_t HttpConnection::read_requests(std::string_view bytes) {
  const std::size_t used = answer_requests(bytes);
  send_answers();
  return used;
}

std::size_t HttpConnection::answer_requests(std::string_view bytes) {
  std::size_t used = 0;
  while (accepts_input() && has_room()) {
    if (!reader_) {
      // An empty line before a request is to be ignored (RFC 9112, section 2.2).
      while (used < bytes.size() && (bytes[used] == '\r' || bytes[used] == '\n')) ++used;
      if (used == bytes.size()) break;
      reader_ = take_reader();
    }
    const auto step = reader_->read(bytes.substr(used));
    used += step.consumed;
    if (step.progress == RequestReader::Progress::failed) {
      refuse_and_close(reader_->error());
      break;
    }
    if (step.progress == RequestReader::Progress::needs_more) {
      if (reader_->wants_continue()) context().http_answers += "HTTP/1.1 100 Continue\r\n\r\n";
      break;
    }
    last_alive_ = context().now;
    auto request = std::move(reader_);
    if (path_of(request->target()) == "/ws")
      answer_websocket(*request, std::string{bytes.substr(used)});
    else
      answer(*request);
    context().request_reader = std::move(request);
  }
  return used;
}

void HttpConnection::answer(const RequestReader& request) {
  context().counters.http_requests.add();
  std::string unpacked;
  const auto body = body_of(request, unpacked);
  const ResponseStyle style{.keep_alive = request.keep_alive(),
                            .old_client = request.is_http_1_0(),
                            .gzip = accepts_gzip(request.header("Accept-Encoding")),
                            .head_only = request.method() == "HEAD"};
  const std::uint64_t ticket = next_ticket_++;
  Response response = body ? respond(
                                 {
                                     .method = request.method(),
                                     .target = request.target(),
                                     .key_header = request.header("key"),
                                     .authorization = request.header("Authorization"),
                                     .body = *body,
                                     .remote_address = remote_address_,
                                 },
                                 {
                                     .services = context().services,
                                     .gate = context().gate,
                                     .options = context().options,
                                     .registrations = context().registrations,
                                     .worlds = context().worlds,
                                     .memory = &context().memory,
                                     .lag = context().lag,
                                     .wait = [this, ticket] { return answerer(ticket); },
                                 })
                           : error_response(body.error(), context().options.http_status);
  if (response.comes_later)
    awaited_ = Awaited{.ticket = ticket, .style = style, .since = context().now, .world = response.world};
  else
    reply(response, style);
  context().memory.give_back(std::move(response.body));
}

// Finds its way back to this connection, if it is still there and still waits for this answer.
Answerer HttpConnection::answerer(std::uint64_t ticket) {
  if (!self_) self_ = std::make_shared<HttpConnection*>(this);
  return [mail = context().mail, self = std::weak_ptr<HttpConnection*>{self_}, ticket](Response response) {
    auto shared = std::make_shared<Response>(std::move(response));
    mail->post([self, ticket, shared] {
      if (const auto connection = self.lock()) (*connection)->bring(ticket, *shared);
    });
  };
}

void HttpConnection::bring(std::uint64_t ticket, const Response& response) {
  if (closed() || !awaited_ || awaited_->ticket != ticket) return;
  const ResponseStyle style = awaited_->style;
  awaited_.reset();
  context().now = context().services.clock.steady_now();
  last_alive_ = context().now;
  reply(response, style);
  send_answers();
  // What stands behind it in line is read when the answer is sent: on_everything_sent().
}

Answer<std::string_view> HttpConnection::body_of(const RequestReader& request, std::string& unpacked) const {
  const auto encoding = trimmed(request.header("Content-Encoding"));
  if (encoding.empty() || equal_ignoring_case(encoding, "identity")) return request.body();
  const auto refused = [](ErrorKind kind, std::string_view detail) {
    return std::unexpected{make_error(kind, detail)};
  };
  if (!equal_ignoring_case(encoding, "gzip"))
    return refused(ErrorKind::invalid_request,
                   fmt::format("Content-Encoding: expected gzip, seen \"{}\"", encoding.substr(0, 40)));
  const std::size_t limit = context().options.max_body_bytes;
  auto result = inflate_gzip(request.body(), limit);
  if (const auto* error = std::get_if<InflateError>(&result))
    return *error == InflateError::too_large
               ? refused(ErrorKind::request_too_large,
                         fmt::format("a body of at most {} bytes, unpacked", limit))
               : refused(ErrorKind::invalid_request, "Content-Encoding: the body is no whole gzip stream");
  unpacked = std::move(std::get<std::string>(result));
  return unpacked;
}

void HttpConnection::reply(const Response& response, const ResponseStyle& style) {
  if (!is_ok(response)) context().counters.http_errors.add();
  auto last_or_not = style;
  if (context().draining) last_or_not.keep_alive = false;
  say(response, last_or_not);
  if (last_or_not.keep_alive) return;
  send_answers();
  close_when_sent();
}

void HttpConnection::say(const Response& response, const ResponseStyle& style) {
  context().responses.append(context().http_answers, response, style, context().services.clock.now());
}

// The answers to all requests of one read are sent as one.
void HttpConnection::send_answers() {
  if (!context().http_answers.empty()) send(channel::make_frame(std::exchange(context().http_answers, {})));
}

void HttpConnection::refuse_and_close(const ApiError& error) {
  context().counters.http_requests.add();
  reply(error_response(error, context().options.http_status), {.keep_alive = false});
}

void HttpConnection::answer_websocket(const RequestReader& request, std::string rest) {
  context().counters.http_requests.add();
  const auto refuse = [&](const Response& response) { reply(response, {.keep_alive = false}); };
  if (const auto refusal = refuse_handshake(request)) return refuse(*refusal);
  auto grant = authenticate({.method = request.method(),
                             .target = request.target(),
                             .key_header = request.header("key"),
                             .authorization = request.header("Authorization"),
                             .body = {},
                             .remote_address = remote_address_},
                            context().gate, context().services.clock.now());
  if (!grant) return refuse(error_response(grant.error(), HttpStatus::by_class));
  const auto ext = extensions_in_query(request.target());
  if (!ext) return refuse(error_response(ext.error(), HttpStatus::by_class));
  auto world = context().host.world_of(*grant);
  if (!world) return refuse(error_response(not_ready_yet(kWorldNotReady), HttpStatus::by_class));
  auto place = context().gate.connect(*grant);
  if (!place) {
    const auto allowed = grant->plan->limit(access::Permission::ws).max_connections;
    const auto error =
        make_error(ErrorKind::too_many_connections, fmt::format("the plan allows {} at a time", allowed));
    return refuse(error_response(error, HttpStatus::by_class));
  }
  const auto agreed =
      ws::agree_on_compression(request.headers("Sec-WebSocket-Extensions"), grant->plan->compression);
  say(accept_handshake(request, agreed ? agreed->answer : std::string_view{}), {});
  send_answers();
  auto session = std::make_unique<ws::Session>(context(), std::move(world), release(), std::move(*grant),
                                               std::move(place), *ext,
                                               agreed ? std::optional{agreed->compression} : std::nullopt);
  ws::Session& started = *session;
  context().host.add(std::move(session));
  started.start();
  if (!rest.empty()) started.take_early_bytes(rest);
}

void HttpConnection::on_end_of_input() {
  input_ended_ = true;
  decide_on_reading();
}

void HttpConnection::on_everything_sent() {
  if (!waiting_.empty() || input_ended_) return read_waiting();
  // A long answer had stopped the reading.
  decide_on_reading();
}

void HttpConnection::on_tick(SteadyTime now) {
  Connection::on_tick(now);
  if (closed()) return;
  if (awaited_) {
    if (now - awaited_->since > kExplainPatience)
      bring(awaited_->ticket, error_response(not_ready_yet("the answer took too long to work out"),
                                             context().options.http_status));
    return;
  }
  std::chrono::milliseconds patience = context().options.http_idle_timeout;
  if (stream().is_opening()) patience = std::min<std::chrono::milliseconds>(patience, kHandshakePatience);
  if (now - last_alive_ > patience) close_now();
}

// A request that has begun to arrive still gets its answer, which says that it is the last one.
void HttpConnection::leave() {
  if (!reader_ && !awaited_ && waiting_.empty()) close_when_sent();
}

void HttpConnection::on_stop() {
  if (outbox().empty())
    close_now();
  else
    close_when_sent();
}

}  // namespace qos::api::http
