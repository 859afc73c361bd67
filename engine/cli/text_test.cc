#include "engine/cli/text.h"

#include <gtest/gtest.h>

#include "engine/cli/table.h"
#include "engine/cli/testing.h"
#include "sandbox/base/nearest_word.h"

namespace warder::cli {
namespace {

using std::chrono::microseconds;

TEST(PrintableTest, TextOfPeopleStaysAsItIs) {
  EXPECT_EQ(Printable("Grüße, 世界 🎉 \\x1b \"quoted\""), "Grüße, 世界 🎉 \\x1b \"quoted\"");
}

TEST(PrintableTest, EscapeSequencesStandAsText) {
  EXPECT_EQ(Printable("\x1b[31mred\x07"), "\\x1b[31mred\\x07");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "\\u009b31m");  // CSI as one C1 character
  EXPECT_EQ(Printable("a\x7f\r\n\tb"), "a\\x7f\\r\\n\\tb");
}

TEST(PrintableTest, CharactersThatReorderOrHideStandAsText) {
  EXPECT_EQ(Printable("a\u202Eb\u2066c\u200Fd"), "a\\u202eb\\u2066c\\u200fd");
  EXPECT_EQ(Printable("\U000E0041"), "\\u{e0041}");
}

TEST(PrintableTest, BrokenUtf8StandsAsBytes) {
  EXPECT_EQ(Printable("\xff\xc0\x80"), "\\xff\\xc0\\x80");           // overlong NUL
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
  EXPECT_EQ(Printable("a\xe2\x82"), "a\\xe2\\x82");                  // cut off
}

TEST(PrintableTest, LongTextIsCutAndCounted) {
  EXPECT_EQ(Printable("äöü", 3), "äö… (2 more bytes)");
  EXPECT_LT(Printable(std::string(1 << 20, 'x')).size(), kShownLineBytes + 40);
}

TEST(PrintableTest, FurtherLinesAreIndented) { EXPECT_EQ(PrintableLines("a\nb\x1b\n", "> "), "a\n> b\\x1b\n> "); }

TEST(SafeJsonTest, SameDocumentWithoutTreacherousCharacters) {
  EXPECT_EQ(SafeJson("{\"a\": \"\x7f\u009b\u202E\U000E0041é\",\n\t\"n\": 1e400}"),
            "{\"a\": \"\\u007f\\u009b\\u202e\\udb40\\udc41é\",\n\t\"n\": 1e400}");
  EXPECT_EQ(SafeJson("\"\xff\""), "\"\\ufffd\"");
}

TEST(NumbersTest, DurationsReadAsPeopleWriteThem) {
  EXPECT_EQ(DurationText(microseconds(0)), "0.0 ms");
  EXPECT_EQ(DurationText(microseconds(1'440)), "1.4 ms");
  EXPECT_EQ(DurationText(microseconds(9'960)), "10 ms");
  EXPECT_EQ(DurationText(microseconds(14'400)), "14 ms");
  EXPECT_EQ(DurationText(microseconds(999'600)), "1.00 s");
  EXPECT_EQ(DurationText(microseconds(59'996'000)), "1 m 0 s");
  EXPECT_EQ(DurationText(microseconds(125'000'000)), "2 m 5 s");
}

TEST(NumbersTest, SizesReadAsPeopleWriteThem) {
  EXPECT_EQ(SizeText(0), "0 B");
  EXPECT_EQ(SizeText(1'023), "1023 B");
  EXPECT_EQ(SizeText(1'234), "1.2 KB");
  EXPECT_EQ(SizeText(22'020'096), "21 MB");
  EXPECT_EQ(SizeText((1ull << 30) - 1), "1.0 GB");
}

TEST(NearestWordTest, NearMissesOnly) {
  const std::vector<std::string> commands = {"run", "doctor", "policy", "completion"};
  EXPECT_EQ(NearestWord("doctr", commands), "doctor");
  EXPECT_EQ(NearestWord("rnu", commands), "run");
  EXPECT_EQ(NearestWord("polciy", commands), "policy");
  EXPECT_EQ(NearestWord("banana", commands), std::nullopt);
  EXPECT_EQ(NearestWord("", commands), std::nullopt);
}

TEST(TableTest, ColumnsAlignByCharacterNotByByte) {
  Capture capture;
  Table table({"name", "detail"});
  table.Add({"é", "one"});
  table.Add({"longer", ""});
  EXPECT_EQ(table.Text(capture.output()), "name    detail\né       one\nlonger\n");
}

TEST(TableTest, LastColumnWrapsAtTheTerminal) {
  Table table({"name", "detail"});
  table.Add({"a", "one two three four five six"});
  Capture capture({.colour = false, .width = 30});
  EXPECT_EQ(table.Text(capture.output()), "name  detail\na     one two three four five\n      six\n");
}

TEST(TableTest, ColourDoesNotMoveColumns) {
  Capture capture({.colour = true, .width = 0});
  Table table({"state", "detail"});
  table.Add({{Ink::kGreen, "ok"}, "x"});
  EXPECT_EQ(table.Text(capture.output()), "\x1b[1mstate\x1b[0m  \x1b[1mdetail\x1b[0m\n\x1b[32mok\x1b[0m     x\n");
}

}  // namespace
}  // namespace warder::cli
