// How a cell says which system call its filter stopped.
//
// The filter answers a forbidden call with SIGSYS instead of executing it. The handler writes one Violation frame to
// the cell's socket, by hand and without memory, and ends the process. It is evidence, not the protection: a cell that
// has lost its handler, or blocks the signal, is killed by the kernel; one that replaces the handler (it cannot:
// rt_sigaction is forbidden) would still not get the call.
//
// Why a handler (SECCOMP_RET_TRAP), and not the kernel's other ways of telling:
// - SECCOMP_RET_USER_NOTIF does not fail closed. When its listener is gone, the forbidden call returns ENOSYS and the
//   cell goes on; while it is there, a forbidden call waits for the engine. Each cell would also need a descriptor of
//   the listener in the engine, and a call that passes descriptors in its set-up. Measured (median of 600, Linux 6.18):
//   set-up 22 us against 16 us for the handler and the filter, in every cell; the evidence arrives after 3 us instead
//   of 5 to 9 us, in the few that need it; the cell is dead after 39 us instead of 48 us.
// - Audit records (SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_LOG) need CAP_AUDIT_READ on the host, are dropped beyond a
//   rate, do not hold the arguments, and would have to be matched to their cell by pid.
// The handler's price is that a cell can forge the frame, which gains it nothing: the verdict is a violation either
// way.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "sandbox/jail/layers.h"

namespace warder::jail {

// Exit status of a cell whose handler ran: 128 + SIGSYS.
inline constexpr int kViolationExitStatus = 159;
// Exit status of a cell that called abort(), for which PID 1 would otherwise not die: 128 + SIGABRT.
inline constexpr int kAbortExitStatus = 134;

struct ViolationRecord {
  std::int64_t syscall = 0;
  std::uint32_t arch = 0;
  std::array<std::uint64_t, 6> arguments{};
  std::uint64_t instruction_pointer = 0;
};

inline constexpr std::size_t kMaxViolationFrameBytes = 4 + 128;

// Writes a whole frame (length, FromCell{violation}) into `out` and returns its size. Async-signal-safe.
std::size_t EncodeViolation(const ViolationRecord& record, std::span<unsigned char, kMaxViolationFrameBytes> out);

struct SignalHooks {
  void (*on_soft_limit)(int) = nullptr;  // SIGUSR1; null: ignored
  // Called in the SIGSYS handler once the record was written and before the process ends; may fail in any way that ends
  // the process, for everything that matters is done.
  void (*on_violation)() = nullptr;
};

// Sets the signal dispositions of a cell: SIGSYS and SIGABRT as above, SIGPIPE ignored, SIGUSR1 as the hook says.
// Everything else has its default since the launcher. Unblocks all signals.
SetupResult<> InstallSignalHandlers(const SignalHooks& hooks);

}  // namespace warder::jail
