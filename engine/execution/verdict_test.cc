#include "engine/execution/verdict.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <sys/syscall.h>

#include <chrono>
#include <csignal>

#include "sandbox/jail/violation.h"
#include "sandbox/zygote/exit_status.h"

namespace warder::execution {
namespace {

Outcome JudgeOf(const Evidence& evidence) {
  Outcome outcome;
  Judge(evidence, Limits{}, &outcome);
  return outcome;
}

Evidence DeathBy(int wait_status, std::uint64_t peak_rss = 0) {
  Evidence evidence;
  evidence.death.spawned = evidence.death.confirmed = evidence.death.reaped = true;
  evidence.death.wait_status = wait_status;
  evidence.death.peak_rss_bytes = peak_rss;
  evidence.data_limit_bytes = 400u << 20;
  return evidence;
}

TEST(VerdictTest, AResultSucceedsOnlyWithJson) {
  Evidence evidence;
  evidence.cause = Cause::kResult;
  evidence.result.set_succeeded(true);
  evidence.output = R"({"a":1})";
  EXPECT_EQ(JudgeOf(evidence).status, Status::kSucceeded);
  EXPECT_EQ(JudgeOf(evidence).output_json, R"({"a":1})");
  evidence.output = "{} trailing";
  EXPECT_EQ(JudgeOf(evidence).status, Status::kViolation);
  EXPECT_EQ(JudgeOf(evidence).output_json, "");
  evidence.output = "";
  EXPECT_EQ(JudgeOf(evidence).status, Status::kViolation);
}

TEST(VerdictTest, AResultThatIsNestedTooDeepIsTheFlowsOwnFailure) {
  Evidence evidence;
  evidence.cause = Cause::kResult;
  evidence.result.set_succeeded(true);
  evidence.output = std::string(1000, '[') + std::string(1000, ']');
  EXPECT_EQ(JudgeOf(evidence).status, Status::kFailed);
  EXPECT_NE(JudgeOf(evidence).reason.find("deeper than 256"), std::string::npos);
}

TEST(VerdictTest, AResultWithoutAnOutcomeIsAViolation) {
  Evidence evidence;
  evidence.cause = Cause::kResult;
  EXPECT_EQ(JudgeOf(evidence).status, Status::kViolation);
}

TEST(VerdictTest, AThrownErrorKeepsStackAndCauses) {
  Evidence evidence;
  evidence.cause = Cause::kResult;
  auto* thrown = evidence.result.mutable_thrown();
  thrown->set_name("TypeError");
  thrown->set_message("x is not a function");
  thrown->set_stack("at run (index.js:3:7)");
  thrown->add_causes()->set_message("the cause");
  const Outcome outcome = JudgeOf(evidence);
  EXPECT_EQ(outcome.status, Status::kFailed);
  EXPECT_EQ(outcome.reason, "TypeError: x is not a function");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->stack, "at run (index.js:3:7)");
  ASSERT_EQ(outcome.error->causes.size(), 1u);
  EXPECT_EQ(outcome.error->causes[0].message, "the cause");
}

TEST(VerdictTest, CeilingsAreLimits) {
  Evidence evidence;
  evidence.cause = Cause::kResult;
  evidence.result.mutable_thrown()->set_ceiling(proto::ThrownError::ARRAY_BUFFER);
  evidence.result.mutable_usage()->set_array_buffer_peak_bytes(10);
  evidence.result.mutable_usage()->set_array_buffer_refused_bytes(90);
  EXPECT_EQ(JudgeOf(evidence).status, Status::kLimit);
  EXPECT_EQ(JudgeOf(evidence).limit->limit, "array-buffer");
  EXPECT_EQ(JudgeOf(evidence).limit->peak, 100u);
  evidence.result.mutable_thrown()->set_ceiling(proto::ThrownError::STRING);
  EXPECT_EQ(JudgeOf(evidence).limit->limit, "heap");
}

TEST(VerdictTest, ARejectedBundleNamesFileAndLine) {
  Evidence evidence;
  evidence.cause = Cause::kResult;
  auto* rejected = evidence.result.mutable_rejected();
  rejected->set_file("index.js");
  rejected->set_line(3);
  rejected->set_column(9);
  rejected->set_message("Unexpected token");
  EXPECT_EQ(JudgeOf(evidence).status, Status::kInvalid);
  EXPECT_EQ(JudgeOf(evidence).reason, "index.js:3:9: Unexpected token");
  rejected->set_message("index.js: Unexpected token");
  EXPECT_EQ(JudgeOf(evidence).reason, "index.js:3:9: Unexpected token");
}

TEST(VerdictTest, StopsAreTheLimitsTheyName) {
  Evidence evidence;
  evidence.cause = Cause::kStopped;
  const std::pair<proto::Stopped::Reason, const char*> cases[] = {{proto::Stopped::HEAP, "heap"},
                                                                  {proto::Stopped::OUTPUT, "output"},
                                                                  {proto::Stopped::LOG, "log"},
                                                                  {proto::Stopped::STALLED, "wall"}};
  for (const auto& [reason, limit] : cases) {
    evidence.stopped.set_reason(reason);
    ASSERT_EQ(JudgeOf(evidence).status, Status::kLimit) << limit;
    EXPECT_EQ(JudgeOf(evidence).limit->limit, limit);
  }
  // Nobody asked it to stop: a lie.
  evidence.stopped.set_reason(proto::Stopped::ASKED);
  EXPECT_EQ(JudgeOf(evidence).status, Status::kViolation);
}

TEST(VerdictTest, ALimitNamesValuePeakAndStack) {
  Evidence evidence;
  evidence.cause = Cause::kLimit;
  evidence.limit = "cpu";
  evidence.peak = 10'004;
  evidence.stopped.set_stack("at loop (index.js:1:1)");
  const Outcome outcome = JudgeOf(evidence);
  EXPECT_EQ(outcome.status, Status::kLimit);
  EXPECT_EQ(outcome.reason, "the limit cpu of 10s was reached (peak 10004ms)");
  EXPECT_EQ(outcome.limit->value, 10'000u);
  EXPECT_EQ(outcome.limit->stack, "at loop (index.js:1:1)");
}

TEST(VerdictTest, AViolationNamesTheSystemCallAndItsArguments) {
  Evidence evidence;
  evidence.cause = Cause::kViolation;
  evidence.violation.set_syscall(SYS_socket);
  evidence.violation.set_arch(AUDIT_ARCH_X86_64);
  evidence.violation.add_arguments(2);
  evidence.violation.add_arguments(0x80001);
  const Outcome outcome = JudgeOf(evidence);
  EXPECT_EQ(outcome.status, Status::kViolation);
  EXPECT_EQ(outcome.violation->what, "socket");
  EXPECT_EQ(outcome.reason,
            "the cell tried the system call socket(0x2, 0x80001), which its filter stopped: no rule allows it");
  EXPECT_EQ(outcome.violation->rule, "no rule allows it");
  EXPECT_EQ(outcome.violation->stack, "");
  evidence.violation.set_arch(AUDIT_ARCH_I386);
  EXPECT_NE(JudgeOf(evidence).reason.find("another system call ABI"), std::string::npos);
}

TEST(VerdictTest, AViolationOfAnArgumentNamesTheRuleAndWhereJavaScriptWas) {
  Evidence evidence;
  evidence.cause = Cause::kViolation;
  evidence.violation.set_syscall(SYS_read);
  evidence.violation.set_arch(AUDIT_ARCH_X86_64);
  evidence.violation.add_arguments(5);
  evidence.violation.set_stack("at main (index.js:3:1)");
  const Outcome outcome = JudgeOf(evidence);
  EXPECT_EQ(outcome.violation->rule, "it is allowed only where fd is 3");
  EXPECT_EQ(outcome.violation->stack, "at main (index.js:3:1)");
}

TEST(VerdictTest, ADeathWithoutAWordIsJudgedByItsStatus) {
  EXPECT_EQ(JudgeOf(DeathBy(0)).status, Status::kViolation);
  EXPECT_EQ(JudgeOf(DeathBy(SIGKILL)).status, Status::kFault);
  EXPECT_EQ(JudgeOf(DeathBy(SIGSYS)).status, Status::kViolation);
  EXPECT_EQ(JudgeOf(DeathBy(SIGXCPU)).limit->limit, "cpu");
  EXPECT_EQ(JudgeOf(DeathBy(SIGSEGV)).status, Status::kViolation);
  EXPECT_NE(JudgeOf(DeathBy(SIGSEGV)).reason.find("SIGSEGV"), std::string::npos);
  // The same signal near the memory limit is the memory limit.
  EXPECT_EQ(JudgeOf(DeathBy(SIGSEGV, 300u << 20)).limit->limit, "heap");
}

TEST(VerdictTest, TheFiltersWordIsTheLast) {
  // Whatever was said, and however much memory it had.
  Evidence evidence = DeathBy(SIGSYS, 300u << 20);
  EXPECT_EQ(JudgeOf(evidence).status, Status::kViolation);
  evidence.cause = Cause::kResult;
  evidence.result.set_succeeded(true);
  evidence.output = "1";
  EXPECT_EQ(JudgeOf(evidence).status, Status::kViolation);
  evidence.death.wait_status = jail::kViolationExitStatus << 8;
  EXPECT_EQ(JudgeOf(evidence).status, Status::kViolation);
  evidence.cause = Cause::kCancelled;
  EXPECT_EQ(JudgeOf(evidence).status, Status::kCancelled);
}

TEST(VerdictTest, AKillAtTheEndOfTheCpuTimeIsTheLimit) {
  Evidence evidence = DeathBy(SIGKILL);
  evidence.death.cpu = std::chrono::seconds(12);
  const Outcome outcome = JudgeOf(evidence);
  ASSERT_TRUE(outcome.limit) << outcome.reason;
  EXPECT_EQ(outcome.limit->limit, "cpu");
}

TEST(VerdictTest, ACellWithoutItsFilterIsUnenforceable) {
  Evidence evidence = DeathBy(0);
  evidence.death.wait_status = zygote::kSetupUnreportedExitStatus << 8;
  EXPECT_EQ(JudgeOf(evidence).status, Status::kUnenforceable);
  EXPECT_NE(JudgeOf(evidence).reason.find("seccomp"), std::string::npos);
  evidence.ready = true;  // it had its filter: this is somebody's own exit status
  EXPECT_EQ(JudgeOf(evidence).status, Status::kViolation);
}

TEST(VerdictTest, ACellThatCouldNotBeMadeNamesTheLayer) {
  Evidence evidence;
  evidence.death.failed_layer = "network-namespace";
  evidence.death.failed_errno = ENOSPC;
  EXPECT_EQ(JudgeOf(evidence).status, Status::kUnenforceable);
  EXPECT_NE(JudgeOf(evidence).reason.find("network-namespace"), std::string::npos);
}

TEST(VerdictTest, OtherCauses) {
  Evidence evidence;
  evidence.cause = Cause::kProtocol;
  evidence.protocol_error = "it does not read";
  EXPECT_EQ(JudgeOf(evidence).status, Status::kViolation);
  evidence.cause = Cause::kCancelled;
  EXPECT_EQ(JudgeOf(evidence).status, Status::kCancelled);
  evidence = DeathBy(SIGKILL);
  evidence.death.fault = "the cell was not ready in time";
  EXPECT_EQ(JudgeOf(evidence).status, Status::kFault);
  EXPECT_EQ(JudgeOf(evidence).reason, "the cell was not ready in time");
  evidence = DeathBy(0);
  evidence.death.zygote_lost = "gone";
  EXPECT_EQ(JudgeOf(evidence).status, Status::kFault);
}

}  // namespace
}  // namespace warder::execution
