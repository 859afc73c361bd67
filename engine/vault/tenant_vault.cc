#include "engine/vault/tenant_vault.h"

#include <algorithm>
#include <utility>

#include "engine/vault/seal.h"
#include "engine/vault/sealed_rows.h"
#include "sandbox/base/utf8.h"

namespace warder::vault {

using store::Access;
using store::TenantId;

namespace {

// How often another process may change the keyring between two looks before we give up: each time it did something.
constexpr int kMaxLooks = 100;

// Two are in use while a data key is replaced; who is replaced often need not remember the old ones.
constexpr std::size_t kMaxKeys = 4;

Result<void> CheckName(std::string_view what, std::string_view name, std::size_t least) {
  if (name.size() >= least && name.size() <= TenantVault::kMaxNameBytes && !FindInvalidUtf8(name) &&
      name.find('\0') == std::string_view::npos) {
    return {};
  }
  return InvalidInput("the name of a " + std::string(what) + " has " + std::to_string(least) + " to " +
                      std::to_string(TenantVault::kMaxNameBytes) + " bytes of UTF-8 and no NUL");
}

Error NoTenant(const TenantId& tenant) {
  return InvalidInput("there is no tenant " + tenant.text() + " in the keyring: it was shredded, or never made");
}

// The log ends where the sealed index says, with the entry that it says.
Result<void> CheckEnd(const TenantId& tenant, const store::AuditHead& end, const Index& index) {
  if (end == index.audit) return {};
  const std::uint64_t sequence = end.sequence;
  std::string why = "entry " + std::to_string(sequence) + " was changed";
  if (sequence < index.audit.sequence) {
    why = "entry " + std::to_string(sequence + 1) + " is missing, with all behind it";
  } else if (sequence > index.audit.sequence) {
    why = "entry " + std::to_string(index.audit.sequence + 1) + " was put there from elsewhere";
  }
  return InvalidInput("the audit log of tenant " + tenant.text() + " is not authentic: " + why);
}

// Behind what the index has seen and nothing else: an entry that was put there needs no key, and the next index would
// vouch for it, or for entries that were cut off.
Result<void> Append(store::TenantStore& store, const boost::json::object& event, Index* index) {
  store::AuditLog log = store.audit();
  const Result<store::AuditHead> last = log.Head();
  if (!last) return last.error();
  if (Result<void> checked = CheckEnd(store.tenant(), *last, *index); !checked) return checked;
  Result<store::AuditHead> head = log.Append(event);
  if (!head) return head.error();
  index->audit = std::move(*head);
  return {};
}

std::vector<RecordName> NamesOf(const Index& index) {
  std::vector<RecordName> names;
  names.reserve(index.generations.size());
  for (const auto& [name, generation] : index.generations) names.push_back({name.first, name.second, generation});
  return names;
}

}  // namespace

struct TenantVault::Transaction::State {
  State(TenantVault& of, std::unique_lock<std::mutex> held, std::optional<store::Transaction> begun, View seen)
      : vault(of), lock(std::move(held)), transaction(std::move(begun)), view(std::move(seen)) {}

  TenantVault& vault;
  std::unique_lock<std::mutex> lock;
  std::optional<store::Transaction> transaction;
  View view;
  bool changed = false;

  std::uint64_t generation() const { return view.index.epoch + 1; }
  // Nothing: `expected` is what is there. The name is checked first.
  Result<void> Expect(std::string_view connection, std::string_view field, std::uint64_t expected) const {
    if (Result<void> checked = CheckName("connection", connection, 1); !checked) return checked;
    if (Result<void> checked = CheckName("field", field, 0); !checked) return checked;
    const auto found = view.index.generations.find({std::string(connection), std::string(field)});
    const std::uint64_t there = found == view.index.generations.end() ? 0 : found->second;
    if (there == expected) return {};
    return Refused(NameOf(vault.tenant(), connection, field) + " has generation " + std::to_string(there) + ", not " +
                   std::to_string(expected) + ": it was changed meanwhile");
  }
};

struct TenantVault::Reading::State {
  State(TenantVault& of, std::unique_lock<std::mutex> held, std::optional<store::Transaction> begun, View seen)
      : vault(of), lock(std::move(held)), transaction(std::move(begun)), view(std::move(seen)) {}

  TenantVault& vault;
  std::unique_lock<std::mutex> lock;
  std::optional<store::Transaction> transaction;
  View view;
};

TenantVault::TenantVault(std::shared_ptr<Keyring> keyring, store::TenantStore store, store::TenantStore reader)
    : keyring_(std::move(keyring)), store_(std::move(store)), reader_(std::move(reader)) {}

TenantVault::~TenantVault() = default;

Result<Keyring::Entry> TenantVault::Entry() {
  Result<std::optional<Keyring::Entry>> entry = keyring_->Find(tenant());
  if (!entry) return entry.error();
  if (!*entry) {
    ForgetKey(std::nullopt);
    return NoTenant(tenant());
  }
  return std::move(**entry);
}

void TenantVault::ForgetKey(const std::optional<std::string>& key_id) {
  const std::lock_guard lock(keys_mutex_);
  std::erase_if(keys_, [&](const DataKey& each) { return !key_id || each.id == *key_id; });
}

Result<DataKey> TenantVault::KeyOf(std::string_view key_id) {
  {
    const std::lock_guard lock(keys_mutex_);
    const auto known = std::find_if(keys_.begin(), keys_.end(), [&](const DataKey& key) { return key.id == key_id; });
    if (known != keys_.end()) return known->Copy();
  }
  Result<std::optional<DataKey>> key = keyring_->Unwrap(tenant(), key_id);
  if (!key) return key.error();
  if (!*key) {
    return InvalidInput("the vault of tenant " + tenant().text() +
                        " is sealed under a data key that the keyring does not have: one of the two is not this one's, "
                        "or was set back");
  }
  const std::lock_guard lock(keys_mutex_);
  if (keys_.size() == kMaxKeys) keys_.erase(keys_.begin());
  keys_.push_back((*key)->Copy());
  return std::move(**key);
}

Result<void> TenantVault::CheckEpochs(const Index& index, const Keyring::Entry& entry) const {
  const auto wrong = [&](const std::string& what) {
    return InvalidInput(what + "; where a backup of your own was put back, accept it with: warder tenant restore " +
                        tenant().text());
  };
  const std::string file = std::to_string(index.epoch);
  const std::string keyring = std::to_string(entry.epoch);
  if (index.epoch < entry.epoch) {
    return wrong("the file of tenant " + tenant().text() + " was set back: it is of epoch " + file +
                 ", and the keyring has seen " + keyring);
  }
  // A crash comes between a commit and the keyring's word on it, so the keyring may be one behind. More is a keyring
  // that was set back, under which every older state of the file could be put.
  if (index.epoch > entry.epoch + 1) {
    return wrong("the keyring was set back: it has seen epoch " + keyring + " of tenant " + tenant().text() +
                 ", whose file is of epoch " + file);
  }
  return {};
}

Result<TenantVault::View> TenantVault::Look(store::Database& database, const Keyring::Entry& entry, Epochs epochs) {
  const Result<SealedIndex> sealed = ReadIndexRow(database, tenant());
  if (!sealed) return sealed.error();
  // Where the two name different keys, the keyring must still have this one: the tenant may have been shredded, and
  // another one of its name made, since we unwrapped it.
  if (sealed->key_id != entry.key_id) ForgetKey(sealed->key_id);
  Result<DataKey> key = KeyOf(sealed->key_id);
  if (!key) return key.error();
  // Another one in the keyring is a new data key whose making was interrupted.
  const Result<DataKey> kept = KeyOf(entry.key_id);
  if (!kept) return kept.error();
  if (Result<void> checked = Keyring::CheckEpoch(tenant(), entry, *kept); !checked) return checked.error();
  Result<Index> index = UnsealIndex(tenant(), *key, sealed->sealed);
  if (!index) return index.error();
  if (epochs == Epochs::kMustFit) {
    if (Result<void> checked = CheckEpochs(*index, entry); !checked) return checked.error();
  }
  return View{std::move(*index), std::move(*key), entry};
}

Result<TenantVault::View> TenantVault::Enter(store::Database& database, Access access,
                                             std::optional<store::Transaction>* transaction, Epochs epochs) {
  for (int look = 0;; ++look) {
    // Who reads looks into the keyring first: an epoch that is read from it then is never above what the file shows.
    // Who writes holds the file's lock, and nobody raises the keyring under it.
    std::optional<Result<Keyring::Entry>> entry;
    if (access == Access::kRead) entry.emplace(Entry());
    if (entry && !*entry) return entry->error();
    Result<store::Transaction> begun = store::Transaction::Begin(database, access);
    if (!begun) return begun.error();
    transaction->emplace(std::move(*begun));
    if (!entry) entry.emplace(Entry());
    if (!*entry) return entry->error();
    Result<View> view = Look(database, **entry, epochs);
    if (view) return view;
    transaction->reset();
    // What fits together may have been changed between the two.
    const Result<Keyring::Entry> again = Entry();
    if (!again) return again.error();
    if (*again == **entry || look == kMaxLooks) return view;
  }
}

Result<void> TenantVault::Heal(const View& view) {
  if (view.entry.key_id != view.key.id) return keyring_->KeepOnly(tenant(), view.key, view.index.epoch);
  if (view.entry.epoch == view.index.epoch) return {};
  const Result<bool> raised = keyring_->Raise(tenant(), view.index.epoch, view.key);
  if (!raised) return raised.error();
  if (!*raised) return NoTenant(tenant());
  return {};
}

Result<TenantVault::Transaction> TenantVault::Begin() {
  std::unique_lock lock(mutex_);
  std::optional<store::Transaction> transaction;
  Result<View> view = Enter(store_.database(), Access::kWrite, &transaction);
  if (!view) return view.error();
  // Before anything is added to it: what was committed last is then the oldest that is accepted.
  if (Result<void> healed = Heal(*view); !healed) return healed.error();
  return Transaction(
      std::make_unique<Transaction::State>(*this, std::move(lock), std::move(transaction), std::move(*view)));
}

Result<TenantVault::Reading> TenantVault::Read() {
  std::unique_lock lock(read_mutex_);
  std::optional<store::Transaction> transaction;
  Result<View> view = Enter(reader_.database(), Access::kRead, &transaction);
  if (!view) return view.error();
  return Reading(std::make_unique<Reading::State>(*this, std::move(lock), std::move(transaction), std::move(*view)));
}

Result<std::optional<Record>> TenantVault::Get(std::string_view connection, std::string_view field) {
  auto reading = Read();
  if (!reading) return reading.error();
  return reading->Get(connection, field);
}

Result<std::vector<RecordName>> TenantVault::List() {
  const auto reading = Read();
  if (!reading) return reading.error();
  return reading->List();
}

Result<void> TenantVault::Verify() {
  const std::lock_guard lock(mutex_);
  std::optional<store::Transaction> transaction;
  const Result<View> view = Enter(store_.database(), Access::kRead, &transaction);
  if (!view) return view.error();
  if (Result<void> checked = CheckRows(store_.database(), tenant(), view->index); !checked) return checked;
  for (const auto& [name, generation] : view->index.generations) {
    if (const auto record = ReadRecord(store_.database(), tenant(), view->key, view->index, name.first, name.second);
        !record)
      return record.error();
  }
  const Result<store::AuditHead> head = store_.audit().Verify(view->index.audit);
  if (!head) return head.error();
  return CheckEnd(tenant(), *head, view->index);
}

Result<void> TenantVault::ReadAudit(std::uint64_t after,
                                    const std::function<bool(std::uint64_t sequence, std::string_view entry)>& each) {
  const std::lock_guard lock(mutex_);
  Result<store::Transaction> transaction = store::Transaction::Begin(store_.database(), Access::kRead);
  if (!transaction) return transaction.error();
  return store_.audit().Read(after, each);
}

Result<void> TenantVault::RotateDataKey() {
  const std::lock_guard lock(mutex_);
  std::optional<store::Transaction> transaction;
  Result<View> view = Enter(store_.database(), Access::kWrite, &transaction);
  if (!view) return view.error();
  if (Result<void> healed = Heal(*view); !healed) return healed;
  if (Result<void> checked = CheckRows(store_.database(), tenant(), view->index); !checked) return checked;

  const DataKey next = DataKey::Generate();
  if (Result<void> added = keyring_->AddKey(tenant(), next); !added) return added;
  for (const auto& [name, generation] : view->index.generations) {
    const auto record = ReadRecord(store_.database(), tenant(), view->key, view->index, name.first, name.second);
    if (!record) return record.error();
    if (Result<void> written = WriteRecord(store_.database(), tenant(), next, name.first, name.second, generation,
                                           (*record)->value.view());
        !written) {
      return written;
    }
  }
  if (Result<void> done = Append(store_, {{"event", "data key replaced"}}, &view->index); !done) return done;
  ++view->index.epoch;
  if (Result<void> written = WriteIndex(store_.database(), tenant(), next, view->index); !written) return written;
  if (Result<void> committed = transaction->Commit(); !committed) return committed;
  ForgetKey(std::nullopt);
  return keyring_->KeepOnly(tenant(), next, view->index.epoch);
}

Result<void> TenantVault::AcceptRestored() {
  const std::lock_guard lock(mutex_);
  std::optional<store::Transaction> transaction;
  Result<View> view = Enter(store_.database(), Access::kWrite, &transaction, Epochs::kAccept);
  if (!view) return view.error();
  Index& index = view->index;
  if (CheckEpochs(index, view->entry)) return {};
  const boost::json::object event = {
      {"event", "restored"}, {"fileEpoch", index.epoch}, {"keyringEpoch", view->entry.epoch}};
  if (Result<void> done = Append(store_, event, &index); !done) return done;
  // Above whatever either of the two has seen, so that what was there before is refused from now on.
  index.epoch = std::max(index.epoch, view->entry.epoch) + 1;
  if (Result<void> written = WriteIndex(store_.database(), tenant(), view->key, index); !written) return written;
  if (Result<void> committed = transaction->Commit(); !committed) return committed;
  return keyring_->KeepOnly(tenant(), view->key, index.epoch);
}

TenantVault::Reading::Reading(std::unique_ptr<State> state) : state_(std::move(state)) {}
TenantVault::Reading::Reading(Reading&&) noexcept = default;
TenantVault::Reading::~Reading() = default;

Result<std::optional<Record>> TenantVault::Reading::Get(std::string_view connection, std::string_view field) {
  TenantVault& vault = state_->vault;
  return ReadRecord(vault.reader_.database(), vault.tenant(), state_->view.key, state_->view.index, connection, field);
}

std::vector<RecordName> TenantVault::Reading::List() const { return NamesOf(state_->view.index); }

TenantVault::Transaction::Transaction(std::unique_ptr<State> state) : state_(std::move(state)) {}
TenantVault::Transaction::Transaction(Transaction&&) noexcept = default;
TenantVault::Transaction::~Transaction() = default;

Result<std::optional<Record>> TenantVault::Transaction::Get(std::string_view connection, std::string_view field) {
  return ReadRecord(database(), state_->vault.tenant(), state_->view.key, state_->view.index, connection, field);
}

Result<std::uint64_t> TenantVault::Transaction::Put(std::string_view connection, std::string_view field,
                                                    std::string_view value, std::uint64_t expected) {
  if (Result<void> met = state_->Expect(connection, field, expected); !met) return met.error();
  if (value.size() > kMaxValueBytes) {
    return InvalidInput("a record has at most " + std::to_string(kMaxValueBytes) + " bytes");
  }
  auto& generations = state_->view.index.generations;
  if (expected == 0 && generations.size() == kMaxRecords) {
    return InvalidInput("a tenant has at most " + std::to_string(kMaxRecords) + " records");
  }
  const std::uint64_t generation = state_->generation();
  if (Result<void> written =
          WriteRecord(database(), state_->vault.tenant(), state_->view.key, connection, field, generation, value);
      !written) {
    return written.error();
  }
  generations[{std::string(connection), std::string(field)}] = generation;
  state_->changed = true;
  return generation;
}

Result<void> TenantVault::Transaction::Remove(std::string_view connection, std::string_view field,
                                              std::uint64_t expected) {
  if (Result<void> met = state_->Expect(connection, field, expected); !met) return met;
  if (expected == 0) return {};
  if (Result<void> removed = RemoveRecord(database(), connection, field); !removed) return removed;
  state_->view.index.generations.erase({std::string(connection), std::string(field)});
  state_->changed = true;
  return {};
}

std::vector<RecordName> TenantVault::Transaction::List() const { return NamesOf(state_->view.index); }

Result<void> TenantVault::Transaction::Audit(const boost::json::object& event) {
  if (Result<void> done = Append(state_->vault.store_, event, &state_->view.index); !done) return done;
  state_->changed = true;
  return {};
}

store::Database& TenantVault::Transaction::database() { return state_->vault.store_.database(); }

Result<void> TenantVault::Transaction::Commit() {
  // Whatever comes of it, the transaction has ended.
  const std::unique_ptr<State> state = std::move(state_);
  TenantVault& vault = state->vault;
  if (!state->changed) return state->transaction->Commit();
  state->view.index.epoch = state->generation();
  if (Result<void> written = WriteIndex(vault.store_.database(), vault.tenant(), state->view.key, state->view.index);
      !written) {
    return written;
  }
  if (Result<void> committed = state->transaction->Commit(); !committed) return committed;
  // It is on the disk; where the keyring cannot be told now, who writes next tells it.
  const Result<bool> raised = vault.keyring_->Raise(vault.tenant(), state->view.index.epoch, state->view.key);
  if (raised && !*raised) return NoTenant(vault.tenant());
  return {};
}

}  // namespace warder::vault
