// The public face of the vault (warder/vault.h), but for OAuth authorizations (public_authorization.cc): from values
// and exceptions to results.
#include <atomic>
#include <boost/json/object.hpp>
#include <filesystem>
#include <utility>

#include "engine/base/engine_error.h"
#include "engine/broker/connection.h"
#include "engine/connections/connect_options.h"
#include "engine/connections/network.h"
#include "engine/connections/pending_authorizations.h"
#include "engine/connections/refresher.h"
#include "engine/connections/review.h"
#include "engine/connections/revoke.h"
#include "engine/connections/tenant_stores.h"
#include "engine/vault/local_key.h"
#include "engine/vault/pkcs11_key.h"
#include "warder/engine.h"
#include "warder/vault.h"

namespace warder {
namespace {

using connections::ConnectionStore;
using connections::Network;
using connections::StoredConnection;
using connections::TenantStores;
using connections::Value;

store::TenantId Tenant(const std::string& text) { return Value(store::TenantId::Parse(text)); }

std::unique_ptr<vault::KeyEncryption> KeyOf(const KeySource& source, bool* made) {
  switch (source.kind) {
    case KeySource::Kind::kFile:
      return Value(vault::LocalKey::FromFile(source.file, vault::LocalKey::IfMissing::kMake, made));
    case KeySource::Kind::kEnvironment: {
      auto key = Value(vault::LocalKey::FromEnvironment());
      if (!key) {
        throw EngineError(Status::kInvalid, std::string("the vault's key is to be in ") + vault::LocalKey::kVariable +
                                                ", which is not set: 32 bytes in base64");
      }
      return key;
    }
    case KeySource::Kind::kPkcs11:
      break;
  }
  return Value(vault::OpenPkcs11Key({source.module, source.token, source.label, Secret(source.pin)}));
}

// Nothing: somebody has removed it since its name was read.
std::optional<connections::Snapshot> LoadIfThere(ConnectionStore& store, const std::string& name) {
  auto snapshot = store.Load(name);
  if (!snapshot && snapshot.error().kind == ErrorKind::kRefused) return std::nullopt;
  return Value(std::move(snapshot));
}

// Of a tenant that is about to go. What cannot be read is not revoked, and keeps nobody from shredding it.
std::vector<Unrevoked> RevokeAll(const std::shared_ptr<ConnectionStore>& store) {
  std::vector<Unrevoked> left;
  const auto names = store->Names();
  if (!names) return left;
  for (const std::string& name : *names) {
    const auto taken = store->Remove(name);
    if (taken && connections::NeedOf(*taken, store->now()) == connections::RevocationNeed::kNoEndpoint) {
      left.push_back({name, connections::WhyNotRevoked(*taken->oauth)});
    }
  }
  connections::RevokeKeptNow(store);
  for (const auto& each : Value(store->revocations().List())) {
    left.push_back({each.connection, each.why.empty() ? "there was no time to ask " + each.issuer : each.why});
  }
  return left;
}

SecretFields SecretsOf(const Connection::Fields& fields) {
  SecretFields secrets;
  for (const auto& [field, value] : fields) {
    if (!secrets.emplace(field, Secret(value)).second) {
      throw EngineError(Status::kInvalid, "the credential has two fields \"" + field + "\"");
    }
  }
  return secrets;
}

// Most credentials have no server that has to be told.
DisconnectResult RevokeNow(const std::shared_ptr<ConnectionStore>& store, connections::Taken taken) {
  if (!taken.oauth) return {};
  Network network(store->tenant());
  return connections::RevokeNow(network, store, std::move(taken));
}

}  // namespace

class Vault::Impl {
 public:
  Impl(std::shared_ptr<TenantStores> stores, KeySource source, bool made)
      : stores_(std::move(stores)), source_(std::move(source)), made_(made) {}

  std::shared_ptr<ConnectionStore> Store(const std::string& tenant) { return Value(stores_->Of(Tenant(tenant))); }

  const std::shared_ptr<TenantStores> stores_;
  const KeySource source_;
  std::atomic<bool> made_;
};

Vault::Vault(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Vault::~Vault() = default;

std::shared_ptr<Vault> Vault::Open(const VaultOptions& options) {
  bool made = false;
  auto vault = options.key.kind == KeySource::Kind::kFile
                   ? Value(vault::Vault::OpenWithKeyFile(options.folder, options.key.file, &made))
                   : Value(vault::Vault::Open(options.folder, KeyOf(options.key, nullptr)));
  auto stores = Value(TenantStores::Open(options.folder, std::move(vault)));
  KeySource source = options.key;
  WipeString(&source.pin);
  return std::shared_ptr<Vault>(new Vault(std::make_unique<Impl>(std::move(stores), std::move(source), made)));
}

bool Vault::Exists(const std::filesystem::path& folder) {
  const auto kek = vault::Keyring::KekId(folder);
  return !kek || kek->has_value();  // one that cannot be read is there, and Open says what is wrong with it
}

bool Vault::made_key() const { return impl_->made_; }
const std::shared_ptr<TenantStores>& Vault::stores() const { return impl_->stores_; }

void Vault::CreateTenant(const std::string& tenant) { Value(impl_->stores_->Create(Tenant(tenant))); }

void Vault::CheckTenantName(const std::string& tenant) { (void)Tenant(tenant); }

bool Vault::HasTenant(const std::string& tenant) {
  const store::TenantId id = Tenant(tenant);
  for (const store::TenantId& each : Value(impl_->stores_->vault().ListTenants())) {
    if (each == id) return true;
  }
  return false;
}

std::vector<std::string> Vault::Tenants() {
  std::vector<std::string> names;
  for (const store::TenantId& tenant : Value(impl_->stores_->vault().ListTenants())) names.push_back(tenant.text());
  return names;
}

std::vector<Unrevoked> Vault::ShredTenant(const std::string& tenant) {
  std::vector<Unrevoked> left;
  try {
    left = RevokeAll(impl_->Store(tenant));
  } catch (const EngineError&) {  // damaged: a reason more to be rid of it
  }
  Value(impl_->stores_->Shred(Tenant(tenant)));
  return left;
}

std::size_t Vault::RotateKey(const KeySource& next) {
  vault::Vault& vault = impl_->stores_->vault();
  const KeySource& now = impl_->source_;
  std::error_code not_there;
  if (next.kind == KeySource::Kind::kFile && now.kind == KeySource::Kind::kFile &&
      std::filesystem::equivalent(next.file, now.file, not_there)) {
    return Value(vault.RotateKekFile(now.file));
  }
  bool made = false;
  auto key = KeyOf(next, &made);
  if (made) impl_->made_ = true;
  return Value(vault.RotateKek(std::move(key)));
}

void Vault::RotateDataKey(const std::string& tenant) { Value(impl_->stores_->vault().RotateDataKey(Tenant(tenant))); }

void Vault::AcceptRestored(const std::string& tenant) {
  Value(impl_->stores_->vault().AcceptRestored(Tenant(tenant)));
  impl_->stores_->bell()->Ring();
}

void Vault::Verify(const std::string& tenant) {
  Value(Value(impl_->stores_->vault().OpenTenant(Tenant(tenant)))->Verify());
}

void Vault::Check(const std::string& name, std::string_view policy, const Connection::Fields& fields,
                  const ConnectOptions& options) {
  connections::CheckOptions(options);
  Value(ConnectionStore::CheckName(name));
  Value(broker::Connection::Make(policy, SecretsOf(fields)));
}

DisconnectResult Vault::Connect(const std::string& tenant, const std::string& name, std::string_view policy,
                                const Connection::Fields& fields, const ConnectOptions& options) {
  connections::CheckOptions(options);
  StoredConnection connection;
  connection.policy = policy;
  connections::Apply(options, &connection);
  const SecretFields secrets = SecretsOf(fields);
  const auto store = impl_->Store(tenant);
  return RevokeNow(store, Value(store->Put(name, std::move(connection), secrets, connections::IfThereOf(options))));
}

void Vault::Refresh(const std::string& tenant, const std::string& name) {
  const auto store = impl_->Store(tenant);
  const auto snapshot = Value(store->Load(name));
  Network network(store->tenant());
  connections::Refresher refresher(network.loop(), network.broker(), network.workers(), impl_->stores_->state());
  std::optional<Result<connections::Snapshot>> result;
  refresher.Refresh(store, name, snapshot.token_generation,
                    [&](Result<connections::Snapshot> done) { result = std::move(done); });
  network.Await(result);
}

DisconnectResult Vault::Disconnect(const std::string& tenant, const std::string& name) {
  const auto store = impl_->Store(tenant);
  return RevokeNow(store, Value(store->Remove(name)));
}

std::vector<PendingRevocation> Vault::PendingRevocations(const std::string& tenant) {
  std::vector<PendingRevocation> all;
  for (auto& each : Value(impl_->Store(tenant)->revocations().List())) {
    all.push_back({std::move(each.connection), std::move(each.issuer), each.since, each.tries, std::move(each.why)});
  }
  return all;
}

std::vector<PendingRevocation> Vault::RevokePending(const std::string& tenant) {
  connections::RevokeKeptNow(impl_->Store(tenant));
  return PendingRevocations(tenant);
}

std::vector<ConnectionStatus> Vault::Connections(const std::string& tenant) {
  const auto store = impl_->Store(tenant);
  std::vector<ConnectionStatus> all;
  for (const std::string& name : Value(store->Names())) {
    const auto snapshot = LoadIfThere(*store, name);
    if (snapshot) all.push_back(connections::StatusOf(name, *snapshot, Value(store->LoadUsage(name))));
  }
  return all;
}

std::vector<ConnectionReview> Vault::Review(const std::string& tenant, unsigned days) {
  const auto store = impl_->Store(tenant);
  Value(store->Audit({{"event", "review"}, {"days", days}}));
  Value(connections::PendingAuthorizations(store->vault()).ClearExpired());
  for (const std::string& name : Value(store->Names())) {
    LoadIfThere(*store, name);  // ends what is over
  }
  connections::RevokeKeptNow(store);
  std::map<std::string, std::string> unrevoked;
  for (auto& each : Value(store->revocations().List())) unrevoked[each.connection] = std::move(each.why);
  std::vector<ConnectionReview> all;
  for (const std::string& name : Value(store->Names())) {
    const auto snapshot = LoadIfThere(*store, name);
    if (!snapshot) continue;
    auto usage = Value(store->LoadUsage(name));
    all.push_back(connections::ReviewOf(name, *snapshot, usage, ConnectionStore::Now(), days));
    if (const auto found = unrevoked.find(name); found != unrevoked.end()) {
      all.back().remarks.push_back(
          "tokens that were taken from it are not revoked at their authorization server yet (" + found->second +
          "); it is tried again");
    }
  }
  return all;
}

void Vault::ReadAudit(const std::string& tenant, std::uint64_t after,
                      const std::function<bool(std::uint64_t number, std::string_view entry)>& each) {
  Value(Value(impl_->stores_->vault().OpenTenant(Tenant(tenant)))->ReadAudit(after, each));
}

}  // namespace warder
