#include "e2e/client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include <algorithm>
#include <cctype>
#include <functional>
#include <stdexcept>

namespace qos::e2e {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;

tcp::endpoint endpoint_of(const std::string& address) {
  const auto colon = address.rfind(':');
  return {asio::ip::make_address(address.substr(0, colon)),
          static_cast<unsigned short>(std::stoi(address.substr(colon + 1)))};
}

// One handler type for every step: Beast is compiled once for it.
struct Done {
  std::optional<beast::error_code>* outcome;
  std::size_t* bytes;

  void operator()(beast::error_code problem) const { *outcome = problem; }
  void operator()(beast::error_code problem, std::size_t n) const {
    *outcome = problem;
    *bytes = n;
  }
};

// Runs one asynchronous step to its end or to the deadline.
class Steps {
 public:
  beast::error_code run(beast::tcp_stream& stream, const std::function<void(Done)>& start) {
    std::optional<beast::error_code> outcome;
    bytes = 0;
    stream.expires_after(kPatience);
    start(Done{&outcome, &bytes});
    context.restart();
    while (!outcome && context.run_one() != 0) continue;
    return outcome.value_or(beast::error_code{});
  }

  std::size_t bytes = 0;  // that the last step moved

  asio::io_context context;
};

void must(const beast::error_code& problem, const char* what) {
  if (problem) throw std::runtime_error(std::string{what} + ": " + problem.message());
}

std::string lower(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

template <typename Message>
HttpAnswer answer_of(const Message& message) {
  HttpAnswer answer{.status = static_cast<int>(message.result_int()), .headers = {}, .body = message.body()};
  for (const auto& field : message) answer.headers[lower(field.name_string())] = std::string{field.value()};
  return answer;
}

}  // namespace

class HttpClient::Impl {
 public:
  explicit Impl(const std::string& address) : address_{address}, stream_{steps_.context} { connect(); }

  HttpAnswer request(std::string_view method, std::string_view target, std::string_view body,
                     const Headers& headers) {
    http::request<http::string_body> message;
    message.method_string({method.data(), method.size()});
    message.target({target.data(), target.size()});
    message.version(11);
    message.set(http::field::host, address_);
    for (const auto& [name, value] : headers) message.set(name, value);
    message.body() = body;
    message.prepare_payload();
    must(steps_.run(stream_, [&](Done done) { http::async_write(stream_, message, done); }), "request");
    http::response_parser<http::string_body> parser;
    parser.body_limit(std::size_t{64} << 20);
    if (method == "HEAD") parser.skip(true);
    must(steps_.run(stream_, [&](Done done) { http::async_read(stream_, buffer_, parser, done); }), "answer");
    auto answer = answer_of(parser.get());
    if (parser.get().need_eof()) reconnect();
    return answer;
  }

  std::string raw(std::string_view bytes) {
    must(steps_.run(stream_, [&](Done done) { asio::async_write(stream_, asio::buffer(bytes), done); }),
         "raw bytes");
    std::string all;
    for (;;) {
      std::array<char, 4096> chunk;
      const auto problem =
          steps_.run(stream_, [&](Done done) { stream_.async_read_some(asio::buffer(chunk), done); });
      all.append(chunk.data(), steps_.bytes);
      if (problem) break;
    }
    reconnect();
    return all;
  }

 private:
  void connect() {
    must(steps_.run(stream_, [&](Done done) { stream_.async_connect(endpoint_of(address_), done); }),
         "connect");
    stream_.socket().set_option(tcp::no_delay{true});
  }
  void reconnect() {
    stream_.close();
    buffer_.clear();
    connect();
  }

  std::string address_;
  Steps steps_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
};

HttpClient::HttpClient(const std::string& address) : impl_{std::make_unique<Impl>(address)} {}
HttpClient::~HttpClient() = default;
HttpAnswer HttpClient::post(std::string_view target, std::string_view body, const Headers& headers) {
  return impl_->request("POST", target, body, headers);
}
HttpAnswer HttpClient::request(std::string_view method, std::string_view target, std::string_view body,
                               const Headers& headers) {
  return impl_->request(method, target, body, headers);
}
std::string HttpClient::raw(std::string_view bytes) {
  return impl_->raw(bytes);
}

class WsClient::Impl {
 public:
  Impl(const std::string& address, std::string_view target) : stream_{steps_.context} {
    handshake(address, target, {}, nullptr);
  }
  Impl(const std::string& address, std::string_view target, const Headers& headers,
       websocket::response_type& refusal)
      : stream_{steps_.context} {
    handshake(address, target, headers, &refusal);
  }

  void send(std::string_view text, bool as_text) {
    stream_.text(as_text);
    must(steps_.run(layer(), [&](Done done) { stream_.async_write(asio::buffer(text), done); }), "send");
  }
  void ping() {
    must(steps_.run(layer(), [&](Done done) { stream_.async_ping({}, done); }), "ping");
  }
  std::optional<std::string> receive() {
    const auto problem = steps_.run(layer(), [&](Done done) { stream_.async_read(buffer_, done); });
    if (problem) return std::nullopt;
    auto text = beast::buffers_to_string(buffer_.data());
    buffer_.clear();
    return text;
  }
  int close_code() const { return stream_.reason().code; }
  int native_handle() { return layer().socket().native_handle(); }

 private:
  void handshake(const std::string& address, std::string_view target, const Headers& headers,
                 websocket::response_type* refusal) {
    must(steps_.run(layer(), [&](Done done) { layer().async_connect(endpoint_of(address), done); }),
         "connect");
    layer().socket().set_option(tcp::no_delay{true});
    stream_.set_option(websocket::stream_base::decorator([&headers](websocket::request_type& request) {
      for (const auto& [name, value] : headers) request.set(name, value);
    }));
    websocket::response_type response;
    const auto problem = steps_.run(
        layer(), [&](Done done) { stream_.async_handshake(response, address, std::string{target}, done); });
    if (refusal != nullptr) {
      *refusal = response;
    } else {
      must(problem, "WebSocket handshake");
    }
  }
  beast::tcp_stream& layer() { return stream_.next_layer(); }

  Steps steps_;
  websocket::stream<beast::tcp_stream> stream_;
  beast::flat_buffer buffer_;
};

WsClient::WsClient(const std::string& address, std::string_view target)
    : impl_{std::make_unique<Impl>(address, target)} {}
WsClient::~WsClient() = default;
WsClient::WsClient(WsClient&&) noexcept = default;
WsClient& WsClient::operator=(WsClient&&) noexcept = default;

HttpAnswer WsClient::refusal(const std::string& address, std::string_view target, const Headers& headers) {
  websocket::response_type response;
  const Impl client{address, target, headers, response};
  return answer_of(response);
}

void WsClient::send(std::string_view text) {
  impl_->send(text, true);
}
void WsClient::send_binary(std::string_view bytes) {
  impl_->send(bytes, false);
}
void WsClient::ping() {
  impl_->ping();
}
std::optional<std::string> WsClient::receive() {
  return impl_->receive();
}
std::string WsClient::ask(std::string_view text) {
  send(text);
  auto answer = receive();
  if (!answer) throw std::runtime_error("no answer to " + std::string{text});
  if (!answer->contains("\"type\"")) throw std::runtime_error("expected an answer, got " + *answer);
  return *answer;
}
int WsClient::close_code() const {
  return impl_->close_code();
}
int WsClient::native_handle() {
  return impl_->native_handle();
}

}  // namespace qos::e2e
