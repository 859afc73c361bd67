// The scripts of the runtime: the early one, which runs when the snapshot is made, and the late ones, which a cell runs
// when it needs one of their modules (see sandbox/runtime/build.mjs).
//
// The code of the late ones is made with the snapshot. V8 takes it only for the same source, the same flags and the
// same V8, and compiles the source where it does not.
#pragma once

#include <v8-context.h>
#include <v8-isolate.h>
#include <v8-script.h>
#include <v8-value.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sandbox/cell/natives.h"

namespace warder::cell {

// Counted from 0.
std::size_t LateScripts();

// Runs the early script. `context` is entered. Empty: it threw.
v8::MaybeLocal<v8::Value> RunEarlyScript(v8::Local<v8::Context> context);

// Compiles a late script with its code, if there is any, and says whether V8 took that.
struct CompiledScript {
  v8::MaybeLocal<v8::Script> script;
  bool code_taken = false;
};
CompiledScript CompileLateScript(v8::Local<v8::Context> context, std::size_t number,
                                 std::span<const std::uint8_t> code);

// V8's code for each late script, all of its functions included. Throws std::runtime_error.
std::vector<std::string> MakeLateCode(v8::Local<v8::Context> context);

// The native that runs late scripts.
std::span<const Native> ScriptNatives();

// What a snapshot refers to: the source of the early script.
intptr_t EarlySourceReference();

}  // namespace warder::cell
