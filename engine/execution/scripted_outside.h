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
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "engine/execution/outside.h"
#include "engine/state/memory_store.h"
#include "warder/replay.h"

namespace warder::execution {

class ScriptedOutside final : public Outside {
 public:
  // The script outlives this.
  ScriptedOutside(const Script& script, const Limits& limits);

  void Attach(OutsideHost& host) override { host_ = &host; }
  std::string ExecutionId() const override { return script_.execution_id; }
  void Begin(proto::Start* start) override;
  std::uint64_t Clock() override { return clock_us_; }
  std::unique_ptr<broker::Call> StartCall(std::uint64_t number, broker::HttpRequest request,
                                          broker::CallObserver& observer) override;
  std::unique_ptr<Timer> StartTimer(std::uint64_t number, std::chrono::milliseconds delay,
                                    std::function<void()> fire) override;
  void ReadState(std::uint64_t number, StateKey key, state::ReadDone done) override;
  void CommitState(std::uint64_t number, std::vector<state::Change> changes, state::CommitDone done) override;
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

  // Answers a use of the state, when its moment comes.
  void AnswerState(std::uint64_t number, std::function<void()> answer);
  // The item of the script that has no flow's key becomes this flow's.
  void Adopt(const StateKey& key);

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
  state::MemoryStore store_;
  std::set<StateKey> known_;  // what is there and what is known not to be
  std::size_t state_uses_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Happening>> state_answers_;
};

}  // namespace warder::execution
