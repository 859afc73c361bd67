#include "engine/source_map/source_map.h"

#include <gtest/gtest.h>

namespace warder::source_map {
namespace {

std::string Why(std::string_view json) {
  const auto map = SourceMap::Parse(json);
  return map ? "" : map.error().message;
}

TEST(SourceMapTest, FindsPlacesInNamedSources) {
  const auto map = SourceMap::Parse(
      R"({"version":3,"file":"x.js","names":["a",1,null],"sourcesContent":["text",null],"x_deep":{"sources":[[{}]],"version":9},)"
      R"("sources":["../src/a.ts",null],"mappings":"AAAA,ICAA"})");
  ASSERT_TRUE(map) << map.error().message;
  const auto found = map->Find({0, 2});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->source, "src/a.ts");
  EXPECT_EQ(found->position, (Position{0, 0}));
  EXPECT_FALSE(map->Find({0, 4})) << "a source without a name";
  EXPECT_FALSE(map->Find({1, 0}));
}

TEST(SourceMapTest, ReadsEscapedMembers) {
  const auto map =
      SourceMap::Parse(R"({"ver\u0073ion":3.0,"sourceRoot":null,"sources":["\u0061"],"mappings":"\u0041AAA"})");
  ASSERT_TRUE(map) << map.error().message;
  EXPECT_EQ(map->Find({0, 0})->source, "a");
}

TEST(SourceMapTest, SaysWhatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "not JSON"},
      {"{", "not JSON"},
      {"{}x", "not JSON"},
      {"\xff", "not JSON"},
      {"{\"version\":3,\"sources\":[\"\xff\"],\"mappings\":\"\"}", "not JSON"},
      {"[]", "no object"},
      {"3", "no object"},
      {"{}", "version is not 3"},
      {R"({"version":2,"sources":[],"mappings":""})", "version is not 3"},
      {R"({"version":3,"mappings":""})", "no list of sources"},
      {R"({"version":3,"sources":[]})", "no mappings"},
      {R"({"version":3,"sections":[]})", "index map"},
      {R"({"version":3,"sources":[],"mappings":"","mappings":""})", "same member twice"},
      {R"({"version":"3","sources":[],"mappings":""})", "types"},
      {R"({"version":3,"sources":{},"mappings":""})", "types"},
      {R"({"version":3,"sources":"a","mappings":""})", "types"},
      {R"({"version":3,"sources":[["a"]],"mappings":""})", "types"},
      {R"({"version":3,"sources":[1],"mappings":""})", "types"},
      {R"({"version":3,"sources":[true],"mappings":""})", "types"},
      {R"({"version":3,"sources":[{}],"mappings":""})", "types"},
      {R"({"version":3,"sources":null,"mappings":""})", "types"},
      {R"({"version":3,"sources":[],"mappings":[]})", "types"},
      {R"({"version":3,"sources":[],"mappings":null})", "types"},
      {R"({"version":3,"sources":[],"sourceRoot":7,"mappings":""})", "types"},
      {R"({"version":3,"sources":[],"mappings":"AAAA"})", "mappings are malformed"},
      {R"({"version":3,"sources":[")" + std::string(kMaxSourceBytes + 1, 'a') + R"("],"mappings":""})", "longer than"},
      {std::string(64, '['), "not JSON"},
      {R"({"x":)" + std::string(40, '['), "not JSON"},
      {std::string(kMaxMapBytes + 1, ' '), "larger than 32 MB"},
  };
  for (const auto& [json, why] : cases) {
    EXPECT_NE(Why(json).find(why), std::string::npos) << json.substr(0, 100) << ": " << Why(json);
  }
}

TEST(SourceMapTest, KeepsABoundedNumberOfSources) {
  std::string json = R"({"version":3,"mappings":"","sources":[)";
  for (std::size_t i = 0; i < kMaxSources; ++i) json += "\"\",";
  EXPECT_EQ(Why(json + "null]}"), "it has more than 65536 sources");
  json.pop_back();
  EXPECT_EQ(Why(json + "]}"), "");
}

TEST(ShownSourceTest, IsOneShortHarmlessWord) {
  EXPECT_EQ(ShownSource("", "../../src/./a.ts"), "src/./a.ts");
  EXPECT_EQ(ShownSource("root", "a.ts"), "root/a.ts");
  EXPECT_EQ(ShownSource("root/", "a.ts"), "root/a.ts");
  EXPECT_EQ(ShownSource("", "node_modules/ä/ü.js"), "node_modules/ä/ü.js");
  EXPECT_EQ(ShownSource("", "a\n    at evil (b.js:1:1)\x1b[2J"), "a?    at evil (b.js:1:1)?[2J");
  EXPECT_EQ(ShownSource("", "a\xe2\x80\xae.js\xc2\x85\xff"), "a?.js??");
  EXPECT_EQ(ShownSource("", "../"), "");
  const std::string shown = ShownSource("", "start/" + std::string(1'000, 'x') + "/end.ts");
  EXPECT_EQ(shown.size(), kMaxShownSourceBytes + std::string("…").size());
  EXPECT_TRUE(shown.ends_with("/end.ts"));
}

}  // namespace
}  // namespace warder::source_map
