// Any bytes as messages, a line each, through the parser and the decoder: frames or refusals, whole messages
// only.
#include <string_view>

#include "feed/binance/decoder.hpp"
#include "feed/binance/frame_parser.hpp"

namespace {

using namespace qos;

// Checks what every consumer relies on.
class CheckingSink final : public feed::EventSink {
 public:
  void on(const Event& event) override {
    std::visit(Overloaded{[&](const BookDelta& delta) {
                            QOS_ASSERT(delta.size >= Quantity{} && delta.price > Price{});
                            inside_message = delta.part == DeltaPart::more;
                          },
                          [&](const Trade& trade) {
                            QOS_ASSERT(!inside_message && trade.size > Quantity{} && trade.price > Price{});
                          },
                          [&](const auto&) { QOS_ASSERT(!inside_message); }},
               event.body);
  }
  bool inside_message = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const market::CalendarTable* const kCalendars = [] {
    auto* const table = new market::CalendarTable;
    table->add(*market::SessionCalendar::load({"CF.toml",
                                               "name = \"CF\"\nzone = \"UTC\"\nfrom = 2010-01-01\nhorizon = "
                                               "2037-12-31\nweekdays = [\"Mon\"]\n[[hours]]\n"
                                               "from = 2010-01-01\nsource = \"x\"\nfull = [{ phase = "
                                               "\"regular\", open = \"00:00\", close = \"24:00\" }]\n",
                                               "", ""}));
    return table;
  }();
  static const auto kInstruments = *market::InstrumentTable::load(
      "x.csv",
      "code,kind,exchange,currency,name_zh,name_en,lot_size,tick,volume_step,calendar,total_shares,"
      "outstanding_shares,eps,naps,dividend_yield,source\n"
      "CF:BTCUSDT,perpetual,BINANCE,USDT,,x,1,0.1,0.001,CF,,,,,,x\n",
      *kCalendars);
  feed::FeedCounters counters;
  feed::binance::Decoder decoder{FeedId{0}, kInstruments, counters, [](const Error&) {}};
  feed::binance::FrameParser parser;
  CheckingSink sink;
  std::string_view text{reinterpret_cast<const char*>(data), size};
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    auto frame = parser.parse(line);
    if (!frame) continue;
    if (auto* const snapshot = std::get_if<feed::binance::DepthSnapshot>(&*frame);
        snapshot && snapshot->symbol.empty())
      snapshot->symbol = "BTCUSDT";
    decoder.decode(*frame, UnixNanos{}, sink);
    QOS_ASSERT(!sink.inside_message);
  }
  return 0;
}
