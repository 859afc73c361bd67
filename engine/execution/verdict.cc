#include "engine/execution/verdict.h"

#include <linux/audit.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "engine/base/text.h"
#include "sandbox/jail/layers.h"
#include "sandbox/jail/syscall_table.h"
#include "sandbox/jail/violation.h"
#include "sandbox/proto/frame.h"
#include "sandbox/zygote/exit_status.h"

namespace warder::execution {
namespace {

// What a person reads of a script's message; stacks have their own bound in the cell.
constexpr std::size_t kMaxMessageBytes = 8 << 10;
constexpr std::size_t kMaxStackBytes = 16 << 10;
constexpr int kMaxCauseDepth = 8;
constexpr int kMaxErrors = 16;  // an error and all that led to it
constexpr std::size_t kMaxCodeBytes = 256;
constexpr std::uint64_t kMaxRetryMs = 1'000'000'000'000;

const LimitSpec& SpecOf(std::string_view name) {
  for (const LimitSpec& spec : LimitTable()) {
    if (spec.name == name) return spec;
  }
  return LimitTable().front();
}

void LimitHit(std::string_view name, const Limits& limits, std::uint64_t peak, const std::string& stack,
              const std::string& detail, Outcome* outcome) {
  const LimitSpec& spec = SpecOf(name);
  const std::uint64_t value = limits.*(spec.value);
  outcome->status = Status::kLimit;
  outcome->limit = LimitReport{std::string(spec.name), value, peak, Truncate(stack, kMaxStackBytes)};
  outcome->reason = "the limit " + std::string(spec.name) + " of " + FormatLimit(spec.unit, value) +
                    " was reached (peak " + FormatLimit(spec.unit, peak) + ")";
  if (!detail.empty()) outcome->reason += ": " + Truncate(detail, kMaxMessageBytes);
}

void Violated(std::string what, std::string detail, Outcome* outcome) {
  outcome->status = Status::kViolation;
  outcome->reason = what + (detail.empty() ? "" : ": " + detail);
  outcome->violation = ViolationReport{std::move(what), {}, std::move(detail)};
}

// Takes one from `left` for each error.
ScriptError ErrorOf(const proto::ThrownError& thrown, int depth, int* left) {
  --*left;
  ScriptError error{Truncate(thrown.name(), kMaxMessageBytes),
                    Truncate(thrown.message(), kMaxMessageBytes),
                    Truncate(thrown.stack(), kMaxStackBytes),
                    {},
                    Truncate(thrown.code(), kMaxCodeBytes)};
  if (thrown.retry() == proto::ThrownError::NEVER) error.retry = false;
  if (thrown.retry() == proto::ThrownError::AFTER) {
    error.retry = true;
    error.retry_after = std::chrono::milliseconds(std::min(thrown.retry_after_ms(), kMaxRetryMs));
  }
  for (const auto& cause : thrown.causes()) {
    if (*left == 0 || depth == kMaxCauseDepth) break;
    error.causes.push_back(ErrorOf(cause, depth + 1, left));
  }
  return error;
}

// "index.js:3:9: Unexpected token", whether the message begins with the file already or not.
std::string Rejection(const proto::BundleRejected& rejected) {
  if (rejected.file().empty()) return rejected.message();
  std::string place = rejected.file();
  if (rejected.line() != 0) place += ":" + std::to_string(rejected.line());
  if (rejected.line() != 0 && rejected.column() != 0) place += ":" + std::to_string(rejected.column());
  std::string_view message = rejected.message();
  if (message.starts_with(rejected.file() + ": ")) message.remove_prefix(rejected.file().size() + 2);
  return place + ": " + std::string(message);
}

void JudgeResult(const Evidence& evidence, const Limits& limits, Outcome* outcome) {
  const proto::Result& result = evidence.result;
  switch (result.outcome_case()) {
    case proto::Result::kSucceeded: {
      std::string why;
      if (!IsJson(evidence.output, &why)) {
        if (IsJson(evidence.output, nullptr, evidence.output.size())) {  // an honest flow can do that
          outcome->status = Status::kFailed;
          outcome->reason = "the flow's result is nested deeper than " + std::to_string(kMaxJsonDepth) + " levels";
          return;
        }
        Violated("the cell's output is not JSON", why, outcome);
        return;
      }
      outcome->status = Status::kSucceeded;
      outcome->output_json = evidence.output;
      return;
    }
    case proto::Result::kThrown: {
      const proto::ThrownError& thrown = result.thrown();
      if (thrown.ceiling() == proto::ThrownError::ARRAY_BUFFER) {
        LimitHit("array-buffer", limits,
                 result.usage().array_buffer_peak_bytes() + result.usage().array_buffer_refused_bytes(), thrown.stack(),
                 thrown.message(), outcome);
      } else if (thrown.ceiling() == proto::ThrownError::STRING) {
        LimitHit("heap", limits, result.usage().heap_peak_bytes(), thrown.stack(),
                 "a string would be longer than V8 allows (536,870,888 characters)", outcome);
      } else {
        outcome->status = Status::kFailed;
        outcome->reason = thrown.name().empty() ? Truncate(thrown.message(), kMaxMessageBytes)
                                                : Truncate(thrown.name() + ": " + thrown.message(), kMaxMessageBytes);
      }
      int errors_left = kMaxErrors;
      outcome->error = ErrorOf(thrown, 0, &errors_left);
      return;
    }
    case proto::Result::kRejected:
      outcome->status = Status::kInvalid;
      outcome->reason = Truncate(Rejection(result.rejected()), kMaxMessageBytes);
      return;
    case proto::Result::OUTCOME_NOT_SET:
      break;
  }
  Violated("the cell sent a result without an outcome", "", outcome);
}

void JudgeStopped(const proto::Stopped& stopped, const Limits& limits, Outcome* outcome) {
  switch (stopped.reason()) {
    case proto::Stopped::HEAP:
      LimitHit("heap", limits, stopped.usage().heap_peak_bytes(), stopped.stack(), stopped.detail(), outcome);
      return;
    case proto::Stopped::OUTPUT:
      LimitHit("output", limits, outcome->usage.output_bytes, stopped.stack(), stopped.detail(), outcome);
      return;
    case proto::Stopped::LOG:
      LimitHit("log", limits, outcome->usage.log_bytes, stopped.stack(), stopped.detail(), outcome);
      return;
    case proto::Stopped::STALLED:
      LimitHit("wall", limits, static_cast<std::uint64_t>(outcome->usage.wall.count() / 1000), stopped.stack(), "",
               outcome);
      outcome->reason =
          "the limit wall of " + FormatLimit(LimitUnit::kMilliseconds, limits.wall_ms) +
          " was all that could end it: the flow waits for a promise that nothing can settle any more, so " +
          "it was ended after " + FormatLimit(LimitUnit::kMilliseconds, outcome->limit->peak);
      return;
    default:
      Violated("the cell stopped for no reason that exists", "", outcome);
  }
}

// What the table of system calls says of a call that it did not let through.
std::string RuleFor(long number) {
  std::string allowed;
  for (const jail::SyscallRule& rule : jail::SyscallTable(jail::Profile::kCell)) {
    if (rule.number != number || rule.answer != jail::Answer::kAllow) continue;
    allowed += (allowed.empty() ? "" : "; ") + jail::DescribeConditions(rule);
  }
  return allowed.empty() ? "no rule allows it" : "it is allowed only where " + allowed;
}

void JudgeViolation(const proto::Violation& violation, Outcome* outcome) {
  const auto number = static_cast<long>(violation.syscall());
  const bool native = violation.arch() == AUDIT_ARCH_X86_64;
  const std::string name = native ? jail::SyscallName(number) : "";
  const std::string shown = !name.empty() ? name : "number " + std::to_string(number);
  std::string arguments;
  ViolationReport report;
  for (const std::uint64_t argument : violation.arguments()) {
    if (report.arguments.size() == 6) break;
    report.arguments.push_back(argument);
    char text[24];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(argument));
    arguments += (arguments.empty() ? "" : ", ") + std::string(text);
  }
  report.what = shown;
  report.detail = native ? "" : "made through another system call ABI";
  report.rule = native ? RuleFor(number) : "no call of another ABI is allowed";
  report.stack = Truncate(violation.stack(), kMaxStackBytes);
  outcome->status = Status::kViolation;
  outcome->reason = "the cell tried the system call " + shown + "(" + arguments +
                    "), which its filter stopped: " + report.rule + (native ? "" : "; " + report.detail);
  outcome->violation = std::move(report);
}

// Whether the filter ended it: by its handler, or by the kernel where the handler was lost.
bool DiedByFilter(const CellDeath& death) {
  if (!death.reaped) return false;
  if (WIFEXITED(death.wait_status)) return WEXITSTATUS(death.wait_status) == jail::kViolationExitStatus;
  return WTERMSIG(death.wait_status) == SIGSYS;
}

// An allocation that was refused ends in an abort or a bad access deep inside V8, before anything can be said.
bool RanOutOfMemory(const Evidence& evidence) {
  const CellDeath& death = evidence.death;
  if (death.cgroup.out_of_memory) return true;
  if (death.peak_rss_bytes <= evidence.data_limit_bytes / 2) return false;
  if (WIFEXITED(death.wait_status)) return WEXITSTATUS(death.wait_status) == jail::kAbortExitStatus;
  const int signal = WTERMSIG(death.wait_status);
  return signal == SIGSEGV || signal == SIGABRT || signal == SIGTRAP || signal == SIGILL;
}

void Unenforceable(const std::string& layer, const std::string& why, Outcome* outcome) {
  outcome->status = Status::kUnenforceable;
  outcome->reason = "the jail's layer " + layer + " could not be set up: " + why + "; see `warder doctor`";
}

// Nothing but a death: the wait status, the peak and the circumstances have to say why.
void JudgeDeath(const Evidence& evidence, const Limits& limits, Outcome* outcome) {
  const CellDeath& death = evidence.death;
  if (!death.failed_layer.empty()) {
    Unenforceable(death.failed_layer, death.failed_why.empty() ? std::strerror(death.failed_errno) : death.failed_why,
                  outcome);
    return;
  }
  if (death.unenforceable) {
    outcome->status = Status::kUnenforceable;
    outcome->reason = death.zygote_lost;
    return;
  }
  if (!death.zygote_lost.empty()) {
    outcome->status = Status::kFault;
    outcome->reason = "the zygote was lost during the run: " + death.zygote_lost;
    return;
  }
  if (!death.fault.empty()) {
    outcome->status = Status::kFault;
    outcome->reason = death.fault;
    return;
  }
  const bool exited = WIFEXITED(death.wait_status);
  const int signal = exited ? 0 : WTERMSIG(death.wait_status);
  if (!evidence.ready && exited && WEXITSTATUS(death.wait_status) == zygote::kSetupUnreportedExitStatus) {
    Unenforceable(std::string(jail::layer::kSeccomp), "the filter of the cell could not be installed", outcome);
    return;
  }
  if (RanOutOfMemory(evidence)) {
    const std::uint64_t peak = std::max(death.peak_rss_bytes, death.cgroup.peak_bytes);
    LimitHit("heap", limits, peak, "", "the cell ran out of memory", outcome);
    return;
  }
  if (exited) {
    Violated("the cell left without a result", "exit status " + std::to_string(WEXITSTATUS(death.wait_status)),
             outcome);
    return;
  }
  // RLIMIT_CPU, whose soft and hard values are equal, kills with SIGKILL too.
  const auto cpu_ms = static_cast<std::uint64_t>(death.cpu.count() / 1000);
  if (signal == SIGXCPU || (signal == SIGKILL && cpu_ms >= limits.cpu_ms)) {
    LimitHit("cpu", limits, cpu_ms, "", "", outcome);
    return;
  }
  if (signal == SIGKILL) {
    outcome->status = Status::kFault;
    outcome->reason = "the cell was killed from outside (SIGKILL)";
    return;
  }
  Violated("the cell crashed", std::string("SIG") + ::sigabbrev_np(signal), outcome);
}

}  // namespace

std::string DescribeUnsendable(const proto::ToCell& frame) {
  const char* what = "a frame";
  switch (frame.frame_case()) {
    case proto::ToCell::kInput:
      what = "the name of a module";
      break;
    case proto::ToCell::kStart:
      what = "what it is told of its connections";
      break;
    case proto::ToCell::kResponseHead:
      what = "the head of an answer";
      break;
    default:
      break;
  }
  return std::string("the cell cannot be sent ") + what + ": with " + std::to_string(frame.ByteSizeLong()) +
         " bytes it is longer than a frame may be, which is " + FormatLimit(LimitUnit::kBytes, proto::kMaxFrameBytes);
}

bool DiedBadly(const CellDeath& death) {
  if (!death.reaped) return false;
  if (WIFEXITED(death.wait_status)) return WEXITSTATUS(death.wait_status) != 0;
  return WTERMSIG(death.wait_status) != SIGKILL;
}

void Judge(const Evidence& evidence, const Limits& limits, Outcome* outcome) {
  // Whatever the cell has said before.
  if (DiedByFilter(evidence.death) && evidence.cause != Cause::kViolation && evidence.cause != Cause::kCancelled) {
    Violated("the cell's filter stopped a system call", "the cell could not say which", outcome);
    return;
  }
  switch (evidence.cause) {
    case Cause::kLimit:
      LimitHit(evidence.limit, limits, evidence.peak, evidence.stopped.stack(), evidence.stopped.detail(), outcome);
      return;
    case Cause::kProtocol:
      Violated("the cell broke the protocol of its socket", evidence.protocol_error, outcome);
      return;
    case Cause::kCancelled:
      outcome->status = Status::kCancelled;
      outcome->reason = "cancelled by the host";
      return;
    case Cause::kViolation:
      JudgeViolation(evidence.violation, outcome);
      return;
    case Cause::kStopped:
      JudgeStopped(evidence.stopped, limits, outcome);
      return;
    case Cause::kResult:
      JudgeResult(evidence, limits, outcome);
      return;
    case Cause::kPosture:
      outcome->status = Status::kUnenforceable;
      outcome->reason = (evidence.missing_layer.empty() ? "the jail of this execution's cell could not be looked at: "
                                                        : "the jail's layer " + evidence.missing_layer +
                                                              " does not hold on this execution's cell: ") +
                        evidence.posture_detail + "; nothing was run; see `warder doctor`";
      return;
    case Cause::kDiverged:
      outcome->status = Status::kFailed;
      outcome->reason = outcome->divergence ? Truncate(outcome->divergence->what, kMaxMessageBytes) : "";
      return;
    case Cause::kAsRecorded:
      outcome->status = Status::kCancelled;  // until the recording says how
      return;
    case Cause::kUnsendable:
      outcome->status = Status::kInvalid;
      outcome->reason = evidence.unsendable;
      return;
    case Cause::kNone:
      JudgeDeath(evidence, limits, outcome);
      return;
  }
}

}  // namespace warder::execution
