#include "store/bit_column.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <utility>

namespace qos::store {
namespace {

static_assert(std::endian::native == std::endian::little, "columns are loaded as they lie on disk");

// The first byte of a column.
enum class Way : std::uint8_t {
  zeros = 0,
  constant = 1,   // one varint
  sparse = 2,     // how many are not zero, then for each the zeros before it and its value, as varints
  blocks_16 = 3,  // blocks of 16 values: a byte with the width in bits, then the values, lowest bit first
  blocks_32 = 4,
  blocks_64 = 5,
  blocks_128 = 6,
};
constexpr std::size_t kSmallestBlock = 16;
constexpr std::size_t kLargestBlock = 128;
constexpr std::size_t kBlockWays = 4;

// Up to this width an unaligned load of eight bytes holds any value whole; wider ones take 64 bits.
constexpr int kWidest = 56;

int width_of(std::uint64_t all_bits) {
  const auto width = static_cast<int>(std::bit_width(all_bits));
  return width > kWidest ? 64 : width;
}

std::size_t bytes_for(std::size_t count, int width) {
  return (count * static_cast<std::size_t>(width) + 7) / 8;
}

std::size_t varint_size(std::uint64_t value) {
  return std::max<std::size_t>(1, (std::bit_width(value) + 6) / 7);
}

std::uint64_t all_bits_of(std::span<const std::uint64_t> values) {
  std::uint64_t bits = 0;
  for (const auto value : values) bits |= value;
  return bits;
}

template <typename Visit>
void for_each_block(std::span<const std::uint64_t> values, std::size_t block, Visit visit) {
  for (std::size_t at = 0; at < values.size(); at += block)
    visit(values.subspan(at, std::min(block, values.size() - at)));
}

void append_packed(Bytes& out, std::span<const std::uint64_t> values, int width) {
  const std::size_t begin = out.size();
  const std::size_t size = bytes_for(values.size(), width);
  out.resize(begin + size + sizeof(std::uint64_t));
  std::byte* to = out.data() + begin;
  if (width == 64) {
    std::memcpy(to, values.data(), values.size_bytes());
  } else {
    std::uint64_t word = 0;
    int filled = 0;
    for (const auto value : values) {
      word |= value << filled;
      filled += width;
      if (filled < 64) continue;
      std::memcpy(to, &word, sizeof word);
      to += sizeof word;
      filled -= 64;
      word = filled == 0 ? 0 : value >> (width - filled);
    }
    std::memcpy(to, &word, sizeof word);
  }
  out.resize(begin + size);
}

// `count` values of a width known to the compiler, eight a turn: eight values fill `Width` whole bytes.
// Reads up to seven bytes past the values and writes up to seven values past `count`.
template <int Width>
void unpack(const std::byte* from, std::uint64_t* to, std::size_t count) {
  constexpr std::uint64_t kMask = (std::uint64_t{1} << Width) - 1;
  for (std::size_t n = 0; n < count; n += 8, from += Width, to += 8) {
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) {
      std::uint64_t word;
      std::memcpy(&word, from + k * Width / 8, sizeof word);
      to[k] = (word >> (k * Width % 8)) & kMask;
    }
  }
}

template <std::size_t... Width>
constexpr auto unpackers(std::index_sequence<Width...>) {
  return std::array{&unpack<static_cast<int>(Width)>...};
}
constexpr auto kUnpack = unpackers(std::make_index_sequence<kWidest + 1>{});

void read_block(ByteReader& in, std::span<std::uint64_t> values) {
  const int width = in.byte();
  if (width > kWidest && width != 64) return in.fail();
  const std::size_t left = in.left();
  const auto packed = in.take(bytes_for(values.size(), width));
  if (!in.good()) return;
  if (width == 64) {
    std::memcpy(values.data(), packed.data(), packed.size());
    return;
  }
  // The fast loop reads and writes a little too far: near the ends it works on copies.
  const auto unpack_width = kUnpack[static_cast<std::size_t>(width)];
  const std::size_t turns = (values.size() + 7) / 8;
  const std::size_t read = turns * static_cast<std::size_t>(width) + 8;
  if (left >= read && values.size() % 8 == 0) {
    unpack_width(packed.data(), values.data(), values.size());
    return;
  }
  std::array<std::byte, kLargestBlock * 8 + 16> padded{};
  std::array<std::uint64_t, kLargestBlock + 8> spacious;
  std::memcpy(padded.data(), packed.data(), packed.size());
  unpack_width(padded.data(), spacious.data(), values.size());
  std::copy_n(spacious.data(), values.size(), values.data());
}

void read_sparse(ByteReader& in, std::span<std::uint64_t> values) {
  std::ranges::fill(values, 0);
  const auto count = in.varint();
  if (count > values.size()) return in.fail();
  std::size_t at = 0;
  for (std::uint64_t n = 0; n < count; ++n) {
    const auto zeros = in.varint();
    if (zeros >= values.size() - at) return in.fail();
    at += zeros;
    values[at++] = in.varint();
    if (at == values.size() && n + 1 < count) return in.fail();
  }
}

struct Choice {
  Way way = Way::zeros;
  std::size_t size = std::numeric_limits<std::size_t>::max();

  void offer(Way other, std::size_t other_size) {
    if (other_size < size) *this = {other, other_size};
  }
};

std::size_t sparse_size(std::span<const std::uint64_t> values, std::size_t others) {
  std::size_t size = varint_size(others);
  std::size_t zeros = 0;
  for (const auto value : values) {
    if (value == 0) {
      ++zeros;
      continue;
    }
    size += varint_size(zeros) + varint_size(value);
    zeros = 0;
  }
  return size;
}

Choice choose(std::span<const std::uint64_t> values) {
  std::size_t others = 0;
  std::uint64_t differences = 0;
  for (const auto value : values) {
    others += value != 0 ? 1U : 0U;
    differences |= value ^ values.front();
  }
  if (others == 0) return {Way::zeros, 0};
  if (differences == 0) return {Way::constant, varint_size(values.front())};

  Choice best;
  // The smallest blocks are looked at once; larger ones are pairs of them, and pairs of pairs.
  std::array<std::size_t, kBlockWays> sizes{};
  std::array<std::uint64_t, kBlockWays> all_bits{};
  std::array<std::size_t, kBlockWays> counts{};
  for (std::size_t at = 0; at < values.size(); at += kSmallestBlock) {
    const auto block = values.subspan(at, std::min(kSmallestBlock, values.size() - at));
    const auto bits = all_bits_of(block);
    const bool last = at + kSmallestBlock >= values.size();
    for (std::size_t way = 0; way < kBlockWays; ++way) {
      all_bits[way] |= bits;
      counts[way] += block.size();
      if (counts[way] < kSmallestBlock << way && !last) continue;
      sizes[way] += 1 + bytes_for(counts[way], width_of(all_bits[way]));
      all_bits[way] = counts[way] = 0;
    }
  }
  for (std::size_t way = kBlockWays; way-- > 0;)
    best.offer(static_cast<Way>(static_cast<std::size_t>(Way::blocks_16) + way), sizes[way]);
  // Each that is not zero takes two bytes or more.
  if (2 * others < best.size) best.offer(Way::sparse, sparse_size(values, others));
  return best;
}

}  // namespace

void append_varint(Bytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::byte>(value | 0x80));
  out.push_back(static_cast<std::byte>(value));
}

std::uint8_t ByteReader::byte() {
  if (at_ == end_) {
    fail();
    return 0;
  }
  return static_cast<std::uint8_t>(*at_++);
}

std::uint64_t ByteReader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint64_t next = byte();
    value |= (next & 0x7f) << shift;
    if (next >= 0x80) continue;
    if (shift == 63 && next > 1) fail();
    return good_ ? value : 0;
  }
  fail();
  return 0;
}

std::span<const std::byte> ByteReader::take(std::size_t count) {
  if (count > left()) {
    fail();
    return {};
  }
  const auto* const from = std::exchange(at_, at_ + count);
  return {from, count};
}

void append_column(Bytes& out, std::span<const std::uint64_t> values) {
  const auto [way, size] = choose(values);
  out.push_back(static_cast<std::byte>(way));
  if (way == Way::zeros) return;
  if (way == Way::constant) return append_varint(out, values.front());
  if (way == Way::sparse) {
    append_varint(out, values.size() - static_cast<std::size_t>(std::ranges::count(values, 0U)));
    std::size_t zeros = 0;
    for (const auto value : values) {
      if (value == 0) {
        ++zeros;
        continue;
      }
      append_varint(out, std::exchange(zeros, 0));
      append_varint(out, value);
    }
    return;
  }
  const auto block = kSmallestBlock << (static_cast<int>(way) - static_cast<int>(Way::blocks_16));
  for_each_block(values, block, [&](std::span<const std::uint64_t> part) {
    const int width = width_of(all_bits_of(part));
    out.push_back(static_cast<std::byte>(width));
    append_packed(out, part, width);
  });
}

void read_column(ByteReader& in, std::span<std::uint64_t> values) {
  const auto way = in.byte();
  switch (static_cast<Way>(way)) {
    case Way::zeros:
      std::ranges::fill(values, 0);
      return;
    case Way::constant:
      std::ranges::fill(values, in.varint());
      return;
    case Way::sparse:
      return read_sparse(in, values);
    case Way::blocks_16:
    case Way::blocks_32:
    case Way::blocks_64:
    case Way::blocks_128: {
      const auto block = kSmallestBlock << (way - static_cast<int>(Way::blocks_16));
      for (std::size_t at = 0; at < values.size() && in.good(); at += block)
        read_block(in, values.subspan(at, std::min(block, values.size() - at)));
      return;
    }
  }
  in.fail();
}

}  // namespace qos::store
