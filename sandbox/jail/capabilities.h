// Capabilities: what a new user namespace gives in plenty, and what the jail must not keep. See capabilities(7).
//
// All five sets count: effective and permitted are what a process can use now, inheritable, ambient and bounding what
// it could get back by exec. The secure bits are locked first, so that no id change or exec of a root program brings
// any back.
#pragma once

#include "sandbox/jail/layers.h"

namespace warder::jail {

// For the launcher, before it executes the zygote under a uid that is not 0: keeps only what the seal needs (mounting
// an empty root, dropping the rest) and makes exactly that survive the exec.
SetupResult<> KeepSealCapabilities();

// Empties all five sets, locks the secure bits and reads everything back.
SetupResult<> DropAllCapabilities();

}  // namespace warder::jail
