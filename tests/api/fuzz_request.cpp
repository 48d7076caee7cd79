// Whatever bytes a client sends as a body, every endpoint answers with JSON or with one of the errors. The
// same bytes as a subscription's `from` are positions of codes that were asked for, or an error.
#include <simdjson.h>

#include <cstdio>
#include <cstdlib>

#include "api/ws/resume_points.hpp"
#include "query_fakes.hpp"

namespace {

using namespace qos;
using namespace qos::api;

fakes::House& house() {
  static fakes::House& made = *[] {
    static fakes::House built;
    for (const char* code : {"US:AAPL", "HK:700"}) {
      auto& view = built.view(code);
      view.current = fakes::snapshot("213.02", "209.68");
      view.current.pre_market = fakes::part("211", "209");
      for (int n = 0; n < 3; ++n) {
        view.tape.push_back(fakes::trade("213", "100", 1742241600 + n));
        view.kept_klines[market::KlineType::m1].push_back(
            fakes::kline(1742241600 + 60 * n, "1", "2", "3", "0.5", "10"));
      }
    }
    return &built;
  }();
  return made;
}

void expect(bool holds, const char* what, std::string_view text) {
  if (holds) return;
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

void expect_positions_or_error(std::string_view text) {
  RequestParser parser;
  const auto object = parser.read(text);
  if (!object) return;
  const auto& apple = house().instrument("US:AAPL");
  const RequestedCodes codes{.known = {{&apple, "US:AAPL"}}, .missing = {}};
  const auto points = ws::read_resume_points(*object, codes, Extensions::all(), house().services);
  if (!points) return expect(points.error().kind == ErrorKind::invalid_request, "another error", text);
  for (const auto* asked : {&points->of_channels, &points->of_sessions})
    for (const auto& [instrument, point] : *asked)
      expect(instrument == apple.id && point.value_or(0) <= std::uint64_t{1} << 53, "no position", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body{reinterpret_cast<const char*>(data), size};
  expect_positions_or_error(body);
  simdjson::dom::parser parser;
  for (const char* path :
       {"/snapshot", "/depth", "/trade", "/kline", "/history", "/instrument-info", "/market-calendar",
        "/product-list", "/corporate-actions", "/register", "/explain"}) {
    for (const char* key : {"good", "small"}) {
      house().gate.taken = 0;
      house().gate.taken_permissions.clear();
      house().gate.created.clear();
      const auto response = house().post(path, body, key);
      simdjson::dom::element answer;
      expect(parser.parse(response.body).get(answer) == simdjson::SUCCESS, "the answer is no JSON",
             response.body);
      const bool ok = answer["msg"].get_string().value_unsafe() == "OK";
      expect(ok == (response.status == 200), "status and msg disagree", response.body);
      expect(ok == (answer["data"].error() == simdjson::SUCCESS), "data is with OK and only then",
             response.body);
      // 503: the body said "strict":true of a market that was never heard.
      const bool is_expected = response.status == 400 || response.status == 429 || response.status == 503;
      expect(ok || is_expected, "an error that no body can cause", response.body);
    }
  }
  return 0;
}
