// State as it crosses the cell's socket, and as the engine knows it.
#pragma once

#include <vector>

#include "engine/state/store.h"
#include "sandbox/proto/cell.pb.h"

namespace warder::journal {

// Of a key that proto::IsStateKey takes.
StateKey KeyOf(const proto::StateKey& key);
// Of a commit that proto::WrongWith takes.
std::vector<state::Change> ChangesOf(const proto::StateCommit& commit);
// What a commit leaves, one item for each change.
std::vector<StateItem> ItemsOf(const proto::StateCommit& commit);

// With values where they are asked for.
std::vector<StateRecord> RecordsOf(std::vector<StateItem> items, bool values);

// Answers to `call`. Conflicts beyond what fits a frame are left out; the cell finds them next time.
proto::ToCell FrameOf(std::uint64_t call, const Result<state::Entry>& entry);
proto::ToCell FrameOf(std::uint64_t call, const Result<state::Committed>& committed);

// The same from a frame, for what plays recorded ones.
Result<state::Entry> EntryOf(const proto::ToCell& frame);
Result<state::Committed> CommittedOf(const proto::ToCell& frame);

}  // namespace warder::journal
