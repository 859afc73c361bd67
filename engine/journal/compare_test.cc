#include "engine/journal/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "warder/replay.h"

namespace warder::journal {
namespace {

using testing::HasSubstr;

proto::FromCell Get(const std::string& url) {
  proto::FromCell frame;
  frame.mutable_http_request()->set_call(1);
  frame.mutable_http_request()->set_method("GET");
  frame.mutable_http_request()->set_url(url);
  return frame;
}

TEST(CompareTest, AnotherCallIsNamedWithItsNumberAndWhatDiffers) {
  Said before;
  before.calls = 6;
  const auto divergence = Compare(before, Get("https://api.test/a"), Get("https://api.test/b"));
  ASSERT_TRUE(divergence);
  EXPECT_EQ(divergence->what, "the 7th call was GET https://api.test/b, recorded was GET https://api.test/a");
  EXPECT_EQ(divergence->diff, "url\n  - https://api.test/a\n  + https://api.test/b\n");
  EXPECT_FALSE(Compare(before, Get("https://api.test/a"), Get("https://api.test/a")));
}

TEST(CompareTest, HeadersAreComparedOneByOne) {
  proto::FromCell recorded = Get("https://api.test/a");
  proto::FromCell now = recorded;
  const auto add = [](proto::FromCell& frame, const char* name, const char* value) {
    auto* header = frame.mutable_http_request()->add_headers();
    header->set_name(name);
    header->set_value(value);
  };
  add(recorded, "x-a", "1");
  add(recorded, "x-b", "1");
  add(now, "x-a", "2");
  add(now, "x-c", "3");
  const auto divergence = Compare({}, recorded, now);
  ASSERT_TRUE(divergence);
  EXPECT_EQ(divergence->what, "the 1st call, GET https://api.test/a, is not as it was recorded");
  EXPECT_EQ(divergence->diff,
            "header x-a\n  - 1\n  + 2\nheader x-b\n  - 1\n  + (none)\nheader x-c\n  - (none)\n  + 3\n");
}

TEST(CompareTest, AnotherKindOfThingIsNamed) {
  proto::FromCell log;
  log.mutable_log()->set_message("loaded");
  proto::FromCell done;
  done.mutable_result()->set_succeeded(true);
  EXPECT_EQ(Compare({}, Get("https://api.test/a"), log)->what,
            "the execution now logs \"loaded\" where the recorded one calls GET https://api.test/a (its 1st call)");
  EXPECT_EQ(Compare({}, log, done)->what, "the execution now succeeds where the recorded one logs \"loaded\"");
}

TEST(CompareTest, LogsTimersCreditsAndCancelsAreCompared) {
  proto::FromCell recorded;
  recorded.mutable_log()->set_message("a");
  proto::FromCell now = recorded;
  now.mutable_log()->set_fields_json("{}");
  EXPECT_THAT(Compare({}, recorded, now)->what, HasSubstr("the 1st line of the log"));
  recorded.mutable_timer_request()->set_delay_ms(1);
  now.mutable_timer_request()->set_delay_ms(2);
  EXPECT_THAT(Compare({}, recorded, now)->what, HasSubstr("sets a timer of 2 ms"));
  recorded.mutable_response_credit()->set_bytes(1);
  now.mutable_response_credit()->set_bytes(2);
  EXPECT_TRUE(Compare({}, recorded, now));
  recorded.mutable_cancel_call()->set_call(1);
  now.mutable_cancel_call()->set_call(2);
  EXPECT_TRUE(Compare({}, recorded, now));
  EXPECT_FALSE(Compare({}, now, now));
}

// They look the same to a person, and are not.
TEST(CompareTest, WhatReadsAlikeIsNotTheSame) {
  proto::FromCell recorded;
  recorded.mutable_log()->set_message("a");
  recorded.mutable_log()->set_fields_json("{}");
  proto::FromCell now;
  now.mutable_log()->set_message("a {}");
  EXPECT_TRUE(Compare({}, recorded, now));
  const auto header = [](proto::FromCell& frame, const char* value, const char* body) {
    frame.mutable_respond()->set_body(body);
    frame.mutable_respond()->add_headers()->set_value(value);
  };
  header(recorded, "1\n\nb", "");
  header(now, "1", "b\n\n");
  EXPECT_TRUE(Compare({}, recorded, now));
  recorded.mutable_step()->mutable_began()->mutable_input()->set_shape("a, 0 bytes");
  now.mutable_step()->mutable_began()->mutable_input()->set_shape("a");
  now.mutable_step()->mutable_began()->mutable_input()->set_json("0 bytes");
  EXPECT_TRUE(Compare({}, recorded, now));
}

TEST(CompareTest, AllOfAnEndIsCompared) {
  proto::FromCell recorded;
  recorded.mutable_result()->mutable_thrown()->set_message("a");
  proto::FromCell now = recorded;
  now.mutable_result()->mutable_thrown()->set_ceiling(proto::ThrownError::STRING);
  EXPECT_THAT(Compare({}, recorded, now)->diff, HasSubstr("ceiling STRING"));
  recorded.mutable_result()->mutable_rejected()->set_column(1);
  now.mutable_result()->mutable_rejected()->set_column(2);
  EXPECT_THAT(Compare({}, recorded, now)->diff, HasSubstr(":0:2"));
  recorded.mutable_stopped()->set_reason(proto::Stopped::LOG);
  recorded.mutable_stopped()->set_stack("at a");
  now = recorded;
  now.mutable_stopped()->set_stack("at b");
  EXPECT_THAT(Compare({}, recorded, now)->diff, HasSubstr("at b"));
  // Where a heap is full depends on when rubbish was collected.
  recorded.mutable_stopped()->set_reason(proto::Stopped::HEAP);
  now.mutable_stopped()->set_reason(proto::Stopped::HEAP);
  EXPECT_FALSE(Compare({}, recorded, now));
  recorded.mutable_violation()->set_syscall(41);
  recorded.mutable_violation()->add_arguments(1);
  now.mutable_violation()->set_syscall(41);
  EXPECT_FALSE(Compare({}, recorded, now));
  now.mutable_violation()->set_arch(7);
  EXPECT_TRUE(Compare({}, recorded, now));
}

TEST(CompareTest, WhatACellSaysOfItselfIsNotCompared) {
  proto::FromCell recorded;
  recorded.mutable_result()->set_succeeded(true);
  proto::FromCell now = recorded;
  now.mutable_result()->mutable_usage()->set_heap_peak_bytes(7);
  EXPECT_FALSE(Compare({}, recorded, now));
  recorded.mutable_result()->mutable_thrown()->set_message("a");
  now.mutable_result()->mutable_thrown()->set_message("b");
  EXPECT_THAT(Compare({}, recorded, now)->diff, HasSubstr("b"));
}

TEST(CompareTest, LongPiecesOfRequestsAreComparedByTheirHash) {
  const auto recorded = DigestOfPiece(1, std::string(20'000, 'a'), true);
  EXPECT_FALSE(CompareBody("POST x", recorded, *DecodeDigest(EncodeDigest(recorded))));
  EXPECT_THAT(CompareBody("POST x", recorded, DigestOfPiece(1, std::string(20'000, 'b'), true))->diff,
              HasSubstr("SHA-256"));
  EXPECT_TRUE(CompareBody("POST x", recorded, DigestOfPiece(1, std::string(20'000, 'a'), false)));
  EXPECT_FALSE(DecodeDigest("short"));
}

TEST(CompareTest, OutputsThatMeanTheSameAreNotTheSameBitForBit) {
  EXPECT_FALSE(CompareOutput("[1]", "[1]"));
  EXPECT_THAT(CompareOutput("[1, 2]", "[1,2]")->diff, HasSubstr("another spelling"));
}

TEST(DifferenceTest, JsonIsComparedPlaceByPlace) {
  EXPECT_EQ(Difference(R"({"a":1,"b":[1,2],"c":0})", R"({"a":2,"b":[1,3,4],"d":0})"),
            "$.a\n  - 1\n  + 2\n$.b[1]\n  - 2\n  + 3\n$.b[2]\n  - (nothing)\n  + 4\n$.c\n  - 0\n  + (nothing)\n"
            "$.d\n  - (nothing)\n  + 0\n");
  EXPECT_EQ(Difference("[1.0]", "[ 1 ]"), "");
  EXPECT_NE(Difference("[1]", "[\"1\"]"), "");
}

TEST(DifferenceTest, OtherTextsAreComparedWhereTheyBeginToDiffer) {
  EXPECT_EQ(Difference("abc", "abd"), "- abc\n+ abd\n");
  const std::string much(1000, 'x');
  EXPECT_THAT(Difference(much + "a" + much, much + "b" + much), HasSubstr("at byte 1000\n  - …"));
  std::string many = "[";
  for (int i = 0; i < 100; ++i) many += std::to_string(i) + ",";
  EXPECT_THAT(Difference("[]", many + "0]"), HasSubstr("and 81 places more"));
}

}  // namespace
}  // namespace warder::journal
