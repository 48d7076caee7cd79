#include "io/compressed_reader.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace qos::io {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 16;

// The packed bytes: a file read in chunks, the offset of what is not yet used.
class Input {
 public:
  explicit Input(std::filesystem::path path) : path_{std::move(path)}, chunk_(kChunk, '\0') {
    do fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    while (fd_ < 0 && errno == EINTR);
  }
  ~Input() {
    if (fd_ >= 0) ::close(fd_);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  bool is_open() const { return fd_ >= 0; }
  std::span<const char> pending() const { return {chunk_.data() + begin_, end_ - begin_}; }
  void use(std::size_t bytes) {
    begin_ += bytes;
    offset_ += bytes;
  }
  // Makes pending() at least `bytes` long (at most a chunk) unless the file ends before; says whether there
  // is any.
  Result<bool> want(std::size_t bytes) {
    if (pending().size() >= bytes) return true;
    std::memmove(chunk_.data(), chunk_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
    while (end_ < bytes) {
      const auto got = ::read(fd_, chunk_.data() + end_, chunk_.size() - end_);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed(fmt::format("cannot read: {}", std::strerror(errno)));
      if (got == 0) break;
      end_ += static_cast<std::size_t>(got);
    }
    return end_ > 0;
  }
  std::unexpected<Error> failed(std::string_view what) const {
    return fail("{} at byte {}: {}", path_.string(), offset_, what);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  std::string chunk_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
};

class PlainSource final : public ByteSource {
 public:
  explicit PlainSource(std::unique_ptr<Input> input) : input_{std::move(input)} {}

  Result<std::size_t> read(std::span<char> out) override {
    const auto more = input_->want(1);
    if (!more) return std::unexpected{more.error()};
    const auto bytes = std::min(out.size(), input_->pending().size());
    std::memcpy(out.data(), input_->pending().data(), bytes);
    input_->use(bytes);
    return bytes;
  }

 private:
  std::unique_ptr<Input> input_;
};

class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(std::unique_ptr<Input> input) : input_{std::move(input)} {
    // 15: the largest window; 16: gzip's frame around it, with its checksum.
    QOS_ASSERT(inflateInit2(&stream_, 15 + 16) == Z_OK);
  }
  ~GzipSource() override { inflateEnd(&stream_); }

  Result<std::size_t> read(std::span<char> out) override {
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min(out.size(), kChunk));
    const auto room = stream_.avail_out;
    while (stream_.avail_out == room) {
      const auto more = input_->want(1);
      if (!more) return std::unexpected{more.error()};
      if (!*more && between_members_) return 0;
      if (!*more) return input_->failed("the gzip data is cut off");
      between_members_ = false;
      if (const auto status = inflate_some(); status == Z_STREAM_END) {
        between_members_ = true;
        inflateReset(&stream_);
      } else if (status != Z_OK && stream_.avail_out == room) {
        return input_->failed(
            fmt::format("the gzip data is damaged: {}", stream_.msg != nullptr ? stream_.msg : "no detail"));
      }
    }
    return room - stream_.avail_out;
  }

 private:
  int inflate_some() {
    const auto pending = input_->pending();
    // zlib does not write to its input; its interface is older than const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(pending.data()));
    stream_.avail_in = static_cast<uInt>(pending.size());
    const int status = inflate(&stream_, Z_NO_FLUSH);
    input_->use(pending.size() - stream_.avail_in);
    return status;
  }

  std::unique_ptr<Input> input_;
  z_stream stream_{};
  bool between_members_ = false;
};

class ZstdSource final : public ByteSource {
 public:
  explicit ZstdSource(std::unique_ptr<Input> input)
      : input_{std::move(input)}, stream_{ZSTD_createDStream()} {
    QOS_ASSERT(stream_ != nullptr);
  }
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }
  ZstdSource(const ZstdSource&) = delete;
  ZstdSource& operator=(const ZstdSource&) = delete;

  Result<std::size_t> read(std::span<char> out) override {
    if (!failure_.empty()) return input_->failed(failure_);
    ZSTD_outBuffer unpacked{out.data(), out.size(), 0};
    while (unpacked.pos == 0) {
      const auto more = input_->want(1);
      if (!more) return std::unexpected{more.error()};
      const auto pending = input_->pending();
      // Without input there may still be unpacked bytes inside the stream, but not between two frames.
      if (!*more && between_frames_) return 0;
      ZSTD_inBuffer packed{pending.data(), pending.size(), 0};
      const auto status = ZSTD_decompressStream(stream_, &unpacked, &packed);
      input_->use(packed.pos);
      if (ZSTD_isError(status) != 0) {
        failure_ = fmt::format("the zstd data is damaged: {}", ZSTD_getErrorName(status));
        return input_->failed(failure_);
      }
      between_frames_ = status == 0;
      if (!*more && unpacked.pos == 0) return input_->failed("the zstd data is cut off");
    }
    return unpacked.pos;
  }

 private:
  std::unique_ptr<Input> input_;
  ZSTD_DStream* stream_;
  bool between_frames_ = false;
  std::string failure_;  // not empty: the stream must not be used any more
};

bool is_gzip(std::span<const char> head) {
  return head.size() >= 2 && head[0] == '\x1f' && head[1] == '\x8b';
}

bool is_zstd(std::span<const char> head) {
  constexpr std::array<char, 4> kFrame{'\x28', '\xb5', '\x2f', '\xfd'};
  // A skippable frame, which parallel compressors write first, starts with any of 50 to 5f and these.
  constexpr std::array<char, 3> kSkippable{'\x2a', '\x4d', '\x18'};
  if (head.size() < 4) return false;
  return std::memcmp(head.data(), kFrame.data(), 4) == 0 ||
         ((head[0] & 0xf0) == 0x50 && std::memcmp(head.data() + 1, kSkippable.data(), 3) == 0);
}

}  // namespace

Result<std::unique_ptr<ByteSource>> open_unpacked(const std::filesystem::path& path) {
  auto input = std::make_unique<Input>(path);
  if (!input->is_open()) return fail("cannot open {}: {}", path.string(), std::strerror(errno));
  if (const auto any = input->want(4); !any) return std::unexpected{any.error()};
  if (is_gzip(input->pending())) return std::make_unique<GzipSource>(std::move(input));
  if (is_zstd(input->pending())) return std::make_unique<ZstdSource>(std::move(input));
  if (path.extension() == ".gz") return input->failed("expected gzip data (1f 8b) in a file named .gz");
  if (path.extension() == ".zst")
    return input->failed("expected zstd data (28 b5 2f fd) in a file named .zst");
  return std::make_unique<PlainSource>(std::move(input));
}

LineReader::LineReader(std::filesystem::path path, std::unique_ptr<ByteSource> source, std::size_t line_bytes)
    : path_{std::move(path)}, source_{std::move(source)}, line_bytes_{line_bytes} {}

Result<LineReader> LineReader::open(const std::filesystem::path& path, std::size_t line_bytes) {
  auto source = open_unpacked(path);
  if (!source) return std::unexpected{source.error()};
  return LineReader{path, std::move(*source), line_bytes};
}

Result<std::optional<std::string_view>> LineReader::next() {
  std::size_t searched = 0;
  for (;;) {
    const std::string_view pending{buffer_.data() + begin_, end_ - begin_};
    const auto newline = pending.find('\n', searched);
    const auto length = std::min(newline, pending.size());
    if (length > line_bytes_)
      return fail("{}: line {} is longer than {} bytes", path_.string(), line_ + 1, line_bytes_);
    if (newline != std::string_view::npos) {
      begin_ += newline + 1;
      ++line_;
      return pending.substr(0, newline);
    }
    searched = pending.size();
    const auto got = fill();
    if (!got) return fail("{} (after line {})", got.error().message, line_);
    if (*got > 0) continue;
    if (searched == 0) return std::nullopt;
    ++line_;
    return std::string_view{buffer_.data() + std::exchange(begin_, end_), searched};
  }
}

// Reads one more chunk behind what is pending, moved to the front first.
Result<std::size_t> LineReader::fill() {
  if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= std::exchange(begin_, 0);
  if (buffer_.size() < end_ + kChunk) buffer_.resize(std::max(end_ + kChunk, 2 * buffer_.size()));
  const auto got = source_->read({buffer_.data() + end_, kChunk});
  if (got) end_ += *got;
  return got;
}

}  // namespace qos::io
