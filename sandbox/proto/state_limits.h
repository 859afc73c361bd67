// How much of its state an execution reads and changes; both sides of the socket hold to it, and journals too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "sandbox/base/utf8.h"
#include "sandbox/proto/cell.pb.h"

namespace warder::proto {

inline constexpr std::size_t kMaxStateKeyBytes = 256;
inline constexpr std::size_t kMaxStateFlowBytes = 64;
inline constexpr std::size_t kMaxStateValueBytes = std::size_t{64} << 10;
// Of one commit: changes, and the bytes of their keys and values.
inline constexpr int kMaxStateChanges = 1'000;
inline constexpr std::size_t kMaxStateCommitBytes = std::size_t{512} << 10;
// Of one execution in all: reads and commits, what is committed, and reads and commits at a time.
inline constexpr std::size_t kMaxStateCalls = 10'000;
inline constexpr std::size_t kMaxStateChangesInAll = 20'000;
inline constexpr std::size_t kMaxStateBytesInAll = std::size_t{64} << 20;
inline constexpr std::size_t kMaxStateCallsUnderWay = 16;

// A text that stands in one line of a message.
inline bool IsStateName(std::string_view text, std::size_t most) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return !text.empty() && text.size() <= most && std::none_of(text.begin(), text.end(), control) &&
         !FindInvalidUtf8(text);
}

inline bool IsStateKey(const StateKey& key) {
  const bool flow = key.scope() == StateKey::FLOW;
  const bool known = flow || key.scope() == StateKey::INSTANCE || key.scope() == StateKey::CROSS_FLOW;
  return known && IsStateName(key.key(), kMaxStateKeyBytes) &&
         (flow ? IsStateName(key.flow(), kMaxStateFlowBytes) : key.flow().empty());
}

// JavaScript counts that far.
inline constexpr std::uint64_t kMaxStateVersion = std::uint64_t{1} << 53;

// What is there has a version and a value, and what is not has neither.
inline bool IsStored(std::uint64_t version, const std::string& json) {
  return json.empty() == (version == 0) && version <= kMaxStateVersion && json.size() <= kMaxStateValueBytes;
}

inline bool IsSound(const StateValue& value) { return IsStored(value.version(), value.json()); }

// `changes`: how many the commit had.
inline bool IsSound(const StateCommitted& committed, int changes) {
  return std::all_of(committed.conflicts().begin(), committed.conflicts().end(), [&](const StateConflict& each) {
    return std::cmp_less(each.change(), changes) && IsStored(each.version(), each.json());
  });
}

inline std::size_t StateBytes(const StateChange& change) { return change.key().key().size() + change.json().size(); }

inline std::size_t StateBytes(const StateCommit& commit) {
  std::size_t bytes = 0;
  for (const StateChange& change : commit.changes()) bytes += StateBytes(change);
  return bytes;
}

// Null: it is within the bounds. Otherwise what is wrong with it, without its texts.
inline const char* WrongWith(const StateCommit& commit) {
  if (commit.changes().empty() || commit.changes_size() > kMaxStateChanges) return "a commit of no or too many changes";
  for (const StateChange& change : commit.changes()) {
    if (!IsStateKey(change.key())) return "a change of a state's key that is none";
    if (change.removed() ? !change.json().empty() : change.json().empty()) return "a change of state without its value";
    if (change.json().size() > kMaxStateValueBytes) return "a state's value that is too long";
    if (!change.expects() && change.version() != 0) return "a change of state that expects nothing, and a version";
  }
  return StateBytes(commit) > kMaxStateCommitBytes ? "a commit that is too long" : nullptr;
}

}  // namespace warder::proto
