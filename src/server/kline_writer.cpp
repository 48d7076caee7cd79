#include "server/kline_writer.hpp"

#include <spdlog/spdlog.h>

#include <limits>
#include <utility>

#include "core/crash_point.hpp"
#include "market/kline_date.hpp"

namespace qos::server {
namespace {

constexpr std::chrono::seconds kRetry{1};
// K-lines of one commit at most: what follows is the next one's.
constexpr std::size_t kMostInACommit = 65'536;
// Removals that are remembered beside a full queue: more corrections than a market has in a day.
constexpr std::size_t kMostRemovals = 65'536;

// A correction that takes a K-line away is told as one without trades.
bool is_removal(const Kline& kline) {
  return kline.trades == 0 && kline.volume == Volume{};
}

market::Date trading_date_of(const market::SessionCalendar& calendar, StoredSeries series, UnixNanos start) {
  return series == StoredSeries::day ? calendar.local_date(start)
                                     : market::trading_date_of_kline(calendar, start);
}

}  // namespace

KlineWriter::KlineWriter(const market::InstrumentTable& instruments, const market::CalendarTable& calendars,
                         const state::ViewTable& views, store::KlineStore& store, Options options)
    : instruments_{instruments},
      calendars_{calendars},
      views_{views},
      store_{store},
      keeps_{std::move(options.keeps)},
      queue_{options.queue_capacity},
      keys_(instruments.size()) {}

KlineWriter::~KlineWriter() {
  stop();
}

void KlineWriter::take(const state::Change& change, Told told) {
  if (change.klines.empty() || (keeps_ && !keeps_(change.instrument))) return;
  for (const auto& news : change.klines) {
    // Week, month and year are derived from days, 5 to 240 minutes from minutes.
    const bool day = news.type == market::KlineType::day;
    if (!news.kline.closed || !(day || news.type == market::KlineType::m1)) continue;
    const Item item{change.instrument, day ? StoredSeries::day : news.session, news.kline,
                    is_removal(news.kline), told};
    if (!queue_.try_push(item)) {
      miss(item);
      continue;
    }
    taken_.add();
    news_ = true;
  }
}

// What is removed is not in the views any more, from which the rest of what is missed is written.
void KlineWriter::miss(const Item& item) {
  counters_.missed.add();
  if (item.removed) {
    const std::scoped_lock lock{removals_mutex_};
    if (missed_removals_.size() < kMostRemovals) missed_removals_.push_back(item);
  }
  missed_.store(true, std::memory_order_release);
}

void KlineWriter::end_of_event() {
  if (std::exchange(news_, false)) bell_.ring();
}

void KlineWriter::start() {
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

void KlineWriter::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  {
    const std::scoped_lock lock{retry_mutex_};
    retry_.notify_all();
  }
  bell_.ring();
  thread_.join();
}

void KlineWriter::run(const std::stop_token& stop) {
  for (;;) {
    const auto seen = bell_.look();
    // Both are looked at before the queue: what was taken before stop() is written, and what was missed is
    // newer than what waits.
    const bool last = stop.stop_requested();
    const bool missed = missed_.load(std::memory_order_acquire);
    if (gather()) {
      if (!write(stop)) return;
      continue;
    }
    if (missed) {
      catch_up(stop);
      continue;
    }
    if (last) return;
    bell_.wait(seen);
  }
}

bool KlineWriter::gather() {
  Item item;
  while (batch_.size() < kMostInACommit && queue_.try_pop(item)) {
    batch_.push_back(item);
    ++gathered_;
  }
  return !batch_.empty();
}

bool KlineWriter::write(const std::stop_token& stop) {
  bool told = false;
  bool written = true;
  while (!batch_.empty()) {
    const auto stored = put();
    if (stored) {
      counters_.written.add(batch_.size());
      if (told) spdlog::info("history: the store takes K-lines again");
      break;
    }
    counters_.failed_commits.add();
    if (!std::exchange(told, true))
      spdlog::error("history: K-lines are not stored, trying again: {}", stored.error().message);
    written = wait_before_retry(stop);
    if (written) continue;
    spdlog::error("history: {} K-lines and what waits behind them were not stored", batch_.size());
    break;
  }
  batch_.clear();
  settled_.store(gathered_, std::memory_order_release);
  return written;
}

Result<void> KlineWriter::put() {
  rows_.clear();
  for (const auto& item : batch_) {
    const auto key = key_of(item.instrument);
    if (!key) return std::unexpected{key.error()};
    const auto& calendar = calendars_.at(instruments_.at(item.instrument).calendar);
    rows_.push_back({.instrument = *key,
                     .series = item.series,
                     .trading_date = trading_date_of(calendar, item.series, item.kline.start),
                     .kline = item.kline,
                     .removed = item.removed});
    if (item.told == Told::live) continue;
    const auto known = is_known(rows_.back());
    if (!known) return std::unexpected{known.error()};
    if (*known) rows_.pop_back();
  }
  if (rows_.empty()) return {};
  crash_point("klines.before_commit");
  auto stored = store_.put(rows_);
  crash_point("klines.committed");
  return stored;
}

// The store has it in this revision or a later one. A removal is put again: it is no harm.
Result<bool> KlineWriter::is_known(const store::StoredKline& row) const {
  if (row.removed) return false;
  const auto stored = store_.between(row.instrument, row.series, row.kline.start,
                                     row.kline.start + std::chrono::nanoseconds{1});
  if (!stored) return std::unexpected{stored.error()};
  return !stored->empty() && stored->front().kline.revision >= row.kline.revision;
}

void KlineWriter::wait_at_rest() const {
  const auto failed = counters_.failed_commits.value();
  while (!at_rest() && counters_.failed_commits.value() == failed)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

Result<store::StoreKey> KlineWriter::key_of(InstrumentId instrument) {
  auto& key = keys_[instrument.value()];
  if (key) return *key;
  const auto made = store_.key_of(instruments_.at(instrument).code.to_string());
  if (made) key = *made;
  return made;
}

bool KlineWriter::wait_before_retry(const std::stop_token& stop) {
  std::unique_lock lock{retry_mutex_};
  retry_.wait_for(lock, stop, kRetry, [] { return false; });
  return !stop.stop_requested();
}

// What the queue had no room for is still in the views: what closed in this run is put again. What was told
// by the store is there already, and may have been corrected by an import since.
void KlineWriter::catch_up(const std::stop_token& stop) {
  catching_up_.store(true, std::memory_order_release);
  missed_.store(false, std::memory_order_release);
  {
    const std::scoped_lock lock{removals_mutex_};
    batch_ = std::exchange(missed_removals_, {});
  }
  bool goes_on = write(stop);
  for (std::uint32_t row = 0; goes_on && row < instruments_.size(); ++row) {
    const InstrumentId id{row};
    const auto* view = views_.find(id);
    if (view == nullptr || (keeps_ && !keeps_(id))) continue;
    const auto add_closed = [&](StoredSeries series, const std::vector<Kline>& klines) {
      for (const auto& kline : klines)
        if (kline.closed && kline.sequence != Sequence{})
          batch_.push_back({id, series, kline, false, Told::again});
    };
    constexpr auto kAll = std::numeric_limits<std::size_t>::max();
    add_closed(StoredSeries::regular, view->klines(market::KlineType::m1, kAll));
    add_closed(StoredSeries::day, view->klines(market::KlineType::day, kAll));
    for (const auto session : {StoredSeries::night, StoredSeries::pre_market, StoredSeries::after_hours})
      add_closed(session, view->extended_minutes(session, kAll));
    if (batch_.size() >= kMostInACommit) goes_on = write(stop);
  }
  if (goes_on) write(stop);
  catching_up_.store(false, std::memory_order_release);
}

}  // namespace qos::server
