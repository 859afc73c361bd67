// warder init: what it writes, and what it leaves alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/cli/testing.h"

namespace warder::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class InitTest : public testing::Test {
 protected:
  Ran Init(const std::string& project) { return Warder({"init", project, "--sdk", sdk_}); }
  void SetUp() override {
    fs::create_directories(sdk_ + "/bundle");
    fs::create_directories(sdk_ + "/types");
  }

  Scratch scratch_;
  std::string sdk_ = scratch_ / "sdk";
};

TEST_F(InitTest, AProjectIsWrittenWithItsNameAndWhereTheSdkIs) {
  const std::string project = scratch_ / "my-project";
  const Ran ran = Init(project);
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("  cd " + project + "\n  npm install\n  npm test\n"));
  const auto package = boost::json::parse(Scratch::Read(project + "/package.json")).as_object();
  EXPECT_EQ(package.at("name"), "my-project");
  EXPECT_THAT(boost::json::serialize(package.at("devDependencies")),
              HasSubstr("file:" + fs::canonical(sdk_).string() + "/types"));
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(project)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    EXPECT_THAT(Scratch::Read(entry.path()), Not(HasSubstr("{{"))) << entry.path();
  }
  EXPECT_GE(files, 5U);
  EXPECT_THAT(Scratch::Read(project + "/src/index.ts"), HasSubstr("my-project"));
}

TEST_F(InitTest, AnEmptyFolderWillDoAndWhatIsThereIsNotTouched) {
  fs::create_directory(scratch_ / "empty");
  EXPECT_EQ(Init(scratch_ / "empty/").code, 0);
  const Ran again = Init(scratch_ / "empty");
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("is not empty; name another, or an empty one"));
  scratch_.Put("file", "x");
  EXPECT_THAT(Init(scratch_ / "file").err, HasSubstr("there is something of the name"));
  fs::create_symlink(scratch_ / "nowhere", scratch_ / "link");
  EXPECT_EQ(Init(scratch_ / "link").code, 2);
  EXPECT_THAT(Init(scratch_ / "file/inside").err, HasSubstr("cannot make the folder"));
}

TEST_F(InitTest, WrongNamesAndPlacesAreOneSentence) {
  for (const char* const name : {"My-Project", "a b", "-a", ".a", "\xc3\xa4"}) {
    const Ran ran = Init(scratch_ / name);
    EXPECT_EQ(ran.code, 2) << name;
    EXPECT_THAT(ran.err, HasSubstr("a project's name is 1 to 64 of a-z")) << name;
  }
  EXPECT_THAT(scratch_.Names(), testing::ElementsAre("sdk"));
  sdk_ = scratch_ / "none";
  EXPECT_THAT(Init(scratch_ / "project").err, HasSubstr("there is no SDK in " + sdk_ + "; name the folder"));
}

}  // namespace
}  // namespace warder::cli
