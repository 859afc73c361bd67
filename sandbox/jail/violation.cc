#include "sandbox/jail/violation.h"

#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "sandbox/jail/descriptors.h"

namespace warder::jail {

namespace {

// Field numbers of sandbox/proto/cell.proto, and protobuf's wire types.
constexpr unsigned kFromCellViolation = 11;
constexpr unsigned kSyscall = 1, kArch = 2, kArguments = 3, kInstructionPointer = 4;
constexpr unsigned kVarint = 0, kFixed64 = 1, kLength = 2;

class Writer {
 public:
  explicit Writer(unsigned char* out) : begin_(out), at_(out) {}
  void Byte(std::uint64_t value) { *at_++ = static_cast<unsigned char>(value & 0xff); }
  void Tag(unsigned field, unsigned type) { Byte((field << 3) | type); }
  void Varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) Byte(value | 0x80);
    Byte(value);
  }
  void Fixed(std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) Byte(value >> (8 * i));
  }
  std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  unsigned char* begin_;
  unsigned char* at_;
};

void WriteAll(const unsigned char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = write(kSocketFd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    data += written;
    size -= static_cast<std::size_t>(written);
  }
}

void (*violation_hook)() = nullptr;

[[noreturn]] void OnForbiddenCall(int, siginfo_t* info, void* context) {
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
  ViolationRecord record;
  record.syscall = info->si_syscall;
  record.arch = info->si_arch;
  record.instruction_pointer = reinterpret_cast<std::uint64_t>(info->si_call_addr);
  const std::array<int, 6> order = {REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9};
  for (std::size_t i = 0; i < order.size(); ++i) record.arguments[i] = static_cast<std::uint64_t>(registers[order[i]]);
  std::array<unsigned char, kMaxViolationFrameBytes> frame;
  WriteAll(frame.data(), EncodeViolation(record, frame));
  if (violation_hook != nullptr) violation_hook();
  _exit(kViolationExitStatus);
}

[[noreturn]] void OnAbort(int) { _exit(kAbortExitStatus); }

}  // namespace

std::size_t EncodeViolation(const ViolationRecord& record, std::span<unsigned char, kMaxViolationFrameBytes> out) {
  std::array<unsigned char, kMaxViolationFrameBytes> body;
  Writer violation(body.data());
  violation.Tag(kSyscall, kVarint);
  violation.Varint(static_cast<std::uint64_t>(record.syscall));
  violation.Tag(kArch, kVarint);
  violation.Varint(record.arch);
  violation.Tag(kArguments, kLength);
  violation.Varint(8 * record.arguments.size());
  for (const std::uint64_t argument : record.arguments) violation.Fixed(argument, 8);
  violation.Tag(kInstructionPointer, kFixed64);
  violation.Fixed(record.instruction_pointer, 8);

  Writer message(out.data() + 4);
  message.Tag(kFromCellViolation, kLength);
  message.Varint(violation.size());
  for (std::size_t i = 0; i < violation.size(); ++i) message.Byte(body[i]);
  Writer header(out.data());
  header.Fixed(message.size(), 4);
  return 4 + message.size();
}

SetupResult<> InstallSignalHandlers(const SignalHooks& hooks) {
  violation_hook = hooks.on_violation;
  struct sigaction forbidden_call {};
  forbidden_call.sa_sigaction = OnForbiddenCall;
  forbidden_call.sa_flags = SA_SIGINFO;
  const auto plain = [](void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    return action;
  };
  struct Disposition {
    int signal;
    struct sigaction action;
  };
  std::array<Disposition, 5> dispositions = {{
      {SIGSYS, forbidden_call},
      {SIGABRT, plain(OnAbort)},
      {SIGPIPE, plain(SIG_IGN)},
      {SIGCHLD, plain(SIG_DFL)},  // the zygote's handler
      {SIGUSR1, plain(hooks.on_soft_limit != nullptr ? hooks.on_soft_limit : SIG_IGN)},
  }};
  sigset_t none;
  sigemptyset(&none);
  for (Disposition& disposition : dispositions) {
    sigfillset(&disposition.action.sa_mask);
    if (sigaction(disposition.signal, &disposition.action, nullptr) != 0) {
      return SystemError(layer::kSeccomp, "sigaction", errno);
    }
  }
  if (sigprocmask(SIG_SETMASK, &none, nullptr) != 0) return SystemError(layer::kSeccomp, "sigprocmask", errno);
  return {};
}

}  // namespace warder::jail
