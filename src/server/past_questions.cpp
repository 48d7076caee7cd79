#include "server/past_questions.hpp"

namespace qos::server {

bool PastQuestions::ask(std::function<void()> question) {
  {
    const std::scoped_lock lock{mutex_};
    if (questions_.size() >= most_waiting_ || thread_.get_stop_token().stop_requested()) {
      counters_.refused.add();
      return false;
    }
    questions_.push_back(std::move(question));
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
  const std::scoped_lock lock{mutex_};
  questions_.clear();
}

void PastQuestions::run(const std::stop_token& stop) {
  for (;;) {
    std::function<void()> question;
    {
      std::unique_lock lock{mutex_};
      if (!asked_.wait(lock, stop, [this] { return !questions_.empty(); }) || stop.stop_requested()) return;
      question = std::move(questions_.front());
      questions_.pop_front();
    }
    question();
    counters_.answered.add();
  }
}

}  // namespace qos::server
