#include "engine/vault/vault.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include "engine/store/private_files.h"
#include "engine/store/tenant_store.h"
#include "engine/vault/local_key.h"
#include "engine/vault/sealed_rows.h"
#include "sandbox/base/unique_fd.h"

namespace warder::vault {
namespace fs = std::filesystem;

using store::Access;
using store::Statement;
using store::TenantId;
using store::TenantStore;
using store::Transaction;

namespace {

constexpr off_t kMaxOverwritten = 4096;

// A file that the keyring does not know is what a crash left of making one, or somebody's data whose key is lost. Only
// the first may be thrown away.
Result<void> DeleteUnused(const fs::path& state, const TenantId& tenant) {
  {
    Result<TenantStore> left = TenantStore::Open(state, tenant);
    if (!left) return left.error();
    Result<Statement> used =
        left->database().Prepare("SELECT 1 WHERE EXISTS(SELECT 1 FROM record) OR EXISTS(SELECT 1 FROM audit)");
    if (!used) return used.error();
    const Result<bool> row = used->Step();
    if (!row) return row.error();
    if (*row) {
      return InvalidInput("there is a file of a tenant " + tenant.text() +
                          " that the keyring does not know; shred the tenant to be rid of it, or put back the keyring "
                          "that it belongs to");
    }
  }
  return TenantStore::Delete(state, tenant);
}

fs::path NextOf(const fs::path& key_file) { return key_file.string() + ".next"; }

// Whoever finds the bytes of a key that is not used any more can read old copies of the keyring with it.
void Overwrite(const fs::path& file) {
  const UniqueFd opened(::open(file.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!opened || ::fstat(opened.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const std::string zeroes(static_cast<std::size_t>(std::min<off_t>(status.st_size, kMaxOverwritten)), '\0');
  // What cannot be overwritten is as it was: the disk may keep it anyway (docs/vault.md).
  [[maybe_unused]] const ssize_t written = ::pwrite(opened.get(), zeroes.data(), zeroes.size(), 0);
  ::fsync(opened.get());
}

// `to` holds a key that the keyring is not under any more.
Result<void> Replace(const fs::path& from, const fs::path& to) {
  Overwrite(to);
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return Internal("cannot put " + from.string() + " in the place of " + to.string() + ": " +
                    std::generic_category().message(errno));
  }
  return store::SyncFolder(to.has_parent_path() ? to.parent_path() : fs::path("."));
}

}  // namespace

Vault::Vault(fs::path state, std::shared_ptr<Keyring> keyring)
    : state_(std::move(state)), keyring_(std::move(keyring)) {}

Result<Vault> Vault::Open(const fs::path& state, std::unique_ptr<KeyEncryption> key) {
  if (Result<void> made = store::MakePrivateFolder(state); !made) return made.error();
  Result<std::unique_ptr<Keyring>> keyring = Keyring::Open(state, std::move(key));
  if (!keyring) return keyring.error();
  return Vault(state, std::move(*keyring));
}

Result<Vault> Vault::OpenWithKeyFile(const fs::path& state, const fs::path& key_file, bool* made) {
  if (made != nullptr) *made = false;
  const Result<std::optional<std::string>> kek = Keyring::KekId(state);
  if (!kek) return kek.error();
  Result<std::unique_ptr<LocalKey>> key =
      LocalKey::FromFile(key_file, *kek ? LocalKey::IfMissing::kRefuse : LocalKey::IfMissing::kMake, made);
  if (*kek && (!key || (*key)->id() != **kek)) {
    // A rotation that came as far as the keyring, and not to its last step.
    Result<std::unique_ptr<LocalKey>> next = LocalKey::FromFile(NextOf(key_file), LocalKey::IfMissing::kRefuse);
    if (next && (*next)->id() == **kek) {
      if (Result<void> replaced = Replace(NextOf(key_file), key_file); !replaced) return replaced.error();
      key = std::move(next);
    }
  }
  if (!key) return key.error();
  return Open(state, std::move(*key));
}

Result<std::shared_ptr<TenantVault>> Vault::CreateTenant(const TenantId& tenant) {
  const DataKey key = DataKey::Generate();
  std::optional<TenantStore> made;
  const Result<void> added = keyring_->Add(tenant, key, [&]() -> Result<void> {
    if (TenantStore::Exists(state_, tenant)) {
      if (Result<void> deleted = DeleteUnused(state_, tenant); !deleted) return deleted;
    }
    Result<TenantStore> store = TenantStore::Create(state_, tenant);
    if (!store) return store.error();
    Result<Transaction> transaction = Transaction::Begin(store->database(), Access::kWrite);
    if (!transaction) return transaction.error();
    if (Result<void> written = WriteIndex(store->database(), tenant, key, Index()); !written) return written;
    if (Result<void> committed = transaction->Commit(); !committed) return committed;
    made.emplace(std::move(*store));
    return {};
  });
  if (!added) return added.error();
  Result<TenantStore> reader = TenantStore::Open(state_, tenant);
  if (!reader) return reader.error();
  return std::make_shared<TenantVault>(keyring_, std::move(*made), std::move(*reader));
}

Result<std::shared_ptr<TenantVault>> Vault::OpenTenant(const TenantId& tenant) {
  const Result<std::optional<Keyring::Entry>> entry = keyring_->Find(tenant);
  if (!entry) return entry.error();
  if (!*entry) return InvalidInput("there is no tenant " + tenant.text());
  Result<TenantStore> store = TenantStore::Open(state_, tenant);
  if (!store) return store.error();
  Result<TenantStore> reader = TenantStore::Open(state_, tenant);
  if (!reader) return reader.error();
  return std::make_shared<TenantVault>(keyring_, std::move(*store), std::move(*reader));
}

Result<void> Vault::ShredTenant(const TenantId& tenant) {
  const bool has_file = TenantStore::Exists(state_, tenant);
  const Result<bool> removed = keyring_->Remove(tenant, [&] { return TenantStore::Delete(state_, tenant); });
  if (!removed) return removed.error();
  if (!*removed && !has_file) return InvalidInput("there is no tenant " + tenant.text());
  return {};
}

Result<std::vector<TenantId>> Vault::ListTenants() { return keyring_->Tenants(); }

Result<std::size_t> Vault::RotateKek(std::unique_ptr<KeyEncryption> next) {
  return keyring_->RotateKek(std::move(next));
}

Result<std::size_t> Vault::RotateKekFile(const fs::path& key_file) {
  // On the disk before it is used; one that an earlier attempt has left is as good as a new one.
  Result<std::unique_ptr<LocalKey>> next = LocalKey::FromFile(NextOf(key_file), LocalKey::IfMissing::kMake);
  if (!next) return next.error();
  const std::string id = (*next)->id();
  Result<std::size_t> count = keyring_->RotateKek(std::move(*next));
  if (!count) return count;
  Result<void> replaced = Replace(NextOf(key_file), key_file);
  if (!replaced) {
    // Whoever opened the vault meanwhile has done it.
    const auto there = LocalKey::FromFile(key_file, LocalKey::IfMissing::kRefuse);
    if (!there || (*there)->id() != id) return replaced.error();
  }
  return count;
}

Result<void> Vault::RotateDataKey(const TenantId& tenant) {
  const Result<std::shared_ptr<TenantVault>> vault = OpenTenant(tenant);
  if (!vault) return vault.error();
  return (*vault)->RotateDataKey();
}

Result<void> Vault::AcceptRestored(const TenantId& tenant) {
  const Result<std::shared_ptr<TenantVault>> vault = OpenTenant(tenant);
  if (!vault) return vault.error();
  return (*vault)->AcceptRestored();
}

}  // namespace warder::vault
