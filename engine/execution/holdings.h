// What an engine holds of the machine, counted: for receipts, which compare what it held when it last had nothing to do
// with what it holds after an execution.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>

namespace warder::execution {

struct Holdings {
  std::size_t descriptors = 0;  // but for those of cells that stand ready
  std::optional<std::size_t>
      processes;  // cells but for those; nothing: some are just being made, or /proc does not say
};

// How many descriptors this process has open; nothing where /proc cannot be read.
std::optional<std::size_t> CountOpenDescriptors();

// How many children a process has that has one thread, zombies included (proc(5), /proc/PID/task/TID/children); nothing
// where there is no such process or the kernel was built without CONFIG_PROC_CHILDREN.
std::optional<std::size_t> CountChildren(pid_t pid);

}  // namespace warder::execution
