// TDX records made field by field, as they stand in files.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace qos::archive {

struct DayFields {
  std::uint32_t date = 0;
  std::uint32_t open = 0;
  std::uint32_t high = 0;
  std::uint32_t low = 0;
  std::uint32_t close = 0;
  float amount = 0;
  std::uint32_t volume = 0;
  std::uint32_t reserved = 65536;
};
struct MinuteFields {
  std::uint16_t date = 0;
  std::uint16_t label = 0;
  float open = 0;
  float high = 0;
  float low = 0;
  float close = 0;
  float amount = 0;
  std::uint32_t volume = 0;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(DayFields) == 32 && sizeof(MinuteFields) == 32);

constexpr std::uint16_t packed_date(int year, int month, int day) {
  return static_cast<std::uint16_t>((year - 2004) * 2048 + month * 100 + day);
}

template <typename Fields>
std::string bytes_of(std::initializer_list<Fields> records) {
  std::string bytes(records.size() * sizeof(Fields), '\0');
  std::size_t at = 0;
  for (const auto& record : records) {
    std::memcpy(bytes.data() + at, &record, sizeof record);
    at += sizeof record;
  }
  return bytes;
}

inline std::span<const std::byte> as_span(const std::string& bytes) {
  return std::as_bytes(std::span{bytes});
}

}  // namespace qos::archive
