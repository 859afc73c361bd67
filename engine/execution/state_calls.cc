#include "engine/execution/state_calls.h"

#include <set>
#include <utility>

#include "engine/journal/state_frames.h"
#include "sandbox/proto/state_limits.h"

namespace warder::execution {
namespace {

// What no runtime of ours says.
const char* WhatIsWrong(const proto::StateCommit& commit) {
  if (const char* const wrong = proto::WrongWith(commit)) return wrong;
  std::set<StateKey> keys;
  for (const proto::StateChange& change : commit.changes()) {
    if (!keys.insert(journal::KeyOf(change.key())).second) return "a commit that changes a key twice";
  }
  return nullptr;
}

}  // namespace

bool StateCalls::Admit(std::uint64_t call) {
  if (!calls_.TakeNumber(call)) return false;
  if (++made_ <= proto::kMaxStateCalls && ++under_way_ <= proto::kMaxStateCallsUnderWay) return true;
  host_.EndByProtocol("it uses its state more often than it may");
  return false;
}

bool StateCalls::AdmitChanges(const proto::StateCommit& commit) {
  if (const char* const wrong = WhatIsWrong(commit)) {
    host_.EndByProtocol(wrong);
    return false;
  }
  changes_ += static_cast<std::size_t>(commit.changes_size());
  bytes_ += proto::StateBytes(commit);
  if (changes_ <= proto::kMaxStateChangesInAll && bytes_ <= proto::kMaxStateBytesInAll) return true;
  host_.EndByProtocol("it changes more of its state than it may");
  return false;
}

void StateCalls::OnRead(const proto::StateRead& read) {
  if (!Admit(read.call())) return;
  if (!proto::IsStateKey(read.key())) {
    host_.EndByProtocol("a state's key that is none");
    return;
  }
  outside_.ReadState(read.call(), journal::KeyOf(read.key()),
                     [this, alive = std::weak_ptr(alive_), call = read.call()](const Result<state::Entry>& entry) {
                       const auto still = alive.lock();
                       if (!still || !*still) return;
                       --under_way_;
                       if (!entry) TellOf("read", entry.error());
                       proto::ToCell frame = journal::FrameOf(call, entry);
                       host_.SendToCell(frame);
                     });
}

void StateCalls::OnCommit(const proto::StateCommit& commit) {
  if (!Admit(commit.call()) || !AdmitChanges(commit)) return;
  ++committing_;
  outside_.CommitState(commit.call(), journal::ChangesOf(commit),
                       [this, alive = std::weak_ptr(alive_), call = commit.call(),
                        records = journal::RecordsOf(journal::ItemsOf(commit), values_ == Values::kTold)](
                           const Result<state::Committed>& committed) {
                         const auto still = alive.lock();
                         if (still && *still) OnCommitted(call, records, committed);
                       });
}

void StateCalls::OnCommitted(std::uint64_t call, const std::vector<StateRecord>& records,
                             const Result<state::Committed>& committed) {
  --under_way_;
  --committing_;
  if (!committed) {
    TellOf("committed", committed.error());
  } else if (committed->conflicts.empty()) {
    for (const StateRecord& record : records) left_[record.key] = record;
  }
  proto::ToCell frame = journal::FrameOf(call, committed);
  host_.SendToCell(frame);
  // It may destroy this.
  if (committing_ == 0 && on_committed_) std::exchange(on_committed_, nullptr)();
}

void StateCalls::TellOf(const char* what, const Error& error) {
  if (error.kind == ErrorKind::kRefused) return;  // the script hears all of it
  Event event{Event::Kind::kLog};
  event.level = "error";
  event.message = "the state could not be " + std::string(what) + ": " + error.message;
  host_.Emit(std::move(event));
}

void StateCalls::WhenCommitted(std::function<void()> done) {
  if (committing_ == 0) {
    done();
    return;
  }
  on_committed_ = std::move(done);
}

std::vector<StateRecord> StateCalls::Left() const {
  std::vector<StateRecord> records;
  for (const auto& [key, record] : left_) records.push_back(record);
  return records;
}

}  // namespace warder::execution
