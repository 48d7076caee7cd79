// Any text as a CSV of K-lines, under every statement: an error, or K-lines that write themselves as they can
// be read again.
#include <algorithm>
#include <cstdint>

#include "archive/fuzz_calendars.hpp"
#include "archive/kline_csv.hpp"

namespace {

using namespace qos::archive;

void read_all(std::string_view text, const KlineCsvStatement& statement) {
  static const qos::market::InstrumentTable no_instruments;
  CalendarFinder calendars{no_instruments, fuzz_calendars()};
  auto end = text.find('\n');
  auto reader = KlineCsvReader::begin(text.substr(0, end), statement, calendars);
  if (!reader) return;
  while (end != std::string_view::npos) {
    text.remove_prefix(end + 1);
    end = text.find('\n');
    const auto row = reader->row(text.substr(0, end));
    if (!row) return;
    if (!*row) continue;
    const auto& kline = (*row)->kline.kline;
    QOS_ASSERT(kline.low <= std::min(kline.open, kline.close) &&
               kline.high >= std::max(kline.open, kline.close));
    QOS_ASSERT(kline.volume.raw() >= 0 && kline.turnover.raw() >= 0);
    std::string line;
    const auto code = (*row)->code.to_string();
    append_kline_csv(line, code, kline, qos::market::spec_of((*row)->code.market).units_per_volume);
    auto again = KlineCsvReader::begin("c,ts,o,h,l,cl,v,t",
                                       {.series = statement.series, .volume = VolumeUnit::wire}, calendars);
    line.pop_back();  // its end
    const auto same = again->row(line);
    QOS_ASSERT(same && *same && (*same)->code == (*row)->code && (*same)->kline == (*row)->kline);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  static const auto shanghai = qos::market::ZoneOffsets::load("Asia/Shanghai").value();
  for (const auto& time : {CsvTime::unix_seconds(), CsvTime::local(shanghai)}) {
    read_all(text, {.volume = VolumeUnit::shares, .time = time});
    read_all(text, {.series = qos::StoredSeries::regular, .volume = VolumeUnit::wire, .time = time});
    read_all(text, {.series = qos::StoredSeries::regular,
                    .label = Label::end,
                    .opening = OpeningRow::first_minute,
                    .volume = VolumeUnit::lots,
                    .time = time});
  }
  return 0;
}
