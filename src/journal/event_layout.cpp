#include <xxhash.h>

#include <array>
#include <cstddef>
#include <type_traits>

#include "journal/tail.hpp"

namespace qos::journal {
namespace {

// Size, alignment, and where each field begins and how long it is.
template <typename T, typename... Fields>
std::uint64_t layout_of(Fields T::*... fields) {
  static_assert(std::is_trivially_copyable_v<T>);
  const T sample{};
  const auto begin = reinterpret_cast<const std::byte*>(&sample);
  const std::array<std::uint64_t, 2 + 2 * sizeof...(Fields)> numbers{
      sizeof(T), alignof(T),
      static_cast<std::uint64_t>(reinterpret_cast<const std::byte*>(&(sample.*fields)) - begin)...,
      sizeof(sample.*fields)...};
  return XXH3_64bits(numbers.data(), sizeof numbers);
}

std::uint64_t envelope() {
  return layout_of(&SequencedEvent::sequence, &SequencedEvent::event) ^
         layout_of(&Event::feed, &Event::ts_recv, &Event::body);
}

}  // namespace

std::uint64_t event_layout() {
  // In the order of EventBody (which follows a kind's number in the variant). A field that is forgotten here
  // is one whose move nobody would notice.
  const std::array numbers{
      envelope(),
      layout_of(&Trade::instrument, &Trade::price, &Trade::size, &Trade::trade_id, &Trade::ts_event,
                &Trade::condition, &Trade::aggressor),
      layout_of(&BookClear::instrument, &BookClear::ts_event),
      layout_of(&BookDelta::instrument, &BookDelta::side, &BookDelta::part, &BookDelta::price,
                &BookDelta::size, &BookDelta::update_id, &BookDelta::ts_event),
      layout_of(&Quote::instrument, &Quote::bid, &Quote::bid_size, &Quote::ask, &Quote::ask_size,
                &Quote::update_id, &Quote::ts_event),
      layout_of(&TradingStatus::instrument, &TradingStatus::state, &TradingStatus::ts_event),
      layout_of(&ReferencePrice::instrument, &ReferencePrice::previous_close, &ReferencePrice::ts_event),
      layout_of(&RollingStats::instrument, &RollingStats::open, &RollingStats::high, &RollingStats::low,
                &RollingStats::volume, &RollingStats::turnover, &RollingStats::ts_event),
      layout_of(&KlineRestatement::instrument, &KlineRestatement::start, &KlineRestatement::open,
                &KlineRestatement::high, &KlineRestatement::low, &KlineRestatement::close,
                &KlineRestatement::volume, &KlineRestatement::turnover, &KlineRestatement::trades,
                &KlineRestatement::ts_event),
      layout_of(&Gap::instrument, &Gap::from, &Gap::to, &Gap::ts_event),
      layout_of(&ClockTick::calendar, &ClockTick::ts_event),
      layout_of(&TradeBust::instrument, &TradeBust::trade_id, &TradeBust::ts_event),
      layout_of(&TradeCorrection::instrument, &TradeCorrection::trade_id, &TradeCorrection::price,
                &TradeCorrection::size, &TradeCorrection::condition, &TradeCorrection::ts_event),
      layout_of(&PastKline::instrument, &PastKline::series, &PastKline::trading_date, &PastKline::start,
                &PastKline::open, &PastKline::high, &PastKline::low, &PastKline::close, &PastKline::volume,
                &PastKline::turnover, &PastKline::trades, &PastKline::revision, &PastKline::ts_event),
      layout_of(&CalendarChange::calendar, &CalendarChange::kind, &CalendarChange::date,
                &CalendarChange::open, &CalendarChange::close, &CalendarChange::ts_event),
      layout_of(&StateDigest::digest, &StateDigest::ts_event),
      layout_of(&PastReset::instrument, &PastReset::ts_event),
  };
  static_assert(numbers.size() == 1 + std::variant_size_v<EventBody>, "a kind of event is missing here");
  return XXH3_64bits(numbers.data(), sizeof numbers);
}

}  // namespace qos::journal
