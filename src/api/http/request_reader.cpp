#include "api/http/request_reader.hpp"

#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/parser.hpp>
#include <iterator>

#include "api/http/header_text.hpp"

namespace qos::api::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

// A body that grows with what arrives. Beast's own string_body reserves what Content-Length promises, which
// would let a client make the server hold a megabyte by saying a number.
struct ArrivedBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool kIsRequest, class Fields>
    reader(bhttp::header<kIsRequest, Fields>&, value_type& body) : body_{body} {}
    void init(const boost::optional<std::uint64_t>&, beast::error_code& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, beast::error_code& error) {
      error = {};
      std::size_t taken = 0;
      for (const auto buffer : beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
        taken += buffer.size();
      }
      return taken;
    }
    void finish(beast::error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

std::string_view view_of(beast::string_view text) {
  return {text.data(), text.size()};
}

// A body's end must be beyond doubt: one that a proxy sees elsewhere lets a client smuggle a request past it.
// Beast takes a request with any other transfer coding for one without a body (RFC 9112, section 6.3).
template <class Fields>
bool has_sound_framing(const Fields& fields) {
  const auto [first, last] = fields.equal_range(bhttp::field::transfer_encoding);
  if (first == last) return true;
  return std::next(first) == last && equal_ignoring_case(trimmed(view_of(first->value())), "chunked");
}

}  // namespace

struct RequestReader::Parser {
  bhttp::request_parser<ArrivedBody> beast;
};

RequestReader::RequestReader(const Limits& limits) : parser_{std::make_unique<Parser>()}, limits_{limits} {
  parser_->beast.eager(true);
  parser_->beast.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  parser_->beast.body_limit(limits.body_bytes);
}

RequestReader::~RequestReader() = default;

RequestReader::Step RequestReader::read(std::string_view bytes) {
  Step step;
  while (!parser_->beast.is_done()) {
    beast::error_code error;
    const auto used = parser_->beast.put(
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
  if (parser_->beast.is_header_done() && !has_sound_framing(parser_->beast.get())) {
    error_ = make_error(ErrorKind::invalid_request,
                        "malformed HTTP request: Transfer-Encoding: expected chunked and nothing else");
    step.progress = Progress::failed;
    return step;
  }
  if (parser_->beast.is_done()) step.progress = Progress::complete;
  return step;
}

bool RequestReader::wants_continue() {
  if (continue_asked_ || !parser_->beast.is_header_done()) return false;
  continue_asked_ = equal_ignoring_case(header("Expect"), "100-continue") && !is_http_1_0();
  return continue_asked_;
}

std::string_view RequestReader::method() const {
  return view_of(parser_->beast.get().method_string());
}
std::string_view RequestReader::target() const {
  return view_of(parser_->beast.get().target());
}
std::string_view RequestReader::header(std::string_view name) const {
  return view_of(parser_->beast.get()[beast::string_view{name.data(), name.size()}]);
}
std::string_view RequestReader::body() const {
  return parser_->beast.get().body();
}
bool RequestReader::keep_alive() const {
  return parser_->beast.keep_alive();
}
bool RequestReader::is_http_1_0() const {
  return parser_->beast.get().version() < 11;
}

}  // namespace qos::api::http
