#include "engine/broker/policy/path_pattern.h"

#include <gtest/gtest.h>

namespace warder::broker {
namespace {

enum class As { kAllow, kDeny };

bool Fits(const std::string& pattern, const std::string& path, As as = As::kAllow) {
  const auto parsed = PathPattern::Parse(pattern);
  EXPECT_TRUE(parsed) << pattern << " " << (parsed ? "" : parsed.error().message);
  const auto segments = PathSegments(path);
  EXPECT_TRUE(segments) << path << " " << (segments ? "" : segments.error().message);
  if (!parsed || !segments) return false;
  return as == As::kAllow ? parsed->Matches(*segments) : parsed->MatchesLoosely(*segments);
}

TEST(PathPattern, SegmentsAreComparedOneByOne) {
  EXPECT_TRUE(Fits("/", "/"));
  EXPECT_TRUE(Fits("/v1/orders", "/v1/orders"));
  EXPECT_FALSE(Fits("/v1/orders", "/v1/orders/"));
  EXPECT_TRUE(Fits("/v1/orders/", "/v1/orders/"));
  EXPECT_FALSE(Fits("/v1/orders/", "/v1/orders"));
  EXPECT_FALSE(Fits("/v1/orders", "/v1/order"));
  EXPECT_FALSE(Fits("/v1/orders", "/v1/orders2"));
  EXPECT_FALSE(Fits("/v1/orders", "/v1"));
  EXPECT_FALSE(Fits("/v1/orders", "/V1/orders"));
  EXPECT_FALSE(Fits("/v1", "/"));
  EXPECT_FALSE(Fits("/", "/v1"));
}

TEST(PathPattern, AWildcardStandsForOneSegmentOrAPartOfIt) {
  for (const std::string wildcard : {"{id}", "*"}) {
    EXPECT_TRUE(Fits("/v1/" + wildcard, "/v1/42"));
    EXPECT_TRUE(Fits("/v1/" + wildcard, "/v1/a%20b"));
    EXPECT_FALSE(Fits("/v1/" + wildcard, "/v1/"));
    EXPECT_FALSE(Fits("/v1/" + wildcard, "/v1"));
    EXPECT_FALSE(Fits("/v1/" + wildcard, "/v1/a/b"));
    EXPECT_TRUE(Fits("/v1/" + wildcard + "/x", "/v1/a/x"));
    EXPECT_FALSE(Fits("/v1/" + wildcard + "/x", "/v1/x"));
    EXPECT_TRUE(Fits("/o/" + wildcard + ".json", "/o/42.json"));
    EXPECT_FALSE(Fits("/o/" + wildcard + ".json", "/o/.json"));
    EXPECT_FALSE(Fits("/o/" + wildcard + ".json", "/o/42.xml"));
    EXPECT_TRUE(Fits("/o/n-" + wildcard, "/o/n-1"));
    EXPECT_FALSE(Fits("/o/ab" + wildcard + "ba", "/o/aba")) << "the fixed parts do not overlap";
  }
}

TEST(PathPattern, CoversWhereItCertainlyFitsAllOfTheOther) {
  const auto covers = [](const char* wide, const char* narrow) {
    return PathPattern::Parse(wide)->Covers(*PathPattern::Parse(narrow));
  };
  EXPECT_TRUE(covers("/**", "/a/b"));
  EXPECT_TRUE(covers("/**", "/a/**"));
  EXPECT_TRUE(covers("/a/**", "/a"));
  EXPECT_TRUE(covers("/a/**", "/a/b/**"));
  EXPECT_TRUE(covers("/a/{id}", "/a/b"));
  EXPECT_TRUE(covers("/a/*", "/a/{id}.json"));
  EXPECT_TRUE(covers("/a/b", "/a/b"));
  EXPECT_FALSE(covers("/a/**", "/**"));
  EXPECT_FALSE(covers("/a/*", "/a/**"));
  EXPECT_FALSE(covers("/a/*", "/a/")) << "a wildcard stands for something";
  EXPECT_FALSE(covers("/a/*.json", "/a/{id}"));
  EXPECT_FALSE(covers("/a/b", "/a/B"));
  EXPECT_FALSE(covers("/a", "/a/b"));
}

TEST(PathPattern, TheRestMayBeNothing) {
  for (const char* path : {"/v1/files", "/v1/files/", "/v1/files/a", "/v1/files/a/b/"}) {
    EXPECT_TRUE(Fits("/v1/files/**", path)) << path;
    EXPECT_TRUE(Fits("/**", path)) << path;
  }
  EXPECT_TRUE(Fits("/**", "/"));
  for (const char* path : {"/", "/v1", "/v1/", "/v1/filesystem", "/v1/Files/a"}) {
    EXPECT_FALSE(Fits("/v1/files/**", path)) << path;
  }
  EXPECT_TRUE(PathPattern::Parse("/**")->everything());
  EXPECT_EQ(*PathPattern::Parse("/**"), PathPattern::Everything());
  EXPECT_FALSE(PathPattern::Parse("/*")->everything());
  EXPECT_FALSE(PathPattern::Parse("/")->everything());
}

TEST(PathPattern, PercentEncodingMakesNoDifference) {
  EXPECT_TRUE(Fits("/gr%C3%B6%c3%9fe", "/gr%c3%b6%C3%9Fe"));
  EXPECT_TRUE(Fits("/~a", "/%7Ea"));
  EXPECT_TRUE(Fits("/%61b", "/a%62"));
  EXPECT_TRUE(Fits("/a:b", "/a%3Ab"));
  EXPECT_TRUE(Fits("/%2A", "/*"));
  EXPECT_FALSE(Fits("/%2A", "/x"));
  EXPECT_TRUE(Fits("/%7Bid%7D", "/%7bid%7d"));
  EXPECT_FALSE(Fits("/%7Bid%7D", "/x"));
  EXPECT_TRUE(Fits("/100%25", "/100%25"));
}

TEST(PathPattern, DenyingIgnoresCaseAndASlashAtTheEnd) {
  for (const char* path : {"/v1/admin", "/V1/Admin", "/v1/admin/", "/v1/%41dmin", "/v1/%61dmin/"}) {
    EXPECT_TRUE(Fits("/v1/admin", path, As::kDeny)) << path;
    EXPECT_TRUE(Fits("/v1/admin/", path, As::kDeny)) << path;
    EXPECT_TRUE(Fits("/v1/admin/**", path, As::kDeny)) << path;
  }
  EXPECT_TRUE(Fits("/v1/{x}.PHP", "/v1/a.php", As::kDeny));
  EXPECT_TRUE(Fits("/", "/", As::kDeny));
  EXPECT_TRUE(Fits("/**", "/", As::kDeny));
  EXPECT_FALSE(Fits("/v1/admin", "/v1/admin/x", As::kDeny));
  EXPECT_FALSE(Fits("/v1/admin", "/v1/admins", As::kDeny));
  EXPECT_FALSE(Fits("/v1/{id}", "/v1/", As::kDeny));
}

TEST(PathPattern, IsWrittenInOneForm) {
  const std::pair<const char*, const char*> cases[] = {
      {"/", "/"},
      {"/**", "/**"},
      {"/v1/{id}/*/x-*", "/v1/{id}/*/x-*"},
      {"/%61/%7e/%c3%bc", "/a/~/%C3%BC"},
      {"/%2a%7b%7D", "/%2A%7B%7D"},
      {"/a,b/c", "/a,b/c"},
      {"/v1/", "/v1/"},
      {"/{a_b-1}.json", "/{a_b-1}.json"},
  };
  for (const auto& [text, expected] : cases) {
    const auto pattern = PathPattern::Parse(text);
    ASSERT_TRUE(pattern) << text << ": " << pattern.error().message;
    EXPECT_EQ(pattern->ToString(), expected);
    EXPECT_EQ(*PathPattern::Parse(expected), *pattern);
  }
}

TEST(PathPattern, RefusesWhatCouldNotBeMatchedOrMeansSomethingElse) {
  std::string deep;
  for (std::size_t i = 0; i <= kMaxPatternSegments; ++i) deep += "/a";
  for (const std::string& text : {std::string(),
                                  std::string("v1"),
                                  std::string("*"),
                                  std::string("https://a/"),
                                  std::string("//"),
                                  std::string("/a//b"),
                                  std::string("/a//"),
                                  std::string("/**/a"),
                                  std::string("/a**"),
                                  std::string("/***"),
                                  std::string("/{}"),
                                  std::string("/{a"),
                                  std::string("/a}"),
                                  std::string("/{a b}"),
                                  std::string("/{a}{b}"),
                                  std::string("/{a}*"),
                                  std::string("/*{a}"),
                                  std::string("/."),
                                  std::string("/.."),
                                  std::string("/a/../b"),
                                  std::string("/%2e"),
                                  std::string("/%2E%2e/a"),
                                  std::string("/a?b"),
                                  std::string("/a#b"),
                                  std::string("/a;b"),
                                  std::string("/a%3bb"),
                                  std::string("/a%2Fb"),
                                  std::string("/a%5cb"),
                                  std::string("/a%252fb"),
                                  std::string("/a%3Fb"),
                                  std::string("/a%23b"),
                                  std::string("/a%"),
                                  std::string("/a%2"),
                                  std::string("/a%zz"),
                                  std::string("/a%00"),
                                  std::string("/a%0a"),
                                  std::string("/a%FF"),
                                  std::string("/a\\b"),
                                  deep}) {
    EXPECT_FALSE(PathPattern::Parse(text)) << text;
  }
}

TEST(PathSegments, RefusesWhatIsAmbiguous) {
  for (const char* path :
       {"//", "/a//b", "/a/;b", "/a;x=1", "/a%3bx", "/a%2fb", "/a%2Fb", "/a%5Cb", "/a%3fb", "/a%23b", "/a%252fb",
        "/a%2541", "/a%25%34%31", "/a%09b", "/a%7fb", "/a%C0%AEb", "/a%FFb", "/a%ED%A0%80"}) {
    EXPECT_FALSE(PathSegments(path)) << path;
  }
  for (const char* path :
       {"/", "/a/", "/a%20b", "/100%25", "/100%25x", "/%C3%BC", "/a,b:c@d!$&'()*+=", "/...", "/.a"}) {
    EXPECT_TRUE(PathSegments(path)) << path;
  }
}

}  // namespace
}  // namespace warder::broker
