// The launcher and the zygote from start to end, with a zygote that has no V8.
#include "sandbox/zygote/launcher.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "sandbox/jail/pidfd.h"
#include "sandbox/jail/posture.h"
#include "sandbox/jail/violation.h"
#include "sandbox/zygote/testcases/harness.h"

namespace warder::testcases {
namespace {

namespace fs = std::filesystem;

// Of a cell that TestEngine::Spawn asks for.
const std::vector<jail::Limit> kOwnLimits = jail::MemoryAndCpuLimits(std::uint64_t{256} << 20, 60);

class LauncherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const std::string reason = WhyNoJail();
    if (!reason.empty()) GTEST_SKIP() << reason;
  }
  TestImage image_;
};

std::vector<int> DescriptorsOf(int pidfd) {
  std::vector<int> open;
  for (int fd = 0; fd < 256; ++fd) {
    const UniqueFd copy(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, fd, 0)));
    if (copy) open.push_back(fd);
  }
  return open;
}

TEST_F(LauncherTest, ReportsEveryLayerThatIsSetUpOnce) {
  TestEngine engine(OptionsFor(image_));
  EXPECT_EQ(engine.ready().v8_version, "none");
  std::set<std::string> names;
  for (const auto& layer : engine.ready().layers) {
    EXPECT_TRUE(names.insert(layer.name).second) << layer.name;
    const jail::LayerInfo* info = jail::FindLayer(layer.name);
    ASSERT_NE(info, nullptr) << layer.name;
    EXPECT_TRUE(layer.enforced || info->requirement == jail::Requirement::kOptional)
        << layer.name << ": " << layer.detail;
  }
  EXPECT_EQ(names.size(), jail::Layers().size() - 1) << "all but the engine's own: its cgroups";
}

std::string ProcFile(pid_t pid, const char* name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/" + name);
  std::string text;
  std::getline(file, text);
  return text;
}

TEST_F(LauncherTest, TheClockOfTheMachineIsNotACells) {
  timespec now{};
  ASSERT_EQ(clock_gettime(CLOCK_MONOTONIC, &now), 0);
  TestEngine engine(OptionsFor(image_));
  const long seconds = std::stol(engine.Spawn().Ask("clock").value_or("-1"));
  EXPECT_GE(seconds, 0);
  if (now.tv_sec < 60) GTEST_SKIP() << "this machine was started a moment ago";
  EXPECT_LT(seconds, 30) << "the machine has been up for " << now.tv_sec << " s";
}

TEST_F(LauncherTest, IsTheFirstToGoWhenMemoryIsShort) {
  // The positive control: it is not what everything here has.
  if (ProcFile(getpid(), "oom_score_adj") == "1000") GTEST_SKIP() << "this machine gives every process 1000";
  TestEngine engine(OptionsFor(image_));
  Cell cell = engine.Spawn();
  EXPECT_EQ(ProcFile(engine.zygote().pid(), "oom_score_adj"), "1000");
  EXPECT_EQ(ProcFile(cell.pid(), "oom_score_adj"), "1000");
}

TEST_F(LauncherTest, ACellServesAndIsReaped) {
  TestEngine engine(OptionsFor(image_));
  Cell cell = engine.Spawn();
  EXPECT_EQ(cell.Ask("facts"), "pid=1 tid=1 environment=TZ=UTC");
  EXPECT_GT(cell.pid(), 0);
  cell.Tell("exit 7");
  const zygote::Reaped reaped = engine.AwaitReaped(cell.id);
  ASSERT_TRUE(WIFEXITED(reaped.wait_status));
  EXPECT_EQ(WEXITSTATUS(reaped.wait_status), 7);
  EXPECT_GT(reaped.peak_rss_bytes, 0U);
}

TEST_F(LauncherTest, SiblingsHaveTheirOwnEntropy) {
  TestEngine engine(OptionsFor(image_));
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(engine.Spawn().greeting.substr(0, 136));
  EXPECT_EQ(seen.size(), 100U);
}

TEST_F(LauncherTest, EveryStepOfTheSetUpIsTimed) {
  TestEngine engine(OptionsFor(image_));
  const std::string greeting = engine.Spawn().greeting;
  for (const char* step : {"fork=", "descriptors=", "landlock=", "capabilities=", "limits=", "filter="}) {
    EXPECT_NE(greeting.find(step), std::string::npos) << greeting;
  }
}

TEST_F(LauncherTest, TheSoftLimitReachesTheCell) {
  TestEngine engine(OptionsFor(image_));
  Cell cell = engine.Spawn();
  cell.Tell("soft");
  ASSERT_EQ(syscall(SYS_pidfd_send_signal, cell.pidfd.get(), SIGUSR1, nullptr, 0), 0);
  EXPECT_EQ(cell.ReadLine(), "soft");
}

TEST_F(LauncherTest, EndsOfACellAreToldApart) {
  TestEngine engine(OptionsFor(image_));
  const auto end_of = [&](const std::string& line, zygote::CellLimits limits) {
    Cell cell = engine.Spawn(limits);
    cell.Tell(line);
    return engine.AwaitReaped(cell.id).wait_status;
  };
  const zygote::CellLimits limits{std::uint64_t{64} << 20, 60};
  const int aborted = end_of("abort", limits);
  EXPECT_TRUE(WIFEXITED(aborted) && WEXITSTATUS(aborted) == jail::kAbortExitStatus) << aborted;
  const int crashed = end_of("segv", limits);
  EXPECT_TRUE(WIFSIGNALED(crashed) && WTERMSIG(crashed) == SIGSEGV) << crashed;
  const int grown = end_of("grow", limits);  // RLIMIT_DATA: mmap fails, the cell says 42
  EXPECT_TRUE(WIFEXITED(grown) && WEXITSTATUS(grown) == 42) << grown;
  const int looped = end_of("loop", {limits.data_bytes, 1});  // RLIMIT_CPU
  EXPECT_TRUE(WIFSIGNALED(looped) && WTERMSIG(looped) == SIGKILL) << looped;
  Cell killed = engine.Spawn();
  ASSERT_EQ(syscall(SYS_pidfd_send_signal, killed.pidfd.get(), SIGKILL, nullptr, 0), 0);
  EXPECT_TRUE(WIFSIGNALED(engine.AwaitReaped(killed.id).wait_status));
}

TEST_F(LauncherTest, OneCellsEndIsNotAnothers) {
  TestEngine engine(OptionsFor(image_));
  Cell first = engine.Spawn();
  Cell second = engine.Spawn();
  first.Tell("segv");
  engine.AwaitReaped(first.id);
  EXPECT_EQ(second.Ask("facts"), "pid=1 tid=1 environment=TZ=UTC");
}

TEST_F(LauncherTest, RefusesASpawnThatMakesNoSense) {
  TestEngine engine(OptionsFor(image_));
  const auto spawn = [&](std::uint64_t id, bool with_socket, zygote::CellLimits limits) {
    std::array<int, 2> ends{-1, -1};
    EXPECT_TRUE(!with_socket || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const UniqueFd ours(ends[0]);
    return engine.zygote().Spawn(id, UniqueFd(ends[1]), limits);
  };
  EXPECT_FALSE(spawn(1000, false, {1 << 20, 1}));
  EXPECT_FALSE(spawn(1000, true, {0, 1}));
  EXPECT_FALSE(spawn(1000, true, {1 << 20, 0}));
  EXPECT_TRUE(spawn(1000, true, {1 << 28, 1}));
  EXPECT_FALSE(spawn(1000, true, {1 << 28, 1}));
}

// The engine must never block on its zygote: a full queue is an error, and it drains.
TEST_F(LauncherTest, AFullQueueIsRefusedNotWaitedFor) {
  TestEngine engine(OptionsFor(image_));
  ASSERT_EQ(syscall(SYS_pidfd_send_signal, engine.zygote().pidfd(), SIGSTOP, nullptr, 0), 0);
  std::vector<UniqueFd> ours;
  bool full = false;
  std::uint64_t id = 1;
  for (; id < 2000 && !full; ++id) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const UniqueFd closed_at_once(ends[0]);  // such a cell ends by itself
    const auto done = engine.zygote().Spawn(id, UniqueFd(ends[1]), {1 << 28, 1});
    full = !done;
    EXPECT_TRUE(!full || done.error().kind == ErrorKind::kRefused);
  }
  EXPECT_TRUE(full);
  ASSERT_EQ(syscall(SYS_pidfd_send_signal, engine.zygote().pidfd(), SIGCONT, nullptr, 0), 0);
  for (std::uint64_t spawned = 1; spawned + 1 < id; ++spawned) engine.AwaitReaped(spawned);
}

TEST_F(LauncherTest, NothingOfTheHostProgramReachesTheJail) {
  const UniqueFd planted(open("/", O_RDONLY | O_DIRECTORY));  // no close-on-exec, as in careless host programs
  ASSERT_GE(dup2(planted.get(), 50), 0);
  const UniqueFd planted_high(50);
  setenv("WARDER_CANARY", "secret-of-the-host", 1);
  TestEngine engine(OptionsFor(image_));
  Cell cell = engine.Spawn();
  unsetenv("WARDER_CANARY");
  // The zygote may still hold the cell's socket and pidfd for a moment when the cell speaks already.
  const std::vector<int> its_own = {3, 4, 5};
  Eventually([&] { return DescriptorsOf(engine.zygote().pidfd()) == its_own; });
  EXPECT_EQ(DescriptorsOf(engine.zygote().pidfd()), its_own);
  EXPECT_EQ(DescriptorsOf(cell.pidfd.get()), std::vector<int>{3});
  EXPECT_EQ(cell.Ask("facts"), "pid=1 tid=1 environment=TZ=UTC");
  if (geteuid() != 0) return;  // the files below belong to root
  for (const pid_t pid : {engine.zygote().pid(), cell.pid()}) {
    std::ifstream environment("/proc/" + std::to_string(pid) + "/environ");
    const std::string text((std::istreambuf_iterator<char>(environment)), {});
    EXPECT_EQ(text.find("CANARY"), std::string::npos) << text;
    EXPECT_EQ(StatusField(pid, "SigIgn"), pid == cell.pid() ? "0000000000001000" : "0000000000000000");
  }
}

TEST_F(LauncherTest, RootIsLeftBehind) {
  if (geteuid() != 0) GTEST_SKIP() << "started as an ordinary user";
  auto options = OptionsFor(image_);
  options.jail_uid = 0x7abc1234;
  TestEngine engine(options);
  Cell cell = engine.Spawn();
  const std::string id = std::to_string(options.jail_uid);
  const std::string all = id + "\t" + id + "\t" + id + "\t" + id;
  for (const pid_t pid : {engine.zygote().pid(), cell.pid()}) {
    EXPECT_EQ(StatusField(pid, "Uid"), all);
    EXPECT_EQ(StatusField(pid, "Gid"), all);
    EXPECT_EQ(StatusField(pid, "Groups"), "");
  }
}

// Number of keys that belong to a uid; -1 where the kernel has none to count.
int KeysOf(std::uint32_t uid) {
  std::ifstream users("/proc/key-users");
  if (!users) return -1;
  // "  100:     2 1/1 1/200 9/20000": usage, then keys
  for (std::string line; std::getline(users, line);) {
    std::istringstream words(line);
    std::uint32_t owner = 0;
    char colon = 0;
    int usage = 0;
    int keys = 0;
    if (words >> owner >> colon >> usage >> keys && owner == uid) return keys;
  }
  return 0;
}

TEST_F(LauncherTest, TheSessionKeyringIsItsOwn) {
  if (geteuid() != 0) GTEST_SKIP() << "an ordinary user's other jails count too";
  auto options = OptionsFor(image_);
  options.jail_uid = 0x7b000000U + static_cast<std::uint32_t>(getpid());  // keys of an earlier run may linger
  if (KeysOf(options.jail_uid) < 0) GTEST_SKIP() << "this kernel has no keys";
  ASSERT_EQ(KeysOf(options.jail_uid), 0);
  const TestEngine engine(options);
  EXPECT_EQ(KeysOf(options.jail_uid), 1);
}

// The jail's uid need not be able to walk to the image.
TEST_F(LauncherTest, TheFoldersAboveTheImageMayBeClosed) {
  if (geteuid() != 0) GTEST_SKIP() << "an ordinary user's jail has the user's own rights";
  const TestImage closed("");
  fs::create_directory(closed.path() / "image");
  fs::copy_file(image_.path() / "zygote", closed.path() / "image/zygote");
  fs::permissions(closed.path(), fs::perms{0700});
  auto options = OptionsFor(image_);
  options.image_root = (closed.path() / "image").string();
  TestEngine engine(options);
  EXPECT_NE(engine.Spawn().greeting, "");
}

TEST_F(LauncherTest, ManyCellsLeaveNothing) {
  const auto descriptors = OpenDescriptorsOfSelf();
  const std::size_t mounts = CountMounts();
  {
    TestEngine engine(OptionsFor(image_));
    const auto zygotes = DescriptorsOf(engine.zygote().pidfd());
    for (int i = 0; i < 200; ++i) {
      Cell cell = engine.Spawn();
      cell.socket.reset();
      engine.AwaitReaped(cell.id);
    }
    EXPECT_EQ(DescriptorsOf(engine.zygote().pidfd()), zygotes);
    EXPECT_EQ(DescendantsOf(engine.zygote().pid()).size(), 0U);
  }
  EXPECT_EQ(DescendantsOf(getpid()).size(), 0U);
  EXPECT_EQ(OpenDescriptorsOfSelf(), descriptors);
  EXPECT_EQ(CountMounts(), mounts);
}

TEST_F(LauncherTest, TheDestructorTakesRunningCellsAlong) {
  {
    TestEngine engine(OptionsFor(image_));
    Cell looping = engine.Spawn();
    looping.Tell("loop");
    Cell waiting = engine.Spawn();
  }
  EXPECT_EQ(DescendantsOf(getpid()).size(), 0U);
}

TEST_F(LauncherTest, TheDestructorNeedNotWaitForReady) {
  for (int i = 0; i < 20; ++i) {
    auto launched = zygote::Zygote::Launch(OptionsFor(image_));
    ASSERT_TRUE(launched);
    // Somewhere between the launcher's first step and Ready.
    Eventually([] { return false; }, std::chrono::microseconds(200 * i));
  }
  EXPECT_EQ(DescendantsOf(getpid()).size(), 0U);
}

TEST_F(LauncherTest, AZygotesDeathIsHeardOf) {
  TestEngine engine(OptionsFor(image_));
  Cell cell = engine.Spawn();
  ASSERT_EQ(syscall(SYS_pidfd_send_signal, engine.zygote().pidfd(), SIGKILL, nullptr, 0), 0);
  EXPECT_EQ(engine.AwaitClosed(), "was killed by signal 9");
  EXPECT_EQ(DescendantsOf(getpid()).size(), 0U);
  EXPECT_EQ(cell.ReadRest(), "");
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd ours(ends[0]);
  EXPECT_FALSE(engine.zygote().Spawn(77, UniqueFd(ends[1]), {1 << 28, 1}));
}

TEST_F(LauncherTest, TheObservedPostureIsExactlyTheExpectedOne) {
  TestEngine engine(OptionsFor(image_));
  Cell cell = engine.Spawn();
  ASSERT_NE(cell.greeting, "");
  const auto posture = jail::ObservePosture(cell.pidfd.get(), engine.ready().layers, kOwnLimits);
  ASSERT_TRUE(posture) << posture.error().message;
  ASSERT_EQ(posture->size(), jail::Layers().size());
  for (std::size_t i = 0; i < posture->size(); ++i) {
    const auto& state = (*posture)[i];
    EXPECT_EQ(state.name, jail::Layers()[i].name);
    EXPECT_TRUE(state.enforced || jail::Layers()[i].requirement == jail::Requirement::kOptional)
        << state.name << ": " << state.detail;
  }
}

// The owner of the cell's files is compared with its uid as a whole, also where that ends in root's.
TEST_F(LauncherTest, ThePostureDoesNotDependOnTheDigitsOfTheUid) {
  if (geteuid() != 0) GTEST_SKIP() << "started as an ordinary user";
  auto options = OptionsFor(image_);
  options.jail_uid = 1879050000;
  TestEngine engine(options);
  Cell cell = engine.Spawn();
  const auto posture = jail::ObservePosture(cell.pidfd.get(), engine.ready().layers, kOwnLimits);
  ASSERT_TRUE(posture);
  for (const auto& state : *posture) {
    EXPECT_TRUE(state.enforced || state.name != "not-dumpable") << state.detail;
  }
}

TEST_F(LauncherTest, ThePostureOfAnOrdinaryProcessIsSeenAsOpen) {
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  const auto posture = jail::ObservePosture(pidfd.get(), {}, kOwnLimits);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ASSERT_TRUE(posture);
  for (const auto& state : *posture) {
    const bool may_hold = state.name == "uid" || state.name == "speculation" || state.name == "no-new-privs" ||
                          state.name == "capabilities" || state.name == "not-dumpable";
    EXPECT_TRUE(!state.enforced || may_hold) << state.name << ": " << state.detail;
  }
}

TEST_F(LauncherTest, ThePostureOfAnEndedCellIsAnError) {
  TestEngine engine(OptionsFor(image_));
  Cell cell = engine.Spawn();
  cell.socket.reset();
  engine.AwaitReaped(cell.id);
  EXPECT_FALSE(jail::ObservePosture(cell.pidfd.get(), engine.ready().layers, kOwnLimits));
  EXPECT_LE(jail::PidOf(cell.pidfd.get()), 0);
}

}  // namespace
}  // namespace warder::testcases
