#include "engine/source_map/vlq.h"

#include <gtest/gtest.h>

namespace warder::source_map {
namespace {

std::optional<std::int64_t> Whole(std::string_view text) {
  const auto value = TakeVlq(&text);
  return text.empty() ? value : std::nullopt;
}

TEST(VlqTest, ReadsTheStandardsExamples) {
  EXPECT_EQ(Whole("iB"), 17);
  EXPECT_EQ(Whole("V"), -10);
  EXPECT_EQ(Whole("A"), 0);
  EXPECT_EQ(Whole("C"), 1);
  EXPECT_EQ(Whole("D"), -1);
  EXPECT_EQ(Whole("gB"), 16);
  EXPECT_EQ(Whole("6rk2B"), 886973);
}

TEST(VlqTest, EndsAtThirtyTwoBits) {
  EXPECT_EQ(Whole("+/////D"), INT32_MAX);
  EXPECT_EQ(Whole("//////D"), -std::int64_t{INT32_MAX});
  EXPECT_EQ(Whole("B"), -(std::int64_t{1} << 31)) << "minus zero stands for the least number";
  EXPECT_EQ(Whole("//////E"), std::nullopt);
  EXPECT_EQ(Whole("ggggggE"), std::nullopt);
  EXPECT_EQ(Whole("////////////////////////////////////D"), std::nullopt);
  EXPECT_EQ(Whole("gggggggggA"), std::nullopt) << "digits that add nothing";
}

TEST(VlqTest, RefusesWhatIsNoNumber) {
  for (const std::string_view text : {"", "g", "ggg", "=", "-", "_", "g=", " A", "\xff", "g\n"}) {
    EXPECT_EQ(Whole(text), std::nullopt) << text;
  }
}

TEST(VlqTest, LeavesWhatComesAfter) {
  std::string_view text = "iBV,A";
  EXPECT_EQ(TakeVlq(&text), 17);
  EXPECT_EQ(TakeVlq(&text), -10);
  EXPECT_EQ(text, ",A");
}

}  // namespace
}  // namespace warder::source_map
