// Looks whether the commands have changed reference data beside the running server: a calendar row becomes an
// event, corporate actions a new table. In force within kEvery.
//
// Threads: start() and stop() are the pipeline's owner's; a thread of its own looks.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/counter.hpp"
#include "event/event.hpp"
#include "io/clock.hpp"
#include "market/corporate_action.hpp"
#include "store/reference_rows.hpp"

namespace qos::server {

class ReferenceWatch {
 public:
  static constexpr std::chrono::milliseconds kEvery{250};

  struct News {
    std::function<void(const CalendarChange&)> calendar;
    std::function<void(std::shared_ptr<const market::CorporateActionTable>)> actions;
  };
  // `calendar_rows`: those in force already. `rows` and `calendars` must outlive this; from start() to stop()
  // `rows` is the watch's alone.
  ReferenceWatch(store::ReferenceRows& rows, std::vector<store::CalendarRow> calendar_rows,
                 const market::CalendarTable& calendars, io::Clock& clock);
  ~ReferenceWatch();

  void start(News news);
  void stop();
  const std::vector<store::CalendarRow>& calendar_rows() const { return calendar_rows_; }  // before start()
  struct Counters {
    Counter changes;  // times something was new
    Counter failures;
  };
  const Counters& counters() const { return counters_; }

 private:
  void look();
  Result<void> take_news();

  store::ReferenceRows& rows_;
  std::vector<store::CalendarRow> calendar_rows_;
  const market::CalendarTable& calendars_;
  io::Clock& clock_;
  News news_;
  Counters counters_;
  bool failed_ = false;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace qos::server
