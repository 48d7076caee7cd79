#include "api/codes.hpp"

#include <gtest/gtest.h>

#include "query_fakes.hpp"

namespace qos::api {
namespace {

class Codes : public ::testing::Test {
 protected:
  Answer<RequestedCodes> resolve(const std::vector<std::string_view>& items, std::uint32_t limit = 0) {
    return resolve_codes(items, limit, house.instruments);
  }
  // "HK:00700>HK:700 …" and what is missing behind a bar.
  std::string said(const std::vector<std::string_view>& items, std::uint32_t limit = 0) {
    const auto codes = resolve(items, limit);
    if (!codes) return codes.error().message;
    std::string out;
    for (const auto& [instrument, spelling] : codes->known)
      out += spelling + ">" + instrument->code.to_string() + " ";
    out += "|";
    for (const auto& missing : codes->missing) out += " " + missing;
    return out;
  }

  fakes::House house;
};

TEST_F(Codes, keep_their_order_and_their_spelling_over_strings_and_markets) {
  EXPECT_EQ(said({"US:tsla, AAPL ,HK:00700", "SZ:000001"}),
            "US:tsla>US:TSLA US:AAPL>US:AAPL HK:00700>HK:700 SZ:000001>SZ:000001 |");
  EXPECT_EQ(said({"US:BRK-B"}), "US:BRK-B>US:BRK.B |");
}

TEST_F(Codes, asked_twice_are_answered_once_under_their_first_spelling) {
  EXPECT_EQ(said({"HK:00700", "HK:700,HK:1", "HK:0700"}), "HK:00700>HK:700 HK:1>HK:1 |");
  EXPECT_EQ(said({"US:NOPE", "US:nope,AAPL"}), "US:AAPL>US:AAPL | US:NOPE");
}

TEST_F(Codes, that_no_instrument_has_are_missing_in_the_order_of_the_request) {
  EXPECT_EQ(said({"US:ZZZ,AAPL,NOPE", "HK:99999"}), "US:AAPL>US:AAPL | US:ZZZ US:NOPE HK:99999");
}

TEST_F(Codes, that_are_malformed_are_named_with_their_place) {
  const auto bad = said({"US:AAPL", "HK:700", "AAPL"});
  EXPECT_TRUE(bad.starts_with("invalid request: codes[2]: ")) << bad;
  EXPECT_NE(bad.find("AAPL"), std::string::npos) << bad;
  EXPECT_NE(said({"XX:1"}).find("XX"), std::string::npos);
  EXPECT_TRUE(said({"US:"}).starts_with("invalid request: codes[0]: "));
  EXPECT_TRUE(said({""}).starts_with("invalid request: codes[0]: "));
  EXPECT_TRUE(said({}).starts_with("invalid request: codes: "));
}

TEST_F(Codes, are_counted_once_each_and_missing_ones_count_too) {
  EXPECT_TRUE(resolve({"HK:700,00700,0700", "HK:1"}, 2));
  EXPECT_EQ(said({"US:AAPL,TSLA", "US:NOPE"}, 2), "too many products: 3 in this request, the plan allows 2");
  EXPECT_EQ(resolve({"US:AAPL,TSLA"}, 1).error().kind, ErrorKind::too_many_products);
}

// A client that spelt a code wrong learns that first: with it corrected the count may change.
TEST_F(Codes, malformed_weighs_more_than_too_many) {
  EXPECT_EQ(resolve({"US:AAPL", "US:TSLA", "AAPL"}, 1).error().kind, ErrorKind::invalid_request);
}

}  // namespace
}  // namespace qos::api
