// Whatever bytes a client sends as a body, every endpoint answers with JSON or with one of the errors.
#include <simdjson.h>

#include <cstdio>
#include <cstdlib>

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body{reinterpret_cast<const char*>(data), size};
  simdjson::dom::parser parser;
  for (const char* path : {"/snapshot", "/depth", "/trade", "/kline", "/history", "/instrument-info",
                           "/market-calendar", "/product-list", "/corporate-actions", "/register"}) {
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
