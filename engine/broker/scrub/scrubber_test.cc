#include "engine/broker/scrub/scrubber.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "engine/broker/scrub/testing/clean_text.h"
#include "engine/broker/scrub/testing/compile.h"
#include "engine/broker/scrub/testing/oracle.h"
#include "engine/broker/scrub/testing/speller.h"

namespace warder::broker {
namespace {

using testing::Base64;
using testing::Escape;
using testing::Hex;
using testing::Scrubbed;
using testing::ScrubSlowly;
using testing::SpellAll;
using Pattern = std::shared_ptr<const ScrubPattern>;

Pattern Compiled(const std::vector<std::string>& secrets) { return testing::Compile(secrets).value(); }

Scrubbed Scrub(const Pattern& pattern, const std::vector<std::string_view>& pieces) {
  Scrubber scrubber(pattern);
  Scrubbed scrubbed;
  std::size_t pushed = 0;
  for (const std::string_view piece : pieces) {
    // A copy of its own, gone afterwards: the scrubber must not look at it again.
    scrubber.Push(std::string(piece), &scrubbed.text);
    pushed += piece.size();
    EXPECT_LE(scrubber.held(), std::min(pushed, pattern->held_bytes()));
  }
  scrubber.Finish(&scrubbed.text);
  EXPECT_EQ(scrubber.held(), 0U);
  scrubbed.redactions = scrubber.redactions();
  return scrubbed;
}

std::vector<std::string_view> Pieces(std::string_view text, std::size_t size) {
  std::vector<std::string_view> pieces;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) pieces.push_back(text.substr(0, size));
  return pieces;
}

// In two pieces at every place, in equal ones of every size up to 17, and whole.
void ExpectAtEveryCut(const Pattern& pattern, std::string_view text, const std::string& expected) {
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    ASSERT_EQ(Scrub(pattern, {text.substr(0, cut), text.substr(cut)}).text, expected) << text << "\ncut at " << cut;
  }
  for (std::size_t size = 1; size <= 17; ++size) {
    ASSERT_EQ(Scrub(pattern, Pieces(text, size)).text, expected) << text << "\nin pieces of " << size;
  }
}

const char kToken[] = "sk_test_4eC39HqLyjWDarjtT1zdp7dc+/=\"&";
const std::vector<std::string> kSecrets = {
    kToken,
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "correct horse battery staple",
    "\\\"/<>'&;#%+ \t~",
    "p\xC3\xA4ssw\xC3\xB6rt \xE2\x82\xAC \xF0\x9F\x98\x80!",
    "\x80\xFF\xFEraw\x01\x7F bytes",
    "-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hs\r\nQr0Rb\n-----END KEY-----",
    "0123456789",
    "%41%42%43%25",
};

// Every way of writing the whole secret, each once.
std::vector<std::string> Echoes(const std::string& secret) {
  std::vector<std::string> echoes;
  for (int escape = 0; escape < static_cast<int>(Escape::kCount); ++escape) {
    echoes.push_back(SpellAll(secret, [&] { return static_cast<Escape>(escape); }));
  }
  echoes.push_back(Hex(secret, false));
  echoes.push_back(Hex(secret, true));
  return echoes;
}

TEST(Scrubber, FindsEveryEscapeAtEveryCut) {
  const Pattern pattern = Compiled(kSecrets);
  for (const std::string& secret : kSecrets) {
    for (const std::string& echo : Echoes(secret)) {
      for (const auto& [before, behind] :
           {std::pair{"", ""}, {"{\"token\":\"", "\"}\n"}, {"&#x", "%2"}, {"\\u00", "&"}}) {
        const std::string text = before + echo + behind;
        ExpectAtEveryCut(pattern, text, std::string(before) + "[redacted]" + behind);
        // The control: what is not looked for stays.
        ASSERT_EQ(ScrubText(Compiled({"another secret"}), text), text);
      }
    }
  }
}

TEST(Scrubber, FindsEscapesMixedInEveryCharacter) {
  const Pattern pattern = Compiled(kSecrets);
  std::mt19937 random(1);
  for (const std::string& secret : kSecrets) {
    for (int round = 0; round < 200; ++round) {
      const std::string echo =
          SpellAll(secret, [&] { return static_cast<Escape>(random() % static_cast<unsigned>(Escape::kCount)); });
      const std::string text = "<p>" + echo + "</p>";
      ASSERT_EQ(ScrubText(pattern, text), "<p>[redacted]</p>") << text;
      ASSERT_EQ(Scrub(pattern, Pieces(text, 1)).text, "<p>[redacted]</p>") << text;
    }
  }
}

TEST(Scrubber, FindsBase64AtEveryAlignmentInBothAlphabets) {
  const Pattern pattern = Compiled(kSecrets);
  for (const std::string& secret : kSecrets) {
    for (const std::size_t before : {0, 1, 2, 3, 4, 50}) {
      for (const std::size_t behind : {0, 1, 2, 31}) {
        for (const bool url : {false, true}) {
          for (const std::size_t line : {0, 4, 60, 64, 76}) {
            for (const char* line_break : {"\n", "\r\n", "\\n", "\\r\\n"}) {
              const std::string bytes = std::string(before, 'b') + secret + std::string(behind, 'a');
              const std::string text = Base64(bytes, url, line, line_break);
              const std::string scrubbed = ScrubText(pattern, text);
              ASSERT_NE(scrubbed, text);
              ASSERT_EQ(Scrub(pattern, Pieces(text, 1)).text, scrubbed);
              // Up to one digit at either end holds bits of the neighbours too.
              const std::size_t at = scrubbed.find("[redacted]");
              const std::string head = Base64(std::string(before, 'b') + secret, url, line, line_break);
              ASSERT_EQ(scrubbed.substr(0, at), head.substr(0, at));
              std::string digits;
              for (std::size_t i = 0; i < at; ++i) {
                if (scrubbed[i] == '\\')
                  ++i;
                else if (scrubbed[i] != '\r' && scrubbed[i] != '\n')
                  digits += scrubbed[i];
              }
              ASSERT_EQ(digits.size(), (before * 8 + 5) / 6) << text;
            }
          }
        }
      }
    }
  }
}

TEST(Scrubber, FindsEscapedBase64) {
  const std::string secret = "\xFB\xFF\xBF\x3F\xEF\xFE token";  // +/+/P+/+...
  const std::string encoded = Base64(secret, false);
  ASSERT_NE(encoded.find('/'), std::string::npos);
  const Pattern pattern = Compiled({secret});
  for (int escape = 0; escape < static_cast<int>(Escape::kCount); ++escape) {
    std::string text;
    for (const char c : encoded) {
      const std::string digit(1, c);
      text += std::isalnum(static_cast<unsigned char>(c)) ? digit : testing::Spell(digit, static_cast<Escape>(escape));
    }
    EXPECT_NE(ScrubText(pattern, text).find("[redacted]"), std::string::npos) << text;
  }
}

TEST(Scrubber, FindsALongSecretAsAWhole) {
  std::mt19937 random(3);
  std::string key = "-----BEGIN PRIVATE KEY-----\n";
  for (int line = 0; line < 48; ++line) {
    std::string bytes;
    for (int i = 0; i < 48; ++i) bytes += static_cast<char>(random());
    key += Base64(bytes, false) + "\n";
  }
  key += "-----END PRIVATE KEY-----\n";
  ASSERT_GT(key.size(), 3'000U);
  const Pattern pattern = Compiled({key});
  std::vector<std::string> echoes = Echoes(key.substr(0, key.size() - 1));
  for (const std::string& echo : echoes) {
    ASSERT_EQ(Scrub(pattern, Pieces("(" + echo + ")", 1000)).text, "([redacted])");
  }
  EXPECT_NE(ScrubText(pattern, Base64("x" + key, false, 64)).find("[redacted]"), std::string::npos);
  // Another key begins in the same way, and stays.
  std::string other = key;
  other[1500] = other[1500] == 'A' ? 'B' : 'A';
  EXPECT_EQ(ScrubText(pattern, other), other);
}

// The spotter reads blocks of four kilobytes in four quarters at once.
TEST(Scrubber, FindsASecretAtEveryPlaceOfABlock) {
  std::mt19937_64 random(4);
  const std::string around = testing::CleanText(testing::TextKind::kJson, 3 * Spotter::kBlock, &random);
  const Pattern pattern = Compiled({kToken});
  const std::string echoes[] = {kToken, SpellAll(kToken, [] { return Escape::kHtmlHexZeros; })};
  for (const std::string& echo : echoes) {
    for (std::size_t at = 0; at <= 2 * Spotter::kBlock; ++at) {
      const std::string before = around.substr(0, at);
      const std::string behind = around.substr(at);
      ASSERT_TRUE(ScrubText(pattern, before + echo + behind) == before + "[redacted]" + behind) << at;
    }
  }
}

TEST(Scrubber, TakesOutOverlappingAndAdjacentSecrets) {
  struct Case {
    std::vector<std::string> secrets;
    std::string text;
    std::string expected;
    std::size_t redactions;
  };
  const Case cases[] = {
      {{"aaaaaaab"}, "aaaaaaaaaaaaab", "aaaaaa[redacted]", 1},
      {{"aaaaaaaa"}, "baaaaaaaaaaaab", "b[redacted]b", 1},
      {{"aaaaaaaa"}, "aaaaaaa", "aaaaaaa", 0},
      {{"abababab"}, "xabababababay", "x[redacted]ay", 1},
      {{"abcdefgh", "abcdefghijkl"}, "abcdefghijkl abcdefghijk", "[redacted] [redacted]ijk", 2},
      {{"abcdefgh", "cdefghij", "ghijklmn"}, "-abcdefghijklmn-", "-[redacted]-", 1},
      {{"abcdefgh", "efghijkl"}, "abcdefghijk", "[redacted]ijk", 1},
      {{"bcdefghi", "abcdefghijkl"}, "abcdefghijkl abcdefghijk", "[redacted] a[redacted]jk", 2},
      {{"abcdefgh", "ijklmnop"}, "abcdefghijklmnop", "[redacted][redacted]", 2},
      {{"abcdefgh"}, "abcdefghabcdefgh", "[redacted][redacted]", 2},
      {{"abcdefgh"}, "abcdabcdefgh abcdefg", "abcd[redacted] abcdefg", 1},
      {{"/bcdefgh"}, "\\/bcdefgh", "[redacted]", 1},
      {{"5bcdefgh"}, "%35bcdefgh", "[redacted]", 1},
      {{"Abcdefgh", "41bcdefgh"}, "%41bcdefgh 41bcdefgh", "[redacted] [redacted]", 2},
      {{"foobar-A", "1-bazzzz"}, "foobar-%41-bazzzz foobar-%41", "[redacted] [redacted]", 2},
  };
  for (const Case& each : cases) {
    const Pattern pattern = Compiled(each.secrets);
    const Scrubbed oracle = ScrubSlowly(each.secrets, each.text);
    EXPECT_EQ(oracle.text, each.expected);
    ExpectAtEveryCut(pattern, each.text, each.expected);
    EXPECT_EQ(Scrub(pattern, {each.text}).redactions, each.redactions) << each.text;
    EXPECT_EQ(Scrub(pattern, Pieces(each.text, 1)).redactions, each.redactions) << each.text;
  }
}

TEST(Scrubber, AgreesWithTheOracleOnTextsMadeOfFragments) {
  const std::vector<std::vector<std::string>> sets = {
      {"aaaaaaab", "aabaabaab", "abaaaaaa"},
      {"%25%25%2525", "%%%%%%%%", "25%25252"},
      {"\\\\\\\\\\\\/\"", "\\u005c\\u", "////////"},
      {"&#38;&amp;&", "&&&&&&&&&", "38;&#38;"},
      {"3132333435", "12345678", "MTIzNDU2Nzg"},
      {"\r\n a\nbcd\r\nef\nc", "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", "\xE9\xE9\xE9\xE9\xE9\xC3\xA9\xE9"},
  };
  std::mt19937 random(11);
  std::size_t redactions = 0;
  for (const std::vector<std::string>& secrets : sets) {
    const Pattern pattern = Compiled(secrets);
    std::vector<std::string> trimmed = secrets;
    trimmed[0].erase(0, trimmed[0].find_first_not_of("\r\n "));
    for (int round = 0; round < 400; ++round) {
      std::string text;
      for (unsigned fragment = 0; fragment < 1 + random() % 6; ++fragment) {
        const std::string& secret = trimmed[random() % trimmed.size()];
        const std::size_t begin = random() % 3 == 0 ? random() % secret.size() : 0;
        const std::size_t end = random() % 3 == 0 ? secret.size() - random() % 4 : secret.size();
        const bool mixed = random() % 2 == 0;
        if (random() % 6 == 0) {
          text += random() % 2 == 0 ? Base64(secret, random() % 2 == 0) : Hex(secret, random() % 2 == 0);
        } else if (begin < end) {
          text += SpellAll(std::string_view(secret).substr(begin, end - begin), [&] {
            return mixed ? static_cast<Escape>(random() % static_cast<unsigned>(Escape::kCount)) : Escape::kRaw;
          });
        }
      }
      const Scrubbed oracle = ScrubSlowly(trimmed, text);
      redactions += oracle.redactions;
      for (const std::size_t size : {std::size_t{1}, std::size_t{2}, 3 + random() % 20, text.size() + 1}) {
        const Scrubbed scrubbed = Scrub(pattern, Pieces(text, size));
        ASSERT_EQ(scrubbed.text, oracle.text) << text << "\nin pieces of " << size;
        ASSERT_EQ(scrubbed.redactions, oracle.redactions) << text;
      }
    }
  }
  EXPECT_GT(redactions, 1'000U);
}

TEST(Scrubber, DeliversWhatAnEmptyLineEndsAtOnce) {
  for (const std::string line_end : {"\n", "\r\n"}) {
    Scrubber scrubber(Compiled({kToken, "data: 12345"}));
    std::string out;
    const std::string event = "event: tick" + line_end + "data: x" + line_end + line_end;
    for (const char byte : event) scrubber.Push({&byte, 1}, &out);
    EXPECT_EQ(out, event);
    scrubber.Push("data: 12345" + line_end + line_end + "data: 1", &out);
    EXPECT_EQ(out, event + "[redacted]" + line_end + line_end);
    EXPECT_EQ(scrubber.held(), 7U);
    scrubber.Finish(&out);
    EXPECT_EQ(out, event + "[redacted]" + line_end + line_end + "data: 1");
  }
}

// Who chose the text, and sees the pieces, must not see how far it agrees with a secret.
TEST(Scrubber, WhatIsHeldBackSaysNothingOfSecrets) {
  const Pattern pattern = Compiled({"q7zkx0vwm4tp-0123456789"});
  const Pattern other = Compiled({"AAAAAAAABBBBBBBBCCCCCCC"});
  ASSERT_EQ(pattern->held_bytes(), other->held_bytes());
  const std::string beginning = "q7zkx0vwm4tp-012345678";
  for (const std::string& filler :
       {std::string(), std::string(2'000, '.'), std::string("a\n\n"), std::string("a\r\n\r\nb\n")}) {
    for (std::size_t known = 0; known <= beginning.size(); ++known) {
      Scrubber with(pattern);
      Scrubber without(other);
      std::string out;
      std::string expected;
      for (const std::string& piece :
           {filler + beginning.substr(0, known), std::string("~~"), std::string(3'000, '~')}) {
        with.Push(piece, &out);
        without.Push(piece, &expected);
        ASSERT_EQ(out, expected) << known;
      }
    }
  }
}

TEST(Scrubber, ASecretWithAnEmptyLineIsRefused) {
  for (const char* secret : {"first half\n\nsecond half", "first half\r\n\r\nsecond half"}) {
    EXPECT_FALSE(testing::Compile(std::vector<std::string>{secret}));
  }
  EXPECT_TRUE(testing::Compile(std::vector<std::string>{"first half\nsecond half"}));
}

TEST(Scrubber, HoldsABoundedAmountWhateverIsSent) {
  const std::string repeated(16, 'a');
  const Pattern pattern = Compiled({repeated + "b", kToken});
  const std::string floods[] = {
      "a", "%61", "&#x000061;", "\\u0061", "&#0000", "\\", "%25", "6161", "sk_test_4eC39HqLyjWDarjtT1zdp7dc", "\r\n",
  };
  for (const std::string& flood : floods) {
    Scrubber scrubber(pattern);
    std::string text;
    std::string out;
    for (int i = 0; i < 20'000; ++i) {
      scrubber.Push(flood, &out);
      ASSERT_LE(scrubber.held(), pattern->held_bytes());
      text += flood;
    }
    scrubber.Finish(&out);
    ASSERT_EQ(out, text);
  }
}

TEST(Scrubber, WithoutSecretsNothingChanges) {
  const Pattern pattern = Compiled({});
  EXPECT_EQ(ScrubText(pattern, "anything \0\xFF"), "anything \0\xFF");
  Scrubber scrubber(pattern);
  std::string out;
  scrubber.Push("", &out);
  scrubber.Push("abc", &out);
  scrubber.Finish(&out);
  EXPECT_EQ(out, "abc");
}

TEST(Scrubber, ShortTextsAsAWhole) {
  const Pattern pattern = Compiled({kToken, "dXNlcjpwYXNzd29yZA"});
  EXPECT_EQ(ScrubText(pattern, "Basic dXNlcjpwYXNzd29yZA=="), "Basic [redacted]==");
  EXPECT_EQ(ScrubText(pattern, "/login?key=sk_test_4eC39HqLyjWDarjtT1zdp7dc%2B%2F%3D%22%26&a=1"),
            "/login?key=[redacted]&a=1");
  EXPECT_EQ(ScrubText(pattern, ""), "");
}

}  // namespace
}  // namespace warder::broker
