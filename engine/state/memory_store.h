// State that is gone with the engine, and the state of scripted executions.
#pragma once

#include <map>

#include "engine/state/store.h"

namespace warder::state {

class MemoryStore final : public Store {
 public:
  Result<Entry> Read(const StateKey& key) override;
  Result<Committed> Commit(std::span<const Change> changes) override;

  // As another execution would have left it.
  void Put(const StateItem& item);
  bool Has(const StateKey& key) const { return entries_.contains(key); }
  // Of keys and values.
  std::size_t bytes() const { return bytes_; }

 private:
  std::map<StateKey, Entry> entries_;
  std::size_t bytes_ = 0;
  std::uint64_t version_ = 0;
};

}  // namespace warder::state
