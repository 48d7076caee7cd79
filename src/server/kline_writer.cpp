#include "server/kline_writer.hpp"

#include <spdlog/spdlog.h>

#include <limits>
#include <utility>

namespace qos::server {
namespace {

using std::chrono::year_month_day;

constexpr std::chrono::seconds kRetry{1};
// K-lines of one commit at most: what follows is the next one's.
constexpr std::size_t kMostInACommit = 65'536;

// A correction that takes a K-line away is told as one without trades.
bool is_removal(const Kline& kline) {
  return kline.trades == 0 && kline.volume == Volume{};
}

}  // namespace

KlineWriter::KlineWriter(const market::InstrumentTable& instruments, const market::CalendarTable& calendars,
                         const state::ViewTable& views, store::KlineStore& store, Options options)
    : instruments_{instruments},
      calendars_{calendars},
      views_{views},
      store_{store},
      queue_{options.queue_capacity},
      keys_(instruments.size()) {}

KlineWriter::~KlineWriter() {
  stop();
}

void KlineWriter::take(const state::Change& change) {
  for (const auto& news : change.klines) {
    // Week, month and year are derived from days, 5 to 240 minutes from minutes.
    const bool day = news.type == market::KlineType::day;
    if (!news.kline.closed || !(day || news.type == market::KlineType::m1)) continue;
    const Item item{change.instrument, day ? StoredSeries::day : news.session, news.kline};
    if (!queue_.try_push(item)) {
      counters_.missed.add();
      missed_.store(true, std::memory_order_release);
      continue;
    }
    taken_.add();
    news_ = true;
  }
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
    // Looked at before gathering: what was taken before stop() is written.
    const bool last = stop.stop_requested();
    if (gather()) {
      write(stop);
      continue;
    }
    if (missed_.exchange(false, std::memory_order_acq_rel)) {
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
    add(item);
    ++gathered_;
  }
  return !batch_.empty();
}

void KlineWriter::add(const Item& item) {
  auto& key = keys_[item.instrument.value()];
  if (!key) {
    auto made = store_.key_of(instruments_.at(item.instrument).code.to_string());
    if (!made) {
      spdlog::error("history: {}", made.error().message);
      counters_.missed.add();
      return;
    }
    key = *made;
  }
  batch_.push_back({.instrument = *key,
                    .series = item.series,
                    .trading_date = trading_date_of(item),
                    .kline = item.kline,
                    .removed = is_removal(item.kline)});
}

year_month_day KlineWriter::trading_date_of(const Item& item) const {
  const auto& calendar = calendars_.at(instruments_.at(item.instrument).calendar);
  const auto local = calendar.local_date(item.kline.start);
  if (item.series == StoredSeries::day) return local;
  const auto session = calendar.session_at(item.kline.start);
  // The K-line of a closing print may lie where its session has just ended.
  return session ? session->trading_date : calendar.trading_date_of(item.kline.start).value_or(local);
}

void KlineWriter::write(const std::stop_token& stop) {
  bool told = false;
  while (!batch_.empty()) {
    const auto put = store_.put(batch_);
    if (put) {
      counters_.written.add(batch_.size());
      if (told) spdlog::info("history: the store takes K-lines again");
      break;
    }
    counters_.failed_commits.add();
    if (!std::exchange(told, true))
      spdlog::error("history: K-lines are not stored, trying again: {}", put.error().message);
    if (!wait_before_retry(stop)) {
      spdlog::error("history: {} K-lines were not stored", batch_.size());
      break;
    }
  }
  batch_.clear();
  settled_.store(gathered_, std::memory_order_release);
}

bool KlineWriter::wait_before_retry(const std::stop_token& stop) {
  std::unique_lock lock{retry_mutex_};
  retry_.wait_for(lock, stop, kRetry, [] { return false; });
  return !stop.stop_requested();
}

// What the queue had no room for is still in the views: everything closed is put again.
void KlineWriter::catch_up(const std::stop_token& stop) {
  for (std::uint32_t row = 0; row < instruments_.size(); ++row) {
    const InstrumentId id{row};
    const auto* view = views_.find(id);
    if (view == nullptr) continue;
    const auto add_closed = [&](StoredSeries series, const std::vector<Kline>& klines) {
      for (const auto& kline : klines)
        if (kline.closed) add({id, series, kline});
    };
    constexpr auto kAll = std::numeric_limits<std::size_t>::max();
    add_closed(StoredSeries::regular, view->klines(market::KlineType::m1, kAll));
    add_closed(StoredSeries::day, view->klines(market::KlineType::day, kAll));
    for (const auto session : {StoredSeries::night, StoredSeries::pre_market, StoredSeries::after_hours})
      add_closed(session, view->extended_minutes(session, kAll));
    if (batch_.size() >= kMostInACommit) write(stop);
  }
  write(stop);
}

}  // namespace qos::server
