// A client that offers permessage-deflate, with zlib streams of its own: nothing of the server's code packs
// or unpacks here.
#pragma once

#include <zlib.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

#include "api/socket_client.hpp"

namespace qos::api::serving {

// What a message looks like to the server: without a context, without the end of its flush.
inline std::string packed_text(std::string_view text, int window_bits = 15) {
  z_stream stream{};
  ::deflateInit2(&stream, 9, Z_DEFLATED, -window_bits, 9, Z_DEFAULT_STRATEGY);
  std::string out(::deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_SYNC_FLUSH);
  out.resize(stream.total_out - 4);
  ::deflateEnd(&stream);
  return out;
}

class Unpacker {
 public:
  explicit Unpacker(int window_bits) { ::inflateInit2(&stream_, -window_bits); }
  ~Unpacker() { ::inflateEnd(&stream_); }
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  void forget_context() { ::inflateReset(&stream_); }
  std::string unpack(std::string packed) {
    packed += std::string_view{"\x00\x00\xff\xff", 4};
    stream_.next_in = reinterpret_cast<Bytef*>(packed.data());
    stream_.avail_in = static_cast<uInt>(packed.size());
    std::string out;
    std::array<char, 4'096> piece;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = piece.size();
      const int result = ::inflate(&stream_, Z_SYNC_FLUSH);
      if (result != Z_OK && result != Z_BUF_ERROR) throw std::runtime_error{"the server packs nonsense"};
      out.append(piece.data(), piece.size() - stream_.avail_out);
    } while (stream_.avail_in > 0 || stream_.avail_out == 0);
    return out;
  }

 private:
  z_stream stream_{};
};

class PackedClient : public WsClient {
 public:
  explicit PackedClient(std::uint16_t port, std::string_view key = "good", int receive_buffer = 0,
                        const std::filesystem::path& trusted = {},
                        std::string_view offer = "permessage-deflate; server_max_window_bits=12")
      : WsClient{port, key, receive_buffer, trusted, offer},
        keeps_context_{agreed().find("server_no_context_takeover") == std::string::npos} {}

  std::string agreed() const { return answer.header("sec-websocket-extensions"); }
  void say_packed(std::string_view text) { send(masked_frame(0xC1, packed_text(text))); }

  WsFrame read_frame() override {
    WsFrame frame = read_raw_frame();
    bytes_ += frame.payload.size();
    if (!frame.is_packed) return frame;
    ++packed_frames_;
    if (!keeps_context_) unpacker_.forget_context();
    frame.payload = unpacker_.unpack(std::move(frame.payload));
    return frame;
  }

  std::uint64_t packed_frames() const { return packed_frames_; }
  std::uint64_t bytes() const { return bytes_; }  // of payloads, as they came

 private:
  Unpacker unpacker_{12};
  bool keeps_context_;
  std::uint64_t packed_frames_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace qos::api::serving
