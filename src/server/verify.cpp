#include "server/verify.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "event/kline_values.hpp"
#include "market/calendar_rules.hpp"
#include "market/kline_date.hpp"
#include "replay/own_calendars.hpp"
#include "replay/recovery.hpp"
#include "state/session_parts.hpp"

namespace qos::server {
namespace {

using std::chrono::days;
using std::chrono::nanoseconds;

constexpr std::array kSeries{StoredSeries::day, StoredSeries::night, StoredSeries::pre_market,
                             StoredSeries::regular, StoredSeries::after_hours};
// Beside a running server the store may be a commit ahead of the journal, or behind it.
constexpr int kLooks = 5;
constexpr std::chrono::milliseconds kPause{200};

// Of one series of one instrument, by start.
using Lines = std::map<UnixNanos, Kline>;
struct Place {
  InstrumentId instrument;
  StoredSeries series = StoredSeries::regular;
  friend auto operator<=>(const Place&, const Place&) = default;
};

std::int32_t number_of(market::Date date) {
  return static_cast<std::int32_t>(std::chrono::sys_days{date}.time_since_epoch().count());
}

// Collects what becomes of the date's K-lines.
class Derived final : public state::ChangeSink {
 public:
  Derived(const replay::Archive& archive, const market::CalendarTable& calendars,
          const VerifyQuestion& question)
      : archive_{archive}, calendars_{calendars}, question_{question} {}

  void on(const state::Change& change) override {
    if (change.klines.empty() || !is_wanted(change.instrument)) return;
    for (const auto& news : change.klines) {
      const bool day = news.type == market::KlineType::day;
      if (!day && news.type != market::KlineType::m1) continue;
      const StoredSeries series = day ? StoredSeries::day : news.session;
      if (date_of(change.instrument, series, news.kline.start) != question_.date) continue;
      Lines& lines = lines_[{change.instrument, series}];
      const bool is_gone = news.kline.trades == 0 && news.kline.volume == Volume{};
      if (is_gone) {
        lines.erase(news.kline.start);
      } else {
        lines.insert_or_assign(news.kline.start, news.kline);
      }
    }
  }
  // What state is told comes from the store, or from whoever imported it.
  void hear(const EventBody& body) {
    const auto* past = std::get_if<PastKline>(&body);
    if (past != nullptr && past->trading_date == number_of(question_.date) && is_wanted(past->instrument))
      told_.insert(past->instrument);
  }

  bool is_wanted(InstrumentId id) const {
    return id.value() < archive_.instruments.size() && (!question_.only || *question_.only == id);
  }
  const Lines& of(const Place& place) const {
    static const Lines kNone;
    const auto found = lines_.find(place);
    return found == lines_.end() ? kNone : found->second;
  }
  const std::set<InstrumentId>& told() const { return told_; }

 private:
  market::Date date_of(InstrumentId id, StoredSeries series, UnixNanos start) {
    // Thousands of instruments speak of the same minute.
    const CalendarId calendar = archive_.instruments.at(id).calendar;
    const bool day = series == StoredSeries::day;
    if (last_calendar_ == calendar && last_start_ == start && last_day_ == day) return last_date_;
    last_calendar_ = calendar;
    last_start_ = start;
    last_day_ = day;
    const auto& hours = calendars_.at(calendar);
    last_date_ = day ? hours.local_date(start) : market::trading_date_of_kline(hours, start);
    return last_date_;
  }

  const replay::Archive& archive_;
  const market::CalendarTable& calendars_;
  const VerifyQuestion& question_;
  std::map<Place, Lines> lines_;
  std::set<InstrumentId> told_;
  CalendarId last_calendar_;
  UnixNanos last_start_ = UnixNanos::min();
  bool last_day_ = false;
  market::Date last_date_{};
};

// The machine, as of before the date, and what is applied to it.
class Again {
 public:
  Again(const replay::Archive& archive, const VerifyQuestion& question)
      : archive_{archive},
        calendars_{replay::own_calendars(archive.calendars)},
        machine_{archive.instruments, *calendars_, archive.options},
        derived_{archive, *calendars_, question} {}

  Result<void> begin(UnixNanos before) {
    const auto segments = journal::segments_of(archive_.disk, archive_.journal);
    if (!segments) return std::unexpected{segments.error()};
    if (segments->empty()) return fail("{}: there is no journal", archive_.journal.string());
    const auto checkpoint = replay::newest_checkpoint(
        archive_.disk, archive_.checkpoints, {.durable = segments->back().last, .received_by = before},
        [](const Error&) {});
    if (!checkpoint) return std::unexpected{checkpoint.error()};
    if (*checkpoint) {
      if (auto restored = replay::restore(**checkpoint, archive_.instruments, machine_); !restored)
        return restored;
      from_ = (*checkpoint)->facts().first;
      settled_ = (*checkpoint)->facts().last;
    } else if (segments->front().first != Sequence{1}) {
      return fail("no checkpoint is from before the date, and the journal begins at event {}",
                  segments->front().first.value());
    }
    auto reader = journal::Reader::open(archive_.disk, archive_.journal, from_, archive_.names);
    if (!reader) return std::unexpected{reader.error()};
    reader_ = std::move(*reader);
    last_ = from_;
    return {};
  }

  // All that is on disk by now. Whether there was anything.
  Result<bool> go_on() {
    bool any = false;
    for (;;) {
      const auto events = reader_->next();
      if (!events) return std::unexpected{events.error()};
      if (!reader_->lost().empty())
        return fail("events {} to {} are lost", reader_->lost().front().from.value(),
                    reader_->lost().front().to.value());
      if (events->empty()) return any;
      any = true;
      for (const auto& event : *events) {
        machine_.apply(event, derived_);
        derived_.hear(event.event.body);
        if (event.sequence > settled_ && std::holds_alternative<StateDigest>(event.event.body)) ++digests_;
        last_ = event.sequence;
      }
    }
  }

  const Derived& derived() const { return derived_; }
  const market::CalendarTable& calendars() const { return *calendars_; }
  void settle(VerifyReport& report) const {
    report.from = from_;
    report.to = last_;
    report.digests = digests_;
    report.digests_differing = machine_.counters().digest_mismatches.value();
  }

 private:
  const replay::Archive& archive_;
  std::unique_ptr<market::CalendarTable> calendars_;
  state::Machine machine_;
  Derived derived_;
  std::unique_ptr<journal::Reader> reader_;
  Sequence from_;
  Sequence settled_;
  Sequence last_;
  std::uint64_t digests_ = 0;
};

// Before the first session of the date, in any of the calendars; nullopt: none has trading on it.
std::optional<UnixNanos> begin_of(const replay::Archive& archive, market::Date date) {
  std::optional<UnixNanos> begin;
  for (std::uint16_t id = 0; id < archive.calendars.size(); ++id) {
    const auto& calendar = archive.calendars.at(CalendarId{id});
    const auto sessions = calendar.sessions_of(date);
    if (sessions.empty()) continue;
    const auto first = std::min(sessions.front().open, calendar.local_midnight(date));
    if (!begin || first < *begin) begin = first;
  }
  return begin;
}

Result<Lines> stored_lines(const store::KlineStore& store, const market::SessionCalendar& calendar,
                           store::StoreKey key, StoredSeries series, market::Date date) {
  const UnixNanos day = calendar.local_midnight(date);
  const bool is_day = series == StoredSeries::day;
  // A night, or a Sunday evening, is of the date after it.
  const auto from = is_day ? day : day - days{2};
  const auto to = is_day ? day + nanoseconds{1} : day + days{3};
  const auto rows = store.between(key, series, from, to);
  if (!rows) return std::unexpected{rows.error()};
  Lines lines;
  for (const auto& row : *rows)
    if (row.trading_date == date) lines.emplace(row.kline.start, row.kline);
  return lines;
}

// Imports do not count trades, and the journal always does.
bool is_imported(const std::optional<Kline>& derived, const Kline& stored) {
  return stored.trades == 0 && (!derived || derived->trades > 0);
}

class Comparison {
 public:
  Comparison(const replay::Archive& archive, const VerifyQuestion& question, VerifyReport& report)
      : archive_{archive}, question_{question}, report_{report} {}

  Result<void> compare(const Again& again, const store::KlineStore& store) {
    for (std::uint32_t row = 0; row < archive_.instruments.size(); ++row) {
      const InstrumentId id{row};
      if (!again.derived().is_wanted(id)) continue;
      if (again.derived().told().contains(id)) {
        report_.told.push_back(id);
        continue;
      }
      if (auto done = compare(id, again, store); !done) return done;
    }
    return {};
  }

 private:
  Result<void> compare(InstrumentId id, const Again& again, const store::KlineStore& store) {
    const auto& instrument = archive_.instruments.at(id);
    const auto key = store.find(instrument.code.to_string());
    bool any = false;
    for (const StoredSeries series : kSeries) {
      const Lines& derived = again.derived().of({id, series});
      Lines stored;
      if (key) {
        auto lines =
            stored_lines(store, again.calendars().at(instrument.calendar), *key, series, question_.date);
        if (!lines) return std::unexpected{lines.error()};
        stored = std::move(*lines);
      }
      any = any || !derived.empty();
      for (const auto& [start, kline] : derived) {
        if (series == StoredSeries::day) report_.trades += kline.trades;
        const auto found = stored.find(start);
        if (!kline.closed && found == stored.end()) continue;  // still open: not stored yet
        compare(
            {id, series, start, kline, found == stored.end() ? std::nullopt : std::optional{found->second}});
      }
      for (const auto& [start, kline] : stored)
        if (!derived.contains(start)) compare({id, series, start, std::nullopt, kline});
    }
    if (any) ++report_.instruments;
    return {};
  }

  void compare(const KlineDifference& pair) {
    const auto& [instrument, series, start, derived, stored] = pair;
    const bool same = derived && stored && derived->closed && same_values(*derived, *stored) &&
                      derived->trades == stored->trades && derived->revision == stored->revision;
    if (!same && stored && is_imported(derived, *stored)) {
      ++report_.imported;
      return;
    }
    ++report_.klines;
    if (same) return;
    ++report_.differing;
    if (report_.differences.size() < question_.differences_named) report_.differences.push_back(pair);
  }

  const replay::Archive& archive_;
  const VerifyQuestion& question_;
  VerifyReport& report_;
};

}  // namespace

Result<VerifyReport> verify_date(const replay::Archive& archive, const store::KlineStore& store,
                                 const VerifyQuestion& question) {
  const auto begin = begin_of(archive, question.date);
  if (!begin) return fail("{} is no trading date of any calendar", market::to_string(question.date));
  Again again{archive, question};
  if (auto begun = again.begin(*begin); !begun) return std::unexpected{begun.error()};
  VerifyReport report;
  for (int look = 1;; ++look) {
    const auto more = again.go_on();
    if (!more) return std::unexpected{more.error()};
    // Nothing has come since the last look: that is how it is.
    if (look > 1 && !*more) return report;
    report = {};
    Comparison comparison{archive, question, report};
    if (auto compared = comparison.compare(again, store); !compared) return std::unexpected{compared.error()};
    again.settle(report);
    if (report.differing == 0 || look == kLooks) return report;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace qos::server
