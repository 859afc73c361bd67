// What a launch refuses, and how it says so: the layer, the reason, what to do.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>

#include "sandbox/jail/process.h"
#include "sandbox/jail/syscall_table.h"
#include "sandbox/jail/testing/child.h"
#include "sandbox/zygote/launcher.h"
#include "sandbox/zygote/testcases/harness.h"

namespace warder::testcases {
namespace {

namespace fs = std::filesystem;

class RefusalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const std::string reason = WhyNoJail();
    if (!reason.empty()) GTEST_SKIP() << reason;
  }
  TestImage image_;
};

// What WaitReady says of a launch that must fail.
Error FailureOf(const zygote::LaunchOptions& options) {
  auto launched = zygote::Zygote::Launch(options);
  if (!launched) return launched.error();
  auto ready = launched->WaitReady();
  EXPECT_FALSE(ready);
  return ready ? Error{} : ready.error();
}

TEST_F(RefusalTest, NamesABadImage) {
  auto options = OptionsFor(image_);
  options.image_root = "/no/such/folder";
  EXPECT_EQ(FailureOf(options).kind, ErrorKind::kInternal);

  const TestImage elsewhere("");
  fs::create_directory_symlink(image_.path(), elsewhere.path() / "link");
  options.image_root = (elsewhere.path() / "link").string();
  EXPECT_NE(FailureOf(options).message.find("not a symbolic link"), std::string::npos);

  options.image_root = elsewhere.path().string();
  const Error missing = FailureOf(options);
  EXPECT_EQ(missing.kind, ErrorKind::kUnenforceable);
  EXPECT_EQ(missing.layer, "zygote");
  EXPECT_NE(missing.message.find("No such file"), std::string::npos) << missing.message;

  fs::create_symlink("/bin/true", elsewhere.path() / "zygote");  // leads out of the image: nothing is there
  EXPECT_NE(FailureOf(options).message.find("executing /zygote"), std::string::npos);

  fs::permissions(elsewhere.path(), fs::perms{0777});
  const Error writable = FailureOf(options);
  EXPECT_EQ(writable.layer, "root");
  EXPECT_NE(writable.message.find("chmod o-w"), std::string::npos) << writable.message;
}

TEST_F(RefusalTest, NamesAMissingLauncher) {
  auto options = OptionsFor(image_);
  options.launcher_path = "/no/such/launcher";
  EXPECT_NE(FailureOf(options).message.find("could not be started"), std::string::npos);
}

TEST_F(RefusalTest, NamesWhatTheStartOfTheZygoteDidWrong) {
  const TestImage cold("test_zygote_cold");
  auto options = OptionsFor(cold);
  EXPECT_NE(FailureOf(options).message.find("could not start V8: no isolate"), std::string::npos);
  options.start_mode = zygote::StartMode::kFresh;
  auto fresh = zygote::Zygote::Launch(options);
  ASSERT_TRUE(fresh);
  EXPECT_TRUE(fresh->WaitReady()) << "nothing is warmed up";
  EXPECT_NE(FailureOf(OptionsFor(TestImage("test_zygote_throws"))).message.find("could not start V8: no snapshot"),
            std::string::npos);
  EXPECT_EQ(FailureOf(OptionsFor(TestImage("test_zygote_leaks"))).layer, "descriptors");
  EXPECT_NE(FailureOf(OptionsFor(TestImage("test_zygote_threads"))).message.find("more than one thread"),
            std::string::npos);
  EXPECT_NE(FailureOf(OptionsFor(TestImage("test_zygote_ends"))).message.find("exited with status 7"),
            std::string::npos);
}

TEST_F(RefusalTest, OnlyDegradableLayersCanBePermitted) {
  auto options = OptionsFor(image_);
  options.permit_degraded = {"landlock"};
  TestEngine engine(options);
  EXPECT_NE(engine.Spawn().greeting, "");
  options.permit_degraded = {"seccomp"};
  EXPECT_EQ(FailureOf(options).kind, ErrorKind::kInvalidInput);
  options.permit_degraded = {"no-such-layer"};
  EXPECT_EQ(FailureOf(options).kind, ErrorKind::kInvalidInput);
}

TEST_F(RefusalTest, AMissingLayerRefusesUnlessItIsPermittedAndThenIsNamed) {
  const auto strict = jail::testing::InChild([&] {
    jail::testing::PretendTheKernelHasNo(SYS_landlock_create_ruleset);
    const Error error = FailureOf(OptionsFor(image_));
    return error.layer + ": " + error.message;
  });
  EXPECT_TRUE(strict.said.starts_with("landlock: landlock_create_ruleset")) << strict.said;
  EXPECT_NE(strict.said.find("--permit-degraded=landlock"), std::string::npos) << strict.said;

  const auto lenient = jail::testing::InChild([&] {
    jail::testing::PretendTheKernelHasNo(SYS_landlock_create_ruleset);
    auto options = OptionsFor(image_);
    options.permit_degraded = {"landlock"};
    TestEngine engine(options);
    std::string said = engine.Spawn().Ask("facts").value_or("no answer");
    for (const auto& layer : engine.ready().layers) {
      if (layer.name == "landlock") said += layer.enforced ? " enforced" : " missing";
    }
    return said;
  });
  EXPECT_EQ(lenient.said, "pid=1 tid=1 environment=TZ=UTC missing");
}

// Each step of the launcher and of the seal that the kernel refuses ends everything, in the name of its layer.
TEST_F(RefusalTest, ARefusedStepIsRefusedInTheNameOfItsLayer) {
  struct Step {
    std::uint32_t number;
    const char* layer;
  };
  for (const Step& step :
       {Step{SYS_setsid, "zygote"}, Step{SYS_unshare, "user-namespace"}, Step{SYS_clone, "pid-namespace"},
        Step{SYS_mount_setattr, "mount-namespace"}, Step{SYS_open_tree, "root"}, Step{SYS_fsopen, "root"},
        Step{SYS_pivot_root, "root"}, Step{SYS_capset, "capabilities"}, Step{SYS_personality, "zygote"},
        Step{SYS_sethostname, "uts-namespace"}, Step{SYS_pipe2, "zygote"}}) {
    const auto end = jail::testing::InChild([&]() -> std::string {
      jail::testing::PretendTheKernelHasNo(step.number);
      return FailureOf(OptionsFor(image_)).layer;
    });
    EXPECT_EQ(end.said, step.layer) << jail::SyscallName(step.number);
  }
}

// A cell that cannot be set up never runs, is reaped, and the engine hears why.
TEST_F(RefusalTest, ACellThatCannotBeSetUpIsReported) {
  const auto end = jail::testing::InChild([&]() -> std::string {
    jail::testing::PretendTheKernelHasNo(SYS_getrandom);
    TestEngine engine(OptionsFor(image_));
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return "socketpair";
    const UniqueFd ours(ends[0]);
    const std::uint64_t id = engine.Ask(UniqueFd(ends[1]), {1 << 28, 1});
    const zygote::SpawnFailed failed = engine.AwaitSpawnFailed(id);
    char byte = 0;
    const bool silent = read(ours.get(), &byte, 1) == 0;
    return failed.layer + " " + std::to_string(failed.error_number) + (silent ? " silent" : " spoke") + " " +
           std::to_string(DescendantsOf(engine.zygote().pid()).size());
  });
  EXPECT_EQ(end.said, "zygote " + std::to_string(ENOSYS) + " silent 0");
}

TEST_F(RefusalTest, AUidThatCannotBeTakenIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "started as an ordinary user";
  auto options = OptionsFor(image_);
  options.jail_uid = ~0U;
  const Error error = FailureOf(options);
  EXPECT_EQ(error.kind, ErrorKind::kUnenforceable);
  EXPECT_EQ(error.layer, "uid");
}

}  // namespace
}  // namespace warder::testcases
