// The codes of one request, read string by string: the known ones go back to the reader, the unknown ones and
// the number of distinct products are kept for the whole request.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "api/codes.hpp"

namespace qos::api {

class CodeCollector {
 public:
  explicit CodeCollector(const market::InstrumentTable& instruments) : instruments_{instruments} {}

  // The known codes of one string of the request, in its order, duplicates included. A malformed one is an
  // error that begins with `place`.
  Answer<std::vector<RequestedCode>> read(std::string_view place, std::string_view text);

  // Distinct products so far, unknown ones included: a client learns its limit from what it asked for.
  std::size_t products() const { return seen_.size() + seen_missing_.size(); }
  // too_many_products if there are more than `limit` (0: any number).
  Answer<void> within(std::uint32_t limit) const;

  // Well-formed codes without an instrument, each once, as first spelt.
  std::vector<std::string> take_missing() { return std::move(missing_); }

 private:
  const market::InstrumentTable& instruments_;
  std::unordered_set<const market::Instrument*> seen_;
  std::unordered_set<market::Code> seen_missing_;
  std::vector<std::string> missing_;
};

// Each instrument once, under its first spelling.
std::vector<RequestedCode> each_once(std::vector<RequestedCode> codes);

}  // namespace qos::api
