// A journal's folder on a disk in memory, put together block by block.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "journal/block.hpp"
#include "journal/reader.hpp"
#include "journal/segment.hpp"
#include "support/fake_disk.hpp"

namespace qos::journal {

inline const std::filesystem::path kMadeFolder = "journal";

inline Names some_names() {
  return {.instruments = {"CF:BTCUSDT", "CF:ETHUSDT"}, .calendars = {"CF"}, .feeds = {"venue", "server"}};
}

// A trade for every sequence, received a second after the one before, from 1970 on.
inline SequencedEvent trade(std::uint64_t sequence) {
  return {Sequence{sequence},
          {.feed = FeedId{0},
           .ts_recv = from_unix_seconds(static_cast<std::int64_t>(sequence)),
           .body = Trade{.instrument = InstrumentId{static_cast<std::uint32_t>(sequence % 2)},
                         .price = Price::from_raw(static_cast<std::int64_t>(sequence * 7'000'000'000 + 1)),
                         .size = Quantity::from_raw(static_cast<std::int64_t>(sequence * 1000)),
                         .trade_id = sequence * 3,
                         .ts_event = from_unix_seconds(static_cast<std::int64_t>(sequence) - 1)}}};
}

inline std::vector<SequencedEvent> trades(std::uint64_t from, std::uint64_t to) {
  std::vector<SequencedEvent> events;
  for (auto sequence = from; sequence <= to; ++sequence) events.push_back(trade(sequence));
  return events;
}

inline std::string block_of(std::uint64_t from, std::uint64_t to) {
  std::string bytes;
  append_block(trades(from, to), bytes);
  return bytes;
}

inline std::string header_of(std::uint64_t first, std::uint64_t epoch = 1,
                             const Names& names = some_names()) {
  return segment_header(Epoch{epoch}, Sequence{first}, from_unix_seconds(1), names);
}

inline std::filesystem::path segment_path(std::uint64_t first) {
  return kMadeFolder / segment_file_name(Sequence{first});
}

struct AllRead {
  std::vector<SequencedEvent> events;
  std::string error;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> lost;
};

// Until there is no more, or an error.
inline AllRead read_all(io::Disk& disk, std::uint64_t after = 0, const Names& names = some_names()) {
  AllRead all;
  const auto reader = Reader::open(disk, kMadeFolder, Sequence{after}, names);
  if (!reader) {
    all.error = reader.error().message;
    return all;
  }
  for (;;) {
    const auto some = (*reader)->next();
    if (!some) {
      all.error = some.error().message;
      break;
    }
    if (some->empty()) break;
    all.events.insert(all.events.end(), some->begin(), some->end());
  }
  for (const auto& [from, to] : (*reader)->lost()) all.lost.emplace_back(from.value(), to.value());
  return all;
}

}  // namespace qos::journal
