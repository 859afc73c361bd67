// Brings V8 up: the flags, the platform, the locale and the time zone.
//
// The flags decide what a cell can do (no JIT, no threads, no code from strings). They are part of what a snapshot was
// made under, so the snapshot tool and the zygote both start V8 here and nowhere else.
//
// The profile `jit` has a compiler and not one thing more: no WebAssembly, no code from strings, no threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "sandbox/zygote/cell_profile.h"

namespace warder::cell {

class FrozenPlatform;

// Starts V8 in this process, which must be single-threaded. Returns V8's version. Throws std::runtime_error when this
// V8 does not know one of the flags: an unknown flag is silently no flag, and the cell would have the wrong powers.
// `platform` must outlive the process's use of V8.
std::string StartV8(FrozenPlatform* platform, zygote::CellProfile profile);

// Of isolates made since, as they are to ask for it; 0: they have no machine code of their own.
std::size_t CodeRangeBytes();

// After the fork: where V8 maps from here on is drawn anew, so that no cell's heap is where its sibling's is.
void ReseedAddresses(std::uint64_t seed);

}  // namespace warder::cell
