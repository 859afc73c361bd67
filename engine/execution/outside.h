// Where everything comes from that differs between two runs of the same code: the seed, the clock, the answers to
// calls, the expiry of timers and what flows remember. An execution asks its outside and nobody else, so that the same
// execution runs against the world (live_outside.h), against a recording of one that did (recorded_outside.h) and
// against a script (scripted_outside.h).
//
// Of one thread: the engine's loop. Nothing here is called from inside of itself: observers, timers and hosts are told
// from the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/broker/broker.h"
#include "engine/state/keeper.h"
#include "sandbox/proto/cell.pb.h"
#include "warder/engine.h"

namespace warder::execution {

// What an outside that is not the world needs of its execution.
class OutsideHost {
 public:
  // Asks the cell to say when it has done all that it can.
  virtual void SendBarrier(std::uint64_t number) = 0;
  // Notes where it first went another way.
  virtual void NoteDivergence(Divergence divergence) = 0;
  // And ends it there, as nobody can say how it would go on.
  virtual void EndDiverged(Divergence divergence) = 0;
  // What was recorded ends here.
  virtual void EndAsRecorded() = 0;
  virtual void EndByLimit(const std::string& limit, std::uint64_t peak) = 0;

 protected:
  ~OutsideHost() = default;
};

class Outside {
 public:
  // Destroying it keeps it from firing.
  class Timer {
   public:
    virtual ~Timer() = default;
  };

  virtual ~Outside() = default;

  // Called once, before the first frame is sent. The host outlives this.
  virtual void Attach(OutsideHost& host) = 0;
  // Under which the script knows the execution.
  virtual std::string ExecutionId() const = 0;
  // The seed, the id that the script sees and its connections.
  virtual void Begin(proto::Start* start) = 0;
  // The cell's time for the frame that is about to be sent, in microseconds since the Unix epoch.
  virtual std::uint64_t Clock() = 0;

  // Answers a call through its observer, under the rules of broker.h. `number` is the cell's.
  virtual std::unique_ptr<broker::Call> StartCall(std::uint64_t number, broker::HttpRequest request,
                                                  broker::CallObserver& observer) = 0;
  virtual std::unique_ptr<Timer> StartTimer(std::uint64_t number, std::chrono::milliseconds delay,
                                            std::function<void()> fire) = 0;

  // Of the execution's state; `done` is called once, from the loop: in the world also when the execution is over,
  // elsewhere only while it runs.
  virtual void ReadState(std::uint64_t number, StateKey key, state::ReadDone done) = 0;
  virtual void CommitState(std::uint64_t number, std::vector<state::Change> changes, state::CommitDone done) = 0;

  // The execution ends: what has not been begun of either is not done.
  virtual void GiveUpState() {}
  // What was computed for the execution on other threads than the loop's.
  virtual std::chrono::nanoseconds SpentElsewhere() const { return {}; }

  // What the cell of a running execution says, before anything is done about it, and after.
  virtual void OnSaid(const proto::FromCell& frame) = 0;
  virtual void OnSaidBody(std::uint64_t call, std::string_view data, bool last) = 0;
  virtual void OnHandled() = 0;
  // The cell has passed a barrier; those are passed in order.
  virtual void OnBarrier(std::uint64_t number) = 0;

  // The execution was started: everything up to and with Start was sent.
  virtual void OnStarted() = 0;
  // The execution is over. What would go another way than it should is in `outcome`, if it was not noted before.
  virtual void Conclude(Outcome* outcome) = 0;

 protected:
  Outside() = default;
  Outside(const Outside&) = default;
  Outside& operator=(const Outside&) = default;
};

// The one that a request asks for. What the request refers to outlives it, and `loop`, `broker` and `keeper` do.
std::unique_ptr<Outside> MakeOutside(boost::asio::io_context& loop, broker::Broker& broker, state::Keeper& keeper,
                                     std::shared_ptr<broker::Capabilities> capabilities,
                                     const ExecutionRequest& request, const std::string& execution);

}  // namespace warder::execution
