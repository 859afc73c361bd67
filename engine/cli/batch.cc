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

// One of the batch: its execution, then the one that follows, if any.
struct Running {
  std::size_t number = 0;
  std::optional<Execution> execution;  // nothing: it was refused
  std::shared_ptr<Said> said;
  std::optional<EngineError> refused;
  std::optional<Finished> first;      // the end of the first
  std::optional<Finished> following;  // the end of what followed
  bool over = false;
};

// Or is about to be: whoever waits for it waits for moments.
bool HasEnded(const Running& running, Listener& listener) {
  if (!running.execution || listener.HasFinished(*running.said)) return true;
  return running.execution->WaitFor(std::chrono::milliseconds(0)) != nullptr;
}

void Start(Engine& engine, const std::function<ExecutionRequest()>& request, const std::shared_ptr<Listener>& listener,
           Running* running) {
  running->said = std::make_shared<Said>();
  try {
    running->execution = engine.Start(
        request(), [listener, said = running->said](const Event& event) { listener->Hear(event, said.get()); });
  } catch (const EngineError& error) {
    running->refused = error;
  }
}

Finished TakeEnd(Running* running, Listener& listener) {
  Finished end;
  end.refused = std::exchange(running->refused, std::nullopt);
  if (running->execution) end.outcome = running->execution->Wait();
  running->execution.reset();
  end.logs = listener.TakeLogs(running->said.get());
  return end;
}

// Its execution has ended: starts the one that follows, or it is over.
void GoOn(Engine& engine, const Batch& batch, const std::shared_ptr<Listener>& listener, Running* running) {
  if (running->first) {
    running->following = TakeEnd(running, *listener);
    running->over = true;
    return;
  }
  running->first = TakeEnd(running, *listener);
  std::optional<ExecutionRequest> next;
  try {
    if (batch.following) next = batch.following(running->number, *running->first);
    running->over = !next;
  } catch (const EngineError& error) {
    running->following = Finished{.outcome = {}, .logs = {}, .refused = error};
    running->over = true;
  }
  if (next)
    Start(
        engine, [&] { return std::move(*next); }, listener, running);
}

}  // namespace

void RunBatch(Engine& engine, std::size_t count, const Batch& batch) {
  const auto listener = std::make_shared<Listener>();
  const std::size_t most = AtATime();
  std::deque<Running> running;
  for (std::size_t next = 0; next < count || !running.empty();) {
    std::size_t busy = 0;
    for (Running& each : running) {
      if (!each.over && HasEnded(each, *listener)) GoOn(engine, batch, listener, &each);
      if (!each.over) ++busy;
    }
    for (; next < count && busy < most && running.size() < most * kEndsHeld; ++busy) {
      running.emplace_back().number = next++;
      Start(
          engine, [&] { return batch.request(running.back().number); }, listener, &running.back());
    }
    if (!running.front().over) {
      listener->AwaitNews();
      continue;
    }
    const Running done = std::move(running.front());
    running.pop_front();
    batch.finished(done.number, *done.first, done.following ? &*done.following : nullptr);
  }
}

}  // namespace warder::cli
