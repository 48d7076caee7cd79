#include "api/http/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "api/http/header_text.hpp"
#include "core/result.hpp"

namespace qos::api::http {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's way to ask for the gzip wrapping
// JSON of numbers: level 1 already gives a third of the size, at a fraction of the time of level 6.
constexpr int kLevel = 1;

Bytef* bytes_of(const char* text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text));
}

}  // namespace

std::variant<std::string, InflateError> inflate_gzip(std::string_view body, std::size_t limit) {
  z_stream stream{};
  if (::inflateInit2(&stream, kGzipWindow) != Z_OK) return InflateError::corrupt;
  const std::unique_ptr<z_stream, decltype(&::inflateEnd)> guard{&stream, &::inflateEnd};
  stream.next_in = bytes_of(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  std::string out;
  std::array<char, 16 * 1024> piece{};
  for (;;) {
    stream.next_out = bytes_of(piece.data());
    stream.avail_out = piece.size();
    const int result = ::inflate(&stream, Z_NO_FLUSH);
    out.append(piece.data(), piece.size() - stream.avail_out);
    if (out.size() > limit) return InflateError::too_large;
    if (result == Z_STREAM_END) break;
    // A body that ends in the middle has no more input and fills no more output.
    if (result != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0)) return InflateError::corrupt;
  }
  if (stream.avail_in != 0) return InflateError::corrupt;
  return out;
}

struct Deflater::Stream {
  z_stream z{};
};

Deflater::Deflater() : stream_{std::make_unique<Stream>()} {
  constexpr int kMemoryLevel = 8;
  const int ready =
      ::deflateInit2(&stream_->z, kLevel, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY);
  QOS_ASSERT(ready == Z_OK);
}

Deflater::~Deflater() {
  ::deflateEnd(&stream_->z);
}

std::string Deflater::gzip(std::string_view body) {
  z_stream& z = stream_->z;
  ::deflateReset(&z);
  std::string out(::deflateBound(&z, static_cast<uLong>(body.size())), '\0');
  z.next_in = bytes_of(body.data());
  z.avail_in = static_cast<uInt>(body.size());
  z.next_out = bytes_of(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  QOS_ASSERT(::deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  bool accepted = false;
  bool named = false;  // what is said of gzip itself counts more than what is said of *
  for_each_part(accept_encoding, ',', [&](std::string_view part) {
    const auto name = trimmed(part.substr(0, part.find(';')));
    const bool is_gzip = equal_ignoring_case(name, "gzip");
    if (!is_gzip && (name != "*" || named)) return;
    named = named || is_gzip;
    accepted = true;
    for_each_part(part, ';', [&](std::string_view parameter) {
      if (parameter.size() < 3 || lower(parameter[0]) != 'q' || parameter[1] != '=') return;
      accepted = parameter.find_first_of("123456789", 2) != std::string_view::npos;
    });
  });
  return accepted;
}

}  // namespace qos::api::http
