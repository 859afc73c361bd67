#include "engine/state/memory_store.h"

namespace warder::state {
namespace {

std::size_t BytesOf(const StateKey& key, const std::string& json) {
  return key.flow.size() + key.key.size() + json.size();
}

}  // namespace

Result<Entry> MemoryStore::Read(const StateKey& key) {
  const auto found = entries_.find(key);
  return found == entries_.end() ? Entry() : found->second;
}

Result<Committed> MemoryStore::Commit(std::span<const Change> changes) {
  if (auto sound = CheckValues(changes); !sound) return sound.error();
  Committed committed;
  std::size_t keys = entries_.size();
  std::size_t bytes = bytes_;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    const auto found = entries_.find(change.key);
    const Entry now = found == entries_.end() ? Entry() : found->second;
    if (change.expected && *change.expected != now.version) committed.conflicts.push_back({i, now});
    if (found != entries_.end()) {
      --keys;
      bytes -= BytesOf(change.key, now.json);
    }
    if (change.json) {
      ++keys;
      bytes += BytesOf(change.key, *change.json);
    }
  }
  if (!committed.conflicts.empty()) return committed;
  if ((keys > kMaxKeys && keys > entries_.size()) || (bytes > kMaxBytes && bytes > bytes_)) return NoRoom(keys, bytes);
  bytes_ = bytes;
  committed.version = ++version_;
  for (const Change& change : changes) {
    if (change.json) {
      entries_[change.key] = {committed.version, *change.json};
    } else {
      entries_.erase(change.key);
    }
  }
  return committed;
}

void MemoryStore::Put(const StateItem& item) {
  const Change change{.key = item.key, .json = item.value_json};
  (void)Commit({&change, 1});  // fixtures are far smaller than what there is room for
}

}  // namespace warder::state
