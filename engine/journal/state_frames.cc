#include "engine/journal/state_frames.h"

#include <utility>

#include "sandbox/proto/state_limits.h"

namespace warder::journal {
namespace {

// Only what is refused is the script's business in all words: others name files of the machine.
const char* WordsFor(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kRefused:
      return error.message.c_str();
    case ErrorKind::kInternal:
      return "the state cannot be reached now";
    default:
      return "the state cannot be used: it is damaged, or its tenant is not there any more";
  }
}

proto::ToCell Failed(std::uint64_t call, const Error& error) {
  proto::ToCell frame;
  proto::StateFailed& failed = *frame.mutable_state_failed();
  failed.set_call(call);
  failed.set_kind(error.kind == ErrorKind::kInternal ? proto::StateFailed::UNAVAILABLE : proto::StateFailed::REFUSED);
  failed.set_message(WordsFor(error));
  return frame;
}

Error ErrorOf(const proto::StateFailed& failed) {
  return failed.kind() == proto::StateFailed::UNAVAILABLE ? Internal(failed.message()) : Refused(failed.message());
}

}  // namespace

StateKey KeyOf(const proto::StateKey& key) {
  const StateScope scope = key.scope() == proto::StateKey::FLOW       ? StateScope::kFlow
                           : key.scope() == proto::StateKey::INSTANCE ? StateScope::kInstance
                                                                      : StateScope::kCrossFlow;
  return {scope, key.flow(), key.key()};
}

std::vector<state::Change> ChangesOf(const proto::StateCommit& commit) {
  std::vector<state::Change> changes;
  for (const proto::StateChange& each : commit.changes()) {
    state::Change& change = changes.emplace_back();
    change.key = KeyOf(each.key());
    if (!each.removed()) change.json = each.json();
    if (each.expects()) change.expected = each.version();
  }
  return changes;
}

std::vector<StateItem> ItemsOf(const proto::StateCommit& commit) {
  std::vector<StateItem> items;
  for (state::Change& change : ChangesOf(commit)) items.push_back({std::move(change.key), std::move(change.json)});
  return items;
}

std::vector<StateRecord> RecordsOf(std::vector<StateItem> items, bool values) {
  std::vector<StateRecord> records;
  for (StateItem& item : items) {
    StateRecord& record = records.emplace_back();
    record.key = std::move(item.key);
    record.deleted = !item.value_json;
    if (!item.value_json) continue;
    record.bytes = item.value_json->size();
    if (values) record.value_json = std::move(*item.value_json);
  }
  return records;
}

proto::ToCell FrameOf(std::uint64_t call, const Result<state::Entry>& entry) {
  if (!entry) return Failed(call, entry.error());
  proto::ToCell frame;
  proto::StateValue& value = *frame.mutable_state_value();
  value.set_call(call);
  value.set_version(entry->version);
  value.set_json(entry->json);
  return frame;
}

proto::ToCell FrameOf(std::uint64_t call, const Result<state::Committed>& committed) {
  if (!committed) return Failed(call, committed.error());
  proto::ToCell frame;
  proto::StateCommitted& out = *frame.mutable_state_committed();
  out.set_call(call);
  out.set_version(committed->version);
  std::size_t bytes = 0;
  for (const state::Conflict& each : committed->conflicts) {
    bytes += each.now.json.size();
    if (bytes > proto::kMaxStateCommitBytes) break;
    proto::StateConflict& conflict = *out.add_conflicts();
    conflict.set_change(static_cast<std::uint32_t>(each.change));
    conflict.set_version(each.now.version);
    conflict.set_json(each.now.json);
  }
  return frame;
}

Result<state::Entry> EntryOf(const proto::ToCell& frame) {
  if (frame.has_state_failed()) return ErrorOf(frame.state_failed());
  return state::Entry{frame.state_value().version(), frame.state_value().json()};
}

Result<state::Committed> CommittedOf(const proto::ToCell& frame) {
  if (frame.has_state_failed()) return ErrorOf(frame.state_failed());
  state::Committed committed{frame.state_committed().version(), {}};
  for (const proto::StateConflict& each : frame.state_committed().conflicts()) {
    committed.conflicts.push_back({each.change(), {each.version(), each.json()}});
  }
  return committed;
}

}  // namespace warder::journal
