#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/broker/scrub/scrub_pattern.h"
#include "engine/broker/scrub/spelling.h"
#include "engine/broker/scrub/testing/compile.h"

namespace warder::broker {
namespace {

Result<std::shared_ptr<const ScrubPattern>> Compile(const std::vector<std::string>& texts) {
  return testing::Compile(texts);
}

std::string Random(std::size_t size, unsigned* seed) {
  std::string text;
  while (text.size() < size) {
    *seed = *seed * 1664525 + 1013904223;
    text += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[*seed >> 26];
  }
  return text;
}

std::vector<std::string> RandomSecrets(std::size_t count, std::size_t size) {
  unsigned seed = 7;
  std::vector<std::string> secrets;
  while (secrets.size() < count) secrets.push_back(Random(size, &seed));
  return secrets;
}

TEST(ScrubPattern, ShortSecretsAreRefusedWithoutNamingThem) {
  const auto pattern = Compile({"hunter2"});
  ASSERT_FALSE(pattern);
  EXPECT_EQ(pattern.error().kind, ErrorKind::kInvalidInput);
  EXPECT_EQ(pattern.error().message,
            "A secret of 7 bytes cannot be told from innocent text in a response: it needs at least 8, not counting "
            "white space at its ends.");
  EXPECT_FALSE(Compile({" hunter2\r\n"}));
  EXPECT_FALSE(Compile({""}));
  EXPECT_TRUE(Compile({"hunter22"}));
}

TEST(ScrubPattern, LongOrManyOrRepetitiveSecretsAreRefused) {
  unsigned seed = 1;
  EXPECT_TRUE(Compile({Random(ScrubPattern::kMaxSecretBytes, &seed)}));
  EXPECT_FALSE(Compile({Random(ScrubPattern::kMaxSecretBytes + 1, &seed)}));
  EXPECT_FALSE(Compile(RandomSecrets(ScrubPattern::kMaxSecrets + 1, 16)));
  EXPECT_FALSE(Compile(RandomSecrets(9, 15'000)));
  EXPECT_TRUE(Compile({std::string(16, 'a')}));
  const auto pattern = Compile({std::string(18, 'a')});
  ASSERT_FALSE(pattern);
  EXPECT_EQ(pattern.error().message,
            "Secrets that repeat themselves over and over cannot be scrubbed: use random ones.");
  std::string percents;
  for (int i = 0; i < 20; ++i) percents += "%25";
  EXPECT_FALSE(Compile({percents}));
}

TEST(ScrubPattern, TheBoundOnStatesHoldsManyAndLongSecrets) {
  const auto states = [](const std::vector<std::string>& secrets) -> std::size_t {
    const auto pattern = Compile(secrets);
    return pattern ? (*pattern)->spotter().states() : ScrubPattern::kMaxSecrets * Spotter::kMaxStates;
  };
  EXPECT_LT(states(RandomSecrets(16, 64)), 4'000);
  EXPECT_LT(states(RandomSecrets(64, 64)), 12'000);
  EXPECT_LT(states(RandomSecrets(ScrubPattern::kMaxSecrets, 64)), 25'000);
  EXPECT_LT(states(RandomSecrets(1, 3'000)), 500);  // the size of a private key
  EXPECT_LE(states({}), 1);
}

TEST(ScrubPattern, ManyRepetitiveSecretsAreRefused) {
  std::vector<std::string> secrets;
  for (char c = 'A'; c <= 'Z'; ++c) secrets.push_back(std::string(16, c) + "1");
  EXPECT_FALSE(Compile(secrets));
  secrets.resize(16);
  EXPECT_TRUE(Compile(secrets));
}

TEST(ScrubPattern, TooManyStatesAreRefused) {
  // Characters above 127 have the most spellings.
  unsigned seed = 1;
  const auto next = [&] { return seed = seed * 1664525 + 1013904223; };
  std::vector<std::string> secrets(ScrubPattern::kMaxSecrets);
  for (std::string& secret : secrets) {
    while (secret.size() < 32) {
      secret += static_cast<char>(0xF1 + next() % 3);
      for (int i = 0; i < 3; ++i) secret += static_cast<char>(0x80 + (next() >> 26));
    }
  }
  const auto pattern = Compile(secrets);
  ASSERT_FALSE(pattern);
  EXPECT_NE(pattern.error().message.find("states"), std::string::npos) << pattern.error().message;
}

TEST(ScrubPattern, WhatIsNotAsciiSpellsWithinTheBound) {
  // Every byte of the longest character can be taken for one of Latin-1.
  EXPECT_LT(Spelling::OfCodePoint(U'\U0010FFFF', "\xF4\x8F\xBF\xBF").places(), Spelling::kSpelled);
  EXPECT_LT(Spelling::OfByte('\n').places(), Spelling::kSpelled);
}

TEST(Spelling, KnowsItsLongestForm) {
  EXPECT_EQ(Spelling::OfHexDigit(10).longest(), 1U);
  EXPECT_EQ(Spelling::OfBase64Digit(0, false).longest(), 1U);
  EXPECT_EQ(Spelling::OfBase64Digit(0, true).longest(), 5U);          // \r\nA
  EXPECT_EQ(Spelling::OfByte('A').longest(), 10U);                    // &#x000041;
  EXPECT_EQ(Spelling::OfCodePoint(U'é', "\xC3\xA9").longest(), 20U);  // &#x0000C3;&#x0000A9;
}

}  // namespace
}  // namespace warder::broker
