#include "engine/state/vault_store.h"

#include <utility>

#include "engine/base/sha256.h"
#include "engine/base/text.h"

namespace warder::state {
namespace {

using Transaction = vault::TenantVault::Transaction;

// No connection of a tenant has such a name, which begins with a letter.
constexpr const char* kPrefix = "#state ";
constexpr std::size_t kHashDigits = 32;

// Every part with its length before it, so that no two lists give the same text.
std::string HashOf(std::initializer_list<std::string_view> parts) {
  Sha256 hash;
  for (const std::string_view part : parts) {
    hash.Update(std::to_string(part.size()) + ":");
    hash.Update(part);
  }
  return hash.Hex().substr(0, kHashDigits);
}

std::string Encode(const std::string& key, const std::string& json) {
  return std::to_string(key.size()) + ":" + key + json;
}

// What was written by Encode: the seal says so.
Result<Entry> Decode(const StateKey& key, const vault::Record& record) {
  const std::string head = std::to_string(key.key.size()) + ":" + key.key;
  const std::string_view text = record.value.view();
  if (text.substr(0, head.size()) != head) {
    return InvalidInput("a record of the state stands under the hash of another key");
  }
  return Entry{record.generation, std::string(text.substr(head.size()))};
}

struct Size {
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;
};

// What all state of the tenant takes, sealed.
Result<Size> Measure(Transaction& transaction) {
  // '!' comes behind the blank that ends the prefix.
  auto rows = transaction.database().Prepare(
      "SELECT count(*), ifnull(sum(length(sealed)), 0) FROM record WHERE connection >= '#state ' AND connection < "
      "'#state!'");
  if (!rows) return rows.error();
  if (const Result<bool> row = rows->Step(); !row) return row.error();
  return Size{rows->Integer(0), rows->Integer(1)};
}

}  // namespace

VaultStore::Name VaultStore::NameOf(const StateKey& key) const {
  const std::string_view instance = key.scope == StateScope::kCrossFlow ? std::string_view() : instance_;
  return {kPrefix + HashOf({StateScopeName(key.scope), instance, key.flow}), HashOf({key.key})};
}

Result<Entry> VaultStore::Read(const StateKey& key) {
  const Name name = NameOf(key);
  const auto record = vault_->Get(name.connection, name.field);
  if (!record) return record.error();
  return *record ? Decode(key, **record) : Entry();
}

Result<Committed> VaultStore::Commit(std::span<const Change> changes) {
  if (auto sound = CheckValues(changes); !sound) return sound.error();
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  Committed committed;
  std::vector<std::uint64_t> generations;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Name name = NameOf(changes[i].key);
    const auto record = transaction->Get(name.connection, name.field);
    if (!record) return record.error();
    auto now = *record ? Decode(changes[i].key, **record) : Entry();
    if (!now) return now.error();
    generations.push_back(now->version);
    if (changes[i].expected && *changes[i].expected != now->version)
      committed.conflicts.push_back({i, std::move(*now)});
  }
  if (!committed.conflicts.empty()) return committed;

  const auto before = Measure(*transaction);
  if (!before) return before.error();
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Name name = NameOf(changes[i].key);
    if (!changes[i].json) {
      if (auto removed = transaction->Remove(name.connection, name.field, generations[i]); !removed) {
        return removed.error();
      }
      continue;
    }
    const auto put =
        transaction->Put(name.connection, name.field, Encode(changes[i].key.key, *changes[i].json), generations[i]);
    if (!put) return put.error();
    committed.version = *put;
  }
  const auto after = Measure(*transaction);
  if (!after) return after.error();
  if ((after->keys > kMaxKeys && after->keys > before->keys) ||
      (after->bytes > kMaxBytes && after->bytes > before->bytes)) {
    return NoRoom(after->keys, after->bytes);
  }
  if (auto done = transaction->Commit(); !done) return done.error();
  return committed;
}

}  // namespace warder::state
