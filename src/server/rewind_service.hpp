// What a client missed, as the pushes that it would have been sent.
#pragma once

#include "api/rewind.hpp"
#include "io/clock.hpp"
#include "replay/rewind.hpp"
#include "server/past_questions.hpp"

namespace qos::server {

class RewindService final : public api::Rewind {
 public:
  // All must outlive this.
  RewindService(replay::Archive archive, PastQuestions& questions)
      : rewind_{archive}, questions_{questions} {}

  bool ask(const Request& request, Done done) override;
  // What the questions' thread does, by hand (simulation). Waits a moment for what is not on disk yet.
  std::expected<Result, Failure> answer(
      const Request& request, const PastQuestions::GiveUp& give_up = [] { return false; }) const;

 private:
  replay::Rewind rewind_;
  PastQuestions& questions_;
};

}  // namespace qos::server
