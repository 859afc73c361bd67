#include "warder/limits.h"

#include <gtest/gtest.h>

#include "warder/engine.h"

namespace warder {
namespace {

std::string WhyInvalid(const std::string& json) {
  try {
    ParseLimits(json);
  } catch (const EngineError& error) {
    EXPECT_EQ(error.status(), Status::kInvalid);
    return error.what();
  }
  return "";
}

TEST(LimitsTest, EveryDefaultIsWithinItsRangeAndEveryNameIsUnique) {
  std::vector<std::string_view> names;
  for (const LimitSpec& spec : LimitTable()) {
    const std::uint64_t value = Limits{}.*(spec.value);
    EXPECT_GE(value, spec.minimum) << spec.name;
    EXPECT_LE(value, spec.maximum) << spec.name;
    EXPECT_EQ(std::count(names.begin(), names.end(), spec.name), 0) << spec.name;
    names.push_back(spec.name);
  }
  EXPECT_EQ(names.size(), sizeof(Limits) / sizeof(std::uint64_t)) << "a limit is missing in the table";
}

TEST(LimitsTest, ReadsDurationsSizesAndCounts) {
  const Limits limits =
      ParseLimits(R"({"wall":"2m","cpu":"500ms","heap":"64MB","output":"512KB","calls":7,"log":100})");
  EXPECT_EQ(limits.wall_ms, 120'000u);
  EXPECT_EQ(limits.cpu_ms, 500u);
  EXPECT_EQ(limits.heap_bytes, 64u << 20);
  EXPECT_EQ(limits.output_bytes, 512u << 10);
  EXPECT_EQ(limits.calls, 7u);
  EXPECT_EQ(limits.log_bytes, 100u);
  EXPECT_EQ(limits.response_bytes, Limits{}.response_bytes);
}

TEST(LimitsTest, WhatIsPrintedIsReadBackToTheSameValue) {
  for (const LimitSpec& spec : LimitTable()) {
    for (const std::uint64_t value : {spec.minimum, Limits{}.*(spec.value), spec.maximum}) {
      const std::string json = "{\"" + std::string(spec.name) + "\":\"" + FormatLimit(spec.unit, value) + "\"}";
      EXPECT_EQ(ParseLimits(json).*(spec.value), value) << json;
    }
  }
}

TEST(LimitsTest, RefusalsNameFieldValueAndRemedy) {
  EXPECT_NE(WhyInvalid("{").find("at line 1, column 2"), std::string::npos);
  EXPECT_NE(WhyInvalid(R"({"wall":"1s","wall":"2s"})").find("the same name twice"), std::string::npos);
  EXPECT_NE(WhyInvalid("[]").find("JSON object"), std::string::npos);
  EXPECT_NE(WhyInvalid(R"({"hep":"1MB"})").find("\"hep\" does not exist; the limits are wall, cpu"), std::string::npos);
  EXPECT_NE(WhyInvalid(R"({"wall":"10 parsecs"})").find("\"10 parsecs\" is not a duration"), std::string::npos);
  EXPECT_NE(WhyInvalid(R"({"heap":"1TB"})").find("is not a size"), std::string::npos);
  EXPECT_NE(WhyInvalid(R"({"calls":-1})").find("-1 is not a whole number"), std::string::npos);
  EXPECT_NE(WhyInvalid(R"({"calls":1.5})").find(": 1.5 is not a whole number"), std::string::npos);
  EXPECT_LT(WhyInvalid("{\"wall\":\"" + std::string(9'000, 'x') + "\"}").size(), 200u);
  EXPECT_NE(WhyInvalid(R"({"wall":"16m"})").find("16m is outside of 1ms to 15m"), std::string::npos);
  EXPECT_NE(WhyInvalid(R"({"heap":"99999999999999999999GB"})"), "");
  EXPECT_NE(WhyInvalid(R"({"heap":"99999999999GB"})"), "");
}

}  // namespace
}  // namespace warder
