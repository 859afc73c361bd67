// The runtime in the startup snapshot, and the isolate made from it.
//
// The snapshot holds one context in which the runtime's early script has run, and one object, the hooks: the functions
// of the runtime that the cell calls. They are attached to the context as data, so no script can reach them. Most of
// the web platform is late: see scripts.h.
#pragma once

#include <v8-context.h>
#include <v8-function.h>
#include <v8-isolate.h>
#include <v8-persistent-handle.h>
#include <v8-snapshot.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/cell/buffer_budget.h"

namespace warder::cell {

// Runs the runtime's early script in a fresh context and returns the snapshot. For the build's tool; V8 must be
// started. `with_runtime` false makes the empty snapshot that start-up cost is measured against. Throws
// std::runtime_error.
std::string MakeSnapshot(bool with_runtime);

// An isolate from the snapshot, entered by nobody. All three must outlive it.
v8::Isolate* MakeIsolate(const v8::StartupData* snapshot, BufferBudget* buffers);

class Runtime {
 public:
  // Makes the isolate's context and closes what a snapshot cannot keep closed. A handle scope must be open.
  explicit Runtime(v8::Isolate* isolate);

  v8::Local<v8::Context> context() const { return context_.Get(isolate_); }
  // The exports of the `warder` module.
  v8::Local<v8::Object> WarderModule() const;
  // Calls a hook; `hook` is a literal. Empty: it threw.
  v8::MaybeLocal<v8::Value> Call(const char* hook, std::vector<v8::Local<v8::Value>> arguments) const;

 private:
  v8::Local<v8::Value> Hook(const char* name) const;
  v8::Local<v8::Function> HookFunction(const char* name) const;

  v8::Isolate* isolate_;
  v8::Global<v8::Context> context_;
  v8::Global<v8::Object> hooks_;
  mutable std::map<std::string_view, v8::Global<v8::Function>> called_;  // hooks that were called before
};

}  // namespace warder::cell
