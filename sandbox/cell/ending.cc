#include "sandbox/cell/ending.h"

#include <v8-statistics.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

#include "sandbox/cell/stack_text.h"

namespace warder::cell {
namespace {

// Enough for the strings and the frame of a Stopped, small enough to come from the heap's free lists again.
constexpr std::size_t kReserveBytes = std::size_t{96} << 10;

struct Ending {
  Channel* channel = nullptr;
  const BufferBudget* buffers = nullptr;
  v8::Isolate* isolate = nullptr;
  std::uint64_t heap_peak = 0;
  void* reserve = nullptr;
  std::chrono::nanoseconds load_time{0};
  std::function<void()> before;
};

// One process, one execution, one end: handlers of signals and of V8 have no other way to find it.
Ending ending;

void ReleaseReserve() { std::free(std::exchange(ending.reserve, nullptr)); }

void FillUsage(proto::Usage* usage) {
  usage->set_heap_peak_bytes(ending.heap_peak);
  usage->set_load_ns(static_cast<std::uint64_t>(ending.load_time.count()));
  if (ending.buffers == nullptr) return;
  usage->set_array_buffer_peak_bytes(ending.buffers->peak_bytes());
  usage->set_array_buffer_refused_bytes(ending.buffers->refused_bytes());
}

[[noreturn]] void OutOfNativeMemory() { Stop(proto::Stopped::HEAP, {}, "out of memory"); }

void OnCollection(v8::Isolate* isolate, v8::GCType, v8::GCCallbackFlags) { SampleHeap(isolate); }

}  // namespace

void ArmEnding(Channel* channel, const BufferBudget* buffers, v8::Isolate* isolate) {
  ending = {channel, buffers, isolate, 0, std::malloc(kReserveBytes), std::chrono::nanoseconds(0), {}};
  std::set_new_handler(OutOfNativeMemory);
  isolate->AddGCPrologueCallback(OnCollection);
}

void SampleHeap(v8::Isolate* isolate) {
  v8::HeapStatistics statistics;
  isolate->GetHeapStatistics(&statistics);
  ending.heap_peak = std::max<std::uint64_t>(ending.heap_peak, statistics.used_heap_size());
}

void NoteLoadTime(std::chrono::nanoseconds time) { ending.load_time = time; }

void BeforeTheEnd(std::function<void()> hook) { ending.before = std::move(hook); }

void SayWhereTheViolationWas() {
  if (ending.channel == nullptr || ending.isolate == nullptr) return;
  ReleaseReserve();
  proto::FromCell frame;
  frame.mutable_violation()->set_stack(CurrentStack(ending.isolate));
  if (!frame.violation().stack().empty()) ending.channel->Send(frame);
}

void Stop(proto::Stopped::Reason reason, std::string stack, std::string detail) {
  std::set_new_handler(nullptr);  // a second failure must not come back here
  ReleaseReserve();
  if (ending.channel == nullptr) Exit(kFault);
  const bool sound = reason == proto::Stopped::STALLED || reason == proto::Stopped::OUTPUT;
  if (sound && ending.before) ending.before();
  proto::FromCell frame;
  proto::Stopped& stopped = *frame.mutable_stopped();
  stopped.set_reason(reason);
  stopped.set_stack(std::move(stack));
  stopped.set_detail(std::move(detail));
  FillUsage(stopped.mutable_usage());
  ending.channel->Send(frame);
  Exit(kFinished);
}

void Finish(proto::Result result) {
  if (ending.channel == nullptr) Exit(kFault);
  SampleHeap(ending.isolate);
  if (ending.before) ending.before();
  proto::FromCell frame;
  *frame.mutable_result() = std::move(result);
  FillUsage(frame.mutable_result()->mutable_usage());
  ending.channel->Send(frame);
  Exit(kFinished);
}

}  // namespace warder::cell
