#include "engine/cli/batch.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace warder::cli {
namespace {

// While one cell is being made another one computes; more than this only waits.
std::size_t AtATime() { return std::clamp<std::size_t>(2 * std::size_t{std::thread::hardware_concurrency()}, 2, 16); }

// What one execution logs, as it comes from the engine's thread.
class Logs {
 public:
  void Add(const Event& event) {
    if (event.kind != Event::Kind::kLog) return;
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
  }
  std::vector<Event> Take() {
    const std::lock_guard lock(mutex_);
    return std::move(events_);
  }

 private:
  std::mutex mutex_;
  std::vector<Event> events_;
};

struct Running {
  std::size_t number;
  std::optional<Execution> execution;  // nothing: it was refused
  std::shared_ptr<Logs> logs;
  std::optional<EngineError> refused;
};

Running Start(Engine& engine, std::size_t number, const std::function<ExecutionRequest(std::size_t)>& request) {
  Running running{.number = number, .execution = {}, .logs = std::make_shared<Logs>(), .refused = {}};
  try {
    running.execution = engine.Start(request(number), [logs = running.logs](const Event& event) { logs->Add(event); });
  } catch (const EngineError& error) {
    running.refused = error;
  }
  return running;
}

}  // namespace

void RunBatch(Engine& engine, std::size_t count, const std::function<ExecutionRequest(std::size_t)>& request,
              const std::function<void(std::size_t, const Finished&)>& finished) {
  std::deque<Running> running;
  for (std::size_t next = 0; next < count || !running.empty();) {
    while (next < count && running.size() < AtATime()) running.push_back(Start(engine, next++, request));
    Running first = std::move(running.front());
    running.pop_front();
    Finished end;
    end.refused = std::move(first.refused);
    if (first.execution) end.outcome = first.execution->Wait();
    end.logs = first.logs->Take();
    finished(first.number, end);
  }
}

}  // namespace warder::cli
