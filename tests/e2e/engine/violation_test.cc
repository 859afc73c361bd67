// Raw system calls from a cell: each ends it, the verdict names the call, and the next execution runs. The cell of the
// test image gives JavaScript `__syscall(number, ...arguments)`; the image that is installed does not.
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <cstdlib>
#include <string>

#include "tests/e2e/engine/support.h"

namespace warder::e2e {
namespace {

struct Attempt {
  const char* name;
  long number;
  const char* arguments;  // JavaScript, after the number
};

// 34 is MAP_PRIVATE | MAP_ANONYMOUS, 7 is PROT_READ | PROT_WRITE | PROT_EXEC.
const Attempt kAttempts[] = {
    {"open", SYS_open, "0, 0"},
    {"openat", SYS_openat, "-100, 0, 0"},
    {"socket", SYS_socket, "2, 1, 0"},
    {"clone", SYS_clone, "17, 0"},
    {"fork", SYS_fork, ""},
    {"vfork", SYS_vfork, ""},
    {"execve", SYS_execve, "0, 0, 0"},
    {"execveat", SYS_execveat, "3, 0, 0, 0, 0"},
    {"ptrace", SYS_ptrace, "0, 0, 0, 0"},
    {"mmap", SYS_mmap, "0, 4096, 7, 34, -1, 0"},
    {"mmap", SYS_mmap, "0, 4096, 4, 34, -1, 0"},
    {"mmap", SYS_mmap, "0, 4096, 1, 2, 3, 0"},
    {"sendmsg", SYS_sendmsg, "3, 0, 0"},
    {"recvmsg", SYS_recvmsg, "3, 0, 0"},
    {"kill", SYS_kill, "1, 9"},
    {"unshare", SYS_unshare, "0x10000000"},
    {"bpf", SYS_bpf, "0, 0, 0"},
    {"io_uring_setup", SYS_io_uring_setup, "8, 0"},
    {"userfaultfd", SYS_userfaultfd, "0"},
    {"process_vm_readv", SYS_process_vm_readv, "1, 0, 0, 0, 0, 0"},
    {"keyctl", SYS_keyctl, "0, 0, 0"},
};

class ViolationTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const char* image = std::getenv("WARDER_HOSTILE_IMAGE");
    ASSERT_NE(image, nullptr) << "WARDER_HOSTILE_IMAGE names the test image; meson test sets it";
    engine = Engine::Open({.image = image}).release();
  }
  static void TearDownTestSuite() { delete engine; }
  static Engine* engine;
};
Engine* ViolationTest::engine = nullptr;

std::string Call(const Attempt& attempt) {
  const std::string arguments = *attempt.arguments != '\0' ? std::string(", ") + attempt.arguments : "";
  return "const answer = __syscall(" + std::to_string(attempt.number) + arguments +
         ");\nreturn { data: String(answer) };";
}

TEST_F(ViolationTest, ARawSystemCallThatIsAllowedReturns) {
  const Outcome outcome = RunBody(*engine, Call({"mmap", SYS_mmap, "0, 4096, 3, 34, -1, 0"}));
  EXPECT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
  EXPECT_NE(outcome.output_json.find_first_of("0123456789"), std::string::npos) << outcome.output_json;
}

TEST_F(ViolationTest, EachForbiddenSystemCallEndsTheCellAndIsNamed) {
  for (const Attempt& attempt : kAttempts) {
    SCOPED_TRACE(std::string(attempt.name) + "(" + attempt.arguments + ")");
    const Outcome outcome = RunBody(*engine, Call(attempt));
    EXPECT_EQ(outcome.status, Status::kViolation) << outcome.reason << outcome.output_json;
    ASSERT_TRUE(outcome.violation);
    EXPECT_EQ(outcome.violation->what, attempt.name);
    EXPECT_NE(outcome.reason.find(attempt.name), std::string::npos) << outcome.reason;
    EXPECT_TRUE(outcome.output_json.empty()) << outcome.output_json;

    const Outcome next = RunBody(*engine, "return { data: 1 };");
    EXPECT_EQ(next.status, Status::kSucceeded) << next.reason;
  }
}

TEST_F(ViolationTest, TheVerdictSaysWhichRuleAndWhereTheScriptWas) {
  const Outcome outcome = RunBody(*engine, "const dig = () => __syscall(0, 5, 0, 0);\ndig();");
  ASSERT_TRUE(outcome.violation) << outcome.reason;
  EXPECT_EQ(outcome.violation->what, "read");
  EXPECT_EQ(outcome.violation->rule, "it is allowed only where fd is 3");
  EXPECT_NE(outcome.violation->stack.find("at dig (index.js:4:"), std::string::npos) << outcome.violation->stack;
}

TEST_F(ViolationTest, ASecondExecutionBesideAViolationFinishes) {
  ExecutionRequest beside;
  beside.bundle = FlowBundle("await new Promise((done) => setTimeout(done, 200)); return { data: \"unharmed\" };");
  const Execution unharmed = engine->Start(beside);
  for (const Attempt& attempt : kAttempts) {
    const Outcome outcome = RunBody(*engine, Call(attempt));
    EXPECT_EQ(outcome.status, Status::kViolation) << attempt.name << ": " << outcome.reason;
  }
  EXPECT_EQ(unharmed.Wait().status, Status::kSucceeded) << unharmed.Wait().reason;
}

TEST_F(ViolationTest, TheOrdinaryImageHasNoRawSystemCalls) {
  const auto ordinary = Engine::Open({});
  const Outcome outcome = RunBody(*ordinary, "return { data: typeof __syscall };");
  ASSERT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
  EXPECT_NE(outcome.output_json.find("undefined"), std::string::npos) << outcome.output_json;
}

}  // namespace
}  // namespace warder::e2e
