// The vault: tenants' credentials at rest, and the whole life of an OAuth connection.
//
//   auto vault = warder::Vault::Open({.folder = "/var/lib/acme/warder", .key = {.file = "/etc/acme/kek"}});
//   vault->CreateTenant("customer-7");
//   vault->Connect("customer-7", "acme", policy, {{"token", secret}});
//   auto engine = warder::Engine::Open({.vault = vault});
//   engine->Start({.bundle = bundle, .tenant = "customer-7", .connections = {{"acme"}}});
//
// A data key of each tenant seals its credentials; a key-encryption key wraps the data keys (docs/vault.md). What a
// connection may be used for is its policy (docs/policy.md); of an OAuth connection the policy injects the field
// "access_token", which is refreshed when it is needed, once for everybody who needs it.
//
// Threads: every member may be called from any thread, and blocks on the disk; Authorize, BeginAuthorization,
// FinishAuthorization, Refresh and what takes an OAuth credential away (Disconnect, Review, RevokePending, ShredTenant,
// and Connect where it replaces one) on the network too, for a bounded time. Other processes may work on the
// same folder at the same time. Errors: EngineError(kInvalid) for what is refused, damaged or not there, kFault for
// what the system or the network does not give. No message holds a secret.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "warder/connection.h"

namespace warder {

namespace connections {
class TenantStores;
}

// Where the key-encryption key is.
struct KeySource {
  enum class Kind {
    kFile,         // 32 bytes in base64, mode 0600; made with a new vault
    kEnvironment,  // the same in WARDER_KEK, which is taken out of the environment
    kPkcs11,       // an RSA key pair in a PKCS#11 token
  } kind = Kind::kFile;
  std::filesystem::path file;    // kFile; keep it, and its backups, apart from the vault's folder
  std::filesystem::path module;  // kPkcs11: the token's library
  std::string token;             // kPkcs11: its label
  std::string label;             // kPkcs11: the key pair's
  std::string pin;               // kPkcs11
};

struct VaultOptions {
  std::filesystem::path folder;  // made where it is not there; for this user alone
  KeySource key;
};

struct ConnectOptions {
  bool replace = false;                              // a connection of this name gets the new credential
  std::optional<std::chrono::seconds> lifetime;      // it ends by itself so long after now
  std::optional<std::chrono::seconds> idle_limit;    // it ends by itself when it was not used for so long
  std::optional<std::chrono::seconds> rotate_after;  // the review reminds when the credential is older
};

// What a JWT bearer grant asserts, signed with a key of its own (RFC 7523): a service account.
struct OAuthAssertion {
  std::string issuer;     // "iss"
  std::string subject;    // "sub", for whom; RFC 7523 wants one, Google's accounts none unless they act for somebody
  std::string audience;   // "aud"; empty: the authorization server's issuer. Google's is its token endpoint
  std::string key;        // private key in PEM
  std::string key_id;     // "kid"; empty: none
  std::string algorithm;  // "RS256" (also if empty), "ES256", "EdDSA"
  // Where the server looks for the scope: in the request (RFC 7521), or in the assertion (Google's).
  enum class ScopeIn { kParameter, kClaim } scope_in = ScopeIn::kParameter;
};

// How to get tokens (RFC 6749 and what is named beside).
struct OAuthSetup {
  enum class Grant {
    kAuthorizationCode,
    kDevice,             // RFC 8628
    kClientCredentials,  // no person
    kJwtBearer,          // RFC 7523; no person
  } grant = Grant::kAuthorizationCode;
  std::string policy;         // text; injects "access_token" and no other field
  std::string issuer;         // asked for its metadata (RFC 8414)
  std::string client_id;      // empty, of kJwtBearer alone: there is no client, the assertion says who asks
  std::string client_secret;  // or, of private_key_jwt, the client's private key in PEM; empty: a public client
  // "client_secret_basic" (default), "client_secret_post", "private_key_jwt" (RFC 7523); "none" without a secret.
  std::string client_authentication;
  std::string client_algorithm;  // of private_key_jwt: "RS256" (also if empty), "ES256", "EdDSA"
  std::string client_key_id;     // likewise: "kid"; empty: none
  std::set<std::string> scopes;
  std::uint16_t loopback_port = 0;  // of the redirect to this machine (RFC 8252); 0: any
  OAuthAssertion assertion;         // of kJwtBearer
};

// What a person has to see and do. Called from the thread that called Authorize.
struct OAuthPrompts {
  std::function<void(const std::string& url)> open;  // authorization code: a browser has to go there
  std::function<void(const std::string& uri, const std::string& user_code)> enter;  // device (RFC 8628)
  int cancel_fd = -1;  // readable: give up; -1: nothing can
};

// How a platform has one of its own users authorize, in the user's browser.
struct BrowserAuthorization {
  // The platform's, as the client is registered with it: https, or http to loopback. See Vault::RedirectUri.
  std::string redirect_uri;
  // Who works in the browser, as the platform knows it (an id of its session): who begins must finish. At most 1,024
  // bytes; only its hash is kept.
  std::string session;
  // Further parameters of the request ("prompt", "audience", "resource"); none of the protocol's own.
  std::vector<std::pair<std::string, std::string>> more;
  std::chrono::seconds lifetime{600};  // how long there is for it; at most 30 minutes
};

struct ConnectionStatus {
  std::string name;
  std::string kind;   // "fields", "authorization_code", "device", "client_credentials", "jwt_bearer"
  std::string state;  // "active", "needs_reauth", "in_doubt", "ended"
  std::string reason;
  std::string policy_sha256;
  std::string issuer;  // of OAuth
  std::chrono::sys_seconds created;
  std::chrono::sys_seconds credential_since;
  std::optional<std::chrono::sys_seconds> access_expires;
  std::optional<std::chrono::sys_seconds> ends;
  std::optional<std::chrono::sys_seconds> last_used;
};

// What a connection may do beside what it did.
struct ConnectionReview {
  ConnectionStatus status;
  std::vector<std::string> origins;            // of the policy
  std::map<std::string, std::uint64_t> calls;  // by origin, in the days that were asked for
  std::set<std::string> scopes;                // granted
  std::set<std::string> used_scopes;           // those of the policy's rules that allowed a call
  std::uint64_t executions = 0;
  std::vector<std::string> remarks;  // sentences: what to look into, and what to do
};

// What became of a credential that was taken away, at its authorization server (RFC 7009). kFailed: its tokens are good
// there still. Where that may pass it is tried again (PendingRevocation); a server without a revocation_endpoint needs
// a person.
struct DisconnectResult {
  enum class AtServer { kRevoked, kNothingToRevoke, kFailed } at_server = AtServer::kNothingToRevoke;
  std::string why;  // of kFailed
};

// Tokens that were taken away here and that their server does not know of yet. They are kept, sealed, until it does,
// for at most 30 days, and an engine tries again.
struct PendingRevocation {
  std::string connection;  // whose they were
  std::string issuer;
  std::chrono::sys_seconds since;
  std::uint64_t tries = 0;
  std::string why;  // the last try failed; empty: there was none
};

// What stays alive at a server although nobody here has it.
struct Unrevoked {
  std::string connection;
  std::string why;
};

class Vault {
 public:
  static std::shared_ptr<Vault> Open(const VaultOptions& options);
  // Whether there is one in `folder`.
  static bool Exists(const std::filesystem::path& folder);
  // Throws EngineError(kInvalid) where no tenant can have this name.
  static void CheckTenantName(const std::string& tenant);
  ~Vault();
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;

  // Whether Open or RotateKey has made a key's file: it needs a backup of its own, without which nothing here can be
  // read.
  bool made_key() const;

  // A tenant's name: a-z, 0-9, ".", "_", "-", at most 64, beginning with a letter or digit.
  void CreateTenant(const std::string& tenant);
  bool HasTenant(const std::string& tenant);
  std::vector<std::string> Tenants();
  // Takes all connections away and revokes their tokens, for up to a minute; then, whatever came of that, deletes the
  // tenant's keys and its file: no copy of the file can be read any more. Returns what could not be revoked.
  std::vector<Unrevoked> ShredTenant(const std::string& tenant);

  // Wraps all data keys under another key, without touching a record; the number of keys. The vault's own file (kFile)
  // is replaced by a new key under the same name, and the old one's bytes are overwritten; another file is made where
  // it is not there. The key that is in use, wherever it is kept, is refused.
  std::size_t RotateKey(const KeySource& next);
  void RotateDataKey(const std::string& tenant);
  // Takes the tenant's file as a backup has brought it back, older or newer than the keyring, which is refused
  // otherwise. Recorded.
  void AcceptRestored(const std::string& tenant);
  // Opens every record of the tenant and walks its audit log.
  void Verify(const std::string& tenant);

  // All that can be wrong without a look into a vault: what is checked before one is made for it.
  static void Check(const std::string& name, std::string_view policy, const Connection::Fields& fields,
                    const ConnectOptions& options);
  static void Check(const std::string& name, const OAuthSetup& setup, const ConnectOptions& options);

  // A credential as it is. Checked against the policy like Connection::Make does. Returns what became of the one that
  // it replaced.
  DisconnectResult Connect(const std::string& tenant, const std::string& name, std::string_view policy,
                           const Connection::Fields& fields, const ConnectOptions& options = {});
  // Gets the first token, where the grant needs it with the help of a person at this machine, and keeps what renews it.
  // Returns what became of the credential that it replaced.
  DisconnectResult Authorize(const std::string& tenant, const std::string& name, const OAuthSetup& setup,
                             const OAuthPrompts& prompts, const ConnectOptions& options = {});

  // The same for a person in a browser somewhere else: the platform sends it to the URL that this returns, and receives
  // its way back at `browser.redirect_uri`. Of the grant kAuthorizationCode.
  std::string BeginAuthorization(const std::string& tenant, const std::string& name, const OAuthSetup& setup,
                                 const BrowserAuthorization& browser, const ConnectOptions& options = {});
  // `url`: of the request with which the browser came back, as the browser sees it
  // ("https://platform.test/callback?..."): it must be the redirect URI that was begun with. Returns the connection's
  // name, which can be used now. Every well-formed answer with the state of a pending authorization ends it, in
  // whichever process, whatever it says; where it is refused, begin again.
  std::string FinishAuthorization(const std::string& tenant, const std::string& session, std::string_view url);
  // The redirect URI of one issuer: `base` and a last segment that no other has. A server that does not promise to name
  // itself in its answers (`iss`, RFC 9207) needs it, any other may have it.
  static std::string RedirectUri(const std::string& base, const std::string& issuer);
  // How many authorizations of a tenant can be pending; further ones are refused.
  static constexpr std::size_t kMaxPendingAuthorizations = 256;

  // Another access token now.
  void Refresh(const std::string& tenant, const std::string& name);
  // Takes it away: from every execution within milliseconds, from the folder, then at the authorization server.
  DisconnectResult Disconnect(const std::string& tenant, const std::string& name);

  std::vector<PendingRevocation> PendingRevocations(const std::string& tenant);
  // Tries all of them now; what is left.
  std::vector<PendingRevocation> RevokePending(const std::string& tenant);

  std::vector<ConnectionStatus> Connections(const std::string& tenant);
  // Ends what is over, revokes what is pending, and says what each connection may do beside what it did in the last
  // `days`. Recorded.
  std::vector<ConnectionReview> Review(const std::string& tenant, unsigned days = 90);

  // The tenant's audit log, one line of JSON each, behind entry number `after`; `each` returns false to stop.
  void ReadAudit(const std::string& tenant, std::uint64_t after,
                 const std::function<bool(std::uint64_t number, std::string_view entry)>& each);

  const std::shared_ptr<connections::TenantStores>& stores() const;

 private:
  class Impl;
  explicit Vault(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace warder
