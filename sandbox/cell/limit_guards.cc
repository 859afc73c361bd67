#include "sandbox/cell/limit_guards.h"

#include <v8-promise.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <string>
#include <utility>

#include "sandbox/cell/ending.h"
#include "sandbox/cell/stack_text.h"

namespace warder::cell {
namespace {

// Read and written by one thread and its signal handler.
std::atomic<v8::Isolate*> interruptible = nullptr;
std::atomic<bool> waiting = false;
std::atomic<bool> asked = false;
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<v8::Isolate*>::is_always_lock_free);

bool heap_extended = false;

void StopOnHeap(v8::Isolate* isolate, void*) {
  SampleHeap(isolate);
  Stop(proto::Stopped::HEAP, CurrentStack(isolate), {});
}

void StopAsAsked(v8::Isolate* isolate, void*);

void StopIfJavaScriptRuns(v8::Isolate* isolate) {
  std::string stack = CurrentStack(isolate);
  if (stack.empty()) return;
  SampleHeap(isolate);
  Stop(proto::Stopped::ASKED, std::move(stack), {});
}

// Called whenever a promise is made, also by each await, and before each of its reactions.
void OnPromise(v8::PromiseHookType type, v8::Local<v8::Promise>, v8::Local<v8::Value>) {
  v8::Isolate* const isolate = v8::Isolate::GetCurrent();
  StopIfJavaScriptRuns(isolate);
  if (type == v8::PromiseHookType::kBefore) isolate->RequestInterrupt(StopAsAsked, nullptr);
}

void StopAsAsked(v8::Isolate* isolate, void*) {
  StopIfJavaScriptRuns(isolate);
  // V8 also looks for interrupts between two microtasks, where nothing of the script is on the stack. A loop of awaits
  // spends most of its time there, so the script is caught where it goes on; if it does not, BeginWait ends the cell.
  isolate->SetPromiseHook(OnPromise);
}

// V8 calls this in the middle of a collection: nothing may be allocated here, so the stack is taken a little later.
std::size_t OnNearHeapLimit(void* data, std::size_t current, std::size_t) {
  if (heap_extended) return current;  // the grace is used up: V8 goes on to OnOutOfMemory
  heap_extended = true;
  static_cast<v8::Isolate*>(data)->RequestInterrupt(StopOnHeap, nullptr);
  return current + kHeapGraceBytes;
}

}  // namespace

void LimitHeap(v8::Isolate* isolate, std::uint64_t bytes) {
  const std::uint64_t old_generation =
      bytes > 2 * kYoungGenerationBytes ? bytes - kYoungGenerationBytes : std::max<std::uint64_t>(bytes / 2, 1);
  // The only way that V8 has to lower the limit of a heap that exists.
  isolate->AddNearHeapLimitCallback(OnNearHeapLimit, isolate);
  isolate->RemoveNearHeapLimitCallback(OnNearHeapLimit, old_generation);
  isolate->AddNearHeapLimitCallback(OnNearHeapLimit, isolate);
}

void OnOutOfMemory(const char* location, const v8::OOMDetails& details) {
  const char* const detail = details.detail != nullptr ? details.detail : location;
  Stop(proto::Stopped::HEAP, {}, detail != nullptr ? detail : "");
}

void OnFatalError(const char*, const char*) {
  // Not memory: V8 found an invariant broken. The engine sees an abnormal death.
  Exit(kFault);
}

void ArmSoftLimit(v8::Isolate* isolate) {
  interruptible = isolate;
  if (asked) isolate->RequestInterrupt(StopAsAsked, nullptr);
}

void OnSoftLimit(int) {
  if (asked.exchange(true)) return;
  // Between BeginWait and EndWait the thread is in read(2) and in nothing of ours, V8's or the allocator's: all of that
  // is in a consistent state, and since this never returns, no rule for handlers is broken by using it.
  if (waiting) Stop(proto::Stopped::ASKED, {}, {});
  // RequestInterrupt takes a recursive mutex and pushes to a deque that has room. Both belong to this thread, and
  // nothing else in a cell uses them but the callbacks above. At worst the request is lost, and the engine kills the
  // cell when its grace is over.
  if (v8::Isolate* const isolate = interruptible; isolate != nullptr) isolate->RequestInterrupt(StopAsAsked, nullptr);
}

void BeginWait() {
  waiting = true;
  // The request came while nothing could be interrupted, between two frames.
  if (asked) Stop(proto::Stopped::ASKED, {}, {});
}

void EndWait() { waiting = false; }

bool EndIsAsked() { return asked; }

}  // namespace warder::cell
