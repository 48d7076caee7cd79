#include "api/http/request_reader.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <optional>
#include <vector>

#include "api/http/header_text.hpp"

namespace qos::api::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

// What a reader keeps for the next request.
constexpr std::size_t kMaxKept = std::size_t{64} << 10U;

// A piece of Message::head.
struct Piece {
  std::size_t begin = 0;
  std::size_t size = 0;
};
struct Header {
  Piece name;
  Piece value;
};

// What the parser has found. A head is copied, for the bytes it came in are gone when the body comes.
struct Message {
  std::string head;  // method, target, names and values, one behind the other
  Piece method;
  Piece target;
  std::vector<Header> headers;
  std::string body;  // grows with what arrives, not with what Content-Length promises
  int version = 11;
  bool has_whole_header = false;

  std::string_view text(Piece piece) const { return std::string_view{head}.substr(piece.begin, piece.size); }
  Piece keep(beast::string_view text) {
    head.append(text.data(), text.size());
    return {head.size() - text.size(), text.size()};
  }
  void clear() {
    head.clear();
    method = target = {};
    headers.clear();
    body.clear();
    if (body.capacity() > kMaxKept) body.shrink_to_fit();
    version = 11;
    has_whole_header = false;
  }
};

// A body's end must be beyond doubt: one that a proxy sees elsewhere lets a client smuggle a request past it.
// Beast takes a request with any other transfer coding for one without a body (RFC 9112, section 6.3).
bool has_sound_framing(const Message& message) {
  const Header* found = nullptr;
  for (const Header& header : message.headers) {
    if (!equal_ignoring_case(message.text(header.name), "transfer-encoding")) continue;
    if (found != nullptr) return false;
    found = &header;
  }
  return found == nullptr || equal_ignoring_case(trimmed(message.text(found->value)), "chunked");
}

}  // namespace

// Beast's parser without Beast's containers, which allocate for every header.
class RequestReader::Parser final : public bhttp::basic_parser<true> {
 public:
  explicit Parser(Message& message) : message_{message} {}

 private:
  using Error = beast::error_code;
  using Text = beast::string_view;

  void on_request_impl(bhttp::verb, Text method, Text target, int version, Error&) override {
    message_.method = message_.keep(method);
    message_.target = message_.keep(target);
    message_.version = version;
  }
  void on_response_impl(int, Text, int, Error&) override {}
  void on_field_impl(bhttp::field, Text name, Text value, Error&) override {
    // What comes behind a chunked body is no header of the request.
    if (message_.has_whole_header) return;
    const Piece kept = message_.keep(name);
    message_.headers.push_back({.name = kept, .value = message_.keep(value)});
  }
  void on_header_impl(Error&) override { message_.has_whole_header = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(Text bytes, Error&) override {
    message_.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, Error& error) override {
    return on_body_impl(bytes, error);
  }
  void on_finish_impl(Error&) override {}

  Message& message_;
};

struct RequestReader::Parsed {
  Message message;
  std::optional<Parser> parser;  // a parser reads one request
};

RequestReader::RequestReader(const Limits& limits) : parsed_{std::make_unique<Parsed>()}, limits_{limits} {
  begin_anew();
}

RequestReader::~RequestReader() = default;

void RequestReader::begin_anew() {
  parsed_->message.clear();
  auto& parser = parsed_->parser.emplace(parsed_->message);
  parser.eager(true);
  parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  parser.body_limit(limits_.body_bytes);
  continue_asked_ = false;
}

RequestReader::Step RequestReader::read(std::string_view bytes) {
  Step step;
  auto& parser = *parsed_->parser;
  while (!parser.is_done()) {
    beast::error_code error;
    const auto used = parser.put(
        boost::asio::const_buffer{bytes.data() + step.consumed, bytes.size() - step.consumed}, error);
    step.consumed += used;
    if (error == bhttp::error::need_more) break;
    if (error) {
      const bool too_large = error == bhttp::error::body_limit || error == bhttp::error::buffer_overflow;
      error_ = too_large ? make_error(ErrorKind::request_too_large,
                                      fmt::format("a body of at most {} bytes", limits_.body_bytes))
                         : make_error(ErrorKind::invalid_request,
                                      fmt::format("malformed HTTP request: {}", error.message()));
      step.progress = Progress::failed;
      return step;
    }
    if (used == 0) break;
  }
  if (parsed_->message.has_whole_header && !has_sound_framing(parsed_->message)) {
    error_ = make_error(ErrorKind::invalid_request,
                        "malformed HTTP request: Transfer-Encoding: expected chunked and nothing else");
    step.progress = Progress::failed;
    return step;
  }
  if (parser.is_done()) step.progress = Progress::complete;
  return step;
}

bool RequestReader::wants_continue() {
  if (continue_asked_ || !parsed_->message.has_whole_header) return false;
  continue_asked_ = equal_ignoring_case(header("Expect"), "100-continue") && !is_http_1_0();
  return continue_asked_;
}

std::string_view RequestReader::method() const {
  return parsed_->message.text(parsed_->message.method);
}
std::string_view RequestReader::target() const {
  return parsed_->message.text(parsed_->message.target);
}
std::string_view RequestReader::header(std::string_view name) const {
  const Message& message = parsed_->message;
  for (const Header& header : message.headers)
    if (equal_ignoring_case(message.text(header.name), name)) return message.text(header.value);
  return {};
}
std::vector<std::string_view> RequestReader::headers(std::string_view name) const {
  std::vector<std::string_view> values;
  const Message& message = parsed_->message;
  for (const Header& header : message.headers)
    if (equal_ignoring_case(message.text(header.name), name)) values.push_back(message.text(header.value));
  return values;
}
std::string_view RequestReader::body() const {
  return parsed_->message.body;
}
bool RequestReader::keep_alive() const {
  return parsed_->parser->keep_alive();
}
bool RequestReader::is_http_1_0() const {
  return parsed_->message.version < 11;
}

}  // namespace qos::api::http
