#include "store/kline_rows.hpp"

#include <algorithm>

#include "store/kline_chunk.hpp"

namespace qos::store {
namespace {

// So many rows share one set of columns: instruments with neighbouring keys mostly have prices and volumes
// of one size.
constexpr std::size_t kGroup = 256;

constexpr std::uint64_t kRemoved = 8;  // beside the series

std::int64_t day_of(UnixNanos time) {
  return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

// The trading date relative to the UTC date of the start: 0 or 1 nearly always.
std::int64_t date_offset(const StoredKline& row) {
  return std::chrono::sys_days{row.trading_date}.time_since_epoch().count() - day_of(row.kline.start);
}

void append_group(Bytes& out, std::span<const StoredKline> rows, std::uint64_t place) {
  std::vector<std::uint64_t> instruments;
  std::vector<std::uint64_t> kinds;
  std::vector<std::uint64_t> dates;
  std::vector<Kline> klines;
  for (auto* column : {&instruments, &kinds, &dates}) column->reserve(rows.size());
  klines.reserve(rows.size());
  std::uint64_t before = 0;
  for (const auto& row : rows) {
    instruments.push_back(zigzag(row.instrument.value() - before));
    before = row.instrument.value();
    kinds.push_back(static_cast<std::uint64_t>(row.series) | (row.removed ? kRemoved : 0));
    dates.push_back(zigzag(static_cast<std::uint64_t>(date_offset(row))));
    klines.push_back(row.removed ? Kline{.start = row.kline.start} : row.kline);
  }
  Bytes columns;
  // The first key would make the first block wide.
  append_varint(columns, std::exchange(instruments.front(), 0));
  for (const auto* column : {&instruments, &kinds, &dates}) append_column(columns, *column);
  Bytes chunk;
  append_chunk(chunk, klines, place);
  append_varint(out, chunk.size());
  out.insert(out.end(), chunk.begin(), chunk.end());
  append_varint(out, columns.size());
  out.insert(out.end(), columns.begin(), columns.end());
}

bool read_group(ByteReader& in, std::size_t count, RowColumns& columns, std::vector<StoredKline>& out) {
  const auto packed = in.take(static_cast<std::size_t>(std::min<std::uint64_t>(in.varint(), in.left())));
  ByteReader reader{packed};
  std::uint64_t instrument = unzigzag(reader.varint());
  for (auto* column : {&columns.instruments, &columns.kinds, &columns.dates}) {
    column->resize(count);
    read_column(reader, *column);
  }
  if (!reader.good() || reader.left() != 0) return false;
  for (std::size_t n = 0; n < count; ++n) {
    instrument += unzigzag(columns.instruments[n]);
    const auto series = columns.kinds[n] & ~kRemoved;
    const auto start = columns.klines.start(n);
    const auto day =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(day_of(start)) + unzigzag(columns.dates[n]));
    constexpr std::int64_t kFarDay = 12'000'000;  // a year_month_day ends before
    if (instrument > UINT32_MAX || series > static_cast<std::uint64_t>(StoredSeries::after_hours) ||
        day > kFarDay || day < -kFarDay)
      return false;
    const bool removed = (columns.kinds[n] & kRemoved) != 0;
    out.emplace_back(StoreKey{static_cast<std::uint32_t>(instrument)}, static_cast<StoredSeries>(series),
                     Date{std::chrono::sys_days{std::chrono::days{day}}}, columns.klines.in_place(n),
                     removed);
  }
  return true;
}

}  // namespace

Bytes pack_rows(std::span<const StoredKline> rows, std::uint64_t place) {
  Bytes out(sizeof(std::uint32_t));
  for (std::size_t at = 0; at < rows.size(); at += kGroup)
    append_group(out, rows.subspan(at, std::min(kGroup, rows.size() - at)), place);
  const std::uint32_t checksum = checksum_of(std::span{out}.subspan(sizeof checksum), place);
  std::memcpy(out.data(), &checksum, sizeof checksum);
  return out;
}

Result<void> unpack_rows(std::span<const std::byte> bytes, std::uint64_t place, RowColumns& columns,
                         std::vector<StoredKline>& out) {
  std::uint32_t stored = 0;
  if (bytes.size() < sizeof stored) return fail("rows of {} bytes, need at least 4", bytes.size());
  std::memcpy(&stored, bytes.data(), sizeof stored);
  const auto body = bytes.subspan(sizeof stored);
  if (const auto computed = checksum_of(body, place); computed != stored)
    return fail("checksum of the rows is {:08x}, of their {} bytes here {:08x}", stored, body.size(),
                computed);
  ByteReader in{body};
  while (in.good() && in.left() != 0) {
    const auto chunk = in.take(static_cast<std::size_t>(std::min<std::uint64_t>(in.varint(), in.left())));
    if (auto decoded = columns.klines.decode(chunk, place); !decoded) return decoded;
    if (!read_group(in, columns.klines.size(), columns, out))
      return fail("rows of {} bytes with damaged columns", bytes.size());
  }
  if (!in.good()) return fail("rows of {} bytes end too early", bytes.size());
  return {};
}

}  // namespace qos::store
