#include "engine/execution/bundle_map.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "engine/source_map/source_map.h"

namespace warder::execution {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLinked = "export default 1;\n//# sourceMappingURL=flow.js.map\n";
// Line 1 of the module is line 5 of src/flow.ts.
constexpr const char* kMap = R"({"version":3,"sources":["../src/flow.ts"],"mappings":"AAIA"})";

class BundleMapTest : public testing::Test {
 protected:
  BundleMapTest() {
    std::string pattern = (fs::temp_directory_path() / "bundle.XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(root_); }

  void Write(const std::string& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  std::shared_ptr<const Bundle> Load() const { return Bundle::Load(root_ / "flow.js"); }
  static Outcome Failed(const std::string& stack) {
    Outcome outcome;
    outcome.status = Status::kFailed;
    outcome.error = ScriptError{"Error", "broken", stack, {ScriptError{"Error", "why", stack, {}}}};
    return outcome;
  }

  fs::path root_;
};

TEST_F(BundleMapTest, IsWhatTheLastLineNames) {
  EXPECT_EQ(LinkedMapOf(kLinked), "flow.js.map");
  EXPECT_EQ(LinkedMapOf("//# sourceMappingURL=a.map"), "a.map");
  EXPECT_EQ(LinkedMapOf("x\r\n//# sourceMappingURL=a.map \r\n\r\n"), "a.map");
  for (const char* source :
       {"", "x", "//# sourceMappingURL=", "//# sourceMappingURL=a.js", "//# sourceMappingURL=a.map\nx",
        "x //# sourceMappingURL=a.map", "//@ sourceMappingURL=a.map", "//# sourceMappingURL=/a.map",
        "//# sourceMappingURL=../a.map", "//# sourceMappingURL=maps/a.map", "//# sourceMappingURL=..map",
        "//# sourceMappingURL=https://a.test/a.map", "//# sourceMappingURL=data:application/json,{}.map",
        "//# sourceMappingURL=%2e%2e%2fa.map", "//# sourceMappingURL=a\\b.map", "//# sourceMappingURL=a b.map"}) {
    EXPECT_EQ(LinkedMapOf(source), std::nullopt) << source;
  }
}

TEST_F(BundleMapTest, ComesWithItsModuleAndChangesNoHash) {
  Write("flow.js", kLinked);
  const std::string hash = Load()->sha256();
  EXPECT_TRUE(Load()->source_maps().empty()) << "a bundle may be deployed without it";
  Write("flow.js.map", kMap);
  const auto bundle = Load();
  EXPECT_EQ(bundle->sha256(), hash);
  ASSERT_EQ(bundle->source_maps().size(), 1u);
  EXPECT_EQ(bundle->source_maps()[0].module, "flow.js");
  EXPECT_EQ(bundle->source_maps()[0].text, kMap);
  EXPECT_EQ(bundle->files().size(), 1u);
}

TEST_F(BundleMapTest, MapsErrorsCausesLimitsAndRefusals) {
  Write("flow.js", kLinked);
  Write("flow.js.map", kMap);
  const auto bundle = Load();
  Outcome outcome = Failed("at f (flow.js:1:3)\nat g (flow.js:2:1)");
  outcome.limit = LimitReport{"cpu", 1, 1, "at flow.js:1:1"};
  outcome.violation = ViolationReport{"socket", {}, "", "", "at flow.js:1:1"};
  EXPECT_TRUE(MapStacks(*bundle, &outcome).empty());
  EXPECT_EQ(outcome.error->stack, "at f (src/flow.ts:5:1)\nat g (flow.js:2:1)");
  EXPECT_EQ(outcome.error->causes[0].stack, outcome.error->stack);
  EXPECT_EQ(outcome.limit->stack, "at src/flow.ts:5:1");
  EXPECT_EQ(outcome.violation->stack, "at src/flow.ts:5:1");

  Outcome refused;
  refused.status = Status::kInvalid;
  refused.reason = "flow.js:1:9: Unexpected token";
  EXPECT_TRUE(MapStacks(*bundle, &refused).empty());
  EXPECT_EQ(refused.reason, "src/flow.ts:5:1: Unexpected token");
}

TEST_F(BundleMapTest, EachModuleOfAFolderHasItsOwn) {
  Write("index.js", "import './lib/flow.js';\n");
  Write("lib/flow.js", kLinked);
  Write("lib/flow.js.map", kMap);
  Outcome outcome = Failed("at f (lib/flow.js:1:3)\nat index.js:1:1");
  EXPECT_TRUE(MapStacks(*Bundle::Load(root_), &outcome).empty());
  EXPECT_EQ(outcome.error->stack, "at f (src/flow.ts:5:1)\nat index.js:1:1");
}

TEST_F(BundleMapTest, ABadOneIsSaidOnceAndChangesNothing) {
  Write("flow.js", kLinked);
  Write("flow.js.map", "{}");
  const std::string stack = "at f (flow.js:1:3)\nat f (flow.js:1:3)";
  Outcome outcome = Failed(stack);
  const auto said = MapStacks(*Load(), &outcome);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0], "the source map of flow.js is not used: its version is not 3");
  EXPECT_EQ(outcome.error->stack, stack);

  Outcome fine;
  fine.status = Status::kSucceeded;
  EXPECT_TRUE(MapStacks(*Load(), &fine).empty()) << "nobody needs it";
}

TEST_F(BundleMapTest, OnlyAPlainFileIsRead) {
  Write("flow.js", kLinked);
  const fs::path map = root_ / "flow.js.map";
  const auto said = [this] {
    Outcome outcome = Failed("at f (flow.js:1:3)");
    const auto problems = MapStacks(*Load(), &outcome);
    return problems.size() == 1 ? problems[0] : "";
  };
  fs::create_symlink("/etc/passwd", map);
  EXPECT_NE(said().find("it is a symbolic link"), std::string::npos);
  fs::remove(map);
  fs::create_directory(map);
  EXPECT_NE(said().find("it is no plain file"), std::string::npos);
  fs::remove(map);
  ASSERT_EQ(::mkfifo(map.c_str(), 0600), 0);
  EXPECT_NE(said().find("it is no plain file"), std::string::npos);
  fs::remove(map);
  Write("flow.js.map", "");
  fs::resize_file(map, source_map::kMaxMapBytes + 1);
  EXPECT_NE(said().find("larger than 32 MB"), std::string::npos);
}

}  // namespace
}  // namespace warder::execution
