// What is taken out of texts, and what is left in them.
#include "engine/journal/redaction.h"

#include <gtest/gtest.h>

namespace warder::journal {
namespace {

TEST(RedactionTest, MembersAreTakenOutAtAnyDepth) {
  Redaction redaction({"email", "person"});
  const std::string text =
      R"({"id":1,"email":"anna@a.test","to":[{"email":"otto@a.test"},{"email":"anna@a.test"}],"person":{"n":"Anna B","age":41,"ok":true,"none":null}})";
  redaction.Learn(text);
  EXPECT_EQ(
      redaction.Apply(text),
      R"({"id":1,"email":"redacted-1@redacted.invalid","to":[{"email":"redacted-2@redacted.invalid"},{"email":"redacted-1@redacted.invalid"}],"person":{"n":"redacted-3","age":4,"ok":false,"none":null}})");
  EXPECT_EQ(redaction.Apply(R"({ "id": 1.50 })"), R"({ "id": 1.50 })");
}

// One text names it, and others hold it.
TEST(RedactionTest, AKnownValueIsTakenOutOfEveryText) {
  Redaction redaction({"name"});
  redaction.Learn(R"({"name":"Änn \"B\"/c","x":{"name":4915112345}})");
  EXPECT_EQ(redaction.Apply("hello Änn \"B\"/c!"), "hello redacted-1!");
  EXPECT_EQ(redaction.Apply("/users/%C3%84nn%20%22B%22%2Fc?x"), "/users/redacted-1?x");
  EXPECT_EQ(redaction.Apply(R"({"text":"by Änn \"B\"/c"})"), R"({"text":"by redacted-1"})");
  EXPECT_EQ(redaction.Apply("tel:4915112345"), "tel:redacted-2");
  EXPECT_EQ(redaction.FindIn("it is Änn \\\"B\\\"/c"), "name");
  EXPECT_EQ(redaction.FindIn("it is somebody"), "");
}

TEST(RedactionTest, JsonInsideOfJsonIsLookedAt) {
  Redaction redaction({"email"});
  const std::string text = R"({"body":"{\"email\":\"anna@a.test\",\"n\":1}"})";
  redaction.Learn(text);
  EXPECT_EQ(redaction.Apply(text), R"({"body":"{\"email\":\"redacted-1@redacted.invalid\",\"n\":1}"})");
}

// They would be found by chance.
TEST(RedactionTest, AShortValueIsTakenOutOfItsMemberOnly) {
  Redaction redaction({"name", "age"});
  redaction.Learn(R"({"name":"Al","age":2026})");
  EXPECT_EQ(redaction.Apply(R"({"name":"Al","age":2026,"also":"Al 2026"})"),
            R"({"name":"redacted-1","age":2,"also":"Al 2026"})");
  EXPECT_EQ(redaction.FindIn("Al 2026"), "");
}

// The longest first, whatever is in which.
TEST(RedactionTest, AValueInsideOfAnotherOneLeavesNoRest) {
  Redaction redaction({"a"});
  redaction.Learn(R"({"a":["anna","anna@a.test"]})");
  EXPECT_EQ(redaction.Apply("anna@a.test anna"), "redacted-2@redacted.invalid redacted-1");
}

}  // namespace
}  // namespace warder::journal
