// What has run: as a cell says it, which may lie, and as lines.
#include "warder/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "engine/coverage/precise_coverage.h"
#include "engine/coverage/stretches.h"

namespace warder::coverage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::shared_ptr<const Bundle> BundleOf(std::vector<Bundle::File> files) {
  const std::string entry = files.front().name;
  return Bundle::Of(std::move(files), entry);
}

const auto kBundle = BundleOf({{"index.js", "0123456789"}, {"a.js", "ä€😀x"}});

std::string Script(const std::string& url, const std::string& ranges) {
  return R"({"scriptId":"7","url":")" + url + R"(","functions":[{"functionName":"f","ranges":[)" + ranges +
         R"(],"isBlockCoverage":true}]})";
}
std::string Range(std::int64_t begin, std::int64_t end, const std::string& count = "1") {
  return R"({"startOffset":)" + std::to_string(begin) + R"(,"endOffset":)" + std::to_string(end) + R"(,"count":)" +
         count + "}";
}
std::string ErrorOf(const std::string& json) {
  const auto read = ReadPreciseCoverage(json, *kBundle);
  return read ? "none" : read.error().message;
}

TEST(PreciseCoverageTest, IsReadAsV8WritesIt) {
  const auto read = ReadPreciseCoverage(
      "[" + Script("index.js", Range(0, 10) + "," + Range(2, 5, "0")) + "," + Script("a.js", Range(0, 5, "3")) + "]",
      *kBundle);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(read->at(0).module, "index.js");
  ASSERT_EQ(read->at(0).ranges.size(), 2U);
  EXPECT_EQ(read->at(0).ranges[1].begin, 2U);
  EXPECT_EQ(read->at(0).ranges[1].end, 5U);
  EXPECT_EQ(read->at(0).ranges[1].count, 0U);
  EXPECT_EQ(read->at(1).ranges[0].count, 3U);
  EXPECT_TRUE(ReadPreciseCoverage("[]", *kBundle)->empty());
}

TEST(PreciseCoverageTest, ALieIsNamed) {
  EXPECT_THAT(ErrorOf("[" + Script("other.js", Range(0, 1)) + "]"), HasSubstr("not of the bundle"));
  EXPECT_THAT(ErrorOf("[" + Script(std::string(5'000, 'x'), Range(0, 1)) + "]"), HasSubstr("not of the bundle"));
  EXPECT_THAT(ErrorOf("[" + Script("a.js", "") + "," + Script("a.js", "") + "]"), HasSubstr("twice"));
  EXPECT_THAT(ErrorOf("[" + Script("index.js", Range(0, 11)) + "]"), HasSubstr("beyond the end"));
  EXPECT_THAT(ErrorOf("[" + Script("a.js", Range(0, 6)) + "]"), HasSubstr("beyond the end"))
      << "in UTF-16, of which it has 5";
  EXPECT_THAT(ErrorOf("[" + Script("index.js", Range(-1, 3)) + "]"), HasSubstr("below zero"));
  EXPECT_THAT(ErrorOf("[" + Script("index.js", Range(5, 3)) + "]"), HasSubstr("a range that is none"));
  EXPECT_THAT(ErrorOf("[" + Script("index.js", R"({"startOffset":1,"endOffset":2})") + "]"),
              HasSubstr("a range that is none"));
  EXPECT_THAT(ErrorOf("[" + Script("index.js", Range(0, 1, "1.5")) + "]"), HasSubstr("a number that is none"));
  EXPECT_THAT(ErrorOf("[" + Script("index.js", Range(0, 1, "9007199254740993")) + "]"),
              HasSubstr("a range that is none"));
  EXPECT_THAT(ErrorOf(R"([{"functions":[],"url":"a.js"}])"), HasSubstr("before it has a name"));
  EXPECT_THAT(ErrorOf(R"([{"url":"a.js","url":"index.js"}])"), HasSubstr("not of the bundle"));
  for (const char* shape :
       {"{}", "3", "[3]", "[[]]", R"([{"url":{}}])", R"([{"url":"a.js","functions":[1]}])",
        R"([{"url":"a.js","functions":[{"ranges":[[]]}]}])", R"([{"url":"a.js","functions":[{"ranges":{}}]}])"}) {
    EXPECT_THAT(ErrorOf(shape), HasSubstr("not built as it must be")) << shape;
  }
  for (const char* text : {"", "[", "[]]", "[}", "\xff"}) EXPECT_THAT(ErrorOf(text), HasSubstr("JSON")) << text;
  std::string many;
  for (std::size_t i = 0; i <= kMaxCoveredRanges; ++i) many += (i == 0 ? "" : ",") + Range(0, 1);
  EXPECT_THAT(ErrorOf("[" + Script("index.js", many) + "]"), HasSubstr("more than 500000 ranges"));
}

TEST(StretchesTest, TheLastRangeThatHoldsAllOfAStretchCounts) {
  const std::vector<Stretch> stretches = {{0, 3}, {4, 4}, {5, 9}, {10, 12}};
  EXPECT_THAT(CountStretches(stretches, {}), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(CountStretches(stretches, {{0, 12, 2}}), ElementsAre(2, 2, 2, 2));
  EXPECT_THAT(CountStretches(stretches, {{0, 12, 2}, {5, 9, 0}}), ElementsAre(2, 2, 0, 2));
  EXPECT_THAT(CountStretches(stretches, {{0, 12, 2}, {6, 9, 0}, {0, 8, 7}}), ElementsAre(7, 7, 2, 2));
  EXPECT_THAT(CountStretches(stretches, {{0, 12, 2}, {0, 12, 5}, {4, 4, 9}, {20, 30, 1}}), ElementsAre(5, 9, 5, 5));
  EXPECT_THAT(CountStretches({}, {{0, 12, 2}}), IsEmpty());
}

// Would take hours if it looked at each stretch for each range.
TEST(StretchesTest, ManyOfBothTakeMoments) {
  std::vector<Stretch> stretches;
  std::vector<CoveredRange> ranges;
  for (std::uint32_t i = 0; i < 1'000'000; ++i) stretches.push_back({i, i + 1});
  for (std::uint32_t i = 0; i < kMaxCoveredRanges; ++i) ranges.push_back({i, 2'000'000 - i, i});
  EXPECT_EQ(CountStretches(stretches, ranges)[kMaxCoveredRanges - 1], kMaxCoveredRanges - 1);
}

constexpr char kSource[] =
    "function a() {\n"           // 0 to 14
    "  return 1;\r\n"            // 15 to 26, and what ends it
    "}\n"                        // 28
    "const b = a() ? 1 : 0;\n";  // 30 to 52

TEST(LineCoverageTest, ALineHasRunUnlessAStretchThatHasNotHoldsAllOfIt) {
  LineCoverage lines;
  const auto bundle = BundleOf({{"index.js", kSource}, {"lib/never.js", "x\ny"}, {"data.json", "{}"}});
  lines.Add("flow", bundle, {{"index.js", {{0, 53, 1}, {0, 29, 0}, {46, 51, 0}}}});
  const auto files = lines.Files();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].path, "flow/index.js");
  EXPECT_THAT(files[0].lines, ElementsAre(Pair(1, 0), Pair(2, 0), Pair(3, 0), Pair(4, 1)));
  EXPECT_EQ(files[0].covered, 1U);
  EXPECT_EQ(files[1].path, "flow/lib/never.js");
  EXPECT_THAT(files[1].lines, ElementsAre(Pair(1, 0), Pair(2, 0))) << "it was never loaded";
  EXPECT_DOUBLE_EQ(lines.Percent(), 100.0 / 6);
}

TEST(LineCoverageTest, RunsAddUp) {
  LineCoverage lines;
  const auto bundle = BundleOf({{"index.js", kSource}});
  lines.Add("a/index.js", bundle, {{"index.js", {{0, 53, 1}, {0, 29, 0}}}});
  lines.Add("a/index.js", bundle, {{"index.js", {{0, 53, 1}, {0, 29, 5}}}});
  lines.Add("a/index.js", bundle, {});
  lines.Add("b/index.js", bundle, {{"index.js", {{0, 53, ~std::uint64_t{0}}}}});
  lines.Add("b/index.js", bundle, {{"index.js", {{0, 53, 3}}}});
  const auto files = lines.Files();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].path, "a/index.js");
  EXPECT_THAT(files[0].lines, ElementsAre(Pair(1, 5), Pair(2, 5), Pair(3, 5), Pair(4, 2)));
  EXPECT_EQ(files[1].lines.at(1), ~std::uint64_t{0});
}

TEST(LineCoverageTest, NothingIsCoveredWhole) { EXPECT_DOUBLE_EQ(LineCoverage().Percent(), 100); }

}  // namespace
}  // namespace warder::coverage
