#include "sandbox/jail/layers.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>

namespace warder::jail {
namespace {

TEST(Layers, HaveOneNameEach) {
  std::set<std::string_view> names;
  for (const LayerInfo& layer : Layers()) {
    EXPECT_TRUE(names.insert(layer.name).second) << layer.name;
    EXPECT_FALSE(layer.meaning.empty());
    EXPECT_EQ(FindLayer(layer.name), &layer);
  }
  EXPECT_EQ(FindLayer("no-such-layer"), nullptr);
}

TEST(Layers, AnErrorSaysWhatAndWhatToDo) {
  const SetupError error = SystemError(layer::kRoot, "pivot_root", EINVAL, "Do this.");
  EXPECT_EQ(error.message, "pivot_root: Invalid argument. Do this.");
  EXPECT_EQ(error.error_number, EINVAL);
  EXPECT_EQ(SystemError(layer::kRoot, "pivot_root", EINVAL).message, "pivot_root: Invalid argument.");
}

TEST(LayerLog, RefusesAMissingRequiredLayerEvenIfItWasPermitted) {
  LayerLog log({std::string(layer::kSeccomp)});
  const auto result = log.Missing(SystemError(layer::kSeccomp, "seccomp", ENOSYS));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().layer, layer::kSeccomp);
  EXPECT_TRUE(log.states().empty());
}

TEST(LayerLog, RefusesADegradableLayerUnlessItIsPermitted) {
  LayerLog strict({});
  EXPECT_FALSE(strict.Missing(SystemError(layer::kLandlock, "landlock", ENOSYS)));
  LayerLog lenient({std::string(layer::kLandlock)});
  EXPECT_TRUE(lenient.Missing(SystemError(layer::kLandlock, "landlock", ENOSYS)));
  ASSERT_EQ(lenient.states().size(), 1U);
  EXPECT_FALSE(lenient.states()[0].enforced);
  EXPECT_EQ(lenient.states()[0].name, layer::kLandlock);
}

TEST(LayerLog, NotesAMissingOptionalLayer) {
  LayerLog log({});
  EXPECT_TRUE(log.Missing(SystemError(layer::kTime, "unshare", EINVAL)));
  log.Enforced(layer::kUid, "host uid 5");
  log.Add({"x", true, ""});
  ASSERT_EQ(log.states().size(), 3U);
  EXPECT_FALSE(log.states()[0].enforced);
  EXPECT_TRUE(log.states()[1].enforced);
}

TEST(LayerLog, RefusesWhatIsNoLayerOfACell) {
  LayerLog log({std::string(layer::kParentDeath)});
  EXPECT_FALSE(log.Missing(SystemError(layer::kParentDeath, "prctl", EINVAL)));
}

}  // namespace
}  // namespace warder::jail
