// How far the clients of keys with a cursor have surely been told: for every key, code and channel (trades,
// K-lines of each type) the sequence of an event up to which nothing was left out.
//
// Positions live in memory and are written to a database at most once a second, by a thread of its own, and
// when this ends. What a kill takes away is told again: positions only ever lag behind.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "channel/channel_key.hpp"
#include "core/counter.hpp"
#include "core/id.hpp"
#include "core/result.hpp"
#include "io/clock.hpp"
#include "market/instrument.hpp"

namespace qos::api {

class Cursors {
 public:
  struct Options {
    std::filesystem::path database;  // created if absent; its folder must exist
    // The last event there is: what a power cut or a repair has taken is numbered anew, so positions behind
    // it are brought back to it.
    Sequence last{INT64_MAX};
    std::size_t max_positions = 1'000'000;  // beyond it no new ones are kept (counted); about 100 bytes each
    std::function<void(std::string)> report;  // what an operator should know, a line each; any thread
  };
  // Of channels in their plain form: trades, or K-lines with the type's variant.
  using Position = std::pair<channel::ChannelKey, Sequence>;

  // Fails if the database is damaged or belongs to another program. Positions of codes that `instruments`
  // does not have any more are left alone.
  static Result<std::unique_ptr<Cursors>> open(Options options, const market::InstrumentTable& instruments,
                                               io::Clock& clock);
  virtual ~Cursors() = default;

  virtual std::optional<Sequence> position(KeyId key, const channel::ChannelKey& channel) const = 0;
  // Raises positions; never lowers one.
  virtual void confirm(KeyId key, std::span<const Position> positions) = 0;
  // The client does not want it any more.
  virtual void forget(KeyId key, std::span<const channel::ChannelKey> channels) = 0;
  // What the client missed could not be sent: counted, reported, and forgotten.
  virtual void lost(KeyId key, const channel::ChannelKey& channel) = 0;
  // Writes what has changed. The thread of the writer does it by itself.
  virtual Result<void> flush() = 0;
  // Writes what has changed for the last time: from now on the database is another process's. Positions that
  // are confirmed later are lost, and so what lies behind them is told again.
  virtual void retire() = 0;

  struct Counters {
    Counter losts;
    Counter refused;         // positions beyond max_positions
    Counter write_failures;  // tried again with the next writing
  };
  const Counters& counters() const { return counters_; }

 protected:
  Counters counters_;
};

}  // namespace qos::api
