// The public face of the vault (warder/vault.h): from values and exceptions to results, and a loop for what needs the
// network.
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "engine/base/engine_error.h"
#include "engine/broker/broker.h"
#include "engine/connections/authorize.h"
#include "engine/connections/disconnect.h"
#include "engine/connections/refresher.h"
#include "engine/connections/review.h"
#include "engine/connections/tenant_stores.h"
#include "engine/vault/local_key.h"
#include "engine/vault/pkcs11_key.h"
#include "sandbox/base/unique_fd.h"
#include "warder/engine.h"
#include "warder/vault.h"

namespace warder {
namespace {

using connections::ConnectionStore;
using connections::OAuthGrant;
using connections::StoredConnection;
using connections::TenantStores;

template <typename T>
T Value(Result<T> result) {
  if (!result) ThrowEngineError(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

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

// A loop for one thing that needs the network, and all that it needs.
class Network {
 public:
  explicit Network(const store::TenantId& tenant)
      : exchange_(std::make_shared<oauth::Exchange>(broker_, loop_, tenant.text())) {}
  ~Network() { worker_.join(); }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  Network(Network&&) = delete;
  Network& operator=(Network&&) = delete;

  boost::asio::io_context& loop() { return loop_; }
  broker::Broker& broker() { return broker_; }
  boost::asio::thread_pool& worker() { return worker_; }
  const std::shared_ptr<oauth::Exchange>& exchange() const { return exchange_; }

  // Runs the loop until `result` is there.
  template <typename T>
  T Await(std::optional<Result<T>>& result) {
    const auto work = boost::asio::make_work_guard(loop_);
    while (!result && loop_.run_one() > 0) {
    }
    return Value(std::move(*result));
  }

 private:
  boost::asio::io_context loop_{1};
  broker::Broker broker_{loop_};
  boost::asio::thread_pool worker_{1};
  std::shared_ptr<oauth::Exchange> exchange_;
};

// Longer than anybody means, and short of what a time point holds.
constexpr std::chrono::seconds kMaxDuration = std::chrono::hours(24) * 366 * 100;

void CheckDuration(const char* what, const std::optional<std::chrono::seconds>& duration) {
  if (!duration || (duration->count() > 0 && *duration <= kMaxDuration)) return;
  throw EngineError(Status::kInvalid, std::string(what) + " is at least a second and at most a hundred years");
}

void CheckOptions(const ConnectOptions& options) {
  CheckDuration("a connection's lifetime", options.lifetime);
  CheckDuration("a connection's idle limit", options.idle_limit);
  CheckDuration("the age at which a credential is to be renewed", options.rotate_after);
}

void Apply(const ConnectOptions& options, StoredConnection* connection) {
  if (options.lifetime) connection->ends = ConnectionStore::Now() + *options.lifetime;
  connection->idle_limit = options.idle_limit;
  connection->rotate_after = options.rotate_after;
}

ConnectionStore::IfThere IfThere(const ConnectOptions& options) {
  return options.replace ? ConnectionStore::IfThere::kReplace : ConnectionStore::IfThere::kRefuse;
}

// Nothing: somebody has removed it since its name was read.
std::optional<connections::Snapshot> LoadIfThere(ConnectionStore& store, const std::string& name) {
  auto snapshot = store.Load(name);
  if (!snapshot && snapshot.error().kind == ErrorKind::kRefused) return std::nullopt;
  return Value(std::move(snapshot));
}

DisconnectResult Shown(const connections::Disconnected& result) {
  return {static_cast<DisconnectResult::AtServer>(result.at_server), result.why};
}

DisconnectResult TakeAway(const std::shared_ptr<ConnectionStore>& store, const std::string& name,
                          std::optional<std::string> ended) {
  Network network(store->tenant());
  std::optional<Result<connections::Disconnected>> result;
  connections::Disconnect(network.exchange(), network.worker(), store, name, std::move(ended),
                          [&](Result<connections::Disconnected> done) { result = std::move(done); });
  return Shown(network.Await(result));
}

}  // namespace

class Vault::Impl {
 public:
  Impl(std::shared_ptr<TenantStores> stores, KeySource source, bool made)
      : stores_(std::move(stores)), source_(std::move(source)), made_(made) {}

  std::shared_ptr<ConnectionStore> Store(const std::string& tenant) { return Value(stores_->Of(Tenant(tenant))); }

  const std::shared_ptr<TenantStores> stores_;
  const KeySource source_;
  const bool made_;
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

void Vault::ShredTenant(const std::string& tenant) { Value(impl_->stores_->Shred(Tenant(tenant))); }

std::size_t Vault::RotateKey(const KeySource& next) {
  vault::Vault& vault = impl_->stores_->vault();
  const KeySource& now = impl_->source_;
  if (next.kind == KeySource::Kind::kFile && now.kind == KeySource::Kind::kFile && next.file == now.file) {
    return Value(vault.RotateKekFile(next.file));
  }
  return Value(vault.RotateKek(KeyOf(next, nullptr)));
}

void Vault::RotateDataKey(const std::string& tenant) { Value(impl_->stores_->vault().RotateDataKey(Tenant(tenant))); }

void Vault::Verify(const std::string& tenant) {
  Value(Value(impl_->stores_->vault().OpenTenant(Tenant(tenant)))->Verify());
}

void Vault::Connect(const std::string& tenant, const std::string& name, std::string_view policy,
                    const Connection::Fields& fields, const ConnectOptions& options) {
  CheckOptions(options);
  StoredConnection connection;
  connection.policy = policy;
  Apply(options, &connection);
  SecretFields secrets;
  for (const auto& [field, value] : fields) {
    if (!secrets.emplace(field, Secret(value)).second) {
      throw EngineError(Status::kInvalid, "the credential has two fields \"" + field + "\"");
    }
  }
  Value(impl_->Store(tenant)->Put(name, std::move(connection), secrets, IfThere(options)));
}

void Vault::Authorize(const std::string& tenant, const std::string& name, const OAuthSetup& setup,
                      const OAuthPrompts& prompts, const ConnectOptions& options) {
  CheckOptions(options);
  const auto store = impl_->Store(tenant);
  Value(ConnectionStore::CheckName(name));
  Value(connections::CheckOAuthPolicy(setup.policy));
  if (!options.replace && store->Load(name)) {
    throw EngineError(Status::kInvalid, "the tenant \"" + tenant + "\" has a connection \"" + name +
                                            "\" already; to authorize it again, add --replace");
  }
  Network network(store->tenant());
  std::optional<Result<connections::Authorized>> result;
  boost::asio::posix::stream_descriptor cancel(network.loop());
  if (prompts.cancel_fd >= 0) {
    UniqueFd copy(::dup(prompts.cancel_fd));
    boost::system::error_code failed;
    if (copy) cancel.assign(copy.get(), failed);
    if (!copy || failed) throw EngineError(Status::kInvalid, "the descriptor that cancels cannot be waited for");
    [[maybe_unused]] const int taken = copy.release();
    cancel.async_wait(boost::asio::posix::stream_descriptor::wait_read, [&](const boost::system::error_code& error) {
      if (!error && !result) result = Refused("cancelled before it was authorized; nothing was stored");
    });
  }
  const auto authorization =
      connections::Authorize(*network.exchange(), store->tenant(), name, setup, prompts,
                             [&](Result<connections::Authorized> done) { result = std::move(done); });
  auto authorized = network.Await(result);
  StoredConnection connection;
  connection.policy = setup.policy;
  connection.oauth = std::move(authorized.grant);
  Apply(options, &connection);
  SecretFields copies;
  for (const auto& [field, value] : authorized.fields) copies.emplace(field, value.Copy());
  const OAuthGrant grant = *connection.oauth;
  if (auto put = store->Put(name, std::move(connection), authorized.fields, IfThere(options)); !put) {
    // Nobody has these tokens now, so nobody is to be able to use them.
    std::optional<Result<connections::Disconnected>> revoked;
    connections::RevokeAtServer(network.exchange(), {grant, std::move(copies)},
                                [&](Result<connections::Disconnected> done) { revoked = std::move(done); });
    network.Await(revoked);
    ThrowEngineError(put.error());
  }
}

void Vault::Refresh(const std::string& tenant, const std::string& name) {
  const auto store = impl_->Store(tenant);
  const auto snapshot = Value(store->Load(name));
  Network network(store->tenant());
  connections::Refresher refresher(network.loop(), network.broker(), network.worker(), impl_->stores_->state());
  std::optional<Result<connections::Snapshot>> result;
  refresher.Refresh(store, name, snapshot.token_generation,
                    [&](Result<connections::Snapshot> done) { result = std::move(done); });
  network.Await(result);
}

DisconnectResult Vault::Disconnect(const std::string& tenant, const std::string& name) {
  return TakeAway(impl_->Store(tenant), name, std::nullopt);
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
  std::vector<ConnectionReview> all;
  for (const std::string& name : Value(store->Names())) {
    auto snapshot = LoadIfThere(*store, name);
    if (snapshot && snapshot->over) {
      TakeAway(store, name, snapshot->over);
      snapshot = LoadIfThere(*store, name);
    }
    if (!snapshot) continue;
    all.push_back(connections::ReviewOf(name, *snapshot, Value(store->LoadUsage(name)), ConnectionStore::Now(), days));
  }
  return all;
}

void Vault::ReadAudit(const std::string& tenant, std::uint64_t after,
                      const std::function<bool(std::uint64_t number, std::string_view entry)>& each) {
  Value(Value(impl_->stores_->vault().OpenTenant(Tenant(tenant)))->ReadAudit(after, each));
}

}  // namespace warder
