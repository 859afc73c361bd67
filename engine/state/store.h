// Where the state of flows is: read key by key, changed by commits that are compared and swapped as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sandbox/base/result.h"
#include "warder/state.h"

namespace warder::state {

// What one tenant may keep, so that its file stays one that is quick to open.
inline constexpr std::size_t kMaxKeys = 10'000;
inline constexpr std::size_t kMaxBytes = std::size_t{16} << 20;

struct Entry {
  std::uint64_t version = 0;  // 0: there is nothing
  std::string json;
};

struct Change {
  StateKey key;
  std::optional<std::string> json;             // nothing: it is removed
  std::optional<std::uint64_t> expected = {};  // the version that must be there (0: none); nothing: any
};

struct Conflict {
  std::size_t change = 0;  // which of them
  Entry now;
};

struct Committed {
  std::uint64_t version = 0;        // of what was written
  std::vector<Conflict> conflicts;  // any: nothing was done
};

// Of one thread at a time; may block. Errors: kInternal where the system or another process stands in the way, and a
// retry may help; kRefused where what was asked for cannot be, in words that are for the script; others where what is
// there cannot be used.
class Store {
 public:
  virtual ~Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  virtual Result<Entry> Read(const StateKey& key) = 0;
  // All of it or nothing; a key stands in `changes` once.
  virtual Result<Committed> Commit(std::span<const Change> changes) = 0;

 protected:
  Store() = default;
};

// The error of a commit after which the tenant would keep more than it may.
Error NoRoom(std::size_t keys, std::size_t bytes);

// Refused: a value is no JSON, or nested deeper than others of ours read. What a cell commits comes from
// JSON.stringify.
Result<void> CheckValues(std::span<const Change> changes);

// An instance's name is a name like a tenant's.
bool IsInstance(const std::string& name);

}  // namespace warder::state
