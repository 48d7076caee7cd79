// Blocks: every event comes back as it was, and nothing but that.
#include "journal/block.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "journal/random_events.hpp"

namespace qos::journal {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text});
}

// Seeds are fixed; a failure names its own.
TEST(Block, gives_back_random_events_of_every_kind_and_any_value) {
  std::vector<SequencedEvent> read;
  std::string bytes;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    RandomEvents random{seed};
    const auto count = seed % 40 == 0 ? kBlockEvents : 1 + random.pick(seed % 5 == 0 ? 900 : 130);
    const auto events = random.events(count, Sequence{random.pick(1'000'000) + 1});
    bytes.clear();
    append_block(events, bytes);
    const auto plain = bytes.size();
    append_compressed_block(events, bytes);
    const auto took = read_block(bytes_of(bytes), read);
    ASSERT_TRUE(took) << "seed " << seed << ": " << took.error().message;
    EXPECT_EQ(*took, plain) << "seed " << seed;
    ASSERT_EQ(read, events) << "seed " << seed;
    const auto archived = read_block(bytes_of(bytes).subspan(plain), read);
    ASSERT_TRUE(archived) << "seed " << seed << ": " << archived.error().message;
    EXPECT_EQ(*archived, bytes.size() - plain) << "seed " << seed;
    ASSERT_EQ(read, events) << "seed " << seed;
  }
}

}  // namespace
}  // namespace qos::journal
