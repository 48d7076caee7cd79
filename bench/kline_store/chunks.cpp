// The product: store/kline_store.hpp.
#include "kline_store/candidate.hpp"

namespace qos::bench {
namespace {

class Chunks : public Candidate {
 public:
  Chunks(std::filesystem::path folder, std::uint32_t instruments)
      : folder_{std::move(folder)}, instruments_{instruments} {}
  std::string name() const override { return "Quote Ocean"; }

  Result<void> load(std::span<const store::StoredKline> minutes,
                    std::span<const store::StoredKline> days) override {
    if (!store_)
      if (auto done = reopen(); !done) return done;
    auto batch = store_->begin_batch();
    if (!batch) return std::unexpected{batch.error()};
    for (std::uint32_t n = static_cast<std::uint32_t>(store_->instruments().size()); n < instruments_; ++n)
      if (auto key = (*batch)->key_of(fmt::format("B:{}", n)); !key) return std::unexpected{key.error()};
    for (const auto part : {minutes, days})
      if (auto report = (*batch)->merge(part, store::OnDifferent::replace); !report)
        return std::unexpected{report.error()};
    return (*batch)->commit();
  }
  Result<void> reopen() override {
    store_.reset();
    auto store = store::KlineStore::open({.folder = folder_});
    if (!store) return std::unexpected{store.error()};
    store_ = std::move(*store);
    return {};
  }
  Result<void> burst(std::span<const store::StoredKline> klines) override { return store_->put(klines); }

  Result<std::uint64_t> last_minutes(store::StoreKey instrument, std::size_t count) override {
    const auto klines = store_->latest(instrument, StoredSeries::regular, count);
    if (!klines) return std::unexpected{klines.error()};
    std::uint64_t sum = klines->size();
    for (const auto& kline : *klines) sum += worth_of(kline.kline);
    return sum;
  }
  Result<std::uint64_t> days_of(store::Date date) override {
    const auto days = store_->days_of(date);
    if (!days) return std::unexpected{days.error()};
    std::uint64_t sum = days->size();
    for (const auto& day : *days) sum += worth_of(day.kline);
    return sum;
  }

  const store::KlineStore* store() const override { return store_.get(); }

 private:
  static std::uint64_t worth_of(const Kline& kline) {
    return worth(kline.close.raw(), static_cast<std::int64_t>(kline.volume.raw()));
  }
  std::filesystem::path folder_;
  std::uint32_t instruments_;
  std::unique_ptr<store::KlineStore> store_;
};

}  // namespace

std::unique_ptr<Candidate> make_chunks(const std::filesystem::path& folder, std::uint32_t instruments) {
  return std::make_unique<Chunks>(folder, instruments);
}

}  // namespace qos::bench
