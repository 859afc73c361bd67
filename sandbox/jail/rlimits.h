// Resource limits, as data: what each role of the jail gets. They hold without cgroups and without the filter.
//
// RLIMIT_DATA bounds what an ordinary heap can commit; native code can get round it (written pages that are made
// read-only are no data any more), so RLIMIT_AS is the bound that holds: V8's reservations and the data. Neither bounds
// the kernel's own memory for page tables: a page table for each of the mappings that a process may have (65,530) comes
// to half a gigabyte; only a cgroup does. Soft and hard are equal: a cell is PID 1, for which SIGXCPU means nothing,
// but the hard limit's SIGKILL does.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sandbox/jail/layers.h"

namespace warder::jail {

struct Limit {
  __rlimit_resource resource;
  std::string_view name;  // as /proc/PID/limits names it
  rlim_t value;
  std::string_view reason;
};

// Before the zygote is executed: they shape its address space and bound what its start may open.
std::span<const Limit> LauncherLimits();
// Once the zygote has seen its last file.
std::span<const Limit> ZygoteLimits();
// Of every cell; memory and CPU time come on top, per execution.
std::span<const Limit> CellLimits();
std::vector<Limit> MemoryAndCpuLimits(std::uint64_t data_bytes, std::uint64_t cpu_seconds);

// Sets soft and hard to each value, or to the present hard limit where that is lower already, and reads them back.
SetupResult<> ApplyLimits(std::span<const Limit> limits);

}  // namespace warder::jail
