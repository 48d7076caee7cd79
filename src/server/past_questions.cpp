#include "server/past_questions.hpp"

namespace qos::server {
namespace {

// Whoever asks waits no longer (api/ws/resumes.hpp, api/http).
constexpr std::chrono::seconds kPatience{60};

}  // namespace

bool PastQuestions::ask(std::function<void(const GiveUp&)> question) {
  {
    const std::scoped_lock lock{mutex_};
    if (questions_.size() >= most_waiting_ || thread_.get_stop_token().stop_requested()) {
      counters_.refused.add();
      return false;
    }
    questions_.push_back({std::chrono::steady_clock::now(), std::move(question)});
  }
  asked_.notify_one();
  return true;
}

void PastQuestions::start() {
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

void PastQuestions::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  std::deque<Waiting> left;
  {
    const std::scoped_lock lock{mutex_};
    left.swap(questions_);
  }
  // Whoever asked still waits for an answer.
  for (const auto& waiting : left) waiting.question([] { return true; });
}

void PastQuestions::run(const std::stop_token& stop) {
  for (;;) {
    Waiting waiting;
    {
      std::unique_lock lock{mutex_};
      if (!asked_.wait(lock, stop, [this] { return !questions_.empty(); }) || stop.stop_requested()) return;
      waiting = std::move(questions_.front());
      questions_.pop_front();
    }
    waiting.question([&] {
      return stop.stop_requested() || std::chrono::steady_clock::now() - waiting.asked > kPatience;
    });
    counters_.answered.add();
  }
}

}  // namespace qos::server
