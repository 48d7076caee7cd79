// What is agreed on of permessage-deflate: RFC 7692, section 7.1, as a table.
#include "api/ws/deflate_offer.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace qos::api::ws {
namespace {

// The headers, one behind the other with a line's end between them.
std::string agreed(std::string_view headers, access::Compression allowed = access::Compression::shared) {
  std::vector<std::string_view> values;
  while (true) {
    const auto end = headers.find('\n');
    values.push_back(headers.substr(0, end));
    if (end == std::string_view::npos) break;
    headers.remove_prefix(end + 1);
  }
  const auto result = agree_on_compression(values, allowed);
  return result ? result->answer : "";
}

const std::string kShared = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
const std::string kOwn = "permessage-deflate; client_no_context_takeover";
const std::string kTwelve = "; server_max_window_bits=12";

TEST(DeflateOffer, is_answered_with_frames_for_all) {
  const std::pair<std::string_view, std::string> rows[] = {
      {"permessage-deflate", kShared},
      {"Permessage-Deflate", kShared},
      {"permessage-deflate; client_max_window_bits", kShared},
      {"permessage-deflate; client_max_window_bits=8", kShared},
      {"permessage-deflate;client_max_window_bits = \"10\" ; SERVER_NO_CONTEXT_TAKEOVER", kShared},
      {"permessage-deflate; client_no_context_takeover; server_no_context_takeover", kShared},
      {"permessage-deflate; server_max_window_bits=15", kShared + kTwelve},
      {"permessage-deflate; server_max_window_bits=12", kShared + kTwelve},
      {"permessage-deflate; server_max_window_bits=\"13\"", kShared + kTwelve},
      // Every frame is everyone's, so a smaller window is not met.
      {"permessage-deflate; server_max_window_bits=11", ""},
      {"permessage-deflate; server_max_window_bits=8", ""},
      // The first offer that can be met.
      {"permessage-deflate; server_max_window_bits=10, permessage-deflate", kShared},
      {"permessage-deflate; server_max_window_bits=14, permessage-deflate", kShared + kTwelve},
      {"x-webkit-deflate-frame, permessage-bzip2; level=9,permessage-deflate", kShared},
      {"foo\npermessage-deflate; bar\npermessage-deflate; server_max_window_bits=12", kShared + kTwelve},
      {"foo; x=\"a,permessage-deflate; y\", permessage-deflate", kShared},
  };
  for (const auto& [headers, answer] : rows) EXPECT_EQ(agreed(headers), answer) << headers;
}

TEST(DeflateOffer, is_declined_if_unknown_repeated_or_malformed) {
  for (const auto* offer : {"",
                            ",",
                            ";",
                            "deflate",
                            "permessage-deflate2",
                            "permessage-deflate;",
                            "permessage-deflate; ;",
                            "permessage-deflate; unknown",
                            "permessage-deflate; server_no_context_takeover=1",
                            "permessage-deflate; client_no_context_takeover=",
                            "permessage-deflate; client_max_window_bits=",
                            "permessage-deflate; client_max_window_bits=7",
                            "permessage-deflate; client_max_window_bits=16",
                            "permessage-deflate; client_max_window_bits=010",
                            "permessage-deflate; client_max_window_bits=+9",
                            "permessage-deflate; client_max_window_bits=\"",
                            "permessage-deflate; client_max_window_bits=\"10",
                            "permessage-deflate; server_max_window_bits",
                            "permessage-deflate; server_max_window_bits=",
                            "permessage-deflate; server_max_window_bits=1e1",
                            "permessage-deflate; server_max_window_bits=99999999999",
                            "permessage-deflate; server_max_window_bits=12; server_max_window_bits=12",
                            "permessage-deflate; client_max_window_bits; client_max_window_bits=12",
                            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
                            "permessage-deflate server_no_context_takeover"})
    for (const auto allowed : {access::Compression::shared, access::Compression::own})
      EXPECT_EQ(agreed(offer, allowed), "") << offer;
}

TEST(DeflateOffer, is_met_as_the_plan_allows) {
  using enum access::Compression;
  EXPECT_EQ(agreed("permessage-deflate", none), "");
  EXPECT_EQ(agreed("permessage-deflate", own), kOwn);
  EXPECT_EQ(agreed("permessage-deflate; server_no_context_takeover", own), kShared);
  EXPECT_EQ(agreed("permessage-deflate; server_max_window_bits=15", own), kOwn + kTwelve);
  EXPECT_EQ(agreed("permessage-deflate; server_max_window_bits=9", own), kOwn + "; server_max_window_bits=9");
  EXPECT_EQ(agreed("permessage-deflate; server_max_window_bits=8", own), "") << "zlib has no such window";

  const std::string_view offer[] = {"permessage-deflate; server_max_window_bits=10"};
  EXPECT_EQ(agree_on_compression(offer, own)->compression,
            (Compression{.own_context = true, .window_bits = 10}));
  const std::string_view other[] = {"permessage-deflate"};
  EXPECT_EQ(agree_on_compression(other, shared)->compression,
            (Compression{.own_context = false, .window_bits = 12}));
  EXPECT_EQ(agree_on_compression({}, own), std::nullopt);
}

}  // namespace
}  // namespace qos::api::ws
