// The steps of one execution, as its cell tells of them.
//
// A cell may make up what it likes about its own steps, and nothing else: numbers in sequence, a parent that has begun
// and not ended, the clock that it was given, bounded texts, JSON that is JSON. A breach ends the execution. The log
// limit bounds how many there are.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/execution/calls.h"
#include "sandbox/proto/cell.pb.h"
#include "warder/engine.h"

namespace warder::execution {

class Steps {
 public:
  // `payloads`: the cell was asked for values.
  Steps(CallHost& host, bool payloads) : host_(host), payloads_(payloads) {}
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;

  // `first_us` and `last_us`: what the cell's clock was when it started, and what it can be now.
  void OnStep(const proto::Step& step, std::uint64_t first_us, std::uint64_t last_us);

  // Whether a log entry or a call can belong to it; 0 is the flow.
  bool Knows(std::uint64_t step) const { return step <= records_.size(); }
  // How many steps it is part of, itself included; 0 for the flow.
  std::uint64_t DepthOf(std::uint64_t step) const { return step == 0 ? 0 : records_[step - 1].depth; }
  void NoteCall(std::uint64_t step) {
    if (step > 0) ++records_[step - 1].calls;
  }

  // In the order of their numbers.
  const std::vector<StepRecord>& records() const { return records_; }

 private:
  // What is wrong with the frame; null: it was taken.
  const char* Take(const proto::Step& step, std::chrono::microseconds at);
  const char* TakeBegan(const proto::Step& step, std::chrono::microseconds at);
  const char* TakeEnded(const proto::StepEnded& ended, std::chrono::microseconds at, StepRecord* record);
  const char* TakeValue(const proto::StepValue& from, StepValue* to) const;
  void Emit(Event::Kind kind, const StepRecord& record);

  CallHost& host_;
  bool payloads_;
  std::vector<StepRecord> records_;
};

}  // namespace warder::execution
