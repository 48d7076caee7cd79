#include "server/reference_watch.hpp"

#include <spdlog/spdlog.h>

#include "server/reference.hpp"

namespace qos::server {

ReferenceWatch::ReferenceWatch(store::ReferenceRows& rows, std::vector<store::CalendarRow> calendar_rows,
                               const market::CalendarTable& calendars, io::Clock& clock)
    : rows_{rows}, calendar_rows_{std::move(calendar_rows)}, calendars_{calendars}, clock_{clock} {}

ReferenceWatch::~ReferenceWatch() {
  stop();
}

void ReferenceWatch::start(News news) {
  news_ = std::move(news);
  thread_ = std::jthread{[this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      look();
      std::unique_lock lock{mutex_};
      wake_.wait_for(lock, stop, kEvery, [] { return false; });
    }
  }};
}

void ReferenceWatch::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void ReferenceWatch::look() {
  const auto changed = rows_.changed();
  // A failure is looked at again, for the news that it hid.
  if (changed && !*changed && !failed_) return;
  const auto taken = changed ? take_news() : Result<void>{std::unexpected{changed.error()}};
  if (taken) {
    failed_ = false;
    counters_.changes.add();
    return;
  }
  counters_.failures.add();
  if (!std::exchange(failed_, true)) spdlog::error("reference data: {}", taken.error().message);
}

Result<void> ReferenceWatch::take_news() {
  auto rows = rows_.calendar_rows();
  if (!rows) return std::unexpected{rows.error()};
  auto actions = rows_.actions();
  if (!actions) return std::unexpected{actions.error()};
  const auto news = changes_between(calendar_rows_, *rows, calendars_, clock_.now());
  for (const auto& fault : news.faults) spdlog::warn("reference data: {}", fault.message);
  for (const auto& change : news.changes) news_.calendar(change);
  calendar_rows_ = std::move(*rows);
  news_.actions(std::make_shared<const market::CorporateActionTable>(std::move(*actions)));
  return {};
}

}  // namespace qos::server
