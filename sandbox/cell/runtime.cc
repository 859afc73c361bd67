#include "sandbox/cell/runtime.h"

#include <v8-exception.h>
#include <v8-microtask-queue.h>

#include <memory>
#include <stdexcept>

#include "sandbox/cell/limit_guards.h"
#include "sandbox/cell/natives.h"
#include "sandbox/cell/scripts.h"
#include "sandbox/cell/stack_text.h"
#include "sandbox/cell/v8_start.h"

namespace warder::cell {
namespace {

constexpr std::size_t kHooksIndex = 0;

v8::Local<v8::Object> RunRuntime(v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::TryCatch caught(isolate);
  v8::Local<v8::Value> hooks;
  if (!RunEarlyScript(context).ToLocal(&hooks)) {
    v8::Local<v8::Value> stack;
    if (!caught.StackTrace(context).ToLocal(&stack)) stack = caught.Exception();
    throw std::runtime_error("the runtime failed: " + ToUtf8(isolate, stack));
  }
  return hooks.As<v8::Object>();
}

}  // namespace

std::string MakeSnapshot(bool with_runtime) {
  const std::unique_ptr<v8::ArrayBuffer::Allocator> allocator(v8::ArrayBuffer::Allocator::NewDefaultAllocator());
  v8::Isolate::CreateParams parameters;
  parameters.external_references = ExternalReferences();
  parameters.array_buffer_allocator = allocator.get();
  v8::SnapshotCreator creator(parameters);
  v8::Isolate* const isolate = creator.GetIsolate();
  {
    const v8::HandleScope scope(isolate);
    const auto context = v8::Context::New(isolate);
    const v8::Context::Scope entered(context);
    const auto hooks = with_runtime ? RunRuntime(context) : v8::Object::New(isolate);
    isolate->PerformMicrotaskCheckpoint();
    if (creator.AddData(context, hooks) != kHooksIndex) throw std::runtime_error("the hooks are not the first data");
    creator.SetDefaultContext(context);
  }
  // Keeping the bytecode of what has run once makes the same functions start faster in each cell.
  const v8::StartupData blob = creator.CreateBlob(v8::SnapshotCreator::FunctionCodeHandling::kKeep);
  if (blob.data == nullptr) throw std::runtime_error("V8 could not make the snapshot");
  const std::unique_ptr<const char[]> owner(blob.data);
  if (!blob.CanBeRehashed()) {
    throw std::runtime_error(
        "the snapshot holds a hash table that cannot be rehashed: all cells would share a hash seed");
  }
  return {blob.data, static_cast<std::size_t>(blob.raw_size)};
}

v8::Isolate* MakeIsolate(const v8::StartupData* snapshot, BufferBudget* buffers) {
  v8::Isolate::CreateParams parameters;
  parameters.snapshot_blob = snapshot;
  parameters.external_references = ExternalReferences();
  parameters.array_buffer_allocator = buffers;
  parameters.constraints.set_max_young_generation_size_in_bytes(kYoungGenerationBytes);
  parameters.constraints.set_max_old_generation_size_in_bytes(kMaxHeapBytes);
  parameters.constraints.set_code_range_size_in_bytes(CodeRangeBytes());
  parameters.allow_atomics_wait = false;
  parameters.fatal_error_callback = OnFatalError;
  parameters.oom_error_callback = OnOutOfMemory;
  v8::Isolate* const isolate = v8::Isolate::New(parameters);
  isolate->SetAllowWasmCodeGenerationCallback([](v8::Local<v8::Context>, v8::Local<v8::String>) { return false; });
  // The loop drains microtasks once per frame, and nobody else does.
  isolate->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
  return isolate;
}

Runtime::Runtime(v8::Isolate* isolate) : isolate_(isolate) {
  const auto context = v8::Context::New(isolate);
  context->AllowCodeGenerationFromStrings(false);
  context_.Reset(isolate, context);
  hooks_.Reset(isolate, context->GetDataFromSnapshotOnce<v8::Object>(kHooksIndex).ToLocalChecked());
}

v8::Local<v8::Value> Runtime::Hook(const char* name) const {
  const auto key = v8::String::NewFromUtf8(isolate_, name, v8::NewStringType::kInternalized).ToLocalChecked();
  return hooks_.Get(isolate_)->Get(context(), key).ToLocalChecked();
}

v8::Local<v8::Function> Runtime::HookFunction(const char* name) const {
  auto& known = called_[name];
  if (known.IsEmpty()) known.Reset(isolate_, Hook(name).As<v8::Function>());
  return known.Get(isolate_);
}

v8::Local<v8::Object> Runtime::WarderModule() const { return Hook("warder").As<v8::Object>(); }

v8::MaybeLocal<v8::Value> Runtime::Call(const char* hook, std::vector<v8::Local<v8::Value>> arguments) const {
  return HookFunction(hook)->Call(context(), v8::Undefined(isolate_), static_cast<int>(arguments.size()),
                                  arguments.data());
}

}  // namespace warder::cell
