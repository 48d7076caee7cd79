// How a K-line came about, derived again from the journal.
#pragma once

#include "api/explain.hpp"
#include "replay/rewind.hpp"
#include "server/past_questions.hpp"

namespace qos::server {

class ExplainService final : public api::Explainer {
 public:
  // All must outlive this.
  ExplainService(replay::Archive archive, PastQuestions& questions)
      : rewind_{archive}, questions_{questions} {}

  bool ask(const Query& query, Done done) override;

 private:
  std::expected<Explanation, Failure> answer(const Query& query, const PastQuestions::GiveUp& give_up) const;

  replay::Rewind rewind_;
  PastQuestions& questions_;
};

}  // namespace qos::server
