#include "engine/base/base64.h"

#include <gtest/gtest.h>

namespace warder {
namespace {

TEST(Base64Test, TheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(Base64Of(bytes), text);
    EXPECT_EQ(FromBase64(text), bytes);
  }
}

TEST(Base64Test, TheUrlAlphabetIsTheSameWithoutPadding) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg"},
                                                         {"fo", "Zm8"},
                                                         {"foo", "Zm9v"},
                                                         {"\xfb\xff\xfe", "-__-"},
                                                         {"\x03\xec\xff\xe0\xc1", "A-z_4ME"}};
  for (const auto& [bytes, text] : vectors) EXPECT_EQ(Base64UrlOf(bytes), text);
}

TEST(Base64Test, EveryByteSurvives) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    EXPECT_EQ(FromBase64(Base64Of(bytes.substr(0, size))), bytes.substr(0, size));
  }
}

TEST(Base64Test, OtherSpellingsAreRefused) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Z", "====", "=", "Zm9v=", "Zm9v====", "Zm9v Zm9v", "Zm9v\n", "Zm-_",
                           "Zh==", "Zm9=", "Zg==Zg==", "Z=9v", "Zm\xffv"}) {
    EXPECT_EQ(FromBase64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace warder
