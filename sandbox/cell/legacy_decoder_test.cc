#include "sandbox/cell/legacy_decoder.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace warder::cell {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::u16string Decode(std::string_view name, const Bytes& bytes) {
  DecoderState state;
  std::u16string text;
  EXPECT_EQ(DecodeLegacy(name, bytes, Input::kEnds, OnError::kReplace, &state, &text), Decoded::kDone);
  return text;
}

// The same bytes, one at a time.
std::u16string DecodeInPieces(std::string_view name, const Bytes& bytes) {
  DecoderState state;
  std::u16string text;
  for (const std::uint8_t byte : bytes) {
    DecodeLegacy(name, {&byte, 1}, Input::kGoesOn, OnError::kReplace, &state, &text);
  }
  DecodeLegacy(name, {}, Input::kEnds, OnError::kReplace, &state, &text);
  return text;
}

struct Case {
  std::string_view name;
  Bytes bytes;
  std::u16string text;
};

// Of the standard's algorithms: text, sequences that break off, bytes that are put back.
const Case kCases[] = {
    {"ibm866", {0x80, 0xFF, 'a', 0}, {u"\u0410\u00A0a\0", 4}},
    {"iso-8859-8", {0xA1, 0xE0}, u"\uFFFD\u05D0"},
    {"iso-8859-16", {0xA4, 0xA1, 0xFE}, u"\u20AC\u0104\u021B"},
    {"koi8-u", {0xAE, 0xBE}, u"\u045E\u040E"},
    {"windows-874", {0xDB, 0xA1}, u"\uFFFD\u0E01"},
    {"windows-1252", {0x80, 0x81, 0xE9}, u"\u20AC\u0081\u00E9"},
    {"windows-1253", {0xAA}, u"\uFFFD"},
    {"windows-1255", {0xCA}, u"\u05BA"},
    {"macintosh", {0xDB}, u"\u20AC"},
    {"x-user-defined", {0x7F, 0x80, 0xFF}, u"\u007F\uF780\uF7FF"},
    {"gbk", {0xC4, 0xE3, 0xBA, 0xC3, 0x80}, u"\u4F60\u597D\u20AC"},
    {"gb18030", {0x81, 0x35, 0xF4, 0x37, 0x90, 0x30, 0x81, 0x30}, u"\uE7C7\U00010000"},
    {"gb18030", {0x81, 0x30, 0x81, 'a'}, u"\uFFFD0\u4E64"},
    {"gb18030", {0x81, 0x30, 0x81}, u"\uFFFD"},
    {"gb18030", {0xFE, 0x39, 0xFE, 0x39}, u"\uFFFD"},
    {"big5", {0xA7, 0x41, 0x88, 0x62, 0x88, 0xA5}, u"\u4F60\u00CA\u0304\u00EA\u030C"},
    {"big5", {0x87, 0xA4, 0xA7, '!', 0xFF}, u"\u9F97\uFFFD!\uFFFD"},
    {"euc-jp", {0xC6, 0xFC, 0x8E, 0xB1, 0x8F, 0xB0, 0xA1}, u"\u65E5\uFF71\u4E02"},
    {"euc-jp", {0xC6, '!', 0x8F, 0xA1, 0x8E}, u"\uFFFD!\uFFFD"},
    {"iso-2022-jp", {0x1B, '$', 'B', 0x46, 0x7C, 0x1B, '(', 'J', 0x5C}, u"\u65E5\u00A5"},
    {"iso-2022-jp", {0x1B, '(', 'I', 0x31, 0x1B, '(', 'B', 'a'}, u"\uFF71a"},
    {"iso-2022-jp", {0x1B, '$', 'x', 0x1B}, u"\uFFFD$x\uFFFD"},
    {"iso-2022-jp", {0x1B, '(', 'B', 0x1B, '(', 'B'}, u"\uFFFD"},
    {"shift_jis", {0x93, 0xFA, 0xB1, 0xF0, 0x40, 0x80}, u"\u65E5\uFF71\uE000\u0080"},
    {"shift_jis", {0x93, '1', 0xFD, 0x93}, u"\uFFFD1\uFFFD\uFFFD"},
    {"euc-kr", {0xC7, 0xD1, 0x81, 0x41}, u"\uD55C\uAC02"},
    {"euc-kr", {0xC9, 0xA1, 0xC7, '1'}, u"\uFFFD\uFFFD1"},
};

TEST(LegacyDecoderTest, DecodesAsTheStandardSays) {
  for (const Case& each : kCases) EXPECT_EQ(Decode(each.name, each.bytes), each.text) << each.name;
}

TEST(LegacyDecoderTest, WhereAStreamIsCutMakesNoDifference) {
  for (const Case& each : kCases) EXPECT_EQ(DecodeInPieces(each.name, each.bytes), each.text) << each.name;
}

TEST(LegacyDecoderTest, FailsAtWhatWouldBeReplaced) {
  for (const Case& each : kCases) {
    DecoderState state;
    std::u16string text;
    const bool invalid = each.text.find(u'\uFFFD') != std::u16string::npos;
    EXPECT_EQ(DecodeLegacy(each.name, each.bytes, Input::kEnds, OnError::kFail, &state, &text),
              invalid ? Decoded::kInvalid : Decoded::kDone)
        << each.name;
  }
}

TEST(LegacyDecoderTest, DoesNotKnowOthers) {
  for (const std::string_view name : {"utf-8", "replacement", "BIG5", ""}) {
    DecoderState state;
    std::u16string text;
    EXPECT_EQ(DecodeLegacy(name, {}, Input::kEnds, OnError::kReplace, &state, &text), Decoded::kUnknownEncoding);
  }
}

// The state is in a script's address space: any value of it ends, within the tables.
TEST(LegacyDecoderTest, AnyStateEnds) {
  const Bytes all = [] {
    Bytes bytes(512);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i < 256 ? i : 511 - i);
    return bytes;
  }();
  for (const Case& each : kCases) {
    for (unsigned value = 0; value < 256; ++value) {
      const auto byte = static_cast<std::uint8_t>(value);
      DecoderState state{byte,
                         static_cast<std::uint8_t>(value * 7),
                         static_cast<std::uint8_t>(value * 31),
                         byte,
                         byte,
                         static_cast<std::uint8_t>(value * 5),
                         byte,
                         byte};
      std::u16string text;
      EXPECT_EQ(DecodeLegacy(each.name, all, Input::kEnds, OnError::kReplace, &state, &text), Decoded::kDone);
      EXPECT_EQ(state.first, 0);
    }
  }
}

}  // namespace
}  // namespace warder::cell
