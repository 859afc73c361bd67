#include "engine/connections/usage.h"

#include <gtest/gtest.h>

#include <vector>

namespace warder::connections {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

const sys_seconds kNow = sys_days(std::chrono::year(2026) / 11 / 21) + std::chrono::hours(13);

TEST(UsageTest, EveryMemberComesBack) {
  Usage usage;
  EXPECT_EQ(*UsageFromJson(ToJson(usage)), usage);
  Usage::Day& day = usage.On(kNow);
  day.executions = 3;
  day.calls = {{"https://a.test", 2}, {"https://b.test", std::uint64_t{1} << 63}};
  day.scopes = {"read", "write"};
  usage.On(kNow + days(1)).executions = 1;
  const auto read = UsageFromJson(ToJson(usage));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, usage);
  EXPECT_EQ(read->last, kNow + days(1));
}

TEST(UsageTest, EverythingElseIsRefused) {
  const std::vector<std::string> texts = {
      "",
      "null",
      "[]",
      "{}",
      R"({"days":{}})",
      R"({"days":[],"last":"x"})",
      R"({"days":[],"last":1.5})",
      R"({"days":[],"other":1})",
      R"({"days":[1]})",
      R"({"days":[{}]})",
      R"({"days":[{"day":-1,"executions":0,"calls":{},"scopes":[]}]})",
      R"({"days":[{"day":1,"executions":-1,"calls":{},"scopes":[]}]})",
      R"({"days":[{"day":1,"executions":1,"calls":{"a":-1},"scopes":[]}]})",
      R"({"days":[{"day":1,"executions":1,"calls":{"a":"1"},"scopes":[]}]})",
      R"({"days":[{"day":1,"executions":1,"calls":[],"scopes":[]}]})",
      R"({"days":[{"day":1,"executions":1,"calls":{},"scopes":[1]}]})",
      R"({"days":[{"day":1,"executions":1,"calls":{},"scopes":{}}]})",
      R"({"days":[{"day":1,"executions":1,"calls":{},"scopes":[],"more":1}]})",
      R"({"days":[{"day":1,"executions":1,"calls":{},"other":[]}]})",
      R"({"days":[{"day":1,"executions":1,"calls":{},"scopes":[]},{"day":1,"executions":1,"calls":{},"scopes":[]}]})"};
  for (const std::string& text : texts) {
    const auto read = UsageFromJson(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, ErrorKind::kInvalidInput);
  }
}

TEST(UsageTest, AClockThatWasSetBackBehindAllDaysStillHasADay) {
  Usage usage;
  for (std::size_t i = 0; i < Usage::kMaxDays; ++i) usage.On(kNow + days(i));
  Usage::Day& before = usage.On(kNow - days(1));
  before.executions = 7;
  before.scopes = {"a scope whose name is too long for a short string"};
  EXPECT_EQ(usage.days.size(), Usage::kMaxDays);
  EXPECT_EQ(usage.days.begin()->second.executions, 7U);
  EXPECT_EQ(usage.Since(kNow - days(1), 1).executions, 7U);
}

TEST(UsageTest, FourHundredDaysAreKept) {
  Usage usage;
  for (int day = 0; day < 450; ++day) ++usage.On(kNow + days(day)).executions;
  EXPECT_EQ(usage.days.size(), 400U);
  EXPECT_EQ(usage.days.begin()->first, std::chrono::floor<days>(kNow + days(50)));
  EXPECT_EQ(usage.Since(kNow + days(449), 1'000).executions, 400U);
}

TEST(UsageTest, ADayThatIsSummedUpIsOneOfThoseAskedFor) {
  Usage usage;
  usage.On(kNow - days(2)) = {1, {{"a", 1}}, {"x"}};
  usage.On(kNow - days(1)) = {2, {{"a", 2}, {"b", 3}}, {"y"}};
  usage.On(kNow) = {4, {{"b", 4}}, {}};
  EXPECT_EQ(usage.Since(kNow, 0), Usage::Day{});
  EXPECT_EQ(usage.Since(kNow, 1), (Usage::Day{4, {{"b", 4}}, {}}));
  EXPECT_EQ(usage.Since(kNow, 2), (Usage::Day{6, {{"a", 2}, {"b", 7}}, {"y"}}));
  EXPECT_EQ(usage.Since(kNow, 3), (Usage::Day{7, {{"a", 3}, {"b", 7}}, {"x", "y"}}));
}

}  // namespace
}  // namespace warder::connections
