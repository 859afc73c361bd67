// For the hostile tests only: JavaScript that attacks the jail as native code would that has taken V8 over.
#pragma once

#include <v8-context.h>

namespace warder::cell {

// Defines two globals. `__syscall(number, ...arguments)` enters the kernel by the 64-bit gate, `__int80` by the 32-bit
// one. An argument is a number, a BigInt, or an ArrayBuffer or view, which stands for its address. Both return the
// kernel's answer as a BigInt: a negative error number on failure.
void ExposeSystemCalls(v8::Local<v8::Context> context);

}  // namespace warder::cell
