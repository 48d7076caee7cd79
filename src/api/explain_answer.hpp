// /explain: how a K-line came about. The question in, and what the journal told as JSON.
//
// Threads: read_explain_question() an I/O loop's; explain() any.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "api/error.hpp"
#include "api/explain.hpp"
#include "market/instrument.hpp"

namespace qos::api {

struct ExplainQuestion {
  const market::Instrument* instrument = nullptr;  // nullptr: well-formed, but no product has this code
  std::string spelling;                            // of the code, as asked
  Explainer::Query query;
};

Answer<ExplainQuestion> read_explain_question(std::string_view request,
                                              const market::InstrumentTable& instruments);

// The JSON of `data`, or what went wrong.
Answer<std::string> explain(const ExplainQuestion& question,
                            const std::expected<Explainer::Explanation, Explainer::Failure>& explained);

}  // namespace qos::api
