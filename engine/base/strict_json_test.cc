#include "engine/base/strict_json.h"

#include <gtest/gtest.h>

#include <string>

namespace warder {
namespace {

TEST(StrictJsonTest, OrdinaryDocumentsAreRead) {
  const auto value = ParseStrict(R"({"a":[{"b":1},{"b":2}],"c":{"a":"b"}})");
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(value->at("a").at(1).at("b").as_int64(), 2);
}

TEST(StrictJsonTest, ANameTwiceIsRefusedHoweverItIsSpelled) {
  for (const char* text :
       {R"({"a":1,"a":2})", R"({"a":1,"\u0061":2})", R"([{"x":{"a":1,"b":2,"a":3}}])", R"({"":1,"":1})"}) {
    const auto value = ParseStrict(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().message, "an object in it has the same name twice") << text;
  }
}

TEST(StrictJsonTest, WhatIsNotOneDocumentIsRefused) {
  for (const char* text : {"", " ", "{", "{}{}", "{} x", "[1,]", "{\"a\":}", "nul", "\"\xff\"", "// no\n{}"}) {
    EXPECT_FALSE(ParseStrict(text)) << text;
  }
}

TEST(StrictJsonTest, DepthIsBounded) {
  EXPECT_TRUE(ParseStrict(std::string(kMaxStrictDepth, '[') + std::string(kMaxStrictDepth, ']')));
  EXPECT_FALSE(ParseStrict(std::string(kMaxStrictDepth + 1, '[') + std::string(kMaxStrictDepth + 1, ']')));
  EXPECT_FALSE(ParseStrict(std::string(1'000'000, '[')));
}

}  // namespace
}  // namespace warder
