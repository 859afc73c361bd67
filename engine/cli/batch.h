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

// Asks `request` for each of `count` requests, in order and as late as possible; what it throws as EngineError is that
// one's end. `finished` hears of every end, in the same order. Both are called on this thread.
void RunBatch(Engine& engine, std::size_t count, const std::function<ExecutionRequest(std::size_t)>& request,
              const std::function<void(std::size_t, const Finished&)>& finished);

}  // namespace warder::cli
