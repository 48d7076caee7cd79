// Random minutes and days, some stored, some in memory, some in both with other values; read() must say what
// a model says that knows all of them and folds one by one. The seed is printed.
#include <algorithm>
#include <random>

#include "history/history_world.hpp"

namespace qos::history {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t n) {
  return std::uniform_int_distribution<std::size_t>{0, n - 1}(random);
}

// What there is of one series: what read() must find, and how it is spread over store and memory.
struct Series {
  std::vector<FoldPart> truth;
  std::vector<FoldPart> stored;
  std::vector<Kline> memory;
};

// `slots` are places for a K-line. Later ones are known to memory: first those that state was told of, of
// which the store may have newer values since, then those of this run, of which the store may have anything.
Series spread(Random& random, const std::vector<FoldPart>& slots) {
  Series series;
  const std::size_t told_from = below(random, slots.size() + 1);
  const std::size_t run_from = told_from + below(random, slots.size() - told_from + 1);
  for (std::size_t n = 0; n < slots.size(); ++n) {
    FoldPart part = slots[n];
    const auto other = [&] {
      FoldPart changed = part;
      changed.kline = kline(part.kline.start, 9'000 + static_cast<std::int64_t>(below(random, 500)), 70);
      changed.kline.revision = static_cast<std::uint32_t>(below(random, 3));
      return changed;
    };
    if (n >= run_from) {
      part.kline.sequence = Sequence{1'000 + n};
      part.kline.closed = n + 1 < slots.size();
      series.memory.push_back(part.kline);
      if (below(random, 3) == 0) series.stored.push_back(other());
      series.truth.push_back(part);
      continue;
    }
    // The last one before the run is told, or a restated one further back would belong to the run.
    const bool is_told = n >= told_from && (n + 1 == run_from || below(random, 8) != 0);
    // What was told was stored once; some of it was taken away since.
    const bool is_stored = !is_told || series.stored.empty() || below(random, 8) != 0;
    if (is_stored) series.stored.push_back(part);
    if (is_told) {
      FoldPart told = is_stored && below(random, 2) == 0 ? other() : part;
      // An event of this run restated it.
      if (n + 1 < run_from && below(random, 10) == 0) told.kline.sequence = Sequence{500 + n};
      series.memory.push_back(told.kline);
      if (told.kline.sequence != Sequence{}) {
        part = told;
      } else if (!is_stored) {
        continue;
      }
    }
    series.truth.push_back(part);
  }
  // What the store has within the hours of this run, and memory has not, was taken back.
  if (run_from < slots.size() && run_from > 0 && below(random, 2) == 0)
    series.stored.push_back(
        {slots.back().trading_date, kline(slots.back().kline.start + std::chrono::minutes{1}, 1)});
  return series;
}

struct Model {
  const market::Instrument& instrument;
  const market::SessionCalendar& calendar;
  std::vector<FoldPart> minutes;
  std::vector<FoldPart> days;
  market::Adjustment adjustment;

  UnixNanos start_of(KlineType type, const FoldPart& part) const {
    if (type == KlineType::m1 || type == KlineType::day) return part.kline.start;
    return kline_span(calendar, type, {part.trading_date, part.kline.start}, instrument.closing_print).start;
  }

  // All K-lines of a type, folded one by one.
  std::vector<FoldPart> all(KlineType type, market::AdjustmentDirection direction) const {
    const bool is_of_days = type >= KlineType::day;
    std::map<UnixNanos, FoldPart> folded;
    for (auto [date, part] : is_of_days ? days : minutes) {
      if (type > KlineType::day) part = adjustment.apply(part, date, direction, instrument);
      const auto start = start_of(type, {date, part});
      const auto [at, is_new] = folded.try_emplace(start, FoldPart{date, part});
      Kline& longer = at->second.kline;
      if (!is_new) {
        longer.sequence = std::max(longer.sequence, part.sequence);
        longer.high = std::max(longer.high, part.high);
        longer.low = std::min(longer.low, part.low);
        longer.close = part.close;
        longer.volume += part.volume;
        longer.turnover += part.turnover;
        longer.trades += part.trades;
        longer.revision += part.revision;
        longer.closed = part.closed;
      }
      longer.start = start;
    }
    std::vector<FoldPart> out;
    for (auto& [start, part] : folded) {
      if (type <= KlineType::day)
        part.kline = adjustment.apply(part.kline, part.trading_date, direction, instrument);
      out.push_back(part);
    }
    return out;
  }
};

class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed) : random_{seed} {
    static constexpr const char* kCodes[] = {"US:AAPL", "HK:700", "SH:600519", "CF:BTCUSDT", "FX:USDJPY"};
    instrument_ = &world_.instrument(kCodes[below(random_, 5)]);
    make_dates();
    minutes_ = spread(random_, minute_slots());
    days_ = spread(random_, day_slots());
    world_.put(*instrument_, StoredSeries::regular, minutes_.stored);
    world_.put(*instrument_, StoredSeries::day, days_.stored);
    view().kept[KlineType::m1] = minutes_.memory;
    view().kept[KlineType::day] = days_.memory;
    make_actions();
    remember_types();
  }

  // The model's answer and read()'s to random questions.
  void ask(int times) {
    for (int n = 0; n < times; ++n) {
      const KlineQuery query = random_query();
      SCOPED_TRACE(testing::Message()
                   << instrument_->code.to_string() << " kt " << static_cast<int>(query.type) << " count "
                   << query.count << " a " << static_cast<int>(query.adjustment) << " until "
                   << (query.until ? unix_seconds(*query.until) : -1) << " from "
                   << (query.from ? unix_seconds(*query.from) : -1));
      ASSERT_EQ(texts_of(world_.read(*instrument_, query)), texts_of(expected(query)));
    }
  }

 private:
  const market::SessionCalendar& calendar() const { return world_.calendar(*instrument_); }
  View& view() { return world_.view(*instrument_); }

  // Trading dates of some years, with gaps as of a halt.
  void make_dates() {
    auto date = calendar().next_trading_date(Date{std::chrono::year{2019} / 3 / 1});
    for (std::size_t n = 0; n < 120 && date; ++n) {
      dates_.push_back(*date);
      const std::size_t skipped = below(random_, 10) == 0 ? below(random_, 200) : 0;
      for (std::size_t day = 0; date && day <= skipped; ++day) date = calendar().next_trading_date(*date);
    }
  }

  std::vector<FoldPart> day_slots() {
    std::vector<FoldPart> slots;
    for (const Date date : dates_) slots.push_back({date, random_kline(calendar().local_midnight(date))});
    return slots;
  }

  std::vector<FoldPart> minute_slots() {
    std::vector<FoldPart> slots;
    for (const Date date : dates_) {
      if (below(random_, 3) != 0) continue;
      for (const auto& session : calendar().regular_of(date)) {
        const bool is_dense = below(random_, 10) == 0;
        auto start = session.open;
        while (start < session.close) {
          slots.push_back({date, random_kline(start)});
          start += std::chrono::minutes{1 + (is_dense ? 0 : below(random_, 60))};
        }
        const bool has_closing_print = instrument_->closing_print == market::ClosingPrint::own_bar &&
                                       session.close == calendar().regular_of(date).back().close;
        if (has_closing_print && below(random_, 2) == 0) slots.push_back({date, random_kline(session.close)});
      }
    }
    return slots;
  }

  Kline random_kline(UnixNanos start) {
    return kline(start, 10'000 + static_cast<std::int64_t>(below(random_, 2'000)),
                 10 * static_cast<std::int64_t>(1 + below(random_, 50)));
  }

  void make_actions() {
    std::vector<market::CodedAction> actions;
    for (std::size_t n = below(random_, 4); n > 0; --n) {
      market::CorporateAction action{.ex_date = dates_[below(random_, dates_.size())]};
      if (below(random_, 2) == 0) action.cash = Price::from_raw(1'230'000'000);
      if (below(random_, 2) == 0) action.split = {7, 1};
      if (below(random_, 2) == 0) actions.push_back({instrument_->code, action});
    }
    // After the latest day: does not count yet.
    actions.push_back(
        {instrument_->code, {.ex_date = Date{std::chrono::year{2040} / 1 / 2}, .split = {9, 1}}});
    const auto table = std::make_shared<market::CorporateActionTable>(std::move(actions));
    world_.klines.set_actions(table);
    const auto close_before = [this](Date date) -> std::optional<Price> {
      std::optional<Price> close;
      for (const auto& day : days_.truth)
        if (day.trading_date < date) close = day.kline.close;
      return close;
    };
    for (const auto method : {market::AdjustmentMethod::ratio, market::AdjustmentMethod::subtract})
      models_.push_back({*instrument_, calendar(), minutes_.truth, days_.truth,
                         market::Adjustment::make(table->of(instrument_->code), method,
                                                  days_.truth.back().trading_date, close_before)});
  }

  // Memory's K-lines of the types that are folded: some of the latest, the newest open.
  void remember_types() {
    for (const auto type : market::kKlineTypes) {
      if (type == KlineType::m1 || type == KlineType::day) continue;
      auto all = models_[0].all(type, market::AdjustmentDirection::none);
      all.erase(all.begin(),
                all.end() - static_cast<std::ptrdiff_t>(std::min(all.size(), 1 + below(random_, 30))));
      for (auto& [date, kline] : all) {
        const auto& parts = type >= KlineType::day ? days_ : minutes_;
        const bool is_in_memory = !parts.memory.empty() && kline.start >= parts.memory.front().start;
        if (!is_in_memory) continue;
        kline.closed = &kline != &all.back().kline;
        if (below(random_, 4) == 0) kline.revision += 1;
        view().kept[type].push_back(kline);
      }
    }
  }

  KlineQuery random_query() {
    KlineQuery query{.type = market::kKlineTypes[below(random_, market::kKlineTypes.size())]};
    query.count = below(random_, 4) == 0 ? 100'000 : 1 + below(random_, 60);
    query.adjustment = static_cast<market::AdjustmentDirection>(below(random_, 3));
    if (below(random_, 2) == 0) query.method = market::AdjustmentMethod::subtract;
    const auto& slots = query.type >= KlineType::day ? days_.truth : minutes_.truth;
    const auto moment = [&] {
      const auto& slot = slots[below(random_, slots.size())];
      return slot.kline.start + std::chrono::seconds{below(random_, 200'000)} - std::chrono::seconds{100'000};
    };
    if (slots.empty()) return query;
    if (below(random_, 2) == 0) query.until = moment();
    if (below(random_, 4) == 0) query.from = moment();
    return query;
  }

  std::vector<Kline> expected(const KlineQuery& query) {
    const auto& model = models_[query.method == market::AdjustmentMethod::subtract ? 1 : 0];
    std::vector<Kline> out;
    for (auto [date, kline] : model.all(query.type, query.adjustment)) {
      if (query.until && kline.start > *query.until) continue;
      if (query.from && kline.start < *query.from) continue;
      if (query.type != KlineType::m1 && query.type != KlineType::day) {
        const auto& kept = view().kept[query.type];
        const auto known = std::ranges::find(kept, kline.start, &Kline::start);
        kline.closed = known == kept.end() || known->closed;
        if (known != kept.end() && known->sequence != Sequence{}) kline.revision = known->revision;
      }
      out.push_back(kline);
    }
    if (out.size() > query.count)
      out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(query.count));
    return out;
  }

  Random random_;
  World world_;
  const market::Instrument* instrument_ = nullptr;
  std::vector<Date> dates_;
  Series minutes_;
  Series days_;
  std::vector<Model> models_;  // ratio, subtract
};

TEST(HistoryModel, read_says_what_a_naive_fold_of_store_and_memory_says) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomHistory history{seed};
    history.ask(80);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace qos::history
