#include "engine/base/strict_json.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
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
    EXPECT_NE(value.error().message.find("an object in it has the same name twice, at line 1, column "),
              std::string::npos)
        << value.error().message;
  }
  EXPECT_EQ(ParseStrict("{\n  \"a\": 1,\n  \"a\": 2}").error().message,
            "an object in it has the same name twice, at line 3, column 5; leave one of them");
}

TEST(StrictJsonTest, AnErrorSaysWhere) {
  EXPECT_EQ(ParseStrict("{\n \"a\" 1}").error().message,
            "it is not JSON: syntax error at line 2, column 6; it has to be one JSON value in UTF-8");
}

TEST(StrictJsonTest, ValuesAreShownShort) {
  EXPECT_EQ(Shown(1.5), "1.5");
  EXPECT_EQ(Shown("a\n"), R"("a\n")");
  EXPECT_EQ(Shown(boost::json::value(std::string(500, 'x'))).size(), 80 + std::string("…").size());
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
