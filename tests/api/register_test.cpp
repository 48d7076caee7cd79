#include "api/http/register.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query_fakes.hpp"

namespace qos::api::http {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using namespace std::chrono_literals;

constexpr std::string_view kRequest = R"({"email":"name@example.com"})";

class Register : public ::testing::Test {
 protected:
  Response send(std::string_view body, std::string_view address = "192.0.2.1") {
    return respond({.method = "POST", .target = "/register", .body = body, .remote_address = address},
                   house.context);
  }

  fakes::House house;
};

TEST_F(Register, makes_a_key_and_says_what_it_may_do) {
  const auto response = send(kRequest);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(
      response.body,
      R"({"msg":"OK","data":{"key":"0123456789abcdef0123456789abcdef","email":"name@example.com",)"
      R"("created_at":"2025-06-16T15:00:00Z","expires_at":"2025-07-01T15:00:00Z","permission":{)"
      R"("depth":{"product_count":3,"request_frequency":5},"history":{"product_count":3,"request_frequency":5},)"
      R"("instrumen_info":{"product_count":3,"request_frequency":5},)"
      R"("instrument_info":{"product_count":3,"request_frequency":5},)"
      R"("kline":{"product_count":3,"request_frequency":5},"snapshot":{"product_count":3,"request_frequency":5},)"
      R"("trade":{"product_count":3,"request_frequency":5},)"
      R"("ws":{"product_count":3,"request_frequency":5,"max_connections":1}}}})");
  EXPECT_THAT(house.gate.created, ElementsAre("name@example.com"));
}

TEST_F(Register, refuses_what_is_no_address_and_counts_it_not) {
  for (const char* body : {"", "[]", "{}", R"({"email":7})", R"({"email":""})", R"({"email":"name"})"}) {
    const auto response = send(body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_THAT(response.headers, IsEmpty());
  }
  EXPECT_EQ(
      send(R"({"email":"no"})").body,
      R"({"msg":"invalid request: email: expected an address such as name@example.com, seen \"no\"","code":400})");
  for (int n = 0; n < 10; ++n) EXPECT_EQ(send(kRequest).status, 200);
}

TEST_F(Register, gives_ten_keys_a_day_to_an_address) {
  for (int n = 0; n < 10; ++n) EXPECT_EQ(send(kRequest).status, 200);
  house.clock.advance(1h);
  const auto refused = send(kRequest);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.body, R"({"msg":"too many requests: 10 registrations a day and address","code":429})");
  EXPECT_THAT(refused.headers, Contains(Pair("Retry-After", "82800")));
  EXPECT_THAT(refused.headers, Contains(Pair("RateLimit-Remaining", "0")));
  EXPECT_EQ(house.gate.created.size(), 10U);
  EXPECT_EQ(send(kRequest, "192.0.2.2").status, 200);
  house.clock.advance(23h);
  EXPECT_EQ(send(kRequest).status, 200);
}

TEST_F(Register, has_no_path_where_it_is_closed) {
  house.options.registration = Registration::closed;
  EXPECT_EQ(send(kRequest).status, 404);
  EXPECT_EQ(send(kRequest).body, R"({"msg":"not found: /register","code":404})");
  EXPECT_THAT(house.gate.created, IsEmpty());
}

TEST_F(Register, keeps_the_servers_own_troubles_to_itself) {
  house.gate.is_broken = true;
  EXPECT_EQ(send(kRequest).body, R"({"msg":"not ready: the key could not be stored","code":503})");
  house.options.registration_plan = "gone";
  EXPECT_EQ(send(kRequest).body, R"({"msg":"not ready: registration has no plan to give","code":503})");
}

TEST_F(Register, asks_for_post) {
  EXPECT_EQ(respond({.method = "GET", .target = "/register"}, house.context).status, 405);
}

TEST(Email, has_one_at_between_a_name_and_a_host) {
  for (const char* text :
       {"a@b.c", "first.last+tag@mail.example.com", "x_y-z@a-b.example", "o'neil@example.org", "1@1.de"})
    EXPECT_TRUE(is_email(text)) << text;
  for (const char* text :
       {"",        "@",       "a",       "a@",     "@b.c",   "a@b",           "a@b@c.d", "a b@c.d",
        "a@b..c",  "a@.b.c",  "a@b.c.",  ".a@b.c", "a.@b.c", "a..b@c.d",      "a@-b.c",  "a@b-.c",
        "a@b_c.d", "a@b.c\n", "a\"@b.c", "名@b.c", "a@名.c", "a@[127.0.0.1]", "<a@b.c>"})
    EXPECT_FALSE(is_email(text)) << text;
  EXPECT_TRUE(is_email(std::string(64, 'a') + "@b.c"));
  EXPECT_FALSE(is_email(std::string(65, 'a') + "@b.c"));
  EXPECT_FALSE(is_email("a@" + std::string(64, 'b') + ".c"));
  std::string host = "c";
  while (host.size() < 260) host += ".c";
  EXPECT_FALSE(is_email("a@" + host));
}

TEST(RegistrationLimiter, counts_an_ipv6_household_as_one_and_a_mapped_address_as_ipv4) {
  RegistrationLimiter limiter{{.per_address = 1}};
  const SteadyTime now{};
  EXPECT_TRUE(limiter.take("2001:db8:1:2::1", now).allowed);
  EXPECT_FALSE(limiter.take("2001:db8:1:2:ffff::9", now).allowed);
  EXPECT_TRUE(limiter.take("2001:db8:1:3::1", now).allowed);
  EXPECT_TRUE(limiter.take("192.0.2.1", now).allowed);
  EXPECT_FALSE(limiter.take("::ffff:192.0.2.1", now).allowed);
  EXPECT_TRUE(limiter.take("::ffff:192.0.2.2", now).allowed);
}

TEST(RegistrationLimiter, remembers_so_many_addresses_and_refuses_more_until_a_day_ends) {
  RegistrationLimiter limiter{{.per_address = 1, .max_addresses = 2}};
  const SteadyTime start{};
  EXPECT_TRUE(limiter.take("192.0.2.1", start).allowed);
  EXPECT_TRUE(limiter.take("192.0.2.2", start + 1h).allowed);
  const auto refused = limiter.take("192.0.2.3", start + 2h);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.reset, 22h);
  EXPECT_TRUE(limiter.take("192.0.2.3", start + 24h).allowed);
  EXPECT_FALSE(limiter.take("192.0.2.2", start + 24h).allowed);
}

TEST(RegistrationLimiter, says_what_is_left_and_when_the_day_ends) {
  RegistrationLimiter limiter{{.per_address = 2}};
  const SteadyTime start{};
  EXPECT_EQ(limiter.take("192.0.2.1", start).remaining, 1U);
  const auto second = limiter.take("192.0.2.1", start + 1ms);
  EXPECT_TRUE(second.allowed);
  EXPECT_EQ(second.remaining, 0U);
  EXPECT_EQ(second.reset, 24h);
  EXPECT_EQ(limiter.take("192.0.2.1", start + 24h - 1ns).reset, 1s);
  EXPECT_TRUE(limiter.take("192.0.2.1", start + 24h).allowed);
}

TEST(RegistrationLimiter, without_a_limit_lets_everybody_in) {
  RegistrationLimiter limiter{{.per_address = 0}};
  for (int n = 0; n < 100; ++n) EXPECT_TRUE(limiter.take("192.0.2.1", SteadyTime{}).allowed);
}

}  // namespace
}  // namespace qos::api::http
