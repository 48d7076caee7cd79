// Any bytes as a TDX file: an error that names the file, or K-lines that can be, in rising order.
#include <algorithm>
#include <cstdint>

#include "archive/fuzz_calendars.hpp"
#include "archive/tdx_records.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qos::archive;
  const auto bytes = std::as_bytes(std::span{data, size});
  for (const auto noise : {Noise::refuse, Noise::widen}) {
    const TdxDecoding decoding{.calendar = fuzz_calendar(), .units = {}, .noise = noise};
    const auto decoded = decode_tdx_minutes("f", bytes, TdxMinutes::one, decoding);
    if (!decoded) {
      QOS_ASSERT(decoded.error().message.starts_with("f: "));
      continue;
    }
    QOS_ASSERT(decoded->records == size / kTdxRecordBytes);
    QOS_ASSERT(decoded->records == decoded->klines.size() + decoded->without_trades);
    qos::UnixNanos last = qos::UnixNanos::min();
    for (const auto& [date, kline] : decoded->klines) {
      QOS_ASSERT(last < kline.start);
      last = kline.start;
      QOS_ASSERT(kline.low > qos::Price{} && kline.low <= std::min(kline.open, kline.close));
      QOS_ASSERT(kline.high >= std::max(kline.open, kline.close));
      QOS_ASSERT(kline.volume.raw() > 0 && kline.turnover.raw() >= 0);
    }
  }
  return 0;
}
