#include "e2e/test_server.hpp"

#include <stdexcept>
#include <thread>

namespace qos::e2e {
namespace {

class ScriptedFeed final : public feed::Feed {
 public:
  explicit ScriptedFeed(std::shared_ptr<Script> script) : script_{std::move(script)} {}
  Result<void> run(feed::EventSink& sink, const std::stop_token& stop) override {
    sink.live();
    script_->run(sink, stop);
    return {};
  }
  const feed::FeedCounters& counters() const override { return counters_; }

 private:
  std::shared_ptr<Script> script_;
  feed::FeedCounters counters_;
};

// "scripted" is the test's; every other kind is the registry's.
server::FeedMaker maker_with(const std::shared_ptr<Script>& script, bool continues) {
  const auto registered = server::registered_feeds();
  return {
      .plan = [registered, continues](const feed::FeedSpec& spec) -> Result<feed::FeedPlan> {
        if (spec.kind != "scripted") return registered.plan(spec);
        return feed::FeedPlan{
            .markets = {}, .markets_by_default = true, .keep_open = false, .continues = continues};
      },
      .make = [registered, script](const feed::FeedSpec& spec, const std::vector<market::Market>& covered,
                                   const feed::FeedContext& context) -> Result<std::unique_ptr<feed::Feed>> {
        if (spec.kind != "scripted") return registered.make(spec, covered, context);
        return std::make_unique<ScriptedFeed>(script);
      }};
}

// What is waited for happens on other threads of the real server, so the clock here is the real one.
void wait_for(const std::function<bool()>& condition, std::chrono::seconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error("the state did not get the events");
    std::this_thread::yield();
  }
}

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

}  // namespace

void Script::say(const EventBody& event) {
  {
    const std::scoped_lock lock{mutex_};
    waiting_.push_back(event);
  }
  said_.notify_one();
}

void Script::run(feed::EventSink& sink, const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (said_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
    const auto event = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    sink.on({.feed = FeedId{0}, .ts_recv = ts_event_of(event), .body = event});
    lock.lock();
  }
}

TestServer::TestServer(const std::function<void(server::Config&)>& adjust, UnixNanos now) : clock{now} {
  config_.listen = {"127.0.0.1:0"};
  config_.data = folder_.path().string();
  config_.feed = {"scripted"};
  config_.admin.listen.clear();
  if (adjust) adjust(config_);
  reference_ = must(server::load_reference({.instruments = config_.instruments, .markets = config_.markets}));
  open();
  key_ = must(pipeline_->gate().create("unlimited", "test", now)).key;
}

void TestServer::open() {
  pipeline_ = must(server::Pipeline::open(config_, clock, maker_with(script_, continues)));
  pipeline_->start();
  if (!pipeline_->wait_until_ready()) throw std::runtime_error("the server did not become ready");
  said_ = pipeline_->events_applied();
}

void TestServer::restart() {
  pipeline_->stop();
  pipeline_.reset();
  open();
}

TestServer::~TestServer() {
  pipeline_->stop();
}

void TestServer::say(const EventBody& event) {
  ++said_;
  script_->say(event);
}
void TestServer::apply(const EventBody& event) {
  say(event);
  settle();
}
void TestServer::settle() {
  wait_for([this] { return pipeline_->events_applied() >= said_; }, kPatience);
}
void TestServer::settle_history() {
  settle();
  wait_until([this] { return pipeline_->history_at_rest(); });
}
void TestServer::wait_until(const std::function<bool()>& condition) {
  wait_for(condition, kPatience);
}
void TestServer::settle_after_feeds_end() {
  wait_for([this] { return pipeline_->at_rest(); }, 10 * kPatience);
}

const market::Instrument& TestServer::instrument(std::string_view code) const {
  const auto* found = reference_->instruments.find(must(market::parse_code(code)).code);
  if (found == nullptr) throw std::runtime_error("no instrument " + std::string{code});
  return *found;
}
const market::Instrument& TestServer::instrument(std::size_t row) const {
  return reference_->instruments.at(InstrumentId{static_cast<std::uint32_t>(row)});
}
InstrumentId TestServer::id(std::string_view code) const {
  return instrument(code).id;
}

std::string TestServer::new_key(std::string_view plan) {
  return must(pipeline_->gate().create(plan, "test", clock.now())).key;
}

HttpAnswer TestServer::post(std::string_view path, std::string_view body) const {
  HttpClient client{address()};
  return client.post(path, body, {{"key", key_}});
}
WsClient TestServer::connect() const {
  return WsClient{address(), "/ws?key=" + key_};
}

Trade trade_at(InstrumentId instrument, std::string_view price, std::int64_t size, UnixNanos ts,
               Aggressor aggressor) {
  return {.instrument = instrument,
          .price = *Price::parse(price),
          .size = Quantity::from_units(size),
          .ts_event = ts,
          .aggressor = aggressor};
}

}  // namespace qos::e2e
