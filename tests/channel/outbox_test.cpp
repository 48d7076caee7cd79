#include "channel/outbox.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace qos::channel {
namespace {

using namespace std::chrono_literals;
using Verdict = Outbox::Verdict;

constexpr SteadyTime kStart{};
const Outbox::Limits kLimits{.hard_bytes = 100, .soft_bytes = 40, .grace = 5s};

Frame bytes_of(std::size_t size) {
  return make_frame(std::string(size, 'x'));
}

std::string rest_of(Outbox& outbox) {
  std::array<char, 4'096> room;
  return std::string{outbox.gather(room)};
}

ChannelKey key_of(std::uint32_t instrument, Topic topic = Topic::snapshot) {
  return {InstrumentId{instrument}, topic, 0};
}

bool push_update(Outbox& outbox, std::string text, ChannelKey key, std::int64_t piece = 0,
                 Form form = Form::plain) {
  return outbox.push_update(make_frame(std::move(text)), {key, Sequence{1}, piece}, form, kStart).superseded;
}

TEST(Outbox, keeps_a_client_up_to_and_including_the_hard_limit) {
  Outbox outbox{kLimits};
  EXPECT_EQ(outbox.push(bytes_of(100), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push(bytes_of(1), kStart), Verdict::slow_consumer);
}

TEST(Outbox, gives_up_on_a_client_that_stays_above_soft_for_longer_than_the_grace_time) {
  Outbox outbox{kLimits};
  EXPECT_EQ(outbox.push(bytes_of(41), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push(bytes_of(1), kStart + 5s), Verdict::keep);
  EXPECT_EQ(outbox.verdict(kStart + 5s + 1ns), Verdict::slow_consumer);
  EXPECT_EQ(outbox.push(bytes_of(1), kStart + 5s + 1ns), Verdict::slow_consumer);
}

TEST(Outbox, starts_the_grace_time_anew_after_a_client_has_caught_up) {
  Outbox outbox{kLimits};
  EXPECT_EQ(outbox.push(bytes_of(50), kStart), Verdict::keep);
  outbox.sent(10, kStart);  // at soft, which is not above it
  EXPECT_EQ(outbox.push(bytes_of(1), kStart + 6s), Verdict::keep);
  EXPECT_EQ(outbox.verdict(kStart + 11s), Verdict::keep);
  EXPECT_EQ(outbox.verdict(kStart + 11s + 1ns), Verdict::slow_consumer);
}

TEST(Outbox, does_not_count_an_answer_that_was_pushed_up_to_soft) {
  Outbox outbox{kLimits};
  EXPECT_EQ(outbox.push(bytes_of(40), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push_answer(bytes_of(1'000), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push(bytes_of(60), kStart), Verdict::keep);
  EXPECT_EQ(outbox.bytes(), 1'100U);
  EXPECT_EQ(outbox.push(bytes_of(1), kStart), Verdict::slow_consumer) << "what is no answer counts as ever";
  // Until the last of its bytes is sent, and no longer.
  outbox.sent(1'039, kStart);
  EXPECT_EQ(outbox.push(bytes_of(39), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push(bytes_of(1), kStart), Verdict::slow_consumer);
  outbox.sent(1, kStart);
  EXPECT_EQ(outbox.bytes(), 101U);
  EXPECT_EQ(outbox.verdict(kStart), Verdict::slow_consumer);
}

TEST(Outbox, counts_an_answer_to_a_client_that_has_not_read_the_one_before) {
  Outbox outbox{kLimits};
  EXPECT_EQ(outbox.push_answer(bytes_of(30), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push_answer(bytes_of(1'000), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push_answer(bytes_of(100), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push_answer(bytes_of(1), kStart), Verdict::slow_consumer);
}

TEST(Outbox, gives_up_on_a_client_that_takes_nothing_of_an_answer_for_the_grace_time) {
  Outbox outbox{kLimits};
  outbox.push_answer(bytes_of(1'000), kStart);
  EXPECT_EQ(outbox.verdict(kStart + 5s), Verdict::keep);
  outbox.sent(1, kStart + 5s);
  EXPECT_EQ(outbox.verdict(kStart + 10s), Verdict::keep) << "it is taking it";
  EXPECT_EQ(outbox.verdict(kStart + 10s + 1ns), Verdict::slow_consumer);
  // Once the answer has gone, what is pushed has its grace time and nothing renews it.
  outbox.push(bytes_of(60), kStart + 6s);
  outbox.sent(999, kStart + 10s);
  outbox.sent(1, kStart + 14s);
  EXPECT_EQ(outbox.verdict(kStart + 15s), Verdict::keep);
  EXPECT_EQ(outbox.verdict(kStart + 15s + 1ns), Verdict::slow_consumer);
}

TEST(Outbox, excuses_nothing_after_the_rest_was_dropped) {
  Outbox outbox{kLimits};
  outbox.push(bytes_of(10), kStart);
  outbox.push_answer(bytes_of(1'000), kStart);
  outbox.drop_unstarted();
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.push(bytes_of(101), kStart), Verdict::slow_consumer);
}

TEST(Outbox, finishes_a_frame_that_is_half_sent_when_the_rest_is_dropped) {
  Outbox outbox{kLimits};
  for (const auto* text : {"first", "second", "third"}) outbox.push(make_frame(text), kStart);
  outbox.sent(7, kStart);
  outbox.drop_unstarted();
  outbox.push(make_frame("goodbye"), kStart);
  EXPECT_EQ(rest_of(outbox), "condgoodbye");
  EXPECT_EQ(outbox.bytes(), 11U);
}

TEST(Outbox, lets_a_later_update_take_the_place_of_one_that_waits) {
  Outbox outbox{kLimits};
  EXPECT_FALSE(push_update(outbox, "a1 ", key_of(0)));
  EXPECT_FALSE(push_update(outbox, "b1 ", key_of(1)));
  outbox.push(make_frame("answer "), kStart);
  EXPECT_TRUE(push_update(outbox, "a2! ", key_of(0)));
  EXPECT_FALSE(push_update(outbox, "d1 ", key_of(0, Topic::depth))) << "another channel";
  EXPECT_TRUE(push_update(outbox, "a3 ", key_of(0)));
  EXPECT_EQ(rest_of(outbox), "a3 b1 answer d1 ");
  EXPECT_EQ(outbox.bytes(), rest_of(outbox).size());
}

TEST(Outbox, supersedes_no_trade_no_other_piece_and_nothing_that_is_half_sent) {
  Outbox outbox{kLimits};
  EXPECT_FALSE(push_update(outbox, "t1 ", key_of(0, Topic::trade)));
  EXPECT_FALSE(push_update(outbox, "t2 ", key_of(0, Topic::trade)));
  EXPECT_FALSE(push_update(outbox, "k9:30 ", key_of(0, Topic::kline), 930));
  EXPECT_FALSE(push_update(outbox, "k9:31 ", key_of(0, Topic::kline), 931));
  EXPECT_TRUE(push_update(outbox, "k9:31' ", key_of(0, Topic::kline), 931));
  // A revision of an earlier one must not overtake the later one: pushes of a channel come in order.
  EXPECT_FALSE(push_update(outbox, "k9:30' ", key_of(0, Topic::kline), 930));
  EXPECT_EQ(rest_of(outbox), "t1 t2 k9:30 k9:31' k9:30' ");
  outbox.sent(outbox.bytes(), kStart);
  push_update(outbox, "s1 ", key_of(0));
  outbox.sent(1, kStart);
  EXPECT_FALSE(push_update(outbox, "s2 ", key_of(0)));
  EXPECT_TRUE(push_update(outbox, "s3 ", key_of(0)));
  EXPECT_EQ(rest_of(outbox), "1 s3 ");
}

TEST(Outbox, tells_numbered_clients_how_many_an_update_stands_for) {
  const Outbox::Limits limits{.say_merged = [](const Frame& frame, std::uint32_t merged) {
    return make_frame(*frame + "+" + std::to_string(merged));
  }};
  Outbox outbox{limits};
  for (const auto* text : {"a1", "a2", "a3"}) push_update(outbox, text, key_of(0), 0, Form::numbered);
  for (const auto* text : {"|b1", "|b2"}) push_update(outbox, text, key_of(1), 0, Form::plain);
  EXPECT_EQ(rest_of(outbox), "a3+2|b2");
  EXPECT_EQ(outbox.bytes(), 7U);
  // Offered to the kernel, which took nothing: it may still be superseded.
  EXPECT_TRUE(push_update(outbox, "a4", key_of(0), 0, Form::numbered));
  EXPECT_EQ(rest_of(outbox), "a4+3|b2");
  outbox.sent(2, kStart);
  EXPECT_FALSE(push_update(outbox, "|a5", key_of(0), 0, Form::numbered));
  EXPECT_EQ(rest_of(outbox), "+3|b2|a5");
}

TEST(Outbox, forgets_that_it_was_above_soft_when_smaller_updates_have_brought_it_below) {
  Outbox outbox{kLimits};
  outbox.push_update(bytes_of(60), {key_of(0), Sequence{1}}, Form::plain, kStart);
  outbox.push_update(bytes_of(20), {key_of(0), Sequence{2}}, Form::plain, kStart + 1s);
  EXPECT_EQ(outbox.verdict(kStart + 10s), Verdict::keep);
  // A rest counts as what is left of it.
  Outbox other{kLimits};
  other.push_rest(bytes_of(60), 30, kStart);
  EXPECT_EQ(other.verdict(kStart + 10s), Verdict::keep);
}

TEST(Outbox, keeps_a_client_that_reads_nothing_but_hears_only_what_is_superseded) {
  Outbox outbox{kLimits};
  for (int round = 0; round < 1'000; ++round)
    for (std::uint32_t instrument = 0; instrument < 4; ++instrument) {
      const auto pushed = outbox.push_update(bytes_of(10), {key_of(instrument), Sequence{1}}, Form::plain,
                                             kStart + std::chrono::seconds{round});
      ASSERT_EQ(pushed.verdict, Verdict::keep);
    }
  EXPECT_EQ(outbox.bytes(), 40U);
}

// Against a list that is searched from the end: what is sent, however it is cut, is what the list says.
TEST(Outbox, agrees_with_a_naive_model_of_superseding) {
  struct Item {
    ChannelKey key;
    std::int64_t piece;
    std::string text;
    std::uint32_t merged;
    bool numbered;
  };
  const Outbox::Limits limits{.say_merged = [](const Frame& frame, std::uint32_t merged) {
    return make_frame(*frame + "+" + std::to_string(merged));
  }};
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random{seed};
    Outbox outbox{limits};
    std::vector<Item> model;
    std::size_t offset = 0;  // of the first item's text that is sent
    const auto text_of = [](const Item& item) {
      return item.numbered && item.merged > 0 ? item.text + "+" + std::to_string(item.merged) : item.text;
    };
    for (int step = 0; step < 3'000; ++step) {
      // Now and then nothing is sent for long, so that the index comes into play.
      const bool sends = step / 500 % 2 == 1 || random() % 8 == 0;
      if (!sends || random() % 2 == 0) {
        const auto topic = std::array{Topic::snapshot, Topic::trade, Topic::kline}[random() % 3];
        const ChannelKey key = key_of(static_cast<std::uint32_t>(random() % 30), topic);
        const std::int64_t piece = topic == Topic::kline ? static_cast<std::int64_t>(random() % 2) : 0;
        const bool numbered = key.instrument.value() % 2 == 0;
        const std::string text = "<" + std::to_string(step) + ">";
        bool superseded = false;
        for (std::size_t index = model.size(); index > 0 && topic != Topic::trade; --index) {
          Item& item = model[index - 1];
          if (item.key != key) continue;
          superseded = item.piece == piece && !(index == 1 && offset > 0);
          if (superseded) {
            item.text = text;
            ++item.merged;
          }
          break;
        }
        if (!superseded) model.push_back({key, piece, text, 0, numbered});
        ASSERT_EQ(push_update(outbox, text, key, piece, numbered ? Form::numbered : Form::plain), superseded)
            << "seed " << seed << " step " << step;
        continue;
      }
      std::array<char, 50> room;
      const std::string offered{outbox.gather(room)};
      std::string expected;
      for (const Item& item : model) expected += text_of(item).substr(expected.empty() ? offset : 0);
      ASSERT_EQ(offered, expected.substr(0, offered.size())) << "seed " << seed << " step " << step;
      ASSERT_EQ(offered.empty(), expected.empty());
      std::size_t some = offered.empty() ? 0 : random() % (offered.size() + 1);
      outbox.sent(some, kStart);
      while (some > 0) {
        const std::size_t left = text_of(model.front()).size() - offset;
        if (some < left) {
          offset += some;
          break;
        }
        some -= left;
        offset = 0;
        model.erase(model.begin());
      }
    }
  }
}

// Whatever the kernel takes at a time, the bytes come out in order and are counted right.
TEST(Outbox, gives_back_every_byte_in_order_however_they_are_taken) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    std::mt19937_64 random{seed};
    Outbox outbox{kLimits};
    std::string pushed;
    std::string taken;
    char next = 'a';
    for (int step = 0; step < 500; ++step) {
      if (random() % 2 == 0) {
        std::string text(random() % 9, next);
        next = next == 'z' ? 'a' : static_cast<char>(next + 1);
        pushed += text;
        outbox.push(make_frame(std::move(text)), kStart);
        continue;
      }
      std::array<char, 20> room;
      const std::string offered{outbox.gather(room)};
      const std::size_t some = offered.empty() ? 0 : random() % (offered.size() + 1);
      taken += offered.substr(0, some);
      outbox.sent(some, kStart);
      if (random() % 20 == 0) {
        const std::size_t before = outbox.bytes();
        outbox.drop_unstarted();
        const std::size_t left = rest_of(outbox).size();
        ASSERT_EQ(outbox.bytes(), left) << "seed " << seed;
        pushed.resize(pushed.size() - (before - left));
      }
      ASSERT_EQ(outbox.bytes(), pushed.size() - taken.size()) << "seed " << seed;
    }
    ASSERT_TRUE(pushed.starts_with(taken)) << "seed " << seed;
  }
}

Frame bracketed(std::string_view frames) {
  return make_frame("<" + std::string{frames} + ">");
}

// For a client whose frames depend on each other: what is encoded is sent, and what is not may be superseded.
TEST(Outbox, encodes_the_first_whole_frames_when_they_are_to_be_sent) {
  Outbox outbox{kLimits};
  outbox.encode_first(6, bracketed);
  EXPECT_TRUE(outbox.empty());
  for (const auto* text : {"aa1", "bb1", "cc1"})
    push_update(outbox, text, key_of(static_cast<std::uint32_t>(text[0])));
  outbox.encode_first(7, bracketed);
  EXPECT_EQ(rest_of(outbox), "<aa1bb1>") << "without what is not encoded yet";
  EXPECT_EQ(outbox.bytes(), 11U);
  outbox.encode_first(7, bracketed);
  EXPECT_EQ(rest_of(outbox), "<aa1bb1>") << "once is enough";
  EXPECT_FALSE(push_update(outbox, "bb2", key_of('b'))) << "what is encoded is not superseded";
  EXPECT_TRUE(push_update(outbox, "cc2", key_of('c')));
  outbox.sent(4, kStart);
  outbox.encode_first(7, bracketed);
  EXPECT_EQ(rest_of(outbox), "bb1>");
  outbox.sent(4, kStart);
  outbox.encode_first(1, bracketed);
  EXPECT_EQ(rest_of(outbox), "<cc2>") << "one at least";
  outbox.sent(5, kStart);
  outbox.encode_first(100, bracketed);
  EXPECT_EQ(rest_of(outbox), "<bb2>");
  outbox.sent(5, kStart);
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, sends_what_is_sealed_as_it_is) {
  Outbox outbox{kLimits};
  push_update(outbox, "a1", key_of(0));
  outbox.seal();
  EXPECT_FALSE(push_update(outbox, "a2", key_of(0)));
  outbox.encode_first(100, bracketed);
  EXPECT_EQ(rest_of(outbox), "a1");
  outbox.sent(2, kStart);
  outbox.encode_first(100, bracketed);
  EXPECT_EQ(rest_of(outbox), "<a2>");
}

// With an index of what waits, and with frames that say what they stand for.
TEST(Outbox, encodes_frames_of_many_channels_once_each_in_their_order) {
  const Outbox::Limits limits{.say_merged = [](const Frame& frame, std::uint32_t merged) {
    return make_frame(*frame + "+" + std::to_string(merged));
  }};
  Outbox outbox{limits};
  for (int round = 0; round < 3; ++round)
    for (std::uint32_t instrument = 0; instrument < 40; ++instrument)
      push_update(outbox, "|" + std::to_string(instrument), key_of(instrument), 0, Form::packed_numbered);
  std::string sent;
  for (int step = 0; !outbox.empty(); ++step) {
    outbox.encode_first(30, bracketed);
    // A new one of a channel that is encoded, and one of a channel that is not.
    if (step == 0) {
      EXPECT_FALSE(push_update(outbox, "|new", key_of(0)));
      EXPECT_TRUE(push_update(outbox, "|39", key_of(39), 0, Form::packed_numbered));
    }
    const auto bytes = rest_of(outbox);
    sent += bytes;
    outbox.sent(bytes.size(), kStart);
  }
  std::erase_if(sent, [](char c) { return c == '<' || c == '>'; });
  std::string expected;
  for (int instrument = 0; instrument < 40; ++instrument)
    expected += "|" + std::to_string(instrument) + (instrument == 39 ? "+3" : "+2");
  EXPECT_EQ(sent, expected + "|new");
}

TEST(Outbox, does_not_count_an_answer_that_was_encoded) {
  Outbox outbox{kLimits};
  EXPECT_EQ(outbox.push_answer(bytes_of(500), kStart), Verdict::keep);
  outbox.encode_first(10, [](std::string_view) { return bytes_of(300); });
  EXPECT_EQ(outbox.bytes(), 300U);
  EXPECT_EQ(outbox.push(bytes_of(100), kStart), Verdict::keep);
  EXPECT_EQ(outbox.push(bytes_of(1), kStart), Verdict::slow_consumer);
  outbox.drop_unstarted();
  EXPECT_TRUE(outbox.empty());
}

}  // namespace
}  // namespace qos::channel
