#include "api/cursors.hpp"

#include <array>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "core/crash_point.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"

namespace qos::api {
namespace {

using channel::ChannelKey;
using channel::Topic;

constexpr std::chrono::seconds kWriteEvery{1};

// channel: 0 trades, else the kt of the K-lines. Codes, because rows of the instrument table may change over
// restarts.
constexpr std::array<std::string_view, 1> kSchema{
    "CREATE TABLE cursors("
    " key INTEGER NOT NULL,"
    " code TEXT NOT NULL,"
    " channel INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL,"
    " PRIMARY KEY(key, code, channel)"
    ") STRICT, WITHOUT ROWID"};

std::int64_t number_of(const ChannelKey& channel) {
  return channel.topic == Topic::trade ? 0 : static_cast<std::int64_t>(market::kKlineTypes[channel.variant]);
}

std::optional<ChannelKey> channel_of(InstrumentId instrument, std::int64_t number) {
  if (number == 0) return ChannelKey{instrument, Topic::trade, 0};
  const auto type = market::parse_kline_type(number);
  if (!type) return std::nullopt;
  return ChannelKey{instrument, Topic::kline, static_cast<std::uint8_t>(market::index_of(*type))};
}

class StoredCursors final : public Cursors {
 public:
  StoredCursors(Options options, store::Database database, const market::InstrumentTable& instruments,
                io::Clock& clock)
      : options_{std::move(options)},
        instruments_{instruments},
        clock_{clock},
        database_{std::move(database)} {}
  ~StoredCursors() override {
    writer_.request_stop();
    if (writer_.joinable()) writer_.join();
    write_or_report();
  }

  Result<void> load();
  void start() {
    writer_ = std::jthread{[this](const std::stop_token& stop) {
      while (clock_.wait_until(clock_.steady_now() + kWriteEvery, stop)) write_or_report();
    }};
  }

  std::optional<Sequence> position(KeyId key, const ChannelKey& channel) const override;
  void confirm(KeyId key, std::span<const Position> positions) override;
  void forget(KeyId key, std::span<const ChannelKey> channels) override;
  void lost(KeyId key, const ChannelKey& channel) override;
  Result<void> flush() override;
  void retire() override;

 private:
  using Place = std::pair<KeyId, ChannelKey>;
  using Changes = std::map<Place, std::optional<Sequence>>;  // nullopt: forgotten

  Result<void> write(const Changes& changes);
  void write_or_report();
  void report(std::string line) const {
    if (options_.report) options_.report(std::move(line));
  }

  const Options options_;
  const market::InstrumentTable& instruments_;
  io::Clock& clock_;

  std::mutex database_mutex_;  // guards the two below; taken before mutex_
  bool is_retired_ = false;
  store::Database database_;

  mutable std::mutex mutex_;  // guards the two below
  std::map<Place, Sequence> positions_;
  Changes changes_;                      // since the last writing
  std::atomic<bool> is_failing_{false};  // one line for a disk that stays broken

  std::jthread writer_;
};

Result<void> StoredCursors::load() {
  auto back = database_.prepare("UPDATE cursors SET sequence=?1 WHERE sequence>?1");
  if (!back) return std::unexpected{back.error()};
  back->bind(1, static_cast<std::int64_t>(options_.last.value()));
  if (auto done = back->run(); !done) return done;
  auto rows = database_.prepare("SELECT key, code, channel, sequence FROM cursors");
  if (!rows) return std::unexpected{rows.error()};
  for (;;) {
    const auto row = rows->step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return {};
    const auto code = market::parse_code(rows->text(1));
    const auto* instrument = code ? instruments_.find(code->code) : nullptr;
    if (instrument == nullptr || rows->integer(3) < 0) continue;
    const auto channel = channel_of(instrument->id, rows->integer(2));
    if (channel && positions_.size() < options_.max_positions)
      positions_.insert_or_assign({KeyId{rows->integer(0)}, *channel},
                                  Sequence{static_cast<std::uint64_t>(rows->integer(3))});
  }
}

std::optional<Sequence> StoredCursors::position(KeyId key, const ChannelKey& channel) const {
  const std::scoped_lock lock{mutex_};
  const auto found = positions_.find({key, channel});
  if (found == positions_.end()) return std::nullopt;
  return found->second;
}

void StoredCursors::confirm(KeyId key, std::span<const Position> positions) {
  const std::scoped_lock lock{mutex_};
  for (const auto& [channel, sequence] : positions) {
    const Place place{key, channel};
    auto found = positions_.find(place);
    if (found == positions_.end()) {
      if (positions_.size() >= options_.max_positions) {
        counters_.refused.add();
        continue;
      }
      found = positions_.emplace(place, Sequence{}).first;
    } else if (found->second >= sequence) {
      continue;
    }
    found->second = sequence;
    changes_.insert_or_assign(place, sequence);
  }
}

void StoredCursors::forget(KeyId key, std::span<const ChannelKey> channels) {
  const std::scoped_lock lock{mutex_};
  for (const ChannelKey& channel : channels)
    if (positions_.erase({key, channel}) > 0) changes_.insert_or_assign({key, channel}, std::nullopt);
}

void StoredCursors::lost(KeyId key, const ChannelKey& channel) {
  counters_.losts.add();
  const auto at = position(key, channel);
  report(fmt::format("cursor of key {}: what it missed of {} {} since event {} cannot be sent", key.value(),
                     channel.topic == Topic::trade ? "trades" : "K-lines",
                     instruments_.at(channel.instrument).code.to_string(), at ? at->value() : 0));
  forget(key, std::span{&channel, 1});
}

Result<void> StoredCursors::flush() {
  const std::scoped_lock lock{database_mutex_};
  if (is_retired_) return {};
  Changes changes;
  {
    const std::scoped_lock positions{mutex_};
    changes.swap(changes_);
  }
  if (changes.empty()) return {};
  crash_point("cursors.before_flush");
  auto written = write(changes);
  crash_point("cursors.flushed");
  if (!written) {
    counters_.write_failures.add();
    // What has changed once more since then is newer.
    const std::scoped_lock positions{mutex_};
    changes_.merge(changes);
  }
  return written;
}

Result<void> StoredCursors::write(const Changes& changes) {
  auto transaction = store::Transaction::begin(database_);
  if (!transaction) return std::unexpected{transaction.error()};
  auto put = database_.prepare(
      "INSERT OR REPLACE INTO cursors(key, code, channel, sequence) VALUES(?1, ?2, ?3, ?4)");
  if (!put) return std::unexpected{put.error()};
  auto remove = database_.prepare("DELETE FROM cursors WHERE key=?1 AND code=?2 AND channel=?3");
  if (!remove) return std::unexpected{remove.error()};
  for (const auto& [place, sequence] : changes) {
    const auto& [key, channel] = place;
    auto& statement = sequence ? *put : *remove;
    const std::string code = instruments_.at(channel.instrument).code.to_string();
    statement.bind(1, key.value()).bind(2, code).bind(3, number_of(channel));
    if (sequence) statement.bind(4, static_cast<std::int64_t>(sequence->value()));
    if (auto done = statement.run(); !done) return done;
    statement.reset();
  }
  return transaction->commit();
}

void StoredCursors::retire() {
  write_or_report();
  const std::scoped_lock lock{database_mutex_};
  is_retired_ = true;
}

void StoredCursors::write_or_report() {
  const auto written = flush();
  if (const bool was_failing = is_failing_.exchange(!written); !written && !was_failing)
    report(fmt::format("cursors are not written: {}", written.error().message));
}

}  // namespace

Result<std::unique_ptr<Cursors>> Cursors::open(Options options, const market::InstrumentTable& instruments,
                                               io::Clock& clock) {
  auto database = store::Database::open({.path = options.database});
  if (!database) return std::unexpected{database.error()};
  if (auto done = database->check(); !done) return std::unexpected{done.error()};
  if (auto done = store::bring_up_to_date(*database, kSchema); !done) return std::unexpected{done.error()};
  auto cursors =
      std::make_unique<StoredCursors>(std::move(options), std::move(*database), instruments, clock);
  if (auto loaded = cursors->load(); !loaded) return std::unexpected{loaded.error()};
  cursors->start();
  return cursors;
}

}  // namespace qos::api
