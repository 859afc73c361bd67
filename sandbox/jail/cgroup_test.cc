#include "sandbox/jail/cgroup.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "sandbox/jail/proc_file.h"

namespace warder::jail {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

// A child that waits for a byte, then runs `body` and ends with its value.
class Child {
 public:
  explicit Child(const std::function<int()>& body) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      close(ends[1]);
      char byte = 0;
      _exit(read(ends[0], &byte, 1) == 1 ? body() : 99);
    }
    close(ends[0]);
    gate_.reset(ends[1]);
    pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  int pidfd() const { return pidfd_.get(); }
  // Lets it go on; the status it ends with.
  int Run() {
    EXPECT_EQ(write(gate_.get(), "!", 1), 1);
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
  UniqueFd gate_;
  UniqueFd pidfd_;
};

int TouchMemory(std::uint64_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  for (std::uint64_t at = 0; at < bytes; at += 4096) static_cast<volatile char*>(memory)[at] = 1;
  return 0;
}

// Reads one byte of every 2 MiB of a mapping that is never written to: nothing is committed, but every read takes a
// page table of the kernel's.
int TouchPageTables(std::uint64_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return 1;
  madvise(memory, bytes, MADV_NOHUGEPAGE);
  for (std::uint64_t at = 0; at < bytes; at += 2 * kMiB) static_cast<void>(static_cast<volatile char*>(memory)[at]);
  return 0;
}

TEST(CgroupPlaces, FindsEveryHierarchyThatItIsIn) {
  const auto places =
      FindCgroupPlaces("9:name=systemd:/\n4:memory:/a/b\n3:cpu,cpuacct:/\n0::/user.slice/x y.scope\n",
                       "30 20 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
                       "31 20 0:27 /a /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                       "32 20 0:28 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n");
  ASSERT_EQ(places.size(), 3U);
  EXPECT_EQ(places[0].path, "/sys/fs/cgroup/memory/b");
  EXPECT_EQ(places[0].version, CgroupVersion::kV1);
  EXPECT_EQ(places[0].controllers, std::vector<std::string>{"memory"});
  EXPECT_EQ(places[1].path, "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(places[2].path, "/sys/fs/cgroup/unified/user.slice/x y.scope");
  EXPECT_EQ(places[2].version, CgroupVersion::kV2);
}

TEST(CgroupPlaces, LeavesOutWhatIsNotMountedOrOutsideOfTheMount) {
  EXPECT_TRUE(FindCgroupPlaces("", "").empty());
  EXPECT_TRUE(FindCgroupPlaces("0::/\n", "").empty());
  EXPECT_TRUE(FindCgroupPlaces("4:memory:/other\n", "31 20 0:27 /a /m rw - cgroup cgroup rw,memory\n").empty());
  // "/ab" is not below "/a".
  EXPECT_TRUE(FindCgroupPlaces("4:memory:/ab\n", "31 20 0:27 /a /m rw - cgroup cgroup rw,memory\n").empty());
  EXPECT_TRUE(FindCgroupPlaces("no colons\n4:memory\n", "31 20 0:27 / /m rw - cgroup cgroup rw,memory\n").empty());
  EXPECT_TRUE(FindCgroupPlaces("4:memory:/\n", "31 20 0:27 / /m\nshort - cgroup\n").empty());
}

TEST(CgroupTree, SaysWhyThereIsNone) {
  const CgroupTree none = CgroupTree::Open({});
  EXPECT_FALSE(none.state().enforced);
  EXPECT_EQ(none.state().name, layer::kCgroupLimits);
  EXPECT_NE(none.state().detail.find("No cgroup hierarchy is mounted"), std::string::npos) << none.state().detail;
  EXPECT_NE(none.state().detail.find("Delegate"), std::string::npos);
  const CgroupTree absent = CgroupTree::Open({{CgroupVersion::kV1, {"memory", "pids"}, "/nonexistent"}});
  EXPECT_FALSE(absent.state().enforced);
  EXPECT_NE(absent.state().detail.find("/nonexistent"), std::string::npos) << absent.state().detail;
}

TEST(CgroupPlaces, LeavesOutWhatIsBeyondTheCgroupNamespace) {
  EXPECT_TRUE(FindCgroupPlaces("0::/../x\n", "32 20 0:28 / /u rw - cgroup2 cgroup2 rw\n").empty());
  EXPECT_TRUE(FindCgroupPlaces("0::/x\n", "32 20 0:28 /../.. /u rw - cgroup2 cgroup2 rw\n").empty());
}

TEST(CgroupTree, WithoutControlFilesIsNotUsed) {
  const fs::path folder = fs::temp_directory_path() / ("warder-cgroup-test-" + std::to_string(getpid()));
  fs::create_directory(folder);
  const CgroupTree tree = CgroupTree::Open({{CgroupVersion::kV2, {}, folder}});
  EXPECT_FALSE(tree.state().enforced);
  EXPECT_TRUE(fs::is_empty(folder)) << "what it made is gone again";
  fs::remove(folder);
}

TEST(CgroupTree, TakesOnlyWhatHasBothMemoryAndPids) {
  const fs::path folder = fs::temp_directory_path() / ("warder-cgroup-test-" + std::to_string(getpid()));
  fs::create_directory(folder);
  EXPECT_FALSE(CgroupTree::Open({{CgroupVersion::kV1, {"memory"}, folder}}).state().enforced);
  EXPECT_FALSE(CgroupTree::Open({{CgroupVersion::kV1, {"cpuset"}, folder}}).state().enforced);
  EXPECT_TRUE(CgroupTree::Open({{CgroupVersion::kV1, {"memory", "pids"}, folder}}).state().enforced);
  EXPECT_TRUE(fs::is_empty(folder)) << "what it made is gone again";
  fs::remove(folder);
}

TEST(CgroupLeafTest, EmptyBoundsNothing) {
  EXPECT_FALSE(CgroupLeaf().Kill());
  CgroupLeaf leaf;
  EXPECT_TRUE(leaf.empty());
  EXPECT_TRUE(leaf.Admit(-1));
  EXPECT_EQ(leaf.Usage().peak_bytes, 0U);
  EXPECT_TRUE(leaf.Remove());
}

// The rest needs a hierarchy that this process may write to.
class CgroupsOfThisMachine : public testing::Test {
 protected:
  void SetUp() override {
    if (!tree_.state().enforced) GTEST_SKIP() << tree_.state().detail;
  }
  CgroupLeaf Leaf(std::uint64_t bytes) {
    auto leaf = tree_.MakeLeaf(bytes);
    EXPECT_TRUE(leaf) << leaf.error().message;
    return leaf ? std::move(*leaf) : CgroupLeaf();
  }
  CgroupTree tree_ = CgroupTree::OpenOwn();
};

TEST_F(CgroupsOfThisMachine, BoundMemory) {
  const auto bomb = [] { return TouchMemory(128 * kMiB); };
  Child bounded(bomb);
  CgroupLeaf leaf = Leaf(32 * kMiB);
  ASSERT_TRUE(leaf.Admit(bounded.pidfd()));
  const int status = bounded.Run();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  EXPECT_TRUE(leaf.Usage().out_of_memory);
  EXPECT_GE(leaf.Usage().peak_bytes, 31 * kMiB);
  EXPECT_LE(leaf.Usage().peak_bytes, 32 * kMiB);
  EXPECT_TRUE(leaf.Remove());
  EXPECT_EQ(Child(bomb).Run(), 0) << "the positive control";
}

TEST_F(CgroupsOfThisMachine, BoundPageTables) {
  const auto bomb = [] { return TouchPageTables(std::uint64_t{64} << 30); };
  Child bounded(bomb);
  CgroupLeaf leaf = Leaf(32 * kMiB);
  ASSERT_TRUE(leaf.Admit(bounded.pidfd()));
  const int status = bounded.Run();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  EXPECT_TRUE(leaf.Usage().out_of_memory);
  EXPECT_TRUE(leaf.Remove());
  EXPECT_EQ(Child(bomb).Run(), 0) << "the positive control";
}

TEST_F(CgroupsOfThisMachine, BoundProcesses) {
  const auto forker = [] {
    const pid_t pid = fork();
    if (pid == 0) _exit(0);
    if (pid > 0) waitpid(pid, nullptr, 0);
    return pid > 0 ? 0 : errno;
  };
  Child bounded(forker);
  CgroupLeaf leaf = Leaf(32 * kMiB);
  ASSERT_TRUE(leaf.Admit(bounded.pidfd()));
  EXPECT_EQ(WEXITSTATUS(bounded.Run()), EAGAIN);
  EXPECT_FALSE(leaf.Usage().out_of_memory);
  EXPECT_EQ(Child(forker).Run(), 0) << "the positive control";
}

TEST_F(CgroupsOfThisMachine, RefuseAProcessThatIsGone) {
  Child child([] { return 0; });
  const UniqueFd pidfd(fcntl(child.pidfd(), F_DUPFD_CLOEXEC, 3));
  child.Run();
  CgroupLeaf leaf = Leaf(32 * kMiB);
  EXPECT_FALSE(leaf.Admit(pidfd.get()));
}

TEST_F(CgroupsOfThisMachine, AreStillThereWhileSomethingIsInThem) {
  Child child([] { return 0; });
  CgroupLeaf leaf = Leaf(32 * kMiB);
  ASSERT_TRUE(leaf.Admit(child.pidfd()));
  EXPECT_FALSE(leaf.Remove());
  child.Run();
  EXPECT_TRUE(leaf.Remove());
  EXPECT_TRUE(leaf.empty());
}

// Many engines start and end at once: each finds its own, and nobody takes another's away.
TEST_F(CgroupsOfThisMachine, AreEachEnginesOwn) {
  constexpr int kEngines = 4;
  constexpr int kRounds = 50;
  std::vector<pid_t> engines;
  for (int i = 0; i < kEngines; ++i) {
    const pid_t engine = fork();
    if (engine == 0) {
      for (int round = 0; round < kRounds; ++round) {
        CgroupTree tree = CgroupTree::OpenOwn();
        if (!tree.state().enforced) _exit(1);
        auto leaf = tree.MakeLeaf(32 * kMiB);
        if (!leaf || !leaf->Remove()) _exit(2);
      }
      _exit(0);
    }
    engines.push_back(engine);
  }
  for (const pid_t engine : engines) {
    int status = -1;
    waitpid(engine, &status, 0);
    EXPECT_EQ(status, 0);
  }
}

// A unit that is delegated, as systemd marks it, with the engine in a group of its own below.
TEST_F(CgroupsOfThisMachine, OfVersion2AreMadeBesideTheEngineInADelegatedUnit) {
  const ProcFolder self(getpid());
  fs::path root;
  for (const CgroupPlace& place :
       FindCgroupPlaces(self.Read("cgroup").value_or(""), self.Read("mountinfo").value_or(""))) {
    if (place.version == CgroupVersion::kV2) root = place.path;
  }
  std::string controller;
  std::ifstream(root / "cgroup.controllers") >> controller;
  if (root.empty() || controller.empty()) GTEST_SKIP() << "no version 2 hierarchy with a controller";
  // Only where it can be passed on, and nobody else has done so: it is taken away again at the end.
  std::string passed_on;
  std::getline(std::ifstream(root / "cgroup.subtree_control"), passed_on);
  if (passed_on.find(controller) != std::string::npos) GTEST_SKIP() << "somebody uses " << controller << " already";
  if (!(std::ofstream(root / "cgroup.subtree_control") << "+" << controller << std::flush)) {
    GTEST_SKIP() << root << " does not pass " << controller << " on: it has processes of its own";
  }
  const fs::path unit = root / ("warder-test-unit-" + std::to_string(getpid()));
  ASSERT_TRUE(fs::create_directory(unit));
  ASSERT_TRUE(fs::create_directory(unit / "engine"));
  const pid_t engine = fork();
  if (engine == 0) {
    std::ofstream(unit / "engine" / "cgroup.procs") << 0 << std::flush;
    const std::vector<CgroupPlace> own = {{CgroupVersion::kV2, {}, unit / "engine"}};
    if (CgroupTree::Open(own, {controller}).state().enforced) _exit(1);  // not marked as delegated
    if (setxattr(unit.c_str(), "user.delegate", "1", 1, 0) != 0) _exit(2);
    CgroupTree tree = CgroupTree::Open(own, {controller});
    if (!tree.state().enforced) _exit(3);
    Child child([] { return 0; });
    auto leaf = tree.MakeLeaf(32 * kMiB);
    if (!leaf || !leaf->Admit(child.pidfd())) _exit(4);
    if (leaf->Remove()) _exit(5);  // still in use
    child.Run();
    if (!leaf->Remove()) _exit(6);
    // What does not end by itself, and has made another.
    Child forker([] {
      if (fork() >= 0) pause();
      return 0;
    });
    auto other = tree.MakeLeaf(32 * kMiB);
    if (!other || !other->Admit(forker.pidfd()) || !other->Kill()) _exit(7);
    const int killed = forker.Run();
    _exit(WIFSIGNALED(killed) && WTERMSIG(killed) == SIGKILL && other->Remove() ? 0 : 8);
  }
  int status = -1;
  waitpid(engine, &status, 0);
  EXPECT_EQ(status >> 8, 0);
  static_cast<void>(CgroupTree::Open({{CgroupVersion::kV2, {}, unit}}, {controller}));  // clears away
  std::ofstream(unit / "cgroup.subtree_control") << "-" << controller;
  std::ofstream(root / "cgroup.subtree_control") << "-" << controller;
  std::error_code left;
  fs::remove(unit / "engine", left);
  EXPECT_TRUE(fs::remove(unit, left)) << "something is left in it: " << left.message();
}

std::vector<fs::path> Folders(pid_t engine) {
  std::vector<fs::path> found;
  const ProcFolder self(getpid());
  for (const CgroupPlace& place :
       FindCgroupPlaces(self.Read("cgroup").value_or(""), self.Read("mountinfo").value_or(""))) {
    for (const auto& entry : fs::directory_iterator(place.path)) {
      if (entry.path().filename().string().rfind("warder." + std::to_string(engine) + ".", 0) == 0)
        found.push_back(entry.path());
    }
  }
  return found;
}

TEST_F(CgroupsOfThisMachine, AreClearedAwayAfterAKilledEngine) {
  EXPECT_FALSE(Folders(getpid()).empty());
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const pid_t engine = fork();
  if (engine == 0) {
    CgroupTree tree = CgroupTree::OpenOwn();
    const auto leaf = tree.MakeLeaf(32 * kMiB);
    if (write(ends[1], leaf ? "y" : "n", 1) == 1) {
      for (;;) pause();
    }
    _exit(1);
  }
  char made = 'n';
  ASSERT_EQ(read(ends[0], &made, 1), 1);
  EXPECT_EQ(made, 'y');
  EXPECT_FALSE(Folders(engine).empty());
  // Alive: another engine leaves it alone.
  static_cast<void>(CgroupTree::OpenOwn());
  EXPECT_FALSE(Folders(engine).empty());
  kill(engine, SIGKILL);
  waitpid(engine, nullptr, 0);
  EXPECT_FALSE(Folders(engine).empty()) << "nobody was there to clear it away";
  static_cast<void>(CgroupTree::OpenOwn());
  EXPECT_TRUE(Folders(engine).empty());
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace warder::jail
