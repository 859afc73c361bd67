// What a process that holds secrets does before anything else, so that they do not stay behind in its memory or leave
// it. `warder` calls it first in main(); a host program that embeds the engine may.
#pragma once

#include <string>
#include <vector>

namespace warder {

// What HardenMemory has reached. `missing` has a sentence for everything that it has not.
struct MemoryHygiene {
  bool secure_heap = false;     // secrets have a heap of their own: locked, between guard pages, in no core file
  bool crypto_zeroes = false;   // OpenSSL overwrites every buffer that it gives back
  bool transfers_zero = false;  // libcurl does
  bool no_core = false;         // RLIMIT_CORE allows none, for this process and its children
  bool not_dumpable = false;    // PR_SET_DUMPABLE is 0: no core, no ptrace by other processes of this user
  std::vector<std::string> missing;

  bool complete() const { return missing.empty(); }
};

// Call it first in main(): allocators can only be replaced before their libraries have allocated anything, and an
// engine must not have been made. A second call changes nothing and gives the same answer. Thread-safe.
//
// The process cannot be debugged or traced by its user afterwards, and what it has under /proc/PID belongs to root; a
// program that it executes is dumpable again.
MemoryHygiene HardenMemory();

}  // namespace warder
