// NATS JetStream's file store, asked by its own client. Its acknowledgement says that the server has written,
// not that the disk has: release 2.9 syncs every two minutes.
#include "journal_append/candidate.hpp"

#ifdef QOS_BENCH_NATS
#include <nats/nats.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace qos::bench {
namespace {

constexpr const char* kSubject = "events";
constexpr std::int64_t kPendingMax = 4'096;  // messages on their way

class Server {
 public:
  static Result<std::unique_ptr<Server>> start(const std::filesystem::path& folder, int port) {
    const pid_t process = ::fork();
    if (process == 0) {
      const std::string number = std::to_string(port);
      static_cast<void>(!::freopen("/dev/null", "w", stderr));
      ::execlp("nats-server", "nats-server", "-js", "-a", "127.0.0.1", "-p", number.c_str(), "-sd",
               folder.c_str(), nullptr);
      ::_exit(127);
    }
    if (process < 0) return fail("JetStream: cannot start a process");
    return std::unique_ptr<Server>{new Server{process}};
  }
  ~Server() {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }
  bool gone() const { return ::kill(process_, 0) != 0 || ::waitpid(process_, nullptr, WNOHANG) == process_; }

 private:
  explicit Server(pid_t process) : process_{process} {}
  pid_t process_;
};

class Jetstream final : public Candidate {
 public:
  Jetstream(std::filesystem::path folder, std::size_t events) : folder_{std::move(folder)}, events_{events} {}
  ~Jetstream() override {
    jsCtx_Destroy(context_);
    natsConnection_Destroy(connection_);
  }

  std::string name() const override { return fmt::format("JetStream, {} a message", events_); }
  void on_durable(std::function<void(std::uint64_t)>) override {}

  Result<void> connect() {
    const int port = 20'000 + static_cast<int>(::getpid() % 20'000);
    auto server = Server::start(folder_, port);
    if (!server) return std::unexpected{std::move(server.error())};
    server_ = std::move(*server);
    const std::string url = fmt::format("nats://127.0.0.1:{}", port);
    for (int attempt = 0; attempt < 100; ++attempt) {
      if (server_->gone()) return fail("JetStream: nats-server does not start; is it installed?");
      if (natsConnection_ConnectTo(&connection_, url.c_str()) == NATS_OK) break;
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    jsOptions options;
    jsOptions_Init(&options);
    options.PublishAsync.MaxPending = kPendingMax;
    jsStreamConfig stream;
    jsStreamConfig_Init(&stream);
    stream.Name = "EVENTS";
    const char* subjects[] = {kSubject};
    stream.Subjects = subjects;
    stream.SubjectsLen = 1;
    stream.Storage = js_FileStorage;
    natsStatus status =
        connection_ == nullptr ? NATS_NO_SERVER : natsConnection_JetStream(&context_, connection_, &options);
    if (status == NATS_OK) status = js_AddStream(nullptr, context_, &stream, nullptr, nullptr);
    if (status != NATS_OK) return fail("JetStream: {}", natsStatus_GetText(status));
    return {};
  }

  bool append(const SequencedEvent& event) override {
    const Row row = row_of(event);
    message_.append(row.data(), row.size());
    if (message_.size() == events_ * sizeof(Row)) publish();
    return true;
  }
  Result<void> finish() override {
    publish();
    if (const auto status = js_PublishAsyncComplete(context_, nullptr); status != NATS_OK)
      return fail("JetStream: {}", natsStatus_GetText(status));
    return {};
  }
  std::uint64_t bytes_on_disk() const override {
    std::uint64_t sum = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder_})
      if (entry.is_regular_file()) sum += entry.file_size();
    return sum;
  }

 private:
  void publish() {
    if (message_.empty()) return;
    if (js_PublishAsync(context_, kSubject, message_.data(), static_cast<int>(message_.size()), nullptr) !=
        NATS_OK)
      fmt::print(stderr, "JetStream: a message was not taken\n");
    message_.clear();
  }

  std::filesystem::path folder_;
  std::size_t events_;
  std::unique_ptr<Server> server_;
  natsConnection* connection_ = nullptr;
  jsCtx* context_ = nullptr;
  std::string message_;
};

}  // namespace

Result<std::unique_ptr<Candidate>> jetstream(const std::filesystem::path& folder, std::size_t events) {
  std::filesystem::create_directories(folder);
  auto candidate = std::make_unique<Jetstream>(folder, events);
  if (auto done = candidate->connect(); !done) return std::unexpected{std::move(done.error())};
  return candidate;
}

}  // namespace qos::bench
#else
namespace qos::bench {
Result<std::unique_ptr<Candidate>> jetstream(const std::filesystem::path&, std::size_t) {
  return fail("JetStream: not built in (libnats-dev)");
}
}  // namespace qos::bench
#endif
