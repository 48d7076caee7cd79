// The real server on port 0, with everything a test owns: the clock, the feed, the data folder. Only the
// sockets are the world's.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "e2e/client.hpp"
#include "event/event.hpp"
#include "io/manual_clock.hpp"
#include "server/config.hpp"
#include "server/pipeline.hpp"
#include "server/reference.hpp"
#include "support/temp_folder.hpp"

namespace qos::e2e {

// Events that the test says, handed on by a feed of the server.
class Script {
 public:
  void say(const EventBody& event);
  // Hands events on until stop; the feed's thread.
  void run(feed::EventSink& sink, const std::stop_token& stop);

 private:
  std::mutex mutex_;
  std::condition_variable_any said_;
  std::deque<EventBody> waiting_;
};

// A Monday on which every market trades: 2026-01-05 10:00 in Hong Kong.
inline constexpr UnixNanos kMonday = from_unix_seconds(1'767'578'400);

class TestServer {
 public:
  // `adjust` changes the configuration before the server opens; by default: port 0, no metrics page, one
  // scripted feed that covers all markets.
  explicit TestServer(const std::function<void(server::Config&)>& adjust = {}, UnixNanos now = kMonday);
  ~TestServer();

  // Stops the server and opens another one on the same data folder. The scripted feed continues or not as
  // `continues` says.
  void restart();
  bool continues = true;

  // An event of the scripted feed. apply() waits until the state has it.
  void say(const EventBody& event);
  void apply(const EventBody& event);
  // Says once more what the journal has already: the server passes it over.
  void say_again(const EventBody& event) { script_->say(event); }
  void settle();
  // What has closed is on disk.
  void settle_history();
  // Waits until the world shows it: for what other threads and processes do.
  static void wait_until(const std::function<bool()>& condition);
  // Waits until every feed has ended and the state has all of it.
  void settle_after_feeds_end();

  InstrumentId id(std::string_view code) const;
  const market::Instrument& instrument(std::string_view code) const;
  std::size_t instruments() const { return reference_->instruments.size(); }
  const market::Instrument& instrument(std::size_t row) const;

  std::string address() const { return pipeline_->addresses().front(); }
  const std::string& key() const { return key_; }  // of the plan `unlimited`
  std::string new_key(std::string_view plan);

  HttpAnswer post(std::string_view path,
                  std::string_view body) const;  // with key(), on a connection of its own
  WsClient connect() const;                      // with key()

  server::Pipeline& pipeline() { return *pipeline_; }
  const std::filesystem::path& folder() const { return folder_.path(); }
  io::ManualClock clock;

 private:
  void open();

  test::TempFolder folder_;
  server::Config config_;
  std::shared_ptr<Script> script_ = std::make_shared<Script>();
  std::unique_ptr<server::Reference> reference_;
  std::unique_ptr<server::Pipeline> pipeline_;
  std::string key_;
  std::uint64_t said_ = 0;
};

// A trade of `code` for scripts.
Trade trade_at(InstrumentId instrument, std::string_view price, std::int64_t size, UnixNanos ts,
               Aggressor aggressor = Aggressor::buy);

}  // namespace qos::e2e
