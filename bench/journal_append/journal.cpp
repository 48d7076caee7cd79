// Ours, as the server has it.
#include "journal/journal.hpp"

#include <thread>

#include "journal_append/candidate.hpp"

namespace qos::bench {
namespace {

class OurJournal final : public Candidate {
 public:
  explicit OurJournal(std::unique_ptr<journal::Journal> journal) : journal_{std::move(journal)} {}

  std::string name() const override { return "Quote Ocean"; }
  void on_durable(std::function<void(std::uint64_t)> told) override {
    journal_->on_progress([this, told = std::move(told)] { told(journal_->durable().value()); });
    journal_->start();
  }
  bool append(const SequencedEvent& event) override { return journal_->append(event); }
  Result<void> finish() override {
    while (journal_->durable() != journal_->appended())
      std::this_thread::sleep_for(std::chrono::microseconds{200});
    return {};
  }
  std::uint64_t bytes_on_disk() const override { return journal_->counters().bytes.value(); }

 private:
  std::unique_ptr<journal::Journal> journal_;
};

}  // namespace

Result<std::unique_ptr<Candidate>> journal(const std::filesystem::path& folder, std::uint64_t tail) {
  journal::Names names{.calendars = {"X"}, .feeds = {"bench", "server"}};
  for (int n = 0; n < 100; ++n) names.instruments.push_back(fmt::format("X:{}", n));
  auto opened = journal::Journal::open(
      io::system_disk(), io::system_clock(),
      {.folder = folder,
       .commit_interval = kCommit,
       .tail_events = tail,
       .archive = false,
       .report = [](const Error& error) { fmt::print(stderr, "{}\n", error.message); }},
      std::move(names));
  if (!opened) return std::unexpected{std::move(opened.error())};
  return std::make_unique<OurJournal>(std::move(*opened));
}

}  // namespace qos::bench
