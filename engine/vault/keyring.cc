#include "engine/vault/keyring.h"

#include <sys/stat.h>

#include <array>
#include <utility>

#include "engine/base/text.h"
#include "engine/store/private_files.h"
#include "engine/store/transaction.h"
#include "engine/vault/xaes.h"

namespace warder::vault {
namespace fs = std::filesystem;

using store::Access;
using store::Database;
using store::Statement;
using store::TenantId;
using store::Transaction;

namespace {

constexpr std::array kSteps = {R"(
CREATE TABLE keyring(
  id INTEGER PRIMARY KEY CHECK(id = 1), kek TEXT NOT NULL
) STRICT;
CREATE TABLE tenant(
  tenant TEXT NOT NULL PRIMARY KEY, epoch INTEGER NOT NULL CHECK(epoch >= 0),
  key BLOB NOT NULL CHECK(length(key) = 16), seal BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE data_key(
  tenant TEXT NOT NULL REFERENCES tenant ON DELETE CASCADE, key BLOB NOT NULL CHECK(length(key) = 16),
  wrapped BLOB NOT NULL,
  PRIMARY KEY(tenant, key)
) STRICT, WITHOUT ROWID;
)"};
constexpr store::Schema kSchema = {.application = 0x5764724b, .steps = kSteps};  // "WdrK"

SealContext WrapContext(std::string_view tenant, std::string_view key_id, std::string_view kek) {
  SealContext context("warder data key 1");
  context.Add(tenant).Add(key_id).Add(kek);
  return context;
}

SealContext EpochContext(const TenantId& tenant, std::string_view key_id, std::uint64_t epoch) {
  SealContext context("warder epoch 1");
  context.Add(tenant.text()).Add(key_id).Add(epoch);
  return context;
}

fs::path FileOf(const fs::path& state) { return state / "keyring.db"; }

// Nothing: no tenant was ever made, and no key named.
Result<std::optional<std::string>> StoredKek(Database& database) {
  Result<Statement> row = database.Prepare("SELECT kek FROM keyring");
  if (!row) return row.error();
  const Result<bool> found = row->Step();
  if (!found) return found.error();
  if (!*found) return std::optional<std::string>();
  return std::optional<std::string>(row->Text(0));
}

// A keyring that has tenants has a key. One that has lost its name is not to be given another.
Result<void> CheckNew(Database& database) {
  Result<Statement> tenants = database.Prepare("SELECT 1 FROM tenant LIMIT 1");
  if (!tenants) return tenants.error();
  const Result<bool> found = tenants->Step();
  if (!found) return found.error();
  if (*found) return InvalidInput(database.file().string() + " is damaged: it does not name its key-encryption key");
  return {};
}

Error UnderAnother(const Database& database, const std::string& kek, const std::string& given) {
  return InvalidInput("the keyring " + database.file().string() + " is under the key-encryption key " + kek +
                      ", and the one given is " + given);
}

}  // namespace

DataKey DataKey::Generate() {
  std::string key = RandomBytes(kXaesKeyBytes);
  return {RandomBytes(kDataKeyIdBytes), Secret::Take(&key)};
}

Keyring::Keyring(Database database, Database reader, std::shared_ptr<KeyEncryption> key)
    : database_(std::move(database)), reader_(std::move(reader)), key_(std::move(key)) {}

Result<std::unique_ptr<Keyring>> Keyring::Open(const fs::path& state, std::unique_ptr<KeyEncryption> key) {
  Result<Database> database = Database::Open(FileOf(state), kSchema, Database::IfMissing::kMake);
  if (!database) return database.error();
  Result<Database> reader = Database::Open(FileOf(state), kSchema, Database::IfMissing::kRefuse);
  if (!reader) return reader.error();
  std::unique_ptr<Keyring> keyring(new Keyring(std::move(*database), std::move(*reader), std::move(key)));
  Result<Transaction> transaction = Transaction::Begin(keyring->database_, Access::kWrite);
  if (!transaction) return transaction.error();
  const Result<std::optional<std::string>> kek = StoredKek(keyring->database_);
  if (!kek) return kek.error();
  if (*kek) {
    if (Result<void> checked = keyring->CheckKek(keyring->database_); !checked) return checked.error();
  } else {
    if (Result<void> checked = CheckNew(keyring->database_); !checked) return checked.error();
    Result<Statement> name = keyring->database_.Prepare("INSERT INTO keyring VALUES(1, ?1)");
    if (!name) return name.error();
    if (Result<void> done = name->BindText(1, keyring->key_->id()).Run(); !done) return done.error();
  }
  if (Result<void> done = transaction->Commit(); !done) return done.error();
  if (Result<void> done = store::SyncFolder(state); !done) return done.error();
  return keyring;
}

Result<std::optional<std::string>> Keyring::KekId(const fs::path& state) {
  struct stat status {};
  if (::lstat(FileOf(state).c_str(), &status) != 0) return std::optional<std::string>();
  Result<Database> database = Database::Open(FileOf(state), kSchema, Database::IfMissing::kRefuse);
  if (!database) return database.error();
  return StoredKek(*database);
}

Result<void> Keyring::CheckKek(Database& database) const {
  const Result<std::optional<std::string>> kek = StoredKek(database);
  if (!kek) return kek.error();
  if (*kek == key_->id()) return {};
  return UnderAnother(database, kek->value_or("?"), key_->id());
}

Result<void> Keyring::Insert(const TenantId& tenant, const DataKey& key) {
  const Result<std::string> wrapped = key_->Wrap(key.key, WrapContext(tenant.text(), key.id, key_->id()));
  if (!wrapped) return wrapped.error();
  Result<Statement> insert = database_.Prepare("INSERT INTO data_key(tenant, key, wrapped) VALUES(?1, ?2, ?3)");
  if (!insert) return insert.error();
  return insert->BindText(1, tenant.text()).BindBlob(2, key.id).BindBlob(3, *wrapped).Run();
}

Result<void> Keyring::Add(const TenantId& tenant, const DataKey& key, const std::function<Result<void>()>& make) {
  const std::lock_guard lock(mutex_);
  Result<Transaction> transaction = Transaction::Begin(database_, Access::kWrite);
  if (!transaction) return transaction.error();
  if (Result<void> checked = CheckKek(database_); !checked) return checked;
  {
    Result<Statement> there = database_.Prepare("SELECT 1 FROM tenant WHERE tenant = ?1");
    if (!there) return there.error();
    const Result<bool> found = there->BindText(1, tenant.text()).Step();
    if (!found) return found.error();
    if (*found) return InvalidInput("there is a tenant " + tenant.text() + " already");
  }
  if (Result<void> made = make(); !made) return made;
  Result<Statement> insert = database_.Prepare("INSERT INTO tenant(tenant, epoch, key, seal) VALUES(?1, 0, ?2, ?3)");
  if (!insert) return insert.error();
  insert->BindText(1, tenant.text())
      .BindBlob(2, key.id)
      .BindBlob(3, Seal(key.key, EpochContext(tenant, key.id, 0), ""));
  if (Result<void> done = insert->Run(); !done) return done;
  if (Result<void> done = Insert(tenant, key); !done) return done;
  return transaction->Commit();
}

Result<std::optional<Keyring::Entry>> Keyring::Find(const TenantId& tenant) {
  const std::lock_guard lock(read_mutex_);
  Result<Statement> row = reader_.Prepare("SELECT epoch, key, seal FROM tenant WHERE tenant = ?1");
  if (!row) return row.error();
  const Result<bool> found = row->BindText(1, tenant.text()).Step();
  if (!found) return found.error();
  if (!*found) return std::optional<Entry>();
  return std::optional(Entry{row->Integer(0), std::string(row->Blob(1)), std::string(row->Blob(2))});
}

Result<void> Keyring::CheckEpoch(const TenantId& tenant, const Entry& entry, const DataKey& key) {
  if (entry.key_id == key.id && Unseal(key.key, EpochContext(tenant, key.id, entry.epoch), entry.seal)) return {};
  return InvalidInput("what the keyring says of tenant " + tenant.text() + " is not authentic: its epoch was changed");
}

Result<std::optional<DataKey>> Keyring::Unwrap(const TenantId& tenant, std::string_view key_id) {
  std::string wrapped;
  std::shared_ptr<KeyEncryption> kek;
  {
    const std::lock_guard lock(read_mutex_);
    Result<Transaction> transaction = Transaction::Begin(reader_, Access::kRead);
    if (!transaction) return transaction.error();
    if (Result<void> checked = CheckKek(reader_); !checked) return checked.error();
    Result<Statement> row = reader_.Prepare("SELECT wrapped FROM data_key WHERE tenant = ?1 AND key = ?2");
    if (!row) return row.error();
    const Result<bool> found = row->BindText(1, tenant.text()).BindBlob(2, key_id).Step();
    if (!found) return found.error();
    if (!*found) return std::optional<DataKey>();
    wrapped = row->Blob(0);
    kek = key_;
  }
  // Not under the lock: a token takes its time.
  Result<Secret> key = kek->Unwrap(wrapped, WrapContext(tenant.text(), key_id, kek->id()));
  if (key && key->view().size() != kXaesKeyBytes) key = InvalidInput("it has another size");
  if (!key) {
    return Error{key.error().kind, "the data key of tenant " + tenant.text() + " is refused: " + key.error().message,
                 key.error().layer};
  }
  return std::optional(DataKey{std::string(key_id), std::move(*key)});
}

Result<void> Keyring::AddKey(const TenantId& tenant, const DataKey& key) {
  const std::lock_guard lock(mutex_);
  Result<Transaction> transaction = Transaction::Begin(database_, Access::kWrite);
  if (!transaction) return transaction.error();
  if (Result<void> checked = CheckKek(database_); !checked) return checked;
  // What an attempt has left that never came to be used.
  Result<Statement> clean =
      database_.Prepare("DELETE FROM data_key WHERE tenant = ?1 AND key <> (SELECT key FROM tenant WHERE tenant = ?1)");
  if (!clean) return clean.error();
  if (Result<void> done = clean->BindText(1, tenant.text()).Run(); !done) return done;
  if (Result<void> done = Insert(tenant, key); !done) return done;
  return transaction->Commit();
}

Result<void> Keyring::KeepOnly(const TenantId& tenant, const DataKey& key, std::uint64_t epoch) {
  const std::lock_guard lock(mutex_);
  {
    Result<Transaction> transaction = Transaction::Begin(database_, Access::kWrite);
    if (!transaction) return transaction.error();
    Result<Statement> row = database_.Prepare("SELECT 1 FROM tenant WHERE tenant = ?1 AND epoch <= ?2");
    if (!row) return row.error();
    const Result<bool> found = row->BindText(1, tenant.text()).BindInteger(2, epoch).Step();
    row->Reset();
    if (!found) return found.error();
    if (!*found) return transaction->Commit();
    Result<Statement> update = database_.Prepare("UPDATE tenant SET epoch = ?2, key = ?3, seal = ?4 WHERE tenant = ?1");
    if (!update) return update.error();
    update->BindText(1, tenant.text()).BindInteger(2, epoch).BindBlob(3, key.id);
    update->BindBlob(4, Seal(key.key, EpochContext(tenant, key.id, epoch), ""));
    if (Result<void> done = update->Run(); !done) return done;
    Result<Statement> others = database_.Prepare("DELETE FROM data_key WHERE tenant = ?1 AND key <> ?2");
    if (!others) return others.error();
    if (Result<void> done = others->BindText(1, tenant.text()).BindBlob(2, key.id).Run(); !done) return done;
    if (Result<void> done = transaction->Commit(); !done) return done;
  }
  return database_.EmptyLog();
}

Result<bool> Keyring::Raise(const TenantId& tenant, std::uint64_t epoch, const DataKey& key) {
  const std::lock_guard lock(mutex_);
  Result<Transaction> transaction = Transaction::Begin(database_, Access::kWrite);
  if (!transaction) return transaction.error();
  Result<Statement> row = database_.Prepare("SELECT epoch FROM tenant WHERE tenant = ?1");
  if (!row) return row.error();
  const Result<bool> found = row->BindText(1, tenant.text()).Step();
  if (!found) return found.error();
  if (!*found) return false;
  const std::uint64_t before = row->Integer(0);
  row->Reset();
  if (before >= epoch) return true;
  Result<Statement> update = database_.Prepare("UPDATE tenant SET epoch = ?2, key = ?3, seal = ?4 WHERE tenant = ?1");
  if (!update) return update.error();
  update->BindText(1, tenant.text()).BindInteger(2, epoch).BindBlob(3, key.id);
  update->BindBlob(4, Seal(key.key, EpochContext(tenant, key.id, epoch), ""));
  if (Result<void> done = update->Run(); !done) return done.error();
  if (Result<void> done = transaction->Commit(); !done) return done.error();
  return true;
}

Result<bool> Keyring::Remove(const TenantId& tenant, const std::function<Result<void>()>& also) {
  const std::lock_guard lock(mutex_);
  bool was_there = false;
  {
    Result<Transaction> transaction = Transaction::Begin(database_, Access::kWrite);
    if (!transaction) return transaction.error();
    Result<Statement> row = database_.Prepare("DELETE FROM tenant WHERE tenant = ?1 RETURNING 1");
    if (!row) return row.error();
    const Result<bool> found = row->BindText(1, tenant.text()).Step();
    if (!found) return found.error();
    was_there = *found;
    row->Reset();
    if (Result<void> done = also(); !done) return done.error();
    if (Result<void> done = transaction->Commit(); !done) return done.error();
  }
  // Also where nothing was there: another attempt may have come no further.
  if (Result<void> emptied = database_.EmptyLog(); !emptied) return emptied.error();
  return was_there;
}

Result<std::size_t> Keyring::RotateKek(std::unique_ptr<KeyEncryption> next) {
  const std::lock_guard lock(mutex_);
  // Whoever rotates believes that what has the old key cannot read anything any more.
  if (next->id() == key_->id()) {
    return InvalidInput("the keyring is under " + next->id() + " already: that is the same key, wherever it is kept");
  }
  std::size_t count = 0;
  {
    Result<Transaction> transaction = Transaction::Begin(database_, Access::kWrite);
    if (!transaction) return transaction.error();
    if (Result<void> checked = CheckKek(database_); !checked) return checked.error();
    struct Row {
      std::string tenant;
      std::string key_id;
      std::string wrapped;
    };
    std::vector<Row> rows;
    {
      Result<Statement> all = database_.Prepare("SELECT tenant, key, wrapped FROM data_key");
      if (!all) return all.error();
      for (;;) {
        const Result<bool> row = all->Step();
        if (!row) return row.error();
        if (!*row) break;
        rows.push_back({std::string(all->Text(0)), std::string(all->Blob(1)), std::string(all->Blob(2))});
      }
    }
    Result<Statement> update = database_.Prepare("UPDATE data_key SET wrapped = ?3 WHERE tenant = ?1 AND key = ?2");
    if (!update) return update.error();
    for (const Row& row : rows) {
      const auto of_tenant = [&](const Error& error) {
        return Error{error.kind, "the data key of tenant " + row.tenant + " is refused: " + error.message, error.layer};
      };
      const Result<Secret> key = key_->Unwrap(row.wrapped, WrapContext(row.tenant, row.key_id, key_->id()));
      if (!key) return of_tenant(key.error());
      const Result<std::string> wrapped = next->Wrap(*key, WrapContext(row.tenant, row.key_id, next->id()));
      if (!wrapped) return of_tenant(wrapped.error());
      update->BindText(1, row.tenant).BindBlob(2, row.key_id).BindBlob(3, *wrapped);
      if (Result<void> done = update->Run(); !done) return done.error();
    }
    Result<Statement> name = database_.Prepare("UPDATE keyring SET kek = ?1");
    if (!name) return name.error();
    if (Result<void> done = name->BindText(1, next->id()).Run(); !done) return done.error();
    count = rows.size();
    // Who reads sees both or neither.
    const std::lock_guard reading(read_mutex_);
    if (Result<void> done = transaction->Commit(); !done) return done.error();
    key_ = std::move(next);
  }
  // What lies in the log a little longer is wrapped under the old key, as in every copy that was made before.
  (void)database_.EmptyLog();
  return count;
}

Result<std::vector<TenantId>> Keyring::Tenants() {
  const std::lock_guard lock(read_mutex_);
  Result<Statement> rows = reader_.Prepare("SELECT tenant FROM tenant ORDER BY tenant");
  if (!rows) return rows.error();
  std::vector<TenantId> tenants;
  for (;;) {
    const Result<bool> row = rows->Step();
    if (!row) return row.error();
    if (!*row) return tenants;
    Result<TenantId> tenant = TenantId::Parse(rows->Text(0));
    if (!tenant) return InvalidInput(reader_.file().string() + " is damaged: it names a tenant that cannot be");
    tenants.push_back(std::move(*tenant));
  }
}

}  // namespace warder::vault
