#include "journal/number_column.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace qos::journal {
namespace {

// The first byte of a column that is not all zeros (that one has no bytes).
enum class Way : std::uint8_t { constant = 1, frames = 2 };

// Up to this width a load of eight bytes at any bit holds a value whole; wider values take 64 bits.
constexpr int kWidest = 56;
constexpr std::uint8_t kPatched = 0x80;  // in a frame's first byte, beside the width

constexpr std::size_t packed_bytes(std::size_t count, int width) {
  return (count * static_cast<std::size_t>(width) + 7) / 8;
}

struct FramePlan {
  int width = 0;
  std::size_t patches = 0;
};

// The cheapest width, where a value that is wider costs its place and the rest of its bits as a varint.
FramePlan plan_frame(std::span<const std::uint64_t> values) {
  std::uint64_t all_bits = 0;
  for (const auto value : values) all_bits |= value;
  if (all_bits == 0) return {};
  std::array<std::uint8_t, 65> of_width{};
  for (const auto value : values) ++of_width[static_cast<std::size_t>(std::bit_width(value))];
  const auto widest = static_cast<int>(std::bit_width(all_bits));
  FramePlan best{.width = widest > kWidest ? 64 : widest};
  std::size_t least = packed_bytes(values.size(), best.width);
  std::size_t patches = 0;
  for (int width = widest - 1; width >= 0; --width) {
    patches += of_width[static_cast<std::size_t>(width) + 1];
    // Two bytes at least are what each of them costs; below this width there are no fewer.
    if (1 + 2 * patches >= least) break;
    if (width > kWidest) continue;
    const auto high_bytes = static_cast<unsigned>(widest - width + 6) / 7;
    const auto size = packed_bytes(values.size(), width) + 1 + patches * (1 + high_bytes);
    if (size >= least) continue;
    least = size;
    best = {.width = width, .patches = patches};
  }
  return best;
}

// A whole frame in a width that the compiler knows: eight values fill `Width` bytes. Writes up to seven bytes
// too many.
template <int Width>
char* pack_frame(const std::uint64_t* values, char* to) {
  constexpr auto kMask = (std::uint64_t{1} << Width) - 1;
  for (std::size_t n = 0; n < kFrame; n += 8, to += Width) {
    std::array<std::uint64_t, (Width + 7) / 8 + 1> words{};
#pragma GCC unroll 8
    for (std::size_t k = 0; k < 8; ++k) {
      const auto value = values[n + k] & kMask;
      const auto at = k * Width / 64;
      const auto shift = k * Width % 64;
      words[at] |= value << shift;
      if (shift + Width > 64) words[at + 1] |= value >> 1 >> (63 - shift);
    }
    std::memcpy(to, words.data(), (Width + 7) / 8 * 8);
  }
  return to;
}

template <std::size_t... Width>
constexpr auto packers(std::index_sequence<Width...>) {
  return std::array{&pack_frame<static_cast<int>(Width)>...};
}
constexpr auto kPackFrame = packers(std::make_index_sequence<kWidest + 1>{});

char* pack(std::span<const std::uint64_t> values, int width, char* to) {
  if (width == 64) {
    std::memcpy(to, values.data(), values.size_bytes());
    return to + values.size_bytes();
  }
  if (values.size() == kFrame) return kPackFrame[static_cast<std::size_t>(width)](values.data(), to);
  // What is left of a frame is packed as if the rest were zeros.
  std::array<std::uint64_t, kFrame> padded{};
  std::ranges::copy(values, padded.begin());
  kPackFrame[static_cast<std::size_t>(width)](padded.data(), to);
  return to + packed_bytes(values.size(), width);
}

char* put_varint(std::uint64_t value, char* to) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
  *to++ = static_cast<char>(value);
  return to;
}

constexpr std::size_t kMostVarint = 10;
// Its two first bytes, values, places, the rest of wide values, and what pack() writes too many.
constexpr std::size_t kMostFrame = 2 + kFrame * (8 + 1 + kMostVarint) + 8;

char* put_frame(std::span<const std::uint64_t> values, char* to) {
  const auto plan = plan_frame(values);
  *to++ = static_cast<char>(plan.width | (plan.patches > 0 ? kPatched : 0));
  if (plan.patches > 0) *to++ = static_cast<char>(plan.patches);
  if (plan.width > 0) to = pack(values, plan.width, to);
  if (plan.patches == 0) return to;
  for (std::size_t n = 0; n < values.size(); ++n)
    if (values[n] >> plan.width != 0) *to++ = static_cast<char>(n);
  for (const auto value : values)
    if (value >> plan.width != 0) to = put_varint(value >> plan.width, to);
  return to;
}

std::uint64_t load(const char* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// A whole frame of a width that the compiler knows: eight values fill `Width` bytes.
template <int Width>
void unpack_frame(const char* from, std::uint64_t* to) {
  if constexpr (Width == 0) {
    std::fill_n(to, kFrame, 0);
  } else {
    constexpr std::uint64_t kMask = (std::uint64_t{1} << Width) - 1;
    for (std::size_t n = 0; n < kFrame; n += 8, from += Width, to += 8) {
#pragma GCC unroll 8
      for (int k = 0; k < 8; ++k) to[k] = (load(from + k * Width / 8) >> (k * Width % 8)) & kMask;
    }
  }
}

template <std::size_t... Width>
constexpr auto unpackers(std::index_sequence<Width...>) {
  return std::array{&unpack_frame<static_cast<int>(Width)>...};
}
constexpr auto kUnpackFrame = unpackers(std::make_index_sequence<kWidest + 1>{});

void unpack(const char* from, int width, std::size_t count, std::uint64_t* to) {
  if (width == 64) {
    std::memcpy(to, from, count * sizeof *to);
  } else if (count == kFrame) {
    kUnpackFrame[static_cast<std::size_t>(width)](from, to);
  } else {
    const auto mask = (std::uint64_t{1} << width) - 1;
    for (std::size_t n = 0; n < count; ++n) {
      const auto bit = n * static_cast<std::size_t>(width);
      to[n] = (load(from + bit / 8) >> (bit % 8)) & mask;
    }
  }
}

}  // namespace

void ColumnWriter::append(std::span<const std::uint64_t> values, std::string& out) {
  std::uint64_t all_bits = 0;
  std::uint64_t differences = 0;
  for (const auto value : values) {
    all_bits |= value;
    differences |= value ^ values.front();
  }
  ByteWriter write{out};
  if (all_bits == 0) return write.varint(0);
  const auto most = 1 + (values.size() / kFrame + 1) * kMostFrame;
  if (bytes_.size() < most) bytes_.resize(most);
  char* to = bytes_.data();
  if (differences == 0) {
    *to++ = static_cast<char>(Way::constant);
    to = put_varint(values.front(), to);
  } else {
    *to++ = static_cast<char>(Way::frames);
    for (std::size_t at = 0; at < values.size(); at += kFrame)
      to = put_frame(values.subspan(at, std::min(kFrame, values.size() - at)), to);
  }
  write.text({bytes_.data(), static_cast<std::size_t>(to - bytes_.data())});
}

ColumnReader::ColumnReader(ByteReader& in, std::size_t count) : left_{count}, in_{in.text()} {
  if (!in.ok()) {
    give_up();
  } else if (in_.at_end()) {
    values_.fill(0);
  } else if (const auto way = Way{in_.fixed<std::uint8_t>()}; way == Way::constant) {
    values_.fill(in_.varint());
  } else if (way == Way::frames) {
    same_ = false;
  } else {
    give_up();
  }
}

void ColumnReader::refill() {
  if (left_ == 0) return give_up();
  const auto count = std::min(kFrame, left_);
  if (!same_) read_frame(count);
  left_ -= count;
  at_ = 0;
  filled_ = count;
}

void ColumnReader::read_frame(std::size_t count) {
  const auto first = in_.fixed<std::uint8_t>();
  const int width = first & ~kPatched;
  if (width > kWidest && width != 64) return give_up();
  const std::size_t patches = (first & kPatched) != 0 ? in_.fixed<std::uint8_t>() : 0;
  const auto packed = in_.bytes(packed_bytes(count, width));
  const auto places = in_.bytes(patches);
  if (!in_.ok() || (width == 64 && patches > 0)) return give_up();
  unpack(packed.data(), width, count, values_.data());
  for (const char place : places) {
    const auto at = static_cast<std::uint8_t>(place);
    if (at >= count) return give_up();
    values_[at] |= in_.varint() << width;
  }
}

void ColumnReader::give_up() {
  good_ = false;
  same_ = true;
  values_.fill(0);
  at_ = 0;
  filled_ = 0;
  left_ = ~std::size_t{0} >> 1;  // zeros for whoever goes on asking
}

}  // namespace qos::journal
