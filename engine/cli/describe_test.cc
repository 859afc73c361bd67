#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/cli/fake_engine.h"
#include "engine/cli/testing.h"
#include "warder/manifest.h"

namespace warder::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class DescribeTest : public testing::Test {
 protected:
  Scratch scratch_;
  std::string narrow_ = scratch_.Bundle("narrow");
  std::string wide_ = scratch_.Bundle("wide");
};

TEST_F(DescribeTest, PrintsTheManifestOfACellThatIsGrantedNothing) {
  const Ran ran = Warder({"describe", narrow_, "--permit-degraded", "landlock"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(manifest::Canonical(ran.out), ran.out.substr(0, ran.out.size() - 1));
  EXPECT_TRUE(fake::LastRequest().describe);
  EXPECT_TRUE(fake::LastRequest().allow_origins.empty());
  EXPECT_TRUE(fake::LastRequest().connections.empty());
  EXPECT_THAT(fake::LastOptions().permit_degraded, testing::ElementsAre("landlock"));
}

TEST_F(DescribeTest, ComparesBundlesAndManifests) {
  const std::string manifest = scratch_.Put("narrow.json", Warder({"describe", narrow_}).out);
  const Ran wider = Warder({"describe", "--diff", manifest, wide_});
  EXPECT_EQ(wider.code, 1) << wider.err;
  EXPECT_THAT(wider.out, StartsWith("+ it has a connection a.b (basic) to https://a.test with any method\n"));
  EXPECT_THAT(wider.out, HasSubstr("it may do more than before\n"));
  const Ran narrower = Warder({"describe", "--diff", wide_, manifest});
  EXPECT_EQ(narrower.code, 0) << narrower.err;
  EXPECT_THAT(narrower.out, HasSubstr("it may do no more than before\n"));
  const Ran same = Warder({"describe", "--diff", manifest, narrow_});
  EXPECT_EQ(same.code, 0);
  EXPECT_EQ(same.out, "nothing changes\n");
  const auto object = boost::json::parse(Warder({"describe", "--diff", manifest, wide_, "--json"}).out).as_object();
  EXPECT_EQ(object.at("widens"), true);
  EXPECT_EQ(object.at("changes").at(0).at("kind"), "widens");
}

TEST_F(DescribeTest, SaysWhatIsWrong) {
  EXPECT_EQ(Warder({"describe", narrow_, wide_}).err, "warder: describe takes one bundle, or --diff OLD NEW\n");
  EXPECT_EQ(Warder({"describe", "--diff", narrow_}).err,
            "warder: --diff takes two bundles or manifests, OLD and NEW\n");
  const std::string broken = scratch_.Put("broken.json", R"({"warder":1,"name":7})");
  const Ran ran = Warder({"describe", broken});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.err,
            "warder: the file " + broken +
                ": the manifest's name must be a text of at most 4096 bytes without control characters, but is 7\n");
  const Ran rejected = Warder({"describe", scratch_.Bundle("reject")});
  EXPECT_EQ(rejected.code, 2);
  EXPECT_THAT(rejected.err, HasSubstr("index.js:1:5: Unexpected token"));
  // Exit code 1 is kept for what widens.
  EXPECT_EQ(Warder({"describe", scratch_.Bundle("throw")}).code, 2);
}

}  // namespace
}  // namespace warder::cli
