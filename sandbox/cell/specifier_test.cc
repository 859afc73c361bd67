#include "sandbox/cell/specifier.h"

#include <gtest/gtest.h>

#include <set>

namespace warder::cell {
namespace {

const std::set<std::string> kFiles = {"index.js", "data.json", "lib/a.js", "lib/b/index.js", "c.mjs"};

std::string Try(std::string file, std::string specifier, bool json = false) {
  Import import{.file = std::move(file), .specifier = std::move(specifier), .attributes = {}};
  if (json) import.attributes.emplace_back("type", "json");
  const auto resolved = Resolve(import, [](const std::string& name) { return kFiles.contains(name); });
  if (const auto* const name = std::get_if<std::string>(&resolved)) return *name;
  return "refused: " + std::get<Refusal>(resolved).why;
}

TEST(SpecifierTest, ResolvesInsideTheBundle) {
  EXPECT_EQ(Try("index.js", "./lib/a.js"), "lib/a.js");
  EXPECT_EQ(Try("lib/a.js", "../index.js"), "index.js");
  EXPECT_EQ(Try("lib/b/index.js", ".././a.js"), "lib/a.js");
  EXPECT_EQ(Try("index.js", ".//lib//a.js"), "lib/a.js");
  EXPECT_EQ(Try("index.js", "./data.json", true), "data.json");
  EXPECT_EQ(Try("lib/a.js", "warder"), "warder");
}

TEST(SpecifierTest, RefusesWhatIsOutside) {
  EXPECT_EQ(Try("index.js", "../secret.js"), "refused: which leaves the bundle: put it into the bundle");
  EXPECT_EQ(Try("lib/a.js", "../../index.js"), "refused: which leaves the bundle: put it into the bundle");
  for (const char* const specifier :
       {"lodash", "node:fs", "/etc/passwd", "file:///x", "https://x.test/a.js", "", "#a"}) {
    EXPECT_EQ(Try("index.js", specifier).substr(0, 42), "refused: but a bundle can import only its ") << specifier;
  }
}

TEST(SpecifierTest, HasTheTestModuleWhereItWasGiven) {
  EXPECT_EQ(Try("index.js", "warder/test"),
            "refused: but that is there only for the *.test.js files that `warder test` runs");
  const Import import{.file = "index.js", .specifier = "warder/test", .attributes = {}};
  const auto resolved = Resolve(import, [](const std::string& name) { return name == "warder:test/index.js"; });
  EXPECT_EQ(std::get<std::string>(resolved), "warder:test/index.js");
}

TEST(SpecifierTest, SaysWhatWasMeant) {
  EXPECT_EQ(Try("index.js", "./lib/a"),
            "refused: but there is no \"lib/a\" in the bundle; \"lib/a.js\" is there: write the whole name");
  EXPECT_EQ(Try("index.js", "./nothing.js"),
            "refused: but there is no \"nothing.js\" in the bundle: check its path, which begins at the file that "
            "imports it");
  EXPECT_EQ(Try("index.js", "./data.json"), "refused: but a JSON file needs: with { type: \"json\" }");
  EXPECT_EQ(Try("index.js", "./c.mjs", true), "refused: but only a file named *.json has type: \"json\"");
}

}  // namespace
}  // namespace warder::cell
