#include "api/ws/deflate.hpp"

#include <zlib.h>

#include <algorithm>

#include "core/result.hpp"

namespace qos::api::ws {
namespace {

// A message alone has little to be found in it. With those before it there is more: pushes get a fifth
// smaller by a better search, which costs a tenth of the time.
constexpr int kLevelAlone = 1;
constexpr int kLevelWithContext = 5;
constexpr int kLargestWindowBits = 15;
// How a flush ends. It is not sent: whoever unpacks puts it back (RFC 7692, section 7.2.1).
constexpr std::string_view kTail{"\x00\x00\xff\xff", 4};
// In z_stream::data_type, as zlib.h describes it at inflate().
constexpr int kBetweenBlocks = 128;
// Of what comes out at a time.
// Blocks of one piece of a message that say they are the last: an empty one is two bytes, and none need say
// it.
constexpr int kMostEnds = 64;
constexpr std::size_t kPiece = 16 * 1024;
// Beyond what zlib says a stream needs that is finished: for the flush instead.
constexpr std::size_t kFlushRoom = 16;
// What a message out of the ordinary needed is given back.
constexpr std::size_t kBytesKept = 64 * 1024;

Bytef* bytes_of(const char* text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text));
}

}  // namespace

struct Deflater::Stream {
  Stream(int level, int window_bits) {
    const int ready = ::deflateInit2(&z, level, Z_DEFLATED, -window_bits, kDeflateMemory, Z_DEFAULT_STRATEGY);
    QOS_ASSERT(ready == Z_OK);
  }
  ~Stream() { ::deflateEnd(&z); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  z_stream z{};
};

Deflater::Deflater(Context context, int window_bits)
    : context_{context}, window_bits_{static_cast<std::uint8_t>(window_bits)} {
  QOS_ASSERT(window_bits >= kLeastWindowBits && window_bits <= kLargestWindowBits);
}

Deflater::~Deflater() = default;

void Deflater::append(std::string& out, std::string_view message) {
  // zlib has nothing to flush then; this is an empty block (section 7.2.3.6).
  if (message.empty()) return out.push_back('\0');
  if (!stream_)
    stream_ =
        std::make_unique<Stream>(context_ == Context::none ? kLevelAlone : kLevelWithContext, window_bits_);
  else if (context_ == Context::none)
    ::deflateReset(&stream_->z);
  z_stream& z = stream_->z;
  const std::size_t begin = out.size();
  z.next_in = bytes_of(message.data());
  z.avail_in = static_cast<uInt>(message.size());
  std::size_t used = 0;
  do {
    out.resize(begin + used + ::deflateBound(&z, z.avail_in) + kFlushRoom);
    const std::size_t room = out.size() - begin - used;
    z.next_out = bytes_of(out.data() + begin + used);
    z.avail_out = static_cast<uInt>(room);
    const int result = ::deflate(&z, Z_SYNC_FLUSH);
    QOS_ASSERT(result == Z_OK || result == Z_BUF_ERROR);
    used += room - z.avail_out;
  } while (z.avail_out == 0);
  QOS_ASSERT(used >= kTail.size() && z.avail_in == 0);
  out.resize(begin + used - kTail.size());
}

struct Inflater::Stream {
  Stream() {
    const int ready = ::inflateInit2(&z, -kLargestWindowBits);
    QOS_ASSERT(ready == Z_OK);
  }
  ~Stream() { ::inflateEnd(&z); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  z_stream z{};
};

Inflater::Inflater() = default;
Inflater::~Inflater() = default;

std::expected<std::string_view, CloseCode> Inflater::inflate(std::string_view packed, std::size_t most) {
  if (!stream_)
    stream_ = std::make_unique<Stream>();
  else
    ::inflateReset(&stream_->z);
  message_.clear();
  if (message_.capacity() > kBytesKept) message_ = {};
  auto stands = take(packed, most);
  // Whoever ends the stream itself may have forgotten to begin another one for the tail (section 7.2.3.4).
  if (stands && *stands != Stands::ended) stands = take(kTail, most);
  if (!stands) return std::unexpected{stands.error()};
  if (*stands == Stands::inside_block) return std::unexpected{CloseCode::invalid_text};
  return message_;
}

std::expected<Inflater::Stands, CloseCode> Inflater::take(std::string_view part, std::size_t most) {
  z_stream& z = stream_->z;
  z.next_in = bytes_of(part.data());
  z.avail_in = static_cast<uInt>(part.size());
  std::size_t used = message_.size();
  int ends = 0;
  const auto result_of = [&](std::expected<Stands, CloseCode> result) {
    message_.resize(used);
    return result;
  };
  while (true) {
    // One byte more than is allowed tells that there is more.
    if (used == message_.size()) message_.resize(std::min(used + kPiece, most + 1));
    z.next_out = bytes_of(message_.data() + used);
    z.avail_out = static_cast<uInt>(message_.size() - used);
    const int result = ::inflate(&z, Z_SYNC_FLUSH);
    const bool is_full = z.avail_out == 0;
    used = message_.size() - z.avail_out;
    if (used > most) return result_of(std::unexpected{CloseCode::message_too_big});
    if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END)
      return result_of(std::unexpected{CloseCode::invalid_text});
    // A block may say that it is the last one; what follows begins anew.
    if (result == Z_STREAM_END) {
      if (++ends > kMostEnds) return result_of(std::unexpected{CloseCode::invalid_text});
      ::inflateReset(&z);
    }
    if (z.avail_in > 0 || (is_full && result != Z_STREAM_END)) continue;
    if (result == Z_STREAM_END) return result_of(Stands::ended);
    return result_of((z.data_type & kBetweenBlocks) != 0 ? Stands::between_blocks : Stands::inside_block);
  }
}

}  // namespace qos::api::ws
