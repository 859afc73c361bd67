#include "sandbox/cell/frozen_platform.h"

#include <libplatform/libplatform.h>

#include <utility>

namespace warder::cell {
namespace {

class DroppingTaskRunner final : public v8::TaskRunner {
 public:
  bool IdleTasksEnabled() override { return false; }
  bool NonNestableTasksEnabled() const override { return true; }
  bool NonNestableDelayedTasksEnabled() const override { return true; }

 protected:
  void PostTaskImpl(std::unique_ptr<v8::Task>, const v8::SourceLocation&) override {}
  void PostNonNestableTaskImpl(std::unique_ptr<v8::Task>, const v8::SourceLocation&) override {}
  void PostDelayedTaskImpl(std::unique_ptr<v8::Task>, double, const v8::SourceLocation&) override {}
  void PostNonNestableDelayedTaskImpl(std::unique_ptr<v8::Task>, double, const v8::SourceLocation&) override {}
  void PostIdleTaskImpl(std::unique_ptr<v8::IdleTask>, const v8::SourceLocation&) override {}
};

}  // namespace

FrozenPlatform::FrozenPlatform() : runner_(std::make_shared<DroppingTaskRunner>()) {}

std::shared_ptr<v8::TaskRunner> FrozenPlatform::GetForegroundTaskRunner(v8::Isolate*, v8::TaskPriority) {
  return runner_;
}

double FrozenPlatform::MonotonicallyIncreasingTime() { return static_cast<double>(clock_us_) / 1e6; }

double FrozenPlatform::CurrentClockTimeMillis() { return static_cast<double>(clock_us_) / 1e3; }

std::unique_ptr<v8::JobHandle> FrozenPlatform::CreateJobImpl(v8::TaskPriority priority,
                                                             std::unique_ptr<v8::JobTask> job_task,
                                                             const v8::SourceLocation&) {
  // With no worker threads the job runs where V8 joins it.
  return v8::platform::NewDefaultJobHandle(this, priority, std::move(job_task), 0);
}

void FrozenPlatform::PostTaskOnWorkerThreadImpl(v8::TaskPriority, std::unique_ptr<v8::Task>,
                                                const v8::SourceLocation&) {}

void FrozenPlatform::PostDelayedTaskOnWorkerThreadImpl(v8::TaskPriority, std::unique_ptr<v8::Task>, double,
                                                       const v8::SourceLocation&) {}

}  // namespace warder::cell
