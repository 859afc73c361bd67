// What one execution does with its state: from the cell's frame to where the state is (outside.h) and back. Like
// calls.h, this is where a cell is held to the protocol and to its bounds (sandbox/proto/state_limits.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/execution/calls.h"
#include "engine/execution/outside.h"
#include "sandbox/proto/cell.pb.h"
#include "warder/state.h"

namespace warder::execution {

class StateCalls {
 public:
  // Whether what is left in the state is told with its values.
  enum class Values { kLeftOut, kTold };

  // All of them outlive this. Numbers are those of `calls`.
  StateCalls(Outside& outside, Calls& calls, CallHost& host, Values values)
      : outside_(outside), calls_(calls), host_(host), values_(values) {}
  ~StateCalls() { *alive_ = false; }
  StateCalls(const StateCalls&) = delete;
  StateCalls& operator=(const StateCalls&) = delete;

  void OnRead(const proto::StateRead& read);
  void OnCommit(const proto::StateCommit& commit);

  // A commit has been asked for, and nobody knows yet what became of it.
  bool committing() const { return committing_ > 0; }
  // Calls `done` when nothing is being committed any more: at once, or from the loop.
  void WhenCommitted(std::function<void()> done);
  // The last of each key that was committed, in the order of the keys.
  std::vector<StateRecord> Left() const;

 private:
  // False: the execution ends.
  bool Admit(std::uint64_t call);
  bool AdmitChanges(const proto::StateCommit& commit);
  void OnCommitted(std::uint64_t call, const std::vector<StateRecord>& records,
                   const Result<state::Committed>& committed);
  // Whoever runs the engine is told what the script is not.
  void TellOf(const char* what, const Error& error);

  Outside& outside_;
  Calls& calls_;
  CallHost& host_;
  const Values values_;
  std::size_t made_ = 0;
  std::size_t under_way_ = 0;
  std::size_t committing_ = 0;
  std::size_t changes_ = 0;  // asked for so far, and the bytes of their keys and values
  std::size_t bytes_ = 0;
  std::function<void()> on_committed_;
  std::map<StateKey, StateRecord> left_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace warder::execution
