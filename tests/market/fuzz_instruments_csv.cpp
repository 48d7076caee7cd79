// Any bytes as an instrument table: either an error that says where, or a table that agrees with itself.
#include <cstdint>

#include "market/instrument_fixture.hpp"
#include "market/plain_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qos::market;
  static const CalendarTable calendars = named_calendars();
  const std::string_view csv{reinterpret_cast<const char*>(data), size};
  const auto table = InstrumentTable::load("fuzz.csv", csv, calendars);
  if (!table) {
    QOS_ASSERT(table.error().message.starts_with("fuzz.csv:"));
    QOS_ASSERT(table.error().message.size() < 1000);
    QOS_ASSERT(!text_fault(table.error().message));
    return 0;
  }
  std::size_t listed = 0;
  for (const auto& spec : kMarketSpecs) listed += table->of_market(spec.market).size();
  QOS_ASSERT(listed == table->size());
  for (std::uint32_t row = 0; row < table->size(); ++row) {
    const auto& instrument = table->at(qos::InstrumentId{row});
    QOS_ASSERT(table->find(instrument.code) == &instrument);
    const auto again = parse_code(instrument.code.to_string());
    QOS_ASSERT(again && again->code == instrument.code);
    QOS_ASSERT(!text_fault(instrument.name_zh) && !text_fault(instrument.name_en));
    QOS_ASSERT(instrument.lot_size >= 1 && instrument.volume_decimals <= qos::Quantity::kDigits);
    QOS_ASSERT(instrument.calendar.value() < calendars.size());
  }
  return 0;
}
