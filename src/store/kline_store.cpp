#include "store/kline_store.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "store/kline_names.hpp"
#include "store/kline_reader.hpp"
#include "store/kline_writer.hpp"
#include "store/recent_klines.hpp"
#include "store/writer_turns.hpp"

namespace qos::store {
namespace {

constexpr std::string_view kFile = "klines.sqlite";

// So many times `recent_max` are in memory at most.
constexpr std::size_t kMostTimes = 4;

// The write-ahead log is copied into the file when so much has been put.
constexpr std::uint64_t kCheckpointBytes = 16 << 20;
// What a put() appends beside its K-lines: the pages around them.
constexpr std::uint64_t kPutBytes = 3 * 16'384;
constexpr std::uint64_t kKlineBytes = 24;

}  // namespace

class KlineStore::Impl {
 public:
  static Result<std::unique_ptr<Impl>> open(const Options& options);
  ~Impl();

  Result<StoreKey> key_of(std::string_view code);
  std::optional<StoreKey> find(std::string_view code);
  std::vector<Named> instruments();
  Result<void> put(std::span<const StoredKline> klines);
  Result<std::unique_ptr<Batch>> begin_batch();

  // Calls ask(reader) with a reader of the pool.
  template <typename Ask>
  auto read(Ask ask) -> decltype(ask(std::declval<KlineReader&>()));

  std::uint64_t bytes_on_disk() const;
  const KlineStoreCounters& counters() const { return counters_; }

 private:
  class ImportBatch;
  explicit Impl(const Options& options)
      : options_{options}, database_{.path = options.folder / kFile, .busy_timeout = options.busy_timeout} {}

  Result<void> not_in_own_batch() const;
  Result<void> seal(const std::stop_token& stop);
  void checkpoint();
  void work(const std::stop_token& stop);
  void wake(bool seal, std::uint64_t written);
  Result<std::unique_ptr<KlineReader>> take_reader();
  void give_back(std::unique_ptr<KlineReader> reader);

  Options options_;
  Database::Options database_;
  KlineStoreCounters counters_;
  KlineNames names_;
  RecentKlines recent_;

  WriterTurns turns_;
  std::unique_ptr<KlineWriter> writer_;          // whose turn it is
  std::atomic<std::thread::id> batch_thread_{};  // that holds the turn for a batch

  std::mutex readers_mutex_;
  std::vector<std::unique_ptr<KlineReader>> readers_;

  std::mutex work_mutex_;
  std::condition_variable_any work_there_;
  bool seal_wanted_ = false;
  std::uint64_t unchecked_ = 0;  // bytes in the write-ahead log, about
  std::optional<Database> checkpoints_;
  std::jthread worker_;  // the last member: it ends first
};

// --- opening, closing ---

Result<std::unique_ptr<KlineStore::Impl>> KlineStore::Impl::open(const Options& options) {
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (error) return fail("cannot make folder {}: {}", options.folder.string(), error.message());
  std::unique_ptr<Impl> impl{new Impl{options}};
  auto writer = KlineWriter::open(impl->database_, impl->recent_, impl->names_, impl->counters_);
  if (!writer) return std::unexpected{writer.error()};
  impl->writer_ = std::move(*writer);
  auto checkpoints = Database::open(impl->database_);
  if (!checkpoints) return std::unexpected{checkpoints.error()};
  impl->checkpoints_ = std::move(*checkpoints);
  // The first question shall not pay for opening the file.
  auto reader = impl->take_reader();
  if (!reader) return std::unexpected{reader.error()};
  impl->give_back(std::move(*reader));
  impl->worker_ = std::jthread{[raw = impl.get()](const std::stop_token& stop) { raw->work(stop); }};
  return impl;
}

KlineStore::Impl::~Impl() = default;

std::uint64_t KlineStore::Impl::bytes_on_disk() const {
  std::uint64_t bytes = 0;
  for (const auto* suffix : {"", "-wal", "-shm"}) {
    std::error_code error;
    const auto size = std::filesystem::file_size(database_.path.string() + suffix, error);
    if (!error) bytes += size;
  }
  return bytes;
}

// --- the worker: seals and copies the write-ahead log, when put() says that there is enough ---

void KlineStore::Impl::wake(bool seal, std::uint64_t written) {
  bool news = false;
  {
    const std::lock_guard lock{work_mutex_};
    unchecked_ += written;
    seal_wanted_ = seal_wanted_ || seal;
    news = seal_wanted_ || unchecked_ >= kCheckpointBytes;
  }
  if (news) work_there_.notify_one();
}

void KlineStore::Impl::work(const std::stop_token& stop) {
  for (;;) {
    bool seal_now = false;
    {
      std::unique_lock lock{work_mutex_};
      const bool there =
          work_there_.wait(lock, stop, [this] { return seal_wanted_ || unchecked_ >= kCheckpointBytes; });
      if (!there || stop.stop_requested()) return;
      seal_now = std::exchange(seal_wanted_, false);
      unchecked_ = 0;
    }
    // A failure is counted; a put() over the bound tries again and tells.
    if (seal_now) static_cast<void>(seal(stop));
    checkpoint();
  }
}

// Shard by shard, so that a put() in between waits for one shard only; and the shards are synced before the
// last turn, so that it does not wait for that either.
Result<void> KlineStore::Impl::seal(const std::stop_token& stop) {
  const auto last = recent_.last_row();
  for (std::uint32_t shard = 0; shard < recent_.shards(); ++shard) {
    const auto turn = turns_.take_after_others(stop);
    if (!turn) return {};
    if (auto done = writer_->seal_shard(shard); !done) return done;
  }
  checkpoint();
  const auto turn = turns_.take_after_others(stop);
  return turn ? writer_->cut_log(last) : Result<void>{};
}

// Never waits for anybody; what readers still need stays for the next time.
void KlineStore::Impl::checkpoint() {
  static_cast<void>(checkpoints_->number("PRAGMA wal_checkpoint(PASSIVE)"));
}

// --- names ---

Result<void> KlineStore::Impl::not_in_own_batch() const {
  if (batch_thread_.load() != std::this_thread::get_id()) return {};
  return fail("{}: this thread has a batch open: use the batch", database_.path.string());
}

Result<StoreKey> KlineStore::Impl::key_of(std::string_view code) {
  if (const auto known = names_.find(code)) return *known;
  if (auto done = not_in_own_batch(); !done) return std::unexpected{done.error()};
  const auto turn = turns_.take();
  return writer_->name(code);
}

std::optional<StoreKey> KlineStore::Impl::find(std::string_view code) {
  if (const auto known = names_.find(code)) return known;
  // Another process may have given it.
  static_cast<void>(read([&](KlineReader& reader) { return names_.learn(reader.tables()); }));
  return names_.find(code);
}

std::vector<KlineStore::Named> KlineStore::Impl::instruments() {
  static_cast<void>(read([&](KlineReader& reader) { return names_.learn(reader.tables()); }));
  return names_.all();
}

// --- writing ---

Result<void> KlineStore::Impl::put(std::span<const StoredKline> klines) {
  if (auto done = not_in_own_batch(); !done) return done;
  Result<void> done;
  {
    const auto turn = turns_.take();
    // More than memory should hold, or the worker cannot keep up: this one writes chunks itself.
    const bool sealed = klines.size() > options_.recent_max ||
                        recent_.size() + klines.size() > kMostTimes * options_.recent_max;
    done = sealed ? writer_->put_sealed(klines) : writer_->put(klines);
  }
  if (done) wake(recent_.size() > options_.recent_max, kPutBytes + klines.size() * kKlineBytes);
  return done;
}

class KlineStore::Impl::ImportBatch : public Batch {
 public:
  ImportBatch(Impl& store, WriterTurns::Turn turn) : store_{store}, turn_{std::move(turn)} {
    store_.batch_thread_ = std::this_thread::get_id();
  }
  ~ImportBatch() override {
    if (open_) end([this] { store_.writer_->roll_back(); });
  }

  Result<StoreKey> key_of(std::string_view code) override {
    if (!open_) return fail("the batch has been committed");
    return store_.writer_->name_in_batch(code);
  }
  Result<MergeReport> merge(std::span<const StoredKline> klines, OnDifferent on_different) override {
    if (!open_) return fail("the batch has been committed");
    return store_.writer_->merge(klines, on_different);
  }
  Result<void> commit() override {
    if (!open_) return fail("the batch has been committed");
    auto done = store_.writer_->commit();
    if (!done) return done;
    end([] {});
    store_.wake(false, kCheckpointBytes);
    return done;
  }

 private:
  template <typename Last>
  void end(Last last) {
    last();
    open_ = false;
    store_.batch_thread_ = std::thread::id{};
    turn_ = {};
  }

  Impl& store_;
  WriterTurns::Turn turn_;
  bool open_ = true;
};

Result<std::unique_ptr<KlineStore::Batch>> KlineStore::Impl::begin_batch() {
  if (auto done = not_in_own_batch(); !done) return std::unexpected{done.error()};
  auto turn = turns_.take();
  if (auto done = writer_->begin(); !done) return std::unexpected{done.error()};
  return std::make_unique<ImportBatch>(*this, std::move(turn));
}

// --- reading ---

Result<std::unique_ptr<KlineReader>> KlineStore::Impl::take_reader() {
  {
    const std::lock_guard lock{readers_mutex_};
    if (!readers_.empty()) {
      auto reader = std::move(readers_.back());
      readers_.pop_back();
      return reader;
    }
  }
  return KlineReader::open(database_, recent_);
}

void KlineStore::Impl::give_back(std::unique_ptr<KlineReader> reader) {
  const std::lock_guard lock{readers_mutex_};
  if (readers_.size() < options_.readers_kept) readers_.push_back(std::move(reader));
}

template <typename Ask>
auto KlineStore::Impl::read(Ask ask) -> decltype(ask(std::declval<KlineReader&>())) {
  auto reader = take_reader();
  if (!reader) return std::unexpected{reader.error()};
  auto answer = ask(**reader);
  give_back(std::move(*reader));
  return answer;
}

// --- the face ---

KlineStore::KlineStore(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
KlineStore::~KlineStore() = default;

Result<std::unique_ptr<KlineStore>> KlineStore::open(const Options& options) {
  auto impl = Impl::open(options);
  if (!impl) return std::unexpected{impl.error()};
  return std::unique_ptr<KlineStore>{new KlineStore{std::move(*impl)}};
}

Result<StoreKey> KlineStore::key_of(std::string_view code) {
  return impl_->key_of(code);
}
std::optional<StoreKey> KlineStore::find(std::string_view code) const {
  return impl_->find(code);
}
std::vector<KlineStore::Named> KlineStore::instruments() const {
  return impl_->instruments();
}
Result<void> KlineStore::put(std::span<const StoredKline> klines) {
  return impl_->put(klines);
}
Result<std::unique_ptr<KlineStore::Batch>> KlineStore::begin_batch() {
  return impl_->begin_batch();
}
Result<std::vector<DatedKline>> KlineStore::latest(StoreKey instrument, StoredSeries series,
                                                   std::size_t count, UnixNanos until) const {
  return impl_->read([&](KlineReader& reader) { return reader.latest({instrument, series}, count, until); });
}
Result<std::vector<DatedKline>> KlineStore::between(StoreKey instrument, StoredSeries series, UnixNanos from,
                                                    UnixNanos to) const {
  return impl_->read([&](KlineReader& reader) { return reader.between({instrument, series}, from, to); });
}
Result<std::vector<KlineStore::OfInstrument>> KlineStore::days_of(Date date) const {
  return impl_->read([&](KlineReader& reader) { return reader.days_of(date); });
}
Result<std::vector<Date>> KlineStore::dates_of(StoreKey instrument, StoredSeries series, Date from,
                                               Date to) const {
  return impl_->read([&](KlineReader& reader) { return reader.dates_of({instrument, series}, from, to); });
}
Result<void> KlineStore::check() const {
  return impl_->read([](KlineReader& reader) { return reader.check(); });
}
std::uint64_t KlineStore::bytes_on_disk() const {
  return impl_->bytes_on_disk();
}
const KlineStoreCounters& KlineStore::counters() const {
  return impl_->counters();
}

}  // namespace qos::store
