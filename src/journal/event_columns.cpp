#include "journal/event_columns.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "journal/event_kind.hpp"
#include "journal/number_column.hpp"
#include "journal/power_of_ten.hpp"
#include "journal/rare_events.hpp"

namespace qos::journal {
namespace {

// In the order in which they are written. Values of the first four are there for every event, instruments for
// those that have one, the others for the events of their kind.
enum Column : std::uint8_t {
  kKinds,
  kFeeds,
  kEventTimes,
  kReceiveTimes,
  kInstruments,
  kDeltaPrices,
  kDeltaSizes,
  kDeltaIds,
  kDeltaBits,
  kTradePrices,
  kTradeSizes,
  kTradeIds,
  kTradeBits,
  kBids,
  kBidSizes,
  kAsks,
  kAskSizes,
  kQuoteIds,
  kColumns
};

// Prices are told as steps from the last one of the same slot of the instrument.
enum Slot : std::uint8_t { kBidSlot, kAskSlot, kTradeSlot, kSlots };

using KindCounts = std::array<std::size_t, kEventKinds>;

constexpr bool has_instrument(EventKind kind) {
  return kind != EventKind::clock_tick && kind != EventKind::state_digest &&
         kind != EventKind::calendar_change;
}

std::size_t values_of(Column column, const KindCounts& counts) {
  const auto of = [&](EventKind kind) { return counts[static_cast<std::size_t>(kind)]; };
  if (column > kInstruments && column <= kDeltaBits) return of(EventKind::book_delta);
  if (column > kDeltaBits && column <= kTradeBits) return of(EventKind::trade);
  if (column > kTradeBits) return of(EventKind::quote);
  std::size_t sum = 0;
  for (std::size_t kind = 0; kind < kEventKinds; ++kind)
    if (column != kInstruments || has_instrument(static_cast<EventKind>(kind))) sum += counts[kind];
  return sum;
}

// Modulo 2^64, so that every value comes back, whatever it is.
constexpr std::uint64_t minus(std::uint64_t a, std::uint64_t b) {
  return a - b;
}
constexpr std::uint64_t zigzag_step(std::uint64_t to, std::uint64_t from) {
  return zigzag(static_cast<std::int64_t>(minus(to, from)));
}
constexpr std::uint64_t unzigzag_step(std::uint64_t step) {
  return static_cast<std::uint64_t>(unzigzag(step));
}
constexpr std::uint64_t raw(UnixNanos time) {
  return static_cast<std::uint64_t>(unix_nanos(time));
}

// As std::visit, without its table of functions for the kinds that are nearly all.
template <typename Visit>
void visit_frequent(const EventBody& body, Visit visit) {
  if (const auto* const delta = std::get_if<BookDelta>(&body)) return visit(*delta);
  if (const auto* const trade = std::get_if<Trade>(&body)) return visit(*trade);
  if (const auto* const quote = std::get_if<Quote>(&body)) return visit(*quote);
  std::visit(visit, body);
}

// ---- writing

// An instrument of the block that is written.
struct Written {
  std::uint32_t id = 0;
  bool has_price = false;
  CommonPower price_power;
  CommonPower size_power;
  std::uint64_t first_price = 0;
  std::array<std::uint64_t, kSlots> price{};  // in units, as are steps between them
  std::uint64_t trade_id = 0;
  std::uint64_t update_id = 0;

  void show(Price price_seen, Quantity size) {
    if (!has_price) first_price = static_cast<std::uint64_t>(price_seen.raw());
    has_price = true;
    price_power.show(price_seen.raw());
    size_power.show(size.raw());
  }
};

// The instruments of a block in the order in which they come. A table with open addressing, at most half
// full, finds them.
class Dictionary {
 public:
  void begin(std::size_t events) {
    entries_.clear();
    const auto size = std::bit_ceil(2 * events);
    table_.assign(size, 0);
    shift_ = 64 - std::countr_zero(size);
    last_ = 0;
  }
  std::uint32_t place_of(InstrumentId instrument) {
    const auto id = instrument.value();
    if (!entries_.empty() && entries_[last_].id == id) return last_;
    auto at = static_cast<std::size_t>((id * 0x9E37'79B9'7F4A'7C15) >> shift_);
    while (table_[at] != 0 && entries_[table_[at] - 1].id != id) at = (at + 1) & (table_.size() - 1);
    if (table_[at] == 0) {
      entries_.push_back({.id = id});
      table_[at] = static_cast<std::uint32_t>(entries_.size());
    }
    return last_ = table_[at] - 1;
  }
  std::vector<Written>& entries() { return entries_; }

 private:
  std::vector<Written> entries_;
  std::vector<std::uint32_t> table_;  // place + 1; 0: free
  int shift_ = 0;
  std::uint32_t last_ = 0;
};

// Values of a column until they are written; there is room for one of every event.
class Values {
 public:
  void begin(std::size_t most) {
    if (values_.size() < most) values_.resize(most);
    size_ = 0;
  }
  void add(std::uint64_t value) { values_[size_++] = value; }
  std::span<std::uint64_t> all() { return {values_.data(), size_}; }

 private:
  std::vector<std::uint64_t> values_;
  std::size_t size_ = 0;
};

// Kept by its thread from block to block, so that nothing is allocated while the journal runs.
class Encoder {
 public:
  void append(std::span<const SequencedEvent> events, std::string& out) {
    begin(events);
    for (const auto& event : events) look_at(event);
    write_head(events, out);
    std::size_t n = 0;
    for (const auto& event : events) add(event, places_[n++]);
    for (std::uint8_t column = 0; column < kColumns; ++column)
      if (values_of(Column{column}, counts_) > 0) writer_.append(columns_[column].all(), out);
    out += rare_;
  }

 private:
  void begin(std::span<const SequencedEvent> events) {
    dictionary_.begin(events.size());
    places_.resize(events.size());
    seen_ = 0;
    counts_ = {};
    for (auto& column : columns_) column.begin(events.size());
    rare_.clear();
    event_power_ = {};
    receive_power_ = {};
    const auto& first = events.front().event;
    first_event_time_ = event_time_ = raw(ts_event_of(first.body));
    receive_time_ = raw(first.ts_recv);
    feed_ = first.feed.value();
    place_ = 0;
  }

  // What has to be known of all events before the first can be written.
  void look_at(const SequencedEvent& sequenced) {
    const auto& [feed, received, body] = sequenced.event;
    show_step(receive_power_, raw(received), receive_time_);
    visit_frequent(body, [&](const auto& event) {
      using Body = std::remove_cvref_t<decltype(event)>;
      ++counts_[static_cast<std::size_t>(event_kind<Body>())];
      show_step(event_power_, raw(event.ts_event), event_time_);
      std::uint32_t place = 0;
      if constexpr (HasInstrument<Body>) {
        place = dictionary_.place_of(event.instrument);
        look_at(event, dictionary_.entries()[place]);
      }
      places_[seen_++] = place;
    });
  }
  template <typename Body>
  static void look_at(const Body& event, Written& entry) {
    if constexpr (std::is_same_v<Body, Trade>) {
      if (entry.trade_id == 0 && event.trade_id != 0) entry.trade_id = event.trade_id - 1;
      entry.show(event.price, event.size);
    } else if constexpr (std::is_same_v<Body, BookDelta>) {
      if (entry.update_id == 0) entry.update_id = event.update_id;
      entry.show(event.price, event.size);
    } else if constexpr (std::is_same_v<Body, Quote>) {
      if (entry.update_id == 0) entry.update_id = event.update_id;
      entry.show(event.bid, event.bid_size);
      entry.show(event.ask, event.ask_size);
    }
  }
  static void show_step(CommonPower& power, std::uint64_t to, std::uint64_t& from) {
    const auto step = minus(to, from);
    if (step != 0) power.show(static_cast<std::int64_t>(step));
    from = to;
  }

  void write_head(std::span<const SequencedEvent> events, std::string& out) {
    ByteWriter write{out};
    std::uint32_t present = 0;
    for (std::size_t kind = 0; kind < kEventKinds; ++kind)
      if (counts_[kind] > 0) present |= 1U << kind;
    write.varint(present);
    for (const auto count : counts_)
      if (count > 0) write.varint(count);
    kind_ = static_cast<std::uint8_t>(std::countr_zero(present));
    write.varint(feed_);
    receive_time_ = raw(events.front().event.ts_recv);
    event_time_ = first_event_time_;
    write.varint(zigzag_step(event_time_, receive_time_));
    write.fixed(static_cast<std::uint8_t>(event_power_.exponent()));
    write.fixed(static_cast<std::uint8_t>(receive_power_.exponent()));
    write_dictionary(write);
  }

  void write_dictionary(ByteWriter& write) {
    auto& entries = dictionary_.entries();
    write.varint(entries.size());
    std::uint32_t id = 0;
    for (auto& entry : entries) {
      write.varint(zigzag_step(entry.id, id));
      id = entry.id;
      write.fixed(static_cast<std::uint8_t>(entry.price_power.exponent()));
      write.fixed(static_cast<std::uint8_t>(entry.size_power.exponent()));
      const auto units =
          divide_exactly(static_cast<std::int64_t>(entry.first_price), entry.price_power.exponent());
      entry.price.fill(static_cast<std::uint64_t>(units));
      write.signed_varint(units);
      write.varint(entry.trade_id);
      write.varint(entry.update_id);
    }
  }

  void add(const SequencedEvent& sequenced, std::uint32_t place) {
    const auto& [feed, received, body] = sequenced.event;
    put(kFeeds, feed.value() ^ feed_);
    feed_ = feed.value();
    put(kReceiveTimes, time_step(raw(received), receive_time_, receive_power_));
    visit_frequent(body, [&](const auto& event) { add(event, place); });
  }
  template <typename Body>
  void add(const Body& event, std::uint32_t place) {
    constexpr auto kKind = static_cast<std::uint8_t>(event_kind<Body>());
    put(kKinds, kKind ^ kind_);
    kind_ = kKind;
    put(kEventTimes, time_step(raw(event.ts_event), event_time_, event_power_));
    if constexpr (HasInstrument<Body>) {
      put(kInstruments, place ^ place_);
      place_ = place;
    }
    if constexpr (std::is_same_v<Body, Trade>) {
      auto& entry = dictionary_.entries()[place];
      put(kTradePrices, price_step(entry, kTradeSlot, event.price));
      put(kTradeSizes, units(entry, event.size));
      put(kTradeIds, zigzag_step(event.trade_id, entry.trade_id + 1));
      entry.trade_id = event.trade_id;
      put(kTradeBits,
          static_cast<std::uint64_t>(event.aggressor) | static_cast<std::uint64_t>(event.condition) << 2);
    } else if constexpr (std::is_same_v<Body, BookDelta>) {
      auto& entry = dictionary_.entries()[place];
      put(kDeltaPrices, price_step(entry, event.side == Side::bid ? kBidSlot : kAskSlot, event.price));
      put(kDeltaSizes, units(entry, event.size));
      put(kDeltaIds, id_step(entry, event.update_id));
      put(kDeltaBits, static_cast<std::uint64_t>(event.side) | static_cast<std::uint64_t>(event.part) << 1);
    } else if constexpr (std::is_same_v<Body, Quote>) {
      auto& entry = dictionary_.entries()[place];
      put(kBids, price_step(entry, kBidSlot, event.bid));
      put(kBidSizes, units(entry, event.bid_size));
      put(kAsks, price_step(entry, kAskSlot, event.ask));
      put(kAskSizes, units(entry, event.ask_size));
      put(kQuoteIds, id_step(entry, event.update_id));
    } else if constexpr (is_rare(event_kind<Body>())) {
      ByteWriter write{rare_};
      write_rare(write, event);
    }
  }

  void put(Column column, std::uint64_t value) { columns_[column].add(value); }

  static std::uint64_t time_step(std::uint64_t to, std::uint64_t& from, const CommonPower& power) {
    const auto step = static_cast<std::int64_t>(minus(to, from));
    from = to;
    return step == 0 ? 0 : zigzag(divide_exactly(step, power.exponent()));
  }
  static std::uint64_t price_step(Written& entry, Slot slot, Price price) {
    const auto units = static_cast<std::uint64_t>(divide_exactly(price.raw(), entry.price_power.exponent()));
    const auto step = zigzag_step(units, entry.price[slot]);
    entry.price[slot] = units;
    return step;
  }
  static std::uint64_t units(const Written& entry, Quantity size) {
    return static_cast<std::uint64_t>(divide_exactly(size.raw(), entry.size_power.exponent()));
  }
  static std::uint64_t id_step(Written& entry, std::uint64_t id) {
    const auto step = zigzag_step(id, entry.update_id);
    entry.update_id = id;
    return step;
  }

  Dictionary dictionary_;
  std::vector<std::uint32_t> places_;
  std::size_t seen_ = 0;
  std::array<Values, kColumns> columns_;
  ColumnWriter writer_;
  KindCounts counts_{};
  std::string rare_;
  CommonPower event_power_;
  CommonPower receive_power_;
  std::uint64_t first_event_time_ = 0;
  // Of the event before.
  std::uint64_t event_time_ = 0;
  std::uint64_t receive_time_ = 0;
  std::uint16_t feed_ = 0;
  std::uint8_t kind_ = 0;
  std::uint32_t place_ = 0;
};

// ---- reading

// An instrument of the block that is read.
struct Known {
  InstrumentId id;
  std::uint64_t price_unit = 1;
  std::uint64_t size_unit = 1;
  std::array<std::uint64_t, kSlots> price{};  // in units
  std::uint64_t trade_id = 0;
  std::uint64_t update_id = 0;
};

class Decoder {
 public:
  Decoder(std::string_view bytes, const ColumnsFrame& frame) : in_{bytes}, frame_{frame} {}

  Result<void> read(std::vector<SequencedEvent>& out) {
    if (auto head = read_head(); !head) return head;
    if (auto dictionary = read_dictionary(); !dictionary) return dictionary;
    for (std::uint8_t column = 0; column < kColumns; ++column)
      if (const auto count = values_of(Column{column}, counts_); count > 0)
        columns_[column] = ColumnReader{in_, count};
    if (!in_.ok()) return fail("its columns run past its end");
    out.resize(frame_.events);
    for (std::size_t n = 0; n < frame_.events; ++n)
      if (!read_event(n, out[n])) return fail("event {} of {}: {}", n, frame_.events, fault_);
    for (std::uint8_t column = 0; column < kColumns; ++column)
      if (values_of(Column{column}, counts_) > 0 && !columns_[column].ended_well())
        return fail("column {} does not have the values that it should", column);
    if (!in_.ok() || !in_.at_end()) return fail("{} bytes are left behind its events", in_.remaining());
    return {};
  }

 private:
  Result<void> read_head() {
    const auto present = in_.varint();
    if (present == 0 || present >> kEventKinds != 0)
      return fail("kinds of events {:#06x}, known are {:#06x}", present, (1U << kEventKinds) - 1);
    std::size_t sum = 0;
    for (std::size_t kind = 0; kind < kEventKinds; ++kind) {
      if ((present >> kind & 1) == 0) continue;
      const auto count = in_.varint();
      if (count > frame_.events - sum) return fail("more events of its kinds than {}", frame_.events);
      sum += counts_[kind] = static_cast<std::size_t>(count);
    }
    if (sum != frame_.events) return fail("{} events of its kinds, {} in its header", sum, frame_.events);
    kind_ = static_cast<std::uint64_t>(std::countr_zero(present));
    feed_ = in_.varint();
    receive_time_ = raw(frame_.first_received);
    event_time_ = receive_time_ + unzigzag_step(in_.varint());
    const auto event_exponent = in_.fixed<std::uint8_t>();
    const auto receive_exponent = in_.fixed<std::uint8_t>();
    if (event_exponent >= kPowersOfTen || receive_exponent >= kPowersOfTen)
      return fail("times in units of 10^{} and 10^{}, at most 10^{}", event_exponent, receive_exponent,
                  kPowersOfTen - 1);
    event_unit_ = power_of_ten(event_exponent);
    receive_unit_ = power_of_ten(receive_exponent);
    return {};
  }

  Result<void> read_dictionary() {
    constexpr std::size_t kLeastBytes = 6;  // of an entry
    known_.resize(in_.count(kLeastBytes));
    std::uint64_t id = 0;
    for (auto& entry : known_) {
      id += unzigzag_step(in_.varint());
      entry.id = InstrumentId{static_cast<InstrumentId::rep>(id)};
      const auto price_exponent = in_.fixed<std::uint8_t>();
      const auto size_exponent = in_.fixed<std::uint8_t>();
      if (price_exponent >= kPowersOfTen || size_exponent >= kPowersOfTen || entry.id.value() != id)
        return fail("instrument {} with units of 10^{} and 10^{}: there is no such", id, price_exponent,
                    size_exponent);
      entry.price_unit = power_of_ten(price_exponent);
      entry.size_unit = power_of_ten(size_exponent);
      entry.price.fill(static_cast<std::uint64_t>(in_.signed_varint()));
      entry.trade_id = in_.varint();
      entry.update_id = in_.varint();
    }
    if (!in_.ok()) return fail("its head runs past its end");
    return {};
  }

  bool read_event(std::size_t n, SequencedEvent& to) {
    kind_ ^= take(kKinds);
    feed_ ^= take(kFeeds);
    receive_time_ += unzigzag_step(take(kReceiveTimes)) * receive_unit_;
    event_time_ += unzigzag_step(take(kEventTimes)) * event_unit_;
    const auto ts_event = from_unix_nanos(static_cast<std::int64_t>(event_time_));
    to.sequence = Sequence{frame_.first.value() + n};
    to.event.feed = FeedId{static_cast<FeedId::rep>(feed_)};
    to.event.ts_recv = from_unix_nanos(static_cast<std::int64_t>(receive_time_));
    const auto kind = static_cast<EventKind>(kind_);
    auto& body = to.event.body;
    if (kind_ >= kEventKinds) return faulty("unknown kind");
    if (!has_instrument(kind)) return read_other(kind, {}, ts_event, body);
    place_ ^= take(kInstruments);
    if (place_ >= known_.size()) return faulty("an instrument that the block does not list");
    auto& entry = known_[place_];
    if (kind == EventKind::book_delta) return read_delta(entry, ts_event, body);
    if (kind == EventKind::trade) return read_trade(entry, ts_event, body);
    if (kind == EventKind::quote) return read_quote(entry, ts_event, body);
    return read_other(kind, entry.id, ts_event, body);
  }

  bool read_delta(Known& entry, UnixNanos ts_event, EventBody& body) {
    const auto bits = take(kDeltaBits);
    if (bits > 3) return faulty("unknown side or part");
    entry.update_id += unzigzag_step(take(kDeltaIds));
    body = BookDelta{.instrument = entry.id,
                     .side = static_cast<Side>(bits & 1),
                     .part = static_cast<DeltaPart>(bits >> 1),
                     .price = price(entry, static_cast<Slot>(bits & 1), kDeltaPrices),
                     .size = size(entry, kDeltaSizes),
                     .update_id = entry.update_id,
                     .ts_event = ts_event};
    return true;
  }

  bool read_trade(Known& entry, UnixNanos ts_event, EventBody& body) {
    const auto bits = take(kTradeBits);
    if ((bits & 3) > static_cast<std::uint64_t>(Aggressor::sell) || bits >> 2 >= kTradeConditions)
      return faulty("unknown aggressor or condition");
    entry.trade_id += 1 + unzigzag_step(take(kTradeIds));
    body = Trade{.instrument = entry.id,
                 .price = price(entry, kTradeSlot, kTradePrices),
                 .size = size(entry, kTradeSizes),
                 .trade_id = entry.trade_id,
                 .ts_event = ts_event,
                 .condition = static_cast<TradeCondition>(bits >> 2),
                 .aggressor = static_cast<Aggressor>(bits & 3)};
    return true;
  }

  bool read_quote(Known& entry, UnixNanos ts_event, EventBody& body) {
    entry.update_id += unzigzag_step(take(kQuoteIds));
    body = Quote{.instrument = entry.id,
                 .bid = price(entry, kBidSlot, kBids),
                 .bid_size = size(entry, kBidSizes),
                 .ask = price(entry, kAskSlot, kAsks),
                 .ask_size = size(entry, kAskSizes),
                 .update_id = entry.update_id,
                 .ts_event = ts_event};
    return true;
  }

  bool read_other(EventKind kind, InstrumentId instrument, UnixNanos ts_event, EventBody& body) {
    if (kind == EventKind::book_clear) {
      body = BookClear{.instrument = instrument, .ts_event = ts_event};
      return true;
    }
    if (!read_rare(in_, kind, body)) return faulty("a value that cannot be");
    std::visit(
        [&](auto& event) {
          event.ts_event = ts_event;
          if constexpr (HasInstrument<std::remove_cvref_t<decltype(event)>>) event.instrument = instrument;
        },
        body);
    return true;
  }

  std::uint64_t take(Column column) { return columns_[column].next(); }
  Price price(Known& entry, Slot slot, Column column) {
    entry.price[slot] += unzigzag_step(take(column));
    return Price::from_raw(static_cast<std::int64_t>(entry.price[slot] * entry.price_unit));
  }
  Quantity size(const Known& entry, Column column) {
    return Quantity::from_raw(static_cast<std::int64_t>(take(column) * entry.size_unit));
  }
  bool faulty(const char* what) {
    fault_ = what;
    return false;
  }

  ByteReader in_;
  ColumnsFrame frame_;
  KindCounts counts_{};
  std::array<ColumnReader, kColumns> columns_;
  std::vector<Known> known_;
  std::uint64_t event_unit_ = 1;
  std::uint64_t receive_unit_ = 1;
  const char* fault_ = "";
  // Of the event before.
  std::uint64_t kind_ = 0;
  std::uint64_t feed_ = 0;
  std::uint64_t place_ = 0;
  std::uint64_t event_time_ = 0;
  std::uint64_t receive_time_ = 0;
};

}  // namespace

void append_columns(std::span<const SequencedEvent> events, std::string& out) {
  static thread_local Encoder encoder;
  encoder.append(events, out);
}

Result<void> read_columns(std::string_view bytes, const ColumnsFrame& frame,
                          std::vector<SequencedEvent>& out) {
  return Decoder{bytes, frame}.read(out);
}

}  // namespace qos::journal
