#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "warder/engine.h"

namespace warder {
namespace {

namespace fs = std::filesystem;

class BundleTest : public testing::Test {
 protected:
  BundleTest() {
    std::string pattern = (fs::temp_directory_path() / "bundle.XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(root_); }

  void Write(const std::string& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  static std::string WhyInvalid(const fs::path& path, std::uint64_t most = Limits{}.bundle_bytes) {
    try {
      Bundle::Load(path, most);
    } catch (const EngineError& error) {
      EXPECT_EQ(error.status(), Status::kInvalid);
      return error.what();
    }
    return "";
  }

  fs::path root_;
};

TEST_F(BundleTest, OneFileIsABundle) {
  Write("flow.mjs", "export default 1");
  const auto bundle = Bundle::Load(root_ / "flow.mjs");
  EXPECT_EQ(bundle->entry(), "flow.mjs");
  ASSERT_EQ(bundle->files().size(), 1u);
  EXPECT_EQ(bundle->files()[0].source, "export default 1");
  EXPECT_EQ(bundle->sha256().size(), 64u);
}

TEST_F(BundleTest, TestsAreNoPartOfABundle) {
  Write("index.js", "a");
  Write("index.test.js", "b");
  Write("lib/x.test.js", "c");
  Write("x.fixture.json", "{}");
  EXPECT_EQ(Bundle::Load(root_)->files().size(), 1u);

  const std::vector<Bundle::File> more = {{"warder:test/entry.js", "import '../index.test.js'"}};
  const auto test = Bundle::LoadTest(root_ / "index.test.js", more, "warder:test/entry.js");
  std::vector<std::string> names;
  for (const auto& file : test->files()) names.push_back(file.name);
  EXPECT_EQ(names, (std::vector<std::string>{"index.js", "index.test.js", "warder:test/entry.js"}));
  EXPECT_EQ(test->entry(), "warder:test/entry.js");
  EXPECT_NE(test->sha256(), Bundle::Load(root_)->sha256());

  const auto why = [&](const fs::path& path, const std::vector<Bundle::File>& files) -> std::string {
    try {
      Bundle::LoadTest(path, files, "");
    } catch (const EngineError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(why(root_ / "index.test.js", {{"index.js", "another"}}), "the bundle has two modules of one name");
  fs::create_symlink("index.test.js", root_ / "link.test.js");
  EXPECT_EQ(why(root_ / "link.test.js", more),
            (root_ / "link.test.js").string() + " is a symbolic link; a test file is a plain file");
  EXPECT_NE(why(root_ / "absent.test.js", more).find("No such file"), std::string::npos);
  EXPECT_NE(why(root_ / "absent/a.test.js", more).find("cannot open the folder"), std::string::npos);
  fs::create_directory(root_ / "folder.test.js");
  EXPECT_NE(why(root_ / "folder.test.js", more).find("is no plain file"), std::string::npos);
}

TEST_F(BundleTest, AFolderIsItsModulesSortedByName) {
  Write("index.js", "a");
  Write("lib/z.js", "b");
  Write("lib/data.json", "{}");
  Write("README.md", "not code");
  Write(".hidden/x.js", "not seen");
  Write("node_modules/x/index.js", "not seen");
  const auto bundle = Bundle::Load(root_);
  std::vector<std::string> names;
  for (const auto& file : bundle->files()) names.push_back(file.name);
  EXPECT_EQ(names, (std::vector<std::string>{"index.js", "lib/data.json", "lib/z.js"}));
  EXPECT_EQ(bundle->entry(), "index.js");
}

TEST_F(BundleTest, TheHashDependsOnNamesAndSourcesAndTheirBoundaries) {
  Write("index.js", "a");
  const std::string one = Bundle::Load(root_)->sha256();
  EXPECT_EQ(Bundle::Load(root_)->sha256(), one);
  Write("index.js", "b");
  const std::string two = Bundle::Load(root_)->sha256();
  EXPECT_NE(one, two);
  Write("index.js", "a");
  Write("other.js", "");
  EXPECT_NE(Bundle::Load(root_)->sha256(), one);
}

TEST_F(BundleTest, RefusalsSayWhatIsWrong) {
  EXPECT_NE(WhyInvalid(root_ / "missing.js").find("No such file"), std::string::npos);
  EXPECT_NE(WhyInvalid(root_).find("has no index.js"), std::string::npos);
  Write("flow.ts", "let x: number");
  EXPECT_NE(WhyInvalid(root_ / "flow.ts").find("neither a folder nor a .js or .mjs file"), std::string::npos);
  Write("index.js", std::string(100, 'x'));
  EXPECT_NE(WhyInvalid(root_, 99).find("larger than 99B"), std::string::npos);
  EXPECT_EQ(WhyInvalid(root_, 100), "");
}

TEST_F(BundleTest, ALinkOutOfTheFolderIsRefused) {
  Write("index.js", "a");
  fs::create_symlink("/etc/hostname", root_ / "secret.js");
  EXPECT_NE(WhyInvalid(root_).find("secret.js"), std::string::npos);
  EXPECT_NE(WhyInvalid(root_).find("symbolic link"), std::string::npos);
}

TEST_F(BundleTest, ALinkedFolderIsRefused) {
  Write("index.js", "a");
  Write("lib/a.js", "a");
  fs::create_symlink("lib", root_ / "alias");
  EXPECT_EQ(WhyInvalid(root_),
            "alias of the bundle " + root_.string() + " is a symbolic link; a bundle holds plain files only");
}

TEST_F(BundleTest, ALinkThatNothingCouldBeImportedFromDoesNotMatter) {
  Write("index.js", "a");
  fs::create_symlink("/etc/hostname", root_ / "LICENSE");
  fs::create_symlink("nowhere", root_ / "dangling");
  fs::create_symlink("/etc", root_ / "node_modules");
  EXPECT_EQ(Bundle::Load(root_)->files().size(), 1u);
}

TEST_F(BundleTest, WhatIsNotUtf8IsRefusedWithItsPlace) {
  const std::pair<const char*, std::size_t> cases[] = {
      {"\xff", 0},         {"'\xc3\xa9\xe9'", 3},    {"// \xc0\xaf", 3},
      {"\xed\xa0\x80", 0}, {"x\xf4\x90\x80\x80", 1}, {"cut off \xe2\x82", 8},
  };
  for (const char* name : {"lib/a.js", "lib/a.mjs", "lib/a.json"}) {
    Write("index.js", "'é€😀'");
    EXPECT_EQ(WhyInvalid(root_), "");
    for (const auto& [text, offset] : cases) {
      Write(name, text);
      EXPECT_EQ(WhyInvalid(root_), std::string(name) + " of the bundle " + root_.string() +
                                       " is not UTF-8: the byte at offset " + std::to_string(offset) +
                                       " is no part of a character; save it as UTF-8");
    }
    fs::remove(root_ / name);
  }
  Write("\xe9.js", "a");
  EXPECT_NE(WhyInvalid(root_).find("a name that is not UTF-8"), std::string::npos);
}

TEST_F(BundleTest, APipeDoesNotBlockAndIsRefused) {
  const fs::path pipe = root_ / "pipe.js";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_NE(WhyInvalid(pipe).find("neither a file nor a folder"), std::string::npos);
}

TEST_F(BundleTest, FoldersNestedTooDeepAreRefused) {
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "d/";
  Write("index.js", "a");
  Write(deep + "x.js", "a");
  EXPECT_NE(WhyInvalid(root_).find("nested deeper"), std::string::npos);
}

// Which of them would run?
TEST(BundleOfTest, TwoModulesOfOneNameAreRefused) {
  EXPECT_THROW(Bundle::Of({{"index.js", "1"}, {"a.js", "2"}, {"index.js", "3"}}, "index.js"), EngineError);
}

}  // namespace
}  // namespace warder
