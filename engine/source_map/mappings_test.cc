#include "engine/source_map/mappings.h"

#include <gtest/gtest.h>

#include <string>

namespace warder::source_map {
namespace {

Mappings Decoded(std::string_view field, std::size_t sources = 2) {
  auto mappings = Mappings::Decode(field, sources);
  EXPECT_TRUE(mappings) << (mappings ? "" : mappings.error().message);
  return mappings ? *mappings : Mappings();
}

TEST(MappingsTest, FindsTheMappingThatCoversAPlace) {
  // Line 0: columns 0 and 8; line 2: column 4.
  const Mappings mappings = Decoded("AAAA,QCEC;;IDDA");
  EXPECT_EQ(mappings.Find({0, 0}), (Original{0, {0, 0}}));
  EXPECT_EQ(mappings.Find({0, 7}), (Original{0, {0, 0}}));
  EXPECT_EQ(mappings.Find({0, 8}), (Original{1, {2, 1}}));
  EXPECT_EQ(mappings.Find({0, 4'000'000'000}), (Original{1, {2, 1}}));
  EXPECT_EQ(mappings.Find({1, 0}), std::nullopt) << "a mapping does not reach into the next line";
  EXPECT_EQ(mappings.Find({2, 3}), std::nullopt);
  EXPECT_EQ(mappings.Find({2, 4}), (Original{0, {1, 1}}));
  EXPECT_EQ(mappings.Find({3, 0}), std::nullopt);
}

TEST(MappingsTest, OneNumberSaysThatNothingIsKnown) {
  const Mappings mappings = Decoded("AAAA,I,IAAI");
  EXPECT_EQ(mappings.Find({0, 3}), (Original{0, {0, 0}}));
  EXPECT_EQ(mappings.Find({0, 4}), std::nullopt);
  EXPECT_EQ(mappings.Find({0, 9}), (Original{0, {0, 4}}));
}

TEST(MappingsTest, NamesAndOrderDoNotMatter) {
  const Mappings mappings = Decoded("IAAAA,JCCAC");
  EXPECT_EQ(mappings.Find({0, 0}), (Original{1, {1, 0}}));
  EXPECT_EQ(mappings.Find({0, 5}), (Original{0, {0, 0}}));
}

TEST(MappingsTest, NothingIsAnEmptyField) {
  EXPECT_EQ(Decoded("").Find({0, 0}), std::nullopt);
  EXPECT_EQ(Decoded(";;;").Find({1, 0}), std::nullopt);
}

TEST(MappingsTest, RefusesWhatIsMalformedAndSaysWhere) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"AA", "character 1"},      // 2 numbers
      {"AAA", "character 1"},     // 3
      {"AAAAAA", "character 1"},  // 6
      {"AAAA,!", "character 6"},  // no digit
      {"AAAA,g", "character 6"},  // cut off
      {",", "character 1"},       // nothing
      {"AAAA,,AAAA", "character 6"},
      {"AAAA;,AAAA", "character 6"},  // nothing
      {"AAAA,", "character 6"},
      {"D", "character 1"},                 // column -1
      {"AADA", "character 1"},              // line -1
      {"AAAD", "character 1"},              // original column -1
      {"ADAA", "character 1"},              // source -1
      {"AEAA", "character 1"},              // source 2 of 2
      {"+/////DAAA,CAAA", "character 12"},  // column 2^31
      {"B", "character 1"},                 // -2^31
      {"AAAA B", "character 1"},
  };
  for (const auto& [field, where] : cases) {
    const auto mappings = Mappings::Decode(field, 2);
    ASSERT_FALSE(mappings) << field;
    EXPECT_NE(mappings.error().message.find(where), std::string::npos) << field << ": " << mappings.error().message;
  }
}

TEST(MappingsTest, AreBoundedBeforeAnythingIsKept) {
  std::string field;
  for (std::size_t i = 0; i <= kMaxMappings; ++i) field += "A,";
  field += "A";
  const auto mappings = Mappings::Decode(field, 1);
  ASSERT_FALSE(mappings);
  EXPECT_NE(mappings.error().message.find("more than 4000000 mappings"), std::string::npos);
  field.clear();
  for (std::size_t i = 0; i <= kMaxMappings; ++i) field += "A;";
  EXPECT_FALSE(Mappings::Decode(field, 1));
  EXPECT_TRUE(Mappings::Decode(std::string(8'000'000, ';'), 1)) << "empty lines cost nothing";
}

}  // namespace
}  // namespace warder::source_map
