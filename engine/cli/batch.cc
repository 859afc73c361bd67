#include "engine/cli/batch.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace warder::cli {
namespace {

// While one cell is being made another one computes; more than this only waits.
std::size_t AtATime() { return std::clamp<std::size_t>(2 * std::size_t{std::thread::hardware_concurrency()}, 2, 16); }
// Ends that wait for an earlier one, so that their order is kept, for each that runs.
constexpr std::size_t kEndsHeld = 4;
// Only a safety net: the event that an execution has finished wakes us at once.
constexpr std::chrono::milliseconds kPoll{100};

// What one execution has said.
struct Said {
  std::vector<Event> logs;
  bool finished = false;
};

// Hears all of them, on the engine's thread.
class Listener {
 public:
  void Hear(const Event& event, Said* said) {
    const std::lock_guard lock(mutex_);
    if (event.kind == Event::Kind::kLog) said->logs.push_back(event);
    if (event.kind != Event::Kind::kFinished) return;
    said->finished = true;
    news_ = true;
    heard_.notify_one();
  }
  bool HasFinished(const Said& said) {
    const std::lock_guard lock(mutex_);
    return said.finished;
  }
  std::vector<Event> TakeLogs(Said* said) {
    const std::lock_guard lock(mutex_);
    return std::move(said->logs);
  }
  // Until one has finished since the last time.
  void AwaitNews() {
    std::unique_lock lock(mutex_);
    heard_.wait_for(lock, kPoll, [this] { return std::exchange(news_, false); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable heard_;
  bool news_ = false;
};

struct Running {
  std::size_t number;
  std::optional<Execution> execution;  // nothing: it was refused
  std::shared_ptr<Said> said;
  std::optional<EngineError> refused;
};

// Or is about to be: whoever waits for it waits for moments.
bool IsOver(const Running& running, Listener& listener) {
  if (!running.execution || listener.HasFinished(*running.said)) return true;
  return running.execution->WaitFor(std::chrono::milliseconds(0)) != nullptr;
}

Running Start(Engine& engine, std::size_t number, const std::function<ExecutionRequest(std::size_t)>& request,
              const std::shared_ptr<Listener>& listener) {
  Running running{.number = number, .execution = {}, .said = std::make_shared<Said>(), .refused = {}};
  try {
    running.execution = engine.Start(
        request(number), [listener, said = running.said](const Event& event) { listener->Hear(event, said.get()); });
  } catch (const EngineError& error) {
    running.refused = error;
  }
  return running;
}

Finished EndOf(Running running, Listener& listener) {
  Finished end;
  end.refused = std::move(running.refused);
  if (running.execution) end.outcome = running.execution->Wait();
  end.logs = listener.TakeLogs(running.said.get());
  return end;
}

}  // namespace

void RunBatch(Engine& engine, std::size_t count, const std::function<ExecutionRequest(std::size_t)>& request,
              const std::function<void(std::size_t, const Finished&)>& finished) {
  const auto listener = std::make_shared<Listener>();
  const std::size_t most = AtATime();
  std::deque<Running> running;
  for (std::size_t next = 0; next < count || !running.empty();) {
    auto busy = static_cast<std::size_t>(
        std::count_if(running.begin(), running.end(), [&](const Running& each) { return !IsOver(each, *listener); }));
    for (; next < count && busy < most && running.size() < most * kEndsHeld; ++busy) {
      running.push_back(Start(engine, next++, request, listener));
    }
    if (!IsOver(running.front(), *listener)) {
      listener->AwaitNews();
      continue;
    }
    const std::size_t number = running.front().number;
    const Finished end = EndOf(std::move(running.front()), *listener);
    running.pop_front();
    finished(number, end);
  }
}

}  // namespace warder::cli
