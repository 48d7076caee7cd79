// Chunks and rows out of any bytes. The checksum is put right, so that what lies behind it is reached; what
// decodes must encode and decode to the same again.
#include <cstdint>
#include <cstring>
#include <vector>

#include "store/kline_chunk.hpp"
#include "store/kline_rows.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qos;
  if (size < 5) return 0;
  store::Bytes bytes(size);
  std::memcpy(bytes.data(), data, size);
  const auto checksum = store::checksum_of(std::span{bytes}.subspan(4), 1);
  std::memcpy(bytes.data(), &checksum, sizeof checksum);

  store::KlineColumns columns;
  const auto head = store::read_chunk_head(bytes, 1);
  // Bytes may claim a million K-lines at no bits each: fine, but slow for a fuzzer.
  if (head && head->count < 5'000 && columns.decode(bytes, 1)) {
    std::vector<Kline> klines;
    for (std::size_t n = 0; n < columns.size(); ++n) klines.push_back(columns.at(n));
    store::Bytes again;
    store::append_chunk(again, klines, 2);
    QOS_ASSERT(columns.decode(again, 2).has_value());
    QOS_ASSERT(columns.size() == klines.size());
    for (std::size_t n = 0; n < klines.size(); ++n) QOS_ASSERT(columns.at(n) == klines[n]);
  }
  std::vector<store::StoredKline> rows;
  store::RowColumns row_columns;
  static_cast<void>(store::unpack_rows(bytes, 1, row_columns, rows));
  return 0;
}
