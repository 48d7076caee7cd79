// The eight questions, answered from views that a test filled.
#include "api/query.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "query_fakes.hpp"

namespace qos::api {
namespace {

using fakes::kline;
using fakes::snapshot;
using fakes::trade;
using market::KlineType;
using namespace std::chrono_literals;

class Query : public ::testing::Test {
 protected:
  Query() {
    for (const char* code : {"US:AAPL", "HK:700"}) {
      auto& view = house.view(code);
      view.current = snapshot("213.02", "209.68");
      for (int n = 0; n < 60; ++n) view.tape.push_back(trade("213", std::to_string(n + 1), 1742241000 + n));
      for (int n = 0; n < 20; ++n)
        view.kept_klines[KlineType::m1].push_back(
            kline(1742241000 + 60 * n, "1", "2", "3", "0.5", std::to_string(n)));
      view.kept_klines[KlineType::day].push_back(kline(1742169600, "5", "6", "7", "4", "99"));
    }
    view_700().book = {
        .sequence = Sequence{4}, .ts = from_unix_seconds(1742241000), .bid_count = 2, .ask_count = 1};
    view_700().book.bids = {
        {{fakes::price("512"), fakes::quantity("100")}, {fakes::price("511.5"), fakes::quantity("300")}}};
    view_700().book.asks = {{{fakes::price("512.5"), fakes::quantity("200")}}};
  }

  fakes::View& view_700() { return house.view("HK:700"); }
  std::string said(Endpoint endpoint, std::string_view request, std::string_view key = "good") {
    return house.said(endpoint, request, key);
  }

  fakes::House house;
};

constexpr std::string_view kBody =
    R"(,"lp":"213.02","yp":"209.68","o":"211.25","h":"213.95","l":"209.5","ts":1742241600,"v":"48073426",)"
    R"("t":"10195032149.65","s":0)";

TEST_F(Query, a_snapshot_repeats_the_spelling_and_keeps_the_order) {
  EXPECT_EQ(
      said(Endpoint::snapshot, R"({"codes":["HK:00700,HK:1","US:aapl"],"more":[{}]})"),
      fmt::format(
          R"([{{"c":"HK:00700"{}}},{{"c":"HK:1","lp":"0","o":"0","h":"0","l":"0","ts":0,"v":"0","t":"0","s":0}},{{"c":"US:aapl"{},"tt":0}}])",
          kBody, kBody));
}

TEST_F(Query, unknown_codes_are_named_beside_the_data) {
  const auto answer = house.ask(Endpoint::snapshot, R"({"codes":["US:NOPE","HK:99999,700"]})");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->data, fmt::format(R"([{{"c":"HK:700"{}}}])", kBody));
  EXPECT_EQ(answer->missing, (std::vector<std::string>{"US:NOPE", "HK:99999"}));
  EXPECT_EQ(said(Endpoint::trade, R"({"codes":["US:NOPE"],"count":1})"), "[]");
}

TEST_F(Query, depth_has_both_sides_always) {
  EXPECT_EQ(
      said(Endpoint::depth, R"({"codes":["HK:700","US:AAPL"]})"),
      R"([{"c":"HK:700","b":[{"p":"512","v":"100"},{"p":"511.5","v":"300"}],"a":[{"p":"512.5","v":"200"}],)"
      R"("ts":1742241000},{"c":"US:AAPL","b":[],"a":[],"ts":0}])");
  EXPECT_EQ(said(Endpoint::depth, R"({"codes":["HK:700"],"levels":1})"),
            R"([{"c":"HK:700","b":[{"p":"512","v":"100"}],"a":[{"p":"512.5","v":"200"}],"ts":1742241000}])");
}

TEST_F(Query, trades_are_one_flat_array_oldest_first) {
  EXPECT_EQ(
      said(Endpoint::trade, R"({"codes":["HK:700","HK:1","US:AAPL"],"count":2})"),
      R"([{"c":"HK:700","p":"213","v":"59","ts":1742241058,"d":0},{"c":"HK:700","p":"213","v":"60","ts":1742241059,"d":0},)"
      R"({"c":"US:AAPL","p":"213","v":"59","ts":1742241058,"d":0},{"c":"US:AAPL","p":"213","v":"60","ts":1742241059,"d":0}])");
  const auto fifty = said(Endpoint::trade, R"({"codes":["HK:700"],"count":50})");
  EXPECT_EQ(std::ranges::count(fifty, '{'), 50);
}

TEST_F(Query, klines_are_one_element_for_each_question_and_code) {
  EXPECT_EQ(
      said(
          Endpoint::kline,
          R"({"kline_reqs":[{"c":"HK:00700,HK:1,HK:700","co":2,"a":0,"kt":1},{"c":"US:AAPL","co":5,"kt":1001}]})"),
      R"([{"c":"HK:00700","k":[)"
      R"({"c":"HK:00700","o":"1","cl":"2","h":"3","l":"0.5","v":"18","ts":1742242080,"kt":1},)"
      R"({"c":"HK:00700","o":"1","cl":"2","h":"3","l":"0.5","v":"19","ts":1742242140,"kt":1}]},)"
      R"({"c":"HK:1","k":[]},)"
      R"({"c":"US:AAPL","k":[{"c":"US:AAPL","o":"5","cl":"6","h":"7","l":"4","v":"99","ts":1742169600,"kt":1001}]}])");
}

TEST_F(Query, history_ends_at_its_second_and_klines_ignore_it) {
  const auto starts = [&](Endpoint endpoint, std::string_view e) {
    return said(endpoint, fmt::format(R"({{"kline_reqs":[{{"c":"HK:700","co":1,"kt":1,"e":{}}}]}})", e));
  };
  EXPECT_NE(starts(Endpoint::history, "1742241060").find(R"("ts":1742241060)"), std::string::npos);
  EXPECT_NE(starts(Endpoint::history, "1742241119").find(R"("ts":1742241060)"), std::string::npos);
  EXPECT_NE(starts(Endpoint::history, "9223372035").find(R"("ts":1742242140)"), std::string::npos);
  EXPECT_EQ(starts(Endpoint::history, "1742240999"), R"([{"c":"HK:700","k":[]}])");
  EXPECT_NE(starts(Endpoint::kline, "1742241060").find(R"("ts":1742242140)"), std::string::npos);
  EXPECT_NE(starts(Endpoint::kline, "\"no integer\"").find(R"("ts":1742242140)"), std::string::npos);
  EXPECT_EQ(starts(Endpoint::history, "1742241060000"),
            "invalid request: kline_reqs[0].e: expected an integer from 0 to 9223372035, seen 1742241060000");
}

TEST_F(Query, every_kline_type_of_the_protocol_is_known) {
  for (const int kt : {1, 5, 15, 30, 60, 120, 240, 1001, 1007, 1030, 2001})
    EXPECT_TRUE(
        house.ask(Endpoint::kline, fmt::format(R"({{"kline_reqs":[{{"c":"HK:1","co":1,"kt":{}}}]}})", kt)))
        << kt;
  for (const char* a : {"0", "1", "2", "null"})
    EXPECT_TRUE(house.ask(Endpoint::kline,
                          fmt::format(R"({{"kline_reqs":[{{"c":"HK:1","co":1,"kt":1,"a":{}}}]}})", a)))
        << a;
}

TEST_F(Query, a_plan_bounds_products_over_all_kline_questions_and_klines_of_each) {
  const std::string three =
      R"({"kline_reqs":[{"c":"HK:700,HK:1","co":1,"kt":1},{"c":"US:AAPL,HK:00700","co":1,"kt":5}]})";
  const std::string four =
      R"({"kline_reqs":[{"c":"HK:700,HK:1","co":1,"kt":1},{"c":"US:AAPL,US:NOPE","co":1,"kt":1}]})";
  EXPECT_TRUE(house.ask(Endpoint::kline, three, "small"));
  EXPECT_EQ(said(Endpoint::kline, four, "small"), "too many products: 4 in this request, the plan allows 3");
  EXPECT_EQ(said(Endpoint::history, R"({"kline_reqs":[{"c":"HK:700","co":11,"kt":1,"e":1}]})", "small"),
            "invalid request: kline_reqs[0].co: expected an integer from 1 to 10, seen 11");
  EXPECT_TRUE(house.ask(Endpoint::snapshot, R"({"codes":["US:AAPL,TSLA,BRK.B"]})", "small"));
  EXPECT_EQ(house.ask(Endpoint::snapshot, R"({"codes":["US:AAPL,TSLA,BRK.B,NOPE"]})", "small").error().kind,
            ErrorKind::too_many_products);
}

// One small body that repeats itself must not become gigabytes.
TEST_F(Query, a_request_for_very_many_klines_is_refused) {
  const auto repeated = [](int times, int count) {
    std::string request = R"({"kline_reqs":[)";
    for (int n = 0; n < times; ++n)
      request += fmt::format(R"({{"c":"HK:700","co":{},"kt":1,"e":1}},)", count);
    request.back() = ']';
    return request + '}';
  };
  const auto refused = [](int most) {
    return fmt::format(
        "invalid request: kline_reqs: expected at most {} K-lines in all, seen a request for more", most);
  };
  for (const auto endpoint : {Endpoint::kline, Endpoint::history}) {
    EXPECT_TRUE(house.ask(endpoint, repeated(100, 1'000)));
    EXPECT_EQ(said(endpoint, repeated(101, 1'000)), refused(100'000));
    // Three products, ten K-lines of each, eleven types.
    EXPECT_TRUE(house.ask(endpoint, repeated(33, 10), "small"));
    EXPECT_EQ(said(endpoint, repeated(34, 10), "small"), refused(330));
  }
  house.gate.small->max_klines = 0;
  EXPECT_TRUE(house.ask(Endpoint::kline, repeated(1, 100'000), "small"));
  EXPECT_EQ(said(Endpoint::kline, repeated(2, 50'001), "small"), refused(100'000));
  house.gate.small->max_klines = 4'294'967'295;
  house.gate.small->limits.fill({.product_count = 4'294'967'295});
  EXPECT_EQ(said(Endpoint::kline, repeated(2, 50'001), "small"), refused(100'000)) << "nothing overflows";
}

// What is read counts, not only what is answered.
TEST_F(Query, a_request_that_reads_very_many_minutes_is_refused) {
  const auto asked = [&](int codes, std::string_view rest) {
    std::string request = R"({"kline_reqs":[)";
    for (int n = 0; n < codes; ++n)
      request += fmt::format(R"({}{{"c":"HK:700","co":1000,{}}})", n == 0 ? "" : ",", rest);
    return house.said(Endpoint::kline, request + "]}");
  };
  const std::string refused =
      "invalid request: kline_reqs: expected at most 2500000 minutes and days to be read, seen a request for "
      "more";
  EXPECT_TRUE(asked(10, R"("kt":240,"a":1)").starts_with('['));
  EXPECT_EQ(asked(11, R"("kt":240)"), refused);
  EXPECT_TRUE(asked(60, R"("kt":2001)").starts_with('['));
  EXPECT_EQ(asked(63, R"("kt":2001)"), refused);
  EXPECT_EQ(asked(61, R"("kt":2001,"a":2)"), refused);
}

TEST_F(Query, klines_tell_turnover_and_finality_to_those_who_ask) {
  auto& klines = view_700().kept_klines[KlineType::m1];
  klines.resize(2, klines.back());
  klines[0].closed = klines[1].closed = true;
  klines[0].turnover = fakes::turnover("1234.50");
  klines[0].trades = 7;
  klines[1].revision = 3;
  const auto said_with = [&](std::string_view ext) {
    return said(Endpoint::kline, fmt::format(R"({{"kline_reqs":[{{"c":"HK:700","co":2,"kt":1}}]{}}})", ext));
  };
  const auto shown = [](std::string_view first, std::string_view second) {
    return fmt::format(R"([{{"c":"HK:700","k":[{{"c":"HK:700","o":"1","cl":"2","h":"3","l":"0.5","v":"0",)"
                       R"("ts":1742241000,"kt":1{}}},{{"c":"HK:700","o":"1","cl":"2","h":"3","l":"0.5",)"
                       R"("v":"1","ts":1742241060,"kt":1{}}}]}}])",
                       first, second);
  };
  EXPECT_EQ(said_with(""), shown("", ""));
  EXPECT_EQ(said_with(R"(,"ext":[])"), shown("", ""));
  EXPECT_EQ(said_with(R"(,"ext":null)"), shown("", ""));
  EXPECT_EQ(said_with(R"(,"ext":["turnover"])"), shown(R"(,"t":"1234.5","n":7)", R"(,"t":"0","n":0)"));
  EXPECT_EQ(said_with(R"(,"ext":["closed"])"), shown(R"(,"f":1)", R"(,"f":2,"rev":3)"));
  const auto by_query = house.post("/kline?ext=1", R"({"kline_reqs":[{"c":"HK:700","co":2,"kt":1}]})");
  EXPECT_NE(by_query.body.find(shown(R"(,"t":"1234.5","n":7,"f":1)", R"(,"t":"0","n":0,"f":2,"rev":3)")),
            std::string::npos)
      << by_query.body;
  EXPECT_EQ(house.post("/kline?ext=x", R"({"kline_reqs":[{"c":"HK:700","co":2,"kt":1}]})").status, 400);
  EXPECT_EQ(house.post("/snapshot?ext=x", R"({"codes":["HK:700"]})").status, 200);
}

TEST_F(Query, extended_minutes_name_their_session) {
  house.view("US:AAPL").session_minutes[StoredSeries::night] = {kline(1742241000, "1", "2", "3", "0.5", "9")};
  const auto said_of = [&](int ses) {
    return said(Endpoint::kline,
                fmt::format(R"({{"kline_reqs":[{{"c":"US:AAPL","co":2,"kt":1,"ses":{}}}]}})", ses));
  };
  EXPECT_EQ(said_of(1), R"([{"c":"US:AAPL","k":[{"c":"US:AAPL","o":"1","cl":"2","h":"3","l":"0.5","v":"9",)"
                        R"("ts":1742241000,"kt":1,"ses":1}]}])");
  EXPECT_EQ(said_of(2), R"([{"c":"US:AAPL","k":[]}])");
}

TEST_F(Query, corporate_actions_are_told_with_their_factors) {
  using namespace std::chrono_literals;
  house.klines.set_actions(std::make_shared<market::CorporateActionTable>(std::vector{
      market::CodedAction{house.instrument("HK:700").code,
                          {.ex_date = 2020y / 5 / 4,
                           .cash = fakes::price("2"),
                           .bonus = {1, 3},
                           .rights = {1, 2},
                           .rights_price = fakes::price("7"),
                           .previous_close = fakes::price("20"),
                           .source = "a \"source\""}},
      market::CodedAction{house.instrument("HK:700").code, {.ex_date = 2040y / 1 / 2, .split = {2, 1}}}}));
  const auto answer = house.ask(Endpoint::corporate_actions, R"({"codes":["HK:00700,HK:1,HK:99999"]})");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->missing, std::vector<std::string>{"HK:99999"});
  EXPECT_TRUE(answer->data.starts_with(
      R"([{"c":"HK:00700","method":"ratio","actions":[{"ex_date":"2020-05-04","cash":"2","bonus":"1/3",)"
      R"("split":"1","rights":"0.5","rights_price":"7","previous_close":"20","reference":")"))
      << answer->data;
  EXPECT_TRUE(
      answer->data.ends_with(R"("source":"a \"source\""}]},{"c":"HK:1","method":"ratio","actions":[]}])"))
      << answer->data;
  EXPECT_NE(said(Endpoint::corporate_actions, R"({"codes":["HK:700"],"method":"subtract"})")
                .find(R"("method":"subtract")"),
            std::string::npos);
  EXPECT_EQ(permission_of(Endpoint::corporate_actions), access::Permission::instrument_info);
}

TEST_F(Query, instrument_info_says_what_is_known) {
  EXPECT_EQ(
      said(Endpoint::instrument_info, R"({"codes":["US:AAPL","CF:BTCUSDT"]})"),
      R"([{"c":"US:AAPL","e":"NASD","tc":"USD","nc":"苹果","ne":"Apple Inc.","ls":1,"ts":15115823000,"ep":"6.08"},)"
      R"({"c":"CF:BTCUSDT","e":"BINANCE","tc":"USDT"}])");
}

TEST_F(Query, a_server_that_recovers_answers_reference_data_only) {
  house.health.set_ready(false);
  EXPECT_EQ(said(Endpoint::snapshot, R"({"codes":["US:AAPL"]})"), "not ready: the server is recovering");
  for (const auto endpoint :
       {Endpoint::depth, Endpoint::trade, Endpoint::kline, Endpoint::history, Endpoint::corporate_actions})
    EXPECT_EQ(house.ask(endpoint, "{}").error().kind, ErrorKind::not_ready);
  EXPECT_TRUE(house.ask(Endpoint::instrument_info, R"({"codes":["US:AAPL"]})"));
  EXPECT_TRUE(house.ask(Endpoint::market_calendar, R"({"market":["US"]})"));
  EXPECT_TRUE(house.ask(Endpoint::product_list, R"({"market":["US"]})"));
}

// The clock of the house: Monday 11:00 in New York, 23:00 in Hong Kong.
TEST_F(Query, strict_refuses_a_silent_market_in_its_session_only) {
  const std::string_view us = R"({"codes":["US:AAPL"],"strict":true})";
  const std::string_view hk = R"({"codes":["HK:700"],"strict":true})";
  EXPECT_EQ(said(Endpoint::snapshot, us), "not ready: US is in session and nothing was heard yet");
  EXPECT_TRUE(house.ask(Endpoint::snapshot, hk));
  EXPECT_TRUE(house.ask(Endpoint::snapshot, R"({"codes":["US:AAPL"],"strict":false})"));
  EXPECT_TRUE(house.ask(Endpoint::snapshot, R"({"codes":["US:AAPL"]})"));

  house.health.heard(market::Market::US, house.clock.now());
  house.clock.advance(60s);
  EXPECT_TRUE(house.ask(Endpoint::snapshot, us));
  house.clock.advance(1s);
  EXPECT_EQ(said(Endpoint::snapshot, us),
            "not ready: US is in session and silent for 61 s, strict allows 60 s");
  EXPECT_EQ(
      house.ask(Endpoint::trade, R"({"codes":["HK:700,US:AAPL"],"count":1,"strict":true})").error().kind,
      ErrorKind::not_ready);
  EXPECT_EQ(house.ask(Endpoint::depth, us).error().kind, ErrorKind::not_ready);
  EXPECT_EQ(house.ask(Endpoint::kline, R"({"kline_reqs":[{"c":"US:AAPL","co":1,"kt":1}],"strict":true})")
                .error()
                .kind,
            ErrorKind::not_ready);
  // An index is as silent as its own exchange lets it be.
  EXPECT_TRUE(house.ask(Endpoint::snapshot, R"({"codes":["IX:HSI"],"strict":true})"));
  EXPECT_FALSE(house.ask(Endpoint::snapshot, R"({"codes":["IX:SPX"],"strict":true})"));
}

TEST_F(Query, strict_asks_for_nothing_where_no_silence_is_too_long) {
  house.services.stale_after = 0s;
  EXPECT_TRUE(house.ask(Endpoint::snapshot, R"({"codes":["US:AAPL"],"strict":true})"));
}

TEST_F(Query, two_thousand_codes_are_answered_in_one_request) {
  std::string csv =
      "code,kind,exchange,currency,name_zh,name_en,lot_size,tick,volume_step,calendar,total_shares,"
      "outstanding_shares,eps,naps,dividend_yield,source\n";
  std::string request = R"({"codes":[)";
  std::string expected = "[";
  for (int n = 1; n <= 2'000; ++n) {
    csv += fmt::format("HK:{},stock,SEHK,HKD,,,100,HKEX,,,,,,,,test\n", n);
    request += fmt::format("\"HK:{:05}\",", n);
    expected += fmt::format(
        R"({{"c":"HK:{:05}","lp":"0","o":"0","h":"0","l":"0","ts":0,"v":"0","t":"0","s":0}},)", n);
  }
  request.back() = ']';
  expected.back() = ']';
  fakes::House large{csv};
  EXPECT_EQ(large.said(Endpoint::snapshot, request + "}"), expected);
}

TEST(PermissionOf, calendar_and_products_count_as_instrument_info) {
  EXPECT_EQ(permission_of(Endpoint::market_calendar), access::Permission::instrument_info);
  EXPECT_EQ(permission_of(Endpoint::product_list), access::Permission::instrument_info);
  EXPECT_EQ(permission_of(Endpoint::instrument_info), access::Permission::instrument_info);
  EXPECT_EQ(permission_of(Endpoint::snapshot), access::Permission::snapshot);
  EXPECT_EQ(permission_of(Endpoint::depth), access::Permission::depth);
  EXPECT_EQ(permission_of(Endpoint::trade), access::Permission::trade);
  EXPECT_EQ(permission_of(Endpoint::kline), access::Permission::kline);
  EXPECT_EQ(permission_of(Endpoint::history), access::Permission::history);
}

}  // namespace
}  // namespace qos::api
