#include "store/kline_rows.hpp"

#include <algorithm>

#include "store/kline_chunk.hpp"

namespace qos::store {
namespace {

// So many rows share one set of columns: instruments with neighbouring keys mostly have prices and volumes
// of one size.
constexpr std::size_t kGroup = 256;

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
    kinds.push_back(static_cast<std::uint64_t>(row.series) | (row.removed ? RowColumns::kRemoved : 0));
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

}  // namespace

Bytes pack_rows(std::span<const StoredKline> rows, std::uint64_t place) {
  Bytes out(sizeof(std::uint32_t));
  for (std::size_t at = 0; at < rows.size(); at += kGroup)
    append_group(out, rows.subspan(at, std::min(kGroup, rows.size() - at)), place);
  const std::uint32_t checksum = checksum_of(std::span{out}.subspan(sizeof checksum), place);
  std::memcpy(out.data(), &checksum, sizeof checksum);
  return out;
}

Result<bool> RowReader::next() {
  if (!begun_) {
    begun_ = true;
    std::uint32_t stored = 0;
    if (bytes_.size() < sizeof stored) return fail("rows of {} bytes, need at least 4", bytes_.size());
    std::memcpy(&stored, bytes_.data(), sizeof stored);
    const auto body = bytes_.subspan(sizeof stored);
    if (const auto computed = checksum_of(body, place_); computed != stored)
      return fail("checksum of the rows is {:08x}, of their {} bytes here {:08x}", stored, body.size(),
                  computed);
    in_ = ByteReader{body};
  }
  if (in_.left() == 0) return false;
  const auto chunk = in_.take(static_cast<std::size_t>(std::min<std::uint64_t>(in_.varint(), in_.left())));
  if (auto decoded = columns_.klines_.decode(chunk, place_); !decoded)
    return std::unexpected{decoded.error()};
  if (!read_columns()) return fail("rows of {} bytes with damaged columns", bytes_.size());
  return true;
}

bool RowReader::read_columns() {
  const std::size_t count = columns_.size();
  const auto packed = in_.take(static_cast<std::size_t>(std::min<std::uint64_t>(in_.varint(), in_.left())));
  ByteReader in{packed};
  std::uint64_t instrument = unzigzag(in.varint());
  for (auto* column : {&columns_.instruments_, &columns_.kinds_, &columns_.dates_}) {
    column->resize(count);
    read_column(in, *column);
  }
  if (!in.good() || in.left() != 0) return false;
  bool possible = true;
  for (std::size_t n = 0; n < count; ++n) {
    instrument += unzigzag(columns_.instruments_[n]);
    const auto day = static_cast<std::int64_t>(static_cast<std::uint64_t>(day_of(columns_.klines_.start(n))) +
                                               unzigzag(columns_.dates_[n]));
    constexpr std::int64_t kFarDay = 11'000'000;  // a year_month_day ends after
    possible = possible && instrument <= UINT32_MAX && columns_.series(n) <= StoredSeries::after_hours &&
               (columns_.kinds_[n] >> 4) == 0 && day < kFarDay && day > -kFarDay;
    columns_.instruments_[n] = instrument;
    columns_.dates_[n] = static_cast<std::uint64_t>(day);
  }
  return possible;
}

Result<void> unpack_rows(std::span<const std::byte> bytes, std::uint64_t place, RowColumns& columns,
                         std::vector<StoredKline>& out) {
  RowReader reader{bytes, place, columns};
  for (;;) {
    const auto group = reader.next();
    if (!group) return std::unexpected{group.error()};
    if (!*group) return {};
    for (std::size_t n = 0; n < columns.size(); ++n)
      out.emplace_back(columns.instrument(n), columns.series(n), columns.trading_date(n),
                       columns.klines().in_place(n), columns.removed(n));
  }
}

}  // namespace qos::store
