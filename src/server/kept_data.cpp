#include "server/kept_data.hpp"

#include <malloc.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "server/past.hpp"

namespace qos::server {

Result<std::unique_ptr<KeptData>> KeptData::open(const Config& config, Reference& reference,
                                                 io::Clock& clock) {
  auto rows = store::ReferenceRows::open(reference_database(config.data));
  if (!rows) return std::unexpected{rows.error()};
  auto calendar_rows = rows->calendar_rows();
  if (!calendar_rows) return std::unexpected{calendar_rows.error()};
  std::unique_ptr<KeptData> kept{
      new KeptData{config.klines, reference, std::move(*rows), std::move(*calendar_rows), clock}};
  if (config.klines.history == History::on) {
    auto store = store::KlineStore::open({.folder = kline_folder(config)});
    if (!store) return std::unexpected{store.error()};
    kept->store_ = std::move(*store);
  }
  return kept;
}

const history::Klines& KeptData::serve(const state::ViewTable& views) {
  views_ = &views;
  klines_ = std::make_unique<history::Klines>(
      reference_.instruments, reference_.calendars, &views, store_.get(),
      history::Klines::Options{
          .method = options_.adjustment, .anchor = options_.anchor, .report = [](const Error& error) {
            spdlog::error("history: {}", error.message);
          }});
  if (store_)
    writer_ = std::make_unique<KlineWriter>(reference_.instruments, reference_.calendars, views, *store_,
                                            KlineWriter::Options{.keeps = [this](InstrumentId id) {
                                              return kept_[id.value()].load(std::memory_order_relaxed);
                                            }});
  if (writer_) writer_->start();
  return *klines_;
}

Result<void> KeptData::settle_origins(const Origins& origins) {
  if (!store_) return {};
  std::vector<std::string> codes;
  for (const auto id : origins.real) codes.push_back(reference_.instruments.at(id).code.to_string());
  const auto gone = forget_simulated_past(*store_, rows_, codes);
  if (!gone) return std::unexpected{gone.error()};
  if (*gone > 0)
    spdlog::info("history: the simulated past of {} instruments is gone, a feed has them", *gone);
  if (auto marked = mark_simulated(origins.simulated, false); !marked) return marked;
  if (auto marked = mark_simulated(origins.simulated_always_open, true); !marked) return marked;
  for (auto& kept : kept_) kept.store(true);
  simulated_ = origins.simulated;
  simulated_.insert(simulated_.end(), origins.simulated_always_open.begin(),
                    origins.simulated_always_open.end());
  return settle_kept();
}

Result<void> KeptData::mark_simulated(const std::vector<InstrumentId>& ids, bool always_open) {
  std::vector<std::string> fresh;
  for (const auto id : ids) {
    const auto& instrument = reference_.instruments.at(id);
    const auto known = known_past(*store_, instrument);
    if (!known) return std::unexpected{known.error()};
    if (!*known) fresh.push_back(instrument.code.to_string());
  }
  return fresh.empty() ? Result<void>{} : rows_.mark_simulated(fresh, always_open);
}

Result<void> KeptData::settle_kept() {
  const auto marked = rows_.simulated();
  if (!marked) return std::unexpected{marked.error()};
  for (const auto id : simulated_) {
    const auto code = reference_.instruments.at(id).code.to_string();
    kept_[id.value()].store(std::ranges::binary_search(*marked, code, {}, &store::SimulatedPast::code));
  }
  return {};
}

Result<void> KeptData::complete_days() {
  if (!store_) return {};
  std::size_t made = 0;
  for (std::uint32_t row = 0; row < reference_.instruments.size(); ++row) {
    const auto days = past_reader().complete_days(InstrumentId{row});
    if (!days) return std::unexpected{days.error()};
    made += *days;
  }
  if (made > 0) spdlog::info("history: {} day K-lines made of minutes that were stored without them", made);
  return {};
}

Result<void> KeptData::keep_past_of(feed::Feed& feed) {
  if (!store_) return {};
  auto past = StoredPast::begin(reference_.instruments, *store_);
  if (!past) return std::unexpected{past.error()};
  std::optional<Error> unread;
  const auto known = [&](InstrumentId id) -> std::optional<feed::KnownPast> {
    auto found = known_past(*store_, reference_.instruments.at(id));
    if (found) return known_past(*views_->find(id), *found);
    unread = found.error();
    return std::nullopt;
  };
  (*past)->leave_out([this](InstrumentId id) { return !kept_[id.value()].load(); });
  if (auto told = feed.tell_past(**past, known); !told) return told;
  if (unread) return std::unexpected{*unread};
  // The actions first: they are told with the first K-lines only, and putting them twice is no harm.
  if (!(*past)->actions().empty())
    if (auto put = rows_.put((*past)->actions()); !put) return std::unexpected{put.error()};
  if (auto stored = (*past)->commit(); !stored) return stored;
  if ((*past)->stored() == 0) return {};
  spdlog::info("history: {} K-lines of the past stored", (*past)->stored());
  past->reset();
  // Millions of K-lines have passed through the heap; what they took is not needed again.
  ::malloc_trim(0);
  return {};
}

Result<void> KeptData::tell_past(const std::vector<InstrumentId>& continuing,
                                 const std::function<void(const EventBody&)>& tell) {
  if (auto published = publish_actions(); !published || !store_) return published;
  for (const auto id : continuing)
    if (auto told = tell_past_of(id, tell); !told) return told;
  return {};
}

Result<void> KeptData::tell_past_of(InstrumentId instrument,
                                    const std::function<void(const EventBody&)>& tell) {
  const auto& lived = *views_->find(instrument);
  const auto reader = past_reader();
  if (!lived.klines(market::KlineType::day, 1).empty()) {
    const auto differs = reader.differs(instrument, lived, kept_[instrument.value()].load());
    if (!differs) return std::unexpected{differs.error()};
    if (!*differs) return reader.tell_since(instrument, lived, tell);
    spdlog::info("history: the past of {} is told again, the store knows another one",
                 reference_.instruments.at(instrument).code.to_string());
    tell(PastReset{.instrument = instrument, .ts_event = clock_.now()});
  }
  return reader.tell(instrument, tell);
}

Result<void> KeptData::publish_actions() {
  auto actions = rows_.actions();
  if (!actions) return std::unexpected{actions.error()};
  klines_->set_actions(std::make_shared<const market::CorporateActionTable>(std::move(*actions)));
  return {};
}

void KeptData::start(const std::function<void(const CalendarChange&)>& calendar_news) {
  watch_.start({.calendar = calendar_news, .actions = [this](auto actions) {
                  klines_->set_actions(std::move(actions));
                  // An import has made some of the made-up instruments real.
                  if (auto settled = settle_kept(); !settled)
                    spdlog::error("reference data: {}", settled.error().message);
                }});
}

void KeptData::stop() {
  watch_.stop();
  if (writer_) writer_->stop();
}

}  // namespace qos::server
