// Any text as a CSV of trades: an error, or trades that can be, in order.
#include <cstdint>

#include "archive/fuzz_calendars.hpp"
#include "archive/trade_csv.hpp"

namespace {

using namespace qos::archive;

void read_all(std::string_view text, const TradeCsvStatement& statement) {
  static const qos::market::InstrumentTable no_instruments;
  CalendarFinder calendars{no_instruments, fuzz_calendars()};
  auto end = text.find('\n');
  auto reader = TradeCsvReader::begin(text.substr(0, end), statement, calendars);
  if (!reader) return;
  while (end != std::string_view::npos) {
    text.remove_prefix(end + 1);
    end = text.find('\n');
    const auto row = reader->row(text.substr(0, end));
    if (!row) return;
    if (!*row) continue;
    QOS_ASSERT((*row)->trade.size.raw() > 0 && qos::unix_nanos((*row)->trade.ts_event) >= 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  static const auto shanghai = qos::market::ZoneOffsets::load("Asia/Shanghai").value();
  read_all(text, {.volume = VolumeUnit::shares});
  read_all(text, {.volume = VolumeUnit::shares, .conditions = Conditions::regular});
  read_all(
      text,
      {.volume = VolumeUnit::lots, .time = CsvTime::local(shanghai), .conditions = Conditions::by_phase});
  return 0;
}
