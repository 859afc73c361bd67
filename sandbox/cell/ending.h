// The last frame of a cell: Result or Stopped, then _exit. V8 is never torn down: the kernel does that faster and
// better.
//
// A cell may have to end in places where nothing works any more: in the middle of a garbage collection, with no memory
// left, in a signal handler. So what the last words need is known beforehand (Arm), and some memory is kept for them.
#pragma once

#include <v8-isolate.h>

#include <chrono>
#include <functional>
#include <string>

#include "sandbox/cell/buffer_budget.h"
#include "sandbox/cell/channel.h"

namespace warder::cell {

// From here on Stop and Finish work. All three outlive the process's use of them.
void ArmEnding(Channel* channel, const BufferBudget* buffers, v8::Isolate* isolate);

// Records the size of the heap, for the peak that Usage tells. Cheap; called before each collection.
void SampleHeap(v8::Isolate* isolate);

// What loading the bundle took, for Usage.
void NoteLoadTime(std::chrono::nanoseconds time);

// Called before a Result, and before a Stopped where everything still works (STALLED, OUTPUT).
void BeforeTheEnd(std::function<void()> hook);

// In the SIGSYS handler, after the Violation: a second one with the JavaScript stack. Nothing that a handler may do,
// but the process ends after it in any case, and if it ends in it, or hangs until the engine kills it, nothing is lost.
void SayWhereTheViolationWas();

[[noreturn]] void Stop(proto::Stopped::Reason reason, std::string stack, std::string detail);
// `isolate` heap is sampled and the usage is added.
[[noreturn]] void Finish(proto::Result result);

}  // namespace warder::cell
