// Properties of the process itself: whose death ends it, and what it can never gain. Each is kept over fork; see
// prctl(2).
#pragma once

#include <sys/types.h>

#include <string>

#include "sandbox/jail/layers.h"

namespace warder::jail {

// SIGKILL when the thread that made this process dies. The kernel forgets it when credentials change: call it again
// after. Says nothing about a parent that died before: recheck the parent afterwards.
SetupResult<> DieWithParent();

// PR_SET_NO_NEW_PRIVS, read back.
SetupResult<> ForbidNewPrivileges();

// PR_SET_DUMPABLE: off means no core, no ptrace by the same uid, and /proc/self owned by root.
enum class Dumpable { kNo = 0, kYes = 1 };
SetupResult<> SetDumpable(Dumpable dumpable);

// PR_SET_MDWE: memory that was ever writable never becomes executable. ENOSYS-like errors: kernel older than 6.3.
SetupResult<> RefuseExecGain();

// Forces speculative store bypass, indirect branch speculation (and enables the L1D flush) as far as the processor lets
// a process choose. Returns what holds, for people; an error when there is nothing this process can choose.
SetupResult<std::string> RestrictSpeculation();

// Every signal to its default and unblocked, those included that the C library keeps to itself: an ignored signal
// survives exec, and posix_spawn cannot reset all.
SetupResult<> ResetSignals();

// Linux as it is by default, personality(2): a host program started without address randomisation, as debuggers do,
// must not hand that on to its jail.
SetupResult<> ResetPersonality();

// Ordinary scheduling with no priority above the default, and the first to go when the machine is out of memory: a host
// program's own privileges in these are not a cell's. /proc must be there, and the process dumpable.
SetupResult<> ResetScheduling();

// More than one thread makes fork and unshare unsafe.
bool IsSingleThreaded();

}  // namespace warder::jail
