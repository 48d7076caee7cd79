// Something that takes events one after the other and says up to where they are on the disk.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/result.hpp"
#include "event/event.hpp"

namespace qos::bench {

inline constexpr std::chrono::milliseconds kCommit{5};

class Candidate {
 public:
  virtual ~Candidate() = default;
  virtual std::string name() const = 0;
  // Called with the count of durable events whenever it has grown. Before the first append.
  virtual void on_durable(std::function<void(std::uint64_t)> told) = 0;
  // False: not now, it is behind.
  virtual bool append(const SequencedEvent& event) = 0;
  // Returns when everything is durable.
  virtual Result<void> finish() = 0;
  virtual std::uint64_t bytes_on_disk() const = 0;
};

Result<std::unique_ptr<Candidate>> journal(const std::filesystem::path& folder, std::uint64_t tail);
// `events` to a value. An error: not built in.
Result<std::unique_ptr<Candidate>> rocksdb_wal(const std::filesystem::path& folder, std::size_t events);
// A nats-server of its own, `events` to a message. An error: not built in, or no server is installed.
Result<std::unique_ptr<Candidate>> jetstream(const std::filesystem::path& folder, std::size_t events);

// What a store that knows nothing of events is given of each: its fields side by side.
using Row = std::array<char, 64>;
inline Row row_of(const SequencedEvent& event) {
  Row row{};
  std::size_t at = 0;
  const auto put = [&](const auto& value) {
    std::memcpy(row.data() + at, &value, sizeof value);
    at += sizeof value;
  };
  put(event.sequence.value());
  put(unix_nanos(event.event.ts_recv));
  std::visit(Overloaded{[&](const Trade& trade) {
                          put(unix_nanos(trade.ts_event));
                          put(trade.price.raw());
                          put(trade.size.raw());
                          put(trade.trade_id);
                          put(trade.instrument.value());
                          put(trade.condition);
                          put(trade.aggressor);
                        },
                        [&](const BookDelta& delta) {
                          put(unix_nanos(delta.ts_event));
                          put(delta.price.raw());
                          put(delta.size.raw());
                          put(delta.update_id);
                          put(delta.instrument.value());
                          put(delta.side);
                          put(delta.part);
                        },
                        [](const auto&) {}},
             event.event.body);
  put(event.event.feed.value());
  put(static_cast<std::uint8_t>(event.event.body.index()));
  return row;
}

}  // namespace qos::bench
