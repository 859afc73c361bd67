// Many executions on one engine, a few at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "warder/engine.h"

namespace warder::cli {

struct Finished {
  Outcome outcome;
  std::vector<Event> logs;             // its kLog events, in order
  std::optional<EngineError> refused;  // it was never started; there is nothing above
};

struct Batch {
  // Is asked for each request, in order and as late as possible; what it throws as EngineError is that one's end.
  std::function<ExecutionRequest(std::size_t)> request;
  // May be null. Is asked, as soon as an execution of a request has ended, for one that follows it; throws likewise.
  std::function<std::optional<ExecutionRequest>(std::size_t, const Finished&)> following;
  // Hears of every end, in the order of the requests, and of that of what followed, unless it is null.
  std::function<void(std::size_t, const Finished&, const Finished*)> finished;
};

// Runs `count` executions and what follows them. All of `batch` is called on this thread.
void RunBatch(Engine& engine, std::size_t count, const Batch& batch);

}  // namespace warder::cli
