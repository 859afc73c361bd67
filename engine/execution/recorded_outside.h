// A recording as the outside of an execution: every frame to the cell is sent again with the clock that it had, when
// the cell has said what it had said before that frame. What it says is compared as it comes.
//
// A cell handles one frame after the other, so what it says is a function of the frames that it was sent: nothing here
// depends on how fast anything is. Where the cell says less than was recorded, a barrier tells so.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "engine/execution/outside.h"
#include "engine/journal/compare.h"
#include "engine/journal/tape.h"

namespace warder::execution {

class RecordedOutside final : public Outside {
 public:
  // The tape is of an execution that ran.
  explicit RecordedOutside(const journal::Tape& tape) : tape_(tape) {}

  void Attach(OutsideHost& host) override { host_ = &host; }
  std::string ExecutionId() const override { return tape_.start().execution_id(); }
  void Begin(proto::Start* start) override;
  std::uint64_t Clock() override;
  std::unique_ptr<broker::Call> StartCall(std::uint64_t number, broker::HttpRequest request,
                                          broker::CallObserver& observer) override;
  std::unique_ptr<Timer> StartTimer(std::uint64_t number, std::chrono::milliseconds delay,
                                    std::function<void()> fire) override;
  void ReadState(std::uint64_t number, StateKey key, state::ReadDone done) override;
  void CommitState(std::uint64_t number, std::vector<state::Change> changes, state::CommitDone done) override;
  void OnSaid(const proto::FromCell& frame) override;
  void OnSaidBody(std::uint64_t call, std::string_view data, bool last) override;
  void OnHandled() override { Send(); }
  void OnBarrier(std::uint64_t number) override;
  void OnStarted() override;
  void Conclude(Outcome* outcome) override;

 private:
  class RecordedCall;
  class RecordedTimer;

  // Sends what was sent before the cell said what it has not said yet.
  void Send();
  void Deliver(const proto::ToCell& frame);
  void DeliverTo(broker::CallObserver& observer, const proto::ToCell& frame);
  // False: it is not about state.
  bool DeliverState(const proto::ToCell& frame);
  // Moves on to the next frame that is no piece of the output.
  void SkipOutput();
  bool AtEnd() const { return next_ == tape_.size(); }
  void Diverge(Divergence divergence);

  const journal::Tape& tape_;
  OutsideHost* host_ = nullptr;
  std::size_t next_ = 0;  // frame of the tape
  bool over_ = false;     // the tape has ended, or was left
  bool as_recorded_ = false;
  std::uint64_t clock_us_ = 0;
  std::uint64_t barrier_ = 0;
  journal::Said said_;
  std::string output_;           // so far
  std::string recorded_output_;  // up to next_
  std::unordered_map<std::uint64_t, broker::CallObserver*> calls_;
  std::unordered_map<std::uint64_t, std::string> requests_;  // for messages
  std::unordered_map<std::uint64_t, std::function<void()>> timers_;
  std::unordered_map<std::uint64_t, state::ReadDone> reads_;
  std::unordered_map<std::uint64_t, state::CommitDone> commits_;
};

}  // namespace warder::execution
