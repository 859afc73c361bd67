// How much of a step and of a webhook's answer travels in a frame; both sides of the socket hold to it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sandbox/proto/cell.pb.h"
#include "sandbox/proto/frame.h"

namespace warder::proto {

inline constexpr std::size_t kMaxStepNameBytes = 1024;  // of a name and of an action
inline constexpr std::size_t kMaxStepShapeBytes = 4096;
inline constexpr std::size_t kMaxStepErrorBytes = 2048;
inline constexpr std::size_t kMaxStepJsonBytes = std::size_t{64} << 10;
// What stands behind a text that was cut to fit ("…").
inline constexpr std::size_t kCutMarkBytes = 3;
inline constexpr std::size_t kMaxStepNesting = 16;
inline constexpr std::size_t kMaxRespondBodyBytes = std::size_t{256} << 10;
inline constexpr int kMaxRespondHeaders = 64;

// What a frame about a step takes of the log limit.
inline std::uint64_t StepBytes(const Step& step) {
  const auto value = [](const StepValue& of) { return of.shape().size() + of.json().size(); };
  return kLogEntryBytes + step.began().name().size() + step.began().action().size() + value(step.began().input()) +
         step.retried().error().size() + step.ended().error().size() + value(step.ended().output());
}

}  // namespace warder::proto
