// The filters of a live cell, read back from the kernel: what is installed is what was compiled, and both together
// answer as the cell's table says.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "sandbox/jail/syscall_filter.h"
#include "sandbox/jail/testing/bpf_evaluator.h"
#include "sandbox/jail/testing/filter_oracle.h"
#include "sandbox/jail/testing/filter_proof.h"
#include "sandbox/zygote/testcases/harness.h"

namespace warder::testcases {
namespace {

using jail::Profile;
using Program = std::vector<sock_filter>;

// Stops a process to ask the kernel about it; the destructor lets it go on.
class Tracer {
 public:
  explicit Tracer(pid_t pid) : pid_(pid) {
    attached_ = ptrace(PTRACE_SEIZE, pid, 0, 0) == 0 && ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0 &&
                waitpid(pid, nullptr, __WALL) == pid;
  }
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;
  ~Tracer() {
    if (attached_) ptrace(PTRACE_DETACH, pid_, 0, 0);
  }

  // The filter that was installed as the index-th; false with ENOENT (or EINVAL: it has none): not so many.
  bool Filter(unsigned long index, Program* program) const {
    const long size = ptrace(PTRACE_SECCOMP_GET_FILTER, pid_, index, 0);
    if (size < 0) return false;
    program->resize(static_cast<std::size_t>(size));
    return ptrace(PTRACE_SECCOMP_GET_FILTER, pid_, index, program->data()) == size;
  }
  bool attached() const { return attached_; }

 private:
  pid_t pid_;
  bool attached_ = false;
};

bool SameBytes(const Program& installed, std::span<const sock_filter> compiled) {
  return installed.size() == compiled.size() &&
         std::memcmp(installed.data(), compiled.data(), compiled.size_bytes()) == 0;
}

// The kernel shows a filter only to who is CAP_SYS_ADMIN on the host and runs behind none itself (ptrace(2)).
std::string WhyNoLook() {
  if (std::string reason = WhyNoJail(); !reason.empty()) return reason;
  const unsigned long effective = std::stoul(StatusField(getpid(), "CapEff"), nullptr, 16);
  if ((effective & (1UL << CAP_SYS_ADMIN)) == 0) return "the kernel shows installed filters to CAP_SYS_ADMIN only";
  if (StatusField(getpid(), "Seccomp") != "0") return "the kernel shows no filters to a process that has one itself";
  return "";
}

class InstalledFilterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const std::string reason = WhyNoLook();
    if (!reason.empty()) GTEST_SKIP() << reason;
  }

  // Everything installed on `pid`, oldest first.
  static std::vector<Program> FiltersOf(pid_t pid) {
    const Tracer tracer(pid);
    EXPECT_TRUE(tracer.attached()) << std::strerror(errno);
    std::vector<Program> filters;
    for (Program program; tracer.Filter(filters.size(), &program);) filters.push_back(program);
    EXPECT_EQ(errno, filters.empty() ? EINVAL : ENOENT) << "EIO: a kernel without CONFIG_CHECKPOINT_RESTORE";
    return filters;
  }

  TestImage image_;
};

TEST_F(InstalledFilterTest, IsByteForByteWhatWasCompiled) {
  TestEngine engine(OptionsFor(image_));
  const Cell cell = engine.Spawn();
  const std::vector<Program> zygotes = FiltersOf(engine.zygote().pid());
  ASSERT_EQ(zygotes.size(), 1U);
  EXPECT_TRUE(SameBytes(zygotes[0], jail::Filter(Profile::kZygote)));
  const std::vector<Program> cells = FiltersOf(cell.pid());
  ASSERT_EQ(cells.size(), 2U);
  EXPECT_TRUE(SameBytes(cells[0], jail::Filter(Profile::kZygote)));
  EXPECT_TRUE(SameBytes(cells[1], jail::Filter(Profile::kCell)));
}

TEST_F(InstalledFilterTest, AnswersAsTheTablesSay) {
  TestEngine engine(OptionsFor(image_));
  const std::vector<Program> installed = FiltersOf(engine.Spawn().pid());
  ASSERT_EQ(installed.size(), 2U);
  const auto rules = jail::SyscallTable(Profile::kCell);
  std::size_t checked = 0;
  jail::testing::ForEachBoundaryCall(rules, [&](const seccomp_data& call) {
    const auto newer = jail::testing::Evaluate(installed[1], call);
    const auto older = jail::testing::Evaluate(installed[0], call);
    ASSERT_TRUE(newer && older);
    ASSERT_EQ(jail::testing::Stricter(*newer, *older), jail::testing::TableAnswer(rules, call))
        << jail::testing::Describe(call);
    ++checked;
  });
  // And for every call there is.
  const auto newer = jail::testing::MapOfProgram(installed[1]);
  const auto older = jail::testing::MapOfProgram(installed[0]);
  ASSERT_TRUE(newer && older);
  const auto difference =
      jail::testing::FindDifference(jail::testing::MapOfBoth(*newer, *older), jail::testing::MapOfTable(rules));
  EXPECT_FALSE(difference) << jail::testing::Describe(*difference);
  std::printf("%zu calls tried, all calls compared\n", checked);
}

// The positive control: an ordinary process has none, and being looked at does not end a cell.
TEST_F(InstalledFilterTest, LooksAtLiveProcesses) {
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  EXPECT_TRUE(FiltersOf(child).empty());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  TestEngine engine(OptionsFor(image_));
  Cell cell = engine.Spawn();
  EXPECT_EQ(FiltersOf(cell.pid()).size(), 2U);
  EXPECT_EQ(cell.Ask("facts"), "pid=1 tid=1 environment=TZ=UTC");
}

}  // namespace
}  // namespace warder::testcases
