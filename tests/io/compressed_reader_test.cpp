#include "io/compressed_reader.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <fstream>
#include <vector>

namespace qos::io {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// With a content checksum, as the zstd program writes it.
std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  auto* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  const auto bytes = ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size());
  ZSTD_freeCCtx(context);
  EXPECT_EQ(ZSTD_isError(bytes), 0U);
  out.resize(bytes);
  return out;
}

// A folder of this process, so that two runs at once do not meet.
class CompressedReader : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("qos_compressed_reader_{}", ::getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path file(std::string_view name, std::string_view content) const {
    const auto path = folder_ / name;
    std::ofstream{path, std::ios::binary} << content;
    return path;
  }

  struct Read {
    std::vector<std::string> lines;
    std::string error;  // empty: read to the end
  };
  static Read read(const std::filesystem::path& path, std::size_t line_bytes = LineReader::kLineBytes) {
    auto reader = LineReader::open(path, line_bytes);
    if (!reader) return {{}, reader.error().message};
    Read read;
    for (;;) {
      const auto line = reader->next();
      if (!line) return {std::move(read.lines), line.error().message};
      if (!*line) return read;
      read.lines.emplace_back(**line);
      EXPECT_EQ(reader->line(), read.lines.size());
    }
  }

 private:
  std::filesystem::path folder_;
};

const std::vector<std::string> kLines{"1723161255030314667 {\"stream\":\"btcusdt@trade\"}", "", "  b",
                                      "last"};
constexpr std::string_view kText = "1723161255030314667 {\"stream\":\"btcusdt@trade\"}\n\n  b\nlast";

TEST_F(CompressedReader, gives_the_same_lines_plain_gzipped_and_in_zstd) {
  for (const auto& path : {file("a.txt", kText), file("a.gz", gzip(kText)), file("a.zst", zstd(kText)),
                           file("known_by_its_bytes", zstd(kText)), file("known_too.txt", gzip(kText))}) {
    const auto got = read(path);
    EXPECT_EQ(got.error, "") << path;
    EXPECT_EQ(got.lines, kLines) << path;
  }
}

TEST_F(CompressedReader, a_final_newline_ends_the_last_line_and_starts_none) {
  EXPECT_EQ(read(file("a", "x\ny\n")).lines, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(read(file("b", "\n")).lines, (std::vector<std::string>{""}));
  EXPECT_EQ(read(file("c", "")).lines, std::vector<std::string>{});
  EXPECT_EQ(read(file("d.gz", gzip(""))).lines, std::vector<std::string>{});
}

TEST_F(CompressedReader, reads_members_and_frames_that_follow_one_another) {
  const std::string skippable{"\x5e\x2a\x4d\x18\x02\x00\x00\x00hi", 10};
  for (const auto& path :
       {file("a.gz", gzip("one\ntw") + gzip("") + gzip("o\nthree")),
        file("a.zst", skippable + zstd("one\ntw") + zstd("") + skippable + zstd("o\nthree"))}) {
    const auto got = read(path);
    EXPECT_EQ(got.error, "");
    EXPECT_EQ(got.lines, (std::vector<std::string>{"one", "two", "three"})) << path;
  }
}

// Lines of every length around the chunk, so that each kind of seam falls inside some line.
TEST_F(CompressedReader, lines_may_lie_across_chunks) {
  std::string text;
  std::vector<std::string> lines;
  for (const std::size_t length : {65'535, 1, 65'536, 0, 65'537, 200'000, 7, 131'072}) {
    lines.emplace_back(length, static_cast<char>('a' + lines.size()));
    text += lines.back() + '\n';
  }
  EXPECT_EQ(read(file("a", text)).lines, lines);
  EXPECT_EQ(read(file("a.gz", gzip(text))).lines, lines);
  EXPECT_EQ(read(file("a.zst", zstd(text))).lines, lines);
}

TEST_F(CompressedReader, refuses_a_line_longer_than_the_limit_and_gives_those_before_it) {
  const std::string bomb(10'000'000, 'x');
  const auto path = file("a.gz", gzip("ok\n" + bomb + "\nnever"));
  for (const std::size_t limit : {100U, 9'999'999U}) {
    const auto got = read(path, limit);
    EXPECT_EQ(got.lines, std::vector<std::string>{"ok"});
    EXPECT_EQ(got.error, fmt::format("{}: line 2 is longer than {} bytes", path.string(), limit));
  }
  EXPECT_EQ(read(path, 10'000'000).lines.size(), 3U);
  EXPECT_EQ(read(file("b", "12345\n123456"), 5).lines, std::vector<std::string>{"12345"});
}

// Every prefix of the file must give an error that names it, and only lines that are true.
TEST_F(CompressedReader, a_file_cut_at_any_byte_is_an_error) {
  for (const auto& [name, packed] : {std::pair{"a.gz", gzip(kText)}, std::pair{"a.zst", zstd(kText)}}) {
    for (std::size_t cut = 0; cut < packed.size(); ++cut) {
      const auto path = file(name, packed.substr(0, cut));
      const auto got = read(path);
      EXPECT_NE(got.error.find(path.string()), std::string::npos) << name << " cut at " << cut;
      EXPECT_NE(got.error.find(" at byte "), std::string::npos) << got.error;
      ASSERT_LE(got.lines.size(), kLines.size() - 1) << name << " cut at " << cut;
      EXPECT_TRUE(std::equal(got.lines.begin(), got.lines.end(), kLines.begin()))
          << name << " cut at " << cut;
    }
  }
}

TEST_F(CompressedReader, says_where_and_why_a_file_was_cut) {
  const auto packed = gzip(kText);
  const auto path = file("a.gz", packed.substr(0, packed.size() - 1));
  EXPECT_EQ(read(path).error, fmt::format("{} at byte {}: the gzip data is cut off (after line 3)",
                                          path.string(), packed.size() - 1));
}

// A flip may fall where nothing depends on it (gzip's time stamp); then the content must be what it was.
TEST_F(CompressedReader, a_flipped_bit_is_an_error_or_changes_nothing) {
  for (const auto& [name, packed] : {std::pair{"a.gz", gzip(kText)}, std::pair{"a.zst", zstd(kText)}}) {
    int refused = 0;
    for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
      auto damaged = packed;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      const auto got = read(file(name, damaged));
      if (got.error.empty()) {
        EXPECT_EQ(got.lines, kLines) << name << " bit " << bit;
      } else {
        ++refused;
      }
    }
    EXPECT_GT(refused, static_cast<int>(packed.size() * 8 * 3 / 4)) << name;
  }
}

TEST_F(CompressedReader, refuses_what_follows_the_packed_data) {
  EXPECT_NE(read(file("a.gz", gzip(kText) + "junk")).error.find("damaged"), std::string::npos);
  EXPECT_NE(read(file("a.zst", zstd(kText) + "junk")).error.find("damaged"), std::string::npos);
}

TEST_F(CompressedReader, refuses_a_name_that_promises_other_bytes) {
  EXPECT_NE(read(file("a.gz", kText)).error.find("expected gzip data"), std::string::npos);
  EXPECT_NE(read(file("a.zst", kText)).error.find("expected zstd data"), std::string::npos);
}

TEST_F(CompressedReader, names_a_path_it_cannot_read) {
  EXPECT_EQ(read("/nowhere/at/all.gz").error, "cannot open /nowhere/at/all.gz: No such file or directory");
  EXPECT_NE(read(std::filesystem::temp_directory_path()).error.find("Is a directory"), std::string::npos);
}

TEST_F(CompressedReader, stays_at_its_error) {
  const auto packed = gzip(kText);
  auto reader = LineReader::open(file("a.gz", packed.substr(0, packed.size() - 4)));
  ASSERT_TRUE(reader);
  while (reader->next()) {
  }
  EXPECT_FALSE(reader->next());
  EXPECT_FALSE(reader->next());
}

}  // namespace
}  // namespace qos::io
