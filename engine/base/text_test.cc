#include "engine/base/text.h"

#include <gtest/gtest.h>

#include "engine/base/sha256.h"

namespace warder {
namespace {

TEST(TextTest, JsonIsOneDocumentOfBoundedDepth) {
  EXPECT_TRUE(IsJson(R"( {"a":[1,2.5e3,null,true,"\u00e9"]} )"));
  EXPECT_TRUE(IsJson("null"));
  EXPECT_FALSE(IsJson(""));
  EXPECT_FALSE(IsJson("{} {}"));
  EXPECT_FALSE(IsJson("{'a':1}"));
  EXPECT_FALSE(IsJson("\"\xff\""));
  EXPECT_TRUE(IsJson(std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']')));
  EXPECT_FALSE(IsJson(std::string(kMaxJsonDepth + 1, '[') + std::string(kMaxJsonDepth + 1, ']')));
}

TEST(TextTest, AJsonErrorHasItsLine) {
  std::string why;
  EXPECT_FALSE(IsJson("{\n\"a\": 1,\n oops}", &why));
  EXPECT_NE(why.find("at line 3, column 2; it has to be"), std::string::npos) << why;
  EXPECT_FALSE(IsJson("{\"\xc3\xa9\": oops}", &why));
  EXPECT_NE(why.find("at line 1, column 7;"), std::string::npos) << why;
  EXPECT_FALSE(IsJson("[[[1]]]", &why, 2));
  EXPECT_NE(why.find("more than 2 levels at line 1"), std::string::npos) << why;
  EXPECT_FALSE(IsJson("\"\xff\"", &why));
  EXPECT_NE(why.find("not UTF-8: the byte at offset 1 "), std::string::npos) << why;
}

TEST(TextTest, TruncateCutsWhereACharacterEnds) {
  EXPECT_EQ(Truncate("abc", 3), "abc");
  EXPECT_EQ(Truncate("abcd", 3), "abc…");
  EXPECT_EQ(Truncate("a\xc3\xa9z", 2), "a…");
}

TEST(TextTest, RandomIdsDiffer) {
  EXPECT_EQ(RandomId().size(), 32u);
  EXPECT_NE(RandomId(), RandomId());
}

TEST(Sha256Test, PublishedVector) {  // FIPS 180-4, "abc"
  Sha256 hash;
  hash.Update("a");
  hash.Update("bc");
  EXPECT_EQ(hash.Hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace warder
