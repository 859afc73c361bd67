// The V8 platform of a cell: no threads, and a clock that stands still.
//
// Time enters a cell through its socket only (P8): the loop sets the clock from each frame, and until the next frame
// Date, Intl and everything else in V8 that asks for the time sees that instant. Tasks that V8 posts are dropped: in a
// single-threaded isolate they are hints of the collector (idle and memory-reducing work), and a process that serves
// one execution has no idle time.
#pragma once

#include <v8-platform.h>

#include <cstdint>
#include <memory>

namespace warder::cell {

class FrozenPlatform final : public v8::Platform {
 public:
  FrozenPlatform();

  // Microseconds since the Unix epoch.
  void SetClock(std::uint64_t microseconds) { clock_us_ = microseconds; }
  std::uint64_t clock_us() const { return clock_us_; }

  int NumberOfWorkerThreads() override { return 0; }
  std::shared_ptr<v8::TaskRunner> GetForegroundTaskRunner(v8::Isolate* isolate, v8::TaskPriority priority) override;
  double MonotonicallyIncreasingTime() override;
  double CurrentClockTimeMillis() override;
  v8::TracingController* GetTracingController() override { return &tracing_; }

 protected:
  std::unique_ptr<v8::JobHandle> CreateJobImpl(v8::TaskPriority priority, std::unique_ptr<v8::JobTask> job_task,
                                               const v8::SourceLocation& location) override;
  void PostTaskOnWorkerThreadImpl(v8::TaskPriority priority, std::unique_ptr<v8::Task> task,
                                  const v8::SourceLocation& location) override;
  void PostDelayedTaskOnWorkerThreadImpl(v8::TaskPriority priority, std::unique_ptr<v8::Task> task,
                                         double delay_in_seconds, const v8::SourceLocation& location) override;

 private:
  std::uint64_t clock_us_ = 0;
  v8::TracingController tracing_;
  std::shared_ptr<v8::TaskRunner> runner_;
};

}  // namespace warder::cell
