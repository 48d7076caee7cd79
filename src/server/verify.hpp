// A trading date, derived again from the journal by a whole machine, against what was stored and what was
// told: docs/verify.md.
//
// Thread: the caller's, beside a server that runs or without one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "market/session_calendar.hpp"
#include "replay/rewind.hpp"
#include "store/kline_store.hpp"

namespace qos::server {

struct VerifyQuestion {
  market::Date date;
  std::optional<InstrumentId> only{};  // K-lines of this one; digests are of all
  std::size_t differences_named = 20;  // the rest is counted
};

// Not the same K-line. Absent: there is none.
struct KlineDifference {
  InstrumentId instrument;
  StoredSeries series = StoredSeries::regular;
  UnixNanos start;
  std::optional<Kline> derived;
  std::optional<Kline> stored;
};

struct VerifyReport {
  Sequence from;  // the journal was applied behind it
  Sequence to;
  std::uint64_t instruments = 0;  // with K-lines of the date that are compared
  std::uint64_t trades = 0;       // of the date's K-lines
  std::uint64_t klines = 0;       // compared
  std::uint64_t differing = 0;
  std::vector<KlineDifference> differences;  // the first of them
  std::uint64_t digests = 0;                 // of what was told, compared
  std::uint64_t digests_differing = 0;
  // Apart, for the journal does not say how they came about: K-lines of instruments to which state was told
  // some of the date, and K-lines that only an import can have stored.
  std::vector<InstrumentId> told;
  std::uint64_t imported = 0;

  bool equal() const { return differing == 0 && digests_differing == 0 && told.empty() && imported == 0; }
};

// An error: it cannot be proven, because the journal does not go back so far or has lost events, or nothing
// can be read.
Result<VerifyReport> verify_date(const replay::Archive& archive, const store::KlineStore& store,
                                 const VerifyQuestion& question);

}  // namespace qos::server
