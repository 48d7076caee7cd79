#include "channel/shares.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "channel/gatherer.hpp"

namespace qos::channel {
namespace {

using Given = std::map<Shares::Slot, std::vector<Batch::Index>>;

Given give_out(Shares& shares) {
  Given given;
  shares.give_out([&](Shares::Slot slot, std::span<const Batch::Index> frames, Shares::Slot) {
    EXPECT_TRUE(given.try_emplace(slot, frames.begin(), frames.end()).second) << "given to twice";
  });
  return given;
}

TEST(Shares, gives_everyone_his_frames_once_and_in_order_whatever_was_given_before) {
  std::mt19937_64 random{11};
  Shares shares;
  for (int turn = 0; turn < 300; ++turn) {
    Given expected;
    const Shares::Slot slots = 1 + static_cast<Shares::Slot>(random() % 200);
    std::size_t parts = 0;
    for (Batch::Index frame = 0; frame < random() % 40; ++frame) {
      std::vector<Shares::Slot> listeners;
      for (Shares::Slot slot = 0; slot < slots; ++slot)
        if (random() % 5 == 0) listeners.push_back(slot);
      shares.add(frame, listeners);
      for (const auto slot : listeners) expected[slot].push_back(frame);
      parts += listeners.size();
    }
    ASSERT_EQ(shares.size(), parts);
    ASSERT_EQ(give_out(shares), expected);
    ASSERT_EQ(shares.size(), 0U);
  }
}

struct GathererTest : testing::Test {
  std::vector<Batch::Index> add(int frames, std::size_t size) {
    std::vector<Batch::Index> indexes;
    for (int frame = 0; frame < frames; ++frame)
      indexes.push_back(batch.add({}, Form::plain, [&](std::string& out) {
        out.append(size, static_cast<char>('a' + batch.size() % 26));
      }));
    return indexes;
  }
  std::string expected(std::span<const Batch::Index> frames) const {
    std::string text;
    for (const auto index : frames) text += batch.bytes(index);
    return text;
  }
  Batch batch;
  Gatherer gatherer;
};

TEST_F(GathererTest, puts_frames_one_behind_the_other) {
  const auto frames = add(10, 7);
  for (std::size_t begin = 0; begin < frames.size(); ++begin) {
    const auto part = std::span{frames}.subspan(begin);
    const auto gathered = gatherer.gather(batch, part);
    EXPECT_EQ(gathered.frames, part.size());
    EXPECT_EQ(gathered.bytes, expected(part));
  }
}

TEST_F(GathererTest, gives_the_same_bytes_to_those_who_hear_the_same) {
  const auto frames = add(10, 7);
  const std::vector<Batch::Index> one{frames[1], frames[4], frames[5]};
  const std::vector<Batch::Index> same = one;
  const std::vector<Batch::Index> other{frames[1], frames[4], frames[6]};
  EXPECT_EQ(gatherer.gather(batch, one).bytes, expected(one));
  EXPECT_EQ(gatherer.gather(batch, same).bytes, expected(one));
  EXPECT_EQ(gatherer.gather(batch, other).bytes, expected(other));
  batch.clear();
  gatherer.forget();
  add(10, 3);
  EXPECT_EQ(gatherer.gather(batch, other).bytes, expected(other)) << "the same indexes of another turn";
}

TEST_F(GathererTest, carries_what_does_not_fit_in_pieces_of_whole_frames) {
  for (const std::size_t size : {1'000, 100'000, 300'000}) {
    const auto frames = add(5, size);
    std::string text;
    for (std::size_t gone = 0; gone < frames.size();) {
      const auto gathered = gatherer.gather(batch, std::span{frames}.subspan(gone));
      ASSERT_GT(gathered.frames, 0U);
      text += gathered.bytes;
      gone += gathered.frames;
    }
    EXPECT_EQ(text, expected(frames));
    gatherer.forget();
  }
}

TEST(Batch, keeps_a_frame_beyond_the_turn_for_all_who_need_it_as_one_copy) {
  Batch batch;
  const auto first = batch.add({}, Form::plain, [](std::string& out) { out += "one"; });
  const Frame kept = batch.shared(first);
  const auto second = batch.add({}, Form::numbered, [](std::string& out) { out += "two"; });
  EXPECT_EQ(batch.shared(first).get(), kept.get());
  EXPECT_EQ(*batch.shared(second), "two");
  EXPECT_EQ(batch.bytes(first), "one");
  batch.clear();
  EXPECT_EQ(*kept, "one");
  const auto again = batch.add({}, Form::plain, [](std::string& out) { out += "new"; });
  EXPECT_EQ(*batch.shared(again), "new");
}

}  // namespace
}  // namespace qos::channel
