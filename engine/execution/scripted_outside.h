// A script (warder/replay.h) as the outside of an execution.
//
// Time is an order of moments: nothing is sent to a cell but when it has done all that it can, which a barrier tells;
// then the next moment comes, and the clock goes on to it. So a script always has the same effect, and nobody waits.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "engine/execution/outside.h"
#include "warder/replay.h"

namespace warder::execution {

class ScriptedOutside final : public Outside {
 public:
  // The script outlives this.
  ScriptedOutside(const Script& script, const Limits& limits)
      : script_(script), limits_(limits), clock_us_(script.clock_us), used_(script.calls.size(), false) {}

  void Attach(OutsideHost& host) override { host_ = &host; }
  std::string ExecutionId() const override { return script_.execution_id; }
  void Begin(proto::Start* start) override;
  std::uint64_t Clock() override { return clock_us_; }
  std::unique_ptr<broker::Call> StartCall(std::uint64_t number, broker::HttpRequest request,
                                          broker::CallObserver& observer) override;
  std::unique_ptr<Timer> StartTimer(std::uint64_t number, std::chrono::milliseconds delay,
                                    std::function<void()> fire) override;
  void OnSaid(const proto::FromCell&) override {}
  void OnSaidBody(std::uint64_t, std::string_view, bool) override {}
  void OnHandled() override {}
  void OnBarrier(std::uint64_t number) override;
  void OnStarted() override;
  void Conclude(Outcome* outcome) override;

 private:
  class Answering;
  class Waiting;
  // Time, place among what comes then, and the order in which they were made.
  using When = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;

  // Something that will happen, unless it is destroyed before.
  class Happening {
   public:
    Happening(ScriptedOutside& outside, std::uint64_t at_us, std::uint64_t order, std::function<void()> what);
    ~Happening() { outside_.happenings_.erase(when_); }
    Happening(const Happening&) = delete;
    Happening& operator=(const Happening&) = delete;

   private:
    ScriptedOutside& outside_;
    const When when_;
  };

  // The call that the request is, which was not made yet. Null: it is none of them, and the execution ends.
  const ScriptedCall* Find(std::size_t ordinal, const ScriptedRequest& request);
  // The same without consequences.
  const ScriptedCall* Look(std::size_t ordinal, const ScriptedRequest& request, std::size_t* found) const;

  const Script& script_;
  const Limits limits_;
  OutsideHost* host_ = nullptr;
  std::uint64_t clock_us_;
  std::uint64_t barrier_ = 0;
  std::uint64_t made_ = 0;  // happenings
  std::map<When, std::function<void()>> happenings_;
  std::size_t calls_ = 0;   // made
  std::size_t timers_ = 0;  // set
  std::vector<bool> used_;
};

}  // namespace warder::execution
