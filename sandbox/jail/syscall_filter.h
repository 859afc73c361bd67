// Installing the filters. They are compiled from syscall_table.h at build time; see seccomp(2).
#pragma once

#include <linux/filter.h>

#include <span>

#include "sandbox/jail/layers.h"
#include "sandbox/jail/syscall_table.h"

namespace warder::jail {

std::span<const sock_filter> Filter(Profile profile);

// For good, for this thread and what it forks. Needs no_new_privs. Nothing after it but what the profile allows.
SetupResult<> InstallFilter(Profile profile);

}  // namespace warder::jail
