// The one file inside a small .zip, for tests that read recorded data. Throws on anything unexpected.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace qos {

// Needs nothing but the first local header: the data says itself where it ends.
class ZipEntry {
 public:
  static std::string read_first(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    if (!bytes.starts_with("PK\3\4") || number(bytes, 8, 2) != Z_DEFLATED)
      throw std::runtime_error{path.string() + ": no zip, or not deflated"};
    const std::size_t data = 30 + number(bytes, 26, 2) + number(bytes, 28, 2);
    return inflate_raw(std::string_view{bytes}.substr(data));
  }

 private:
  static std::size_t number(const std::string& bytes, std::size_t at, std::size_t width) {
    std::size_t value = 0;
    for (std::size_t n = width; n > 0; --n)
      value = value << 8 | static_cast<std::uint8_t>(bytes.at(at + n - 1));
    return value;
  }
  static std::string inflate_raw(std::string_view packed) {
    z_stream stream{};
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::runtime_error{"zlib"};
    std::string text;
    std::string part(1 << 16, '\0');
    int state = Z_OK;
    while (state == Z_OK) {
      stream.next_out = reinterpret_cast<Bytef*>(part.data());
      stream.avail_out = static_cast<uInt>(part.size());
      state = inflate(&stream, Z_NO_FLUSH);
      text.append(part, 0, part.size() - stream.avail_out);
    }
    inflateEnd(&stream);
    if (state != Z_STREAM_END) throw std::runtime_error{"damaged zip entry"};
    return text;
  }
};

}  // namespace qos
