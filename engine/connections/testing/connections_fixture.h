// What the tests of stored connections share: a vault in a folder of the test's own, an OAuth connection in it, and a
// loop with what a refresh needs.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/broker/broker.h"
#include "engine/connections/connection_store.h"
#include "engine/connections/tenant_stores.h"
#include "engine/connections/testing/authorization_server.h"
#include "engine/connections/workers.h"
#include "engine/store/testing/scratch.h"
#include "engine/vault/vault.h"

namespace warder::connections::testing {

inline constexpr const char* kFirstAccess = "access-s3cr3tmark-first-0123456789";
inline constexpr const char* kPlainPolicy = "origin http://127.0.0.1:9\nallow * /**\ninject bearer token\n";
inline constexpr const char* kOAuthPolicy = "origin http://127.0.0.1:9\nallow * /**\ninject bearer access_token\n";

// A loop, a broker and a worker, of one thread of a test (or of a process of its own).
struct Party {
  Party() = default;
  ~Party() { workers.Join(); }
  Party(const Party&) = delete;
  Party& operator=(const Party&) = delete;
  Party(Party&&) = delete;
  Party& operator=(Party&&) = delete;

  // Runs the loop until `condition` holds; fails the test when it does not come to.
  void RunUntil(const std::function<bool()>& condition, std::chrono::seconds limit = std::chrono::seconds(60)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    loop.restart();
    while (!condition()) {
      loop.run_one_for(std::chrono::milliseconds(20));
      loop.restart();
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "the condition did not come to hold";
        return;
      }
    }
  }

  boost::asio::io_context loop{1};
  broker::Broker broker{loop};
  Workers workers;
};

class ConnectionsTest : public ::testing::Test {
 protected:
  static store::TenantId Acme() { return *store::TenantId::Parse("acme"); }
  static store::TenantId Other() { return *store::TenantId::Parse("other"); }

  const std::filesystem::path& state() const { return state_; }
  // As another process opens it: files, keys and bell of its own.
  std::shared_ptr<TenantStores> OpenStores() const {
    auto vault = vault::Vault::OpenWithKeyFile(state_, scratch_.folder() / "kek");
    EXPECT_TRUE(vault) << (vault ? "" : vault.error().message);
    auto stores = TenantStores::Open(state_, std::move(*vault));
    EXPECT_TRUE(stores) << (stores ? "" : stores.error().message);
    return *stores;
  }
  // With the tenant "acme".
  std::shared_ptr<TenantStores> MakeStores() const {
    auto stores = OpenStores();
    const auto made = stores->Create(Acme());
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return stores;
  }
  static std::shared_ptr<ConnectionStore> StoreOf(const std::shared_ptr<TenantStores>& stores) {
    auto store = stores->Of(Acme());
    EXPECT_TRUE(store) << (store ? "" : store.error().message);
    return *store;
  }

  static StoredConnection Plain() {
    StoredConnection connection;
    connection.policy = kPlainPolicy;
    return connection;
  }
  static SecretFields Fields(const std::vector<std::pair<std::string, std::string>>& fields) {
    SecretFields secrets;
    for (const auto& [name, value] : fields) secrets.emplace(name, Secret(value));
    return secrets;
  }
  // As an authorization leaves one: its access token is over.
  static StoredConnection OAuth(const AuthorizationServer& server) {
    StoredConnection connection;
    connection.policy = kOAuthPolicy;
    OAuthGrant& grant = connection.oauth.emplace();
    grant.server.issuer = server.origin();
    grant.server.token_endpoint = server.origin() + "/token";
    grant.server.revocation_endpoint = server.origin() + "/revoke";
    grant.client_id = "client";
    grant.requested = grant.granted = {"read", "write"};
    grant.access_since = ConnectionStore::Now() - std::chrono::hours(2);
    grant.access_expires = ConnectionStore::Now() - std::chrono::hours(1);
    return connection;
  }
  static void PutOAuth(ConnectionStore& store, AuthorizationServer& server, const std::string& name = "mail",
                       ConnectionStore::IfThere if_there = ConnectionStore::IfThere::kRefuse) {
    const auto put = store.Put(
        name, OAuth(server),
        Fields({{std::string(kAccessToken), kFirstAccess}, {std::string(kRefreshToken), server.FirstRefreshToken()}}),
        if_there);
    ASSERT_TRUE(put) << put.error().message;
  }
  // The field's value, or "".
  static std::string FieldOf(ConnectionStore& store, const std::string& name, std::string_view field) {
    const auto snapshot = store.Load(name);
    if (!snapshot) return {};
    const auto fields = store.Fields(name, *snapshot);
    if (!fields) return {};
    const auto found = fields->find(field);
    return found == fields->end() ? std::string() : std::string(found->second.view());
  }
  static std::vector<std::string> AuditOf(TenantStores& stores) {
    std::vector<std::string> entries;
    auto tenant = stores.vault().OpenTenant(Acme());
    EXPECT_TRUE(tenant) << (tenant ? "" : tenant.error().message);
    const auto read = (*tenant)->ReadAudit(0, [&](std::uint64_t, std::string_view entry) {
      entries.emplace_back(entry);
      return true;
    });
    EXPECT_TRUE(read) << (read ? "" : read.error().message);
    return entries;
  }
  // How often `event` stands in the log.
  static std::size_t Audited(TenantStores& stores, const std::string& event) {
    std::size_t count = 0;
    for (const std::string& entry : AuditOf(stores)) {
      if (entry.find("\"event\":\"" + event + "\"") != std::string::npos) ++count;
    }
    return count;
  }

  store::Scratch scratch_;
  const std::filesystem::path state_ = scratch_.folder() / "state";
};

}  // namespace warder::connections::testing
