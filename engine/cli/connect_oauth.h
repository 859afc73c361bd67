// The part of `warder connect` that authorizes with OAuth: its options, its secrets, and what it shows to a person.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/cli/command.h"
#include "warder/vault.h"

namespace warder::cli {

struct OAuthOptions {
  bool use = false;
  bool device = false, client_credentials = false, jwt_bearer = false;
  std::string issuer;
  std::vector<std::string> scopes;
  std::uint16_t port = 0;
  std::string client_id, client_authentication, client_algorithm, client_key_id;
  bool client_secret = false;
  std::string assertion_issuer, assertion_subject, assertion_audience, assertion_algorithm, assertion_key_id;
  std::string assertion_scope;
};

// Declares them on `app`; all of them need --oauth.
void DeclareOAuth(CLI::App& app, OAuthOptions* options);

// What is to be authorized: which connection of whom, and whether its secrets are piped in.
struct OAuthTarget {
  std::string tenant;
  std::string name;
  std::string policy;  // text
  bool from_stdin = false;
  ConnectOptions limits;
};

// Makes or opens the vault; called when nothing can be wrong any more that can be seen without it.
using OpensVault = std::function<std::shared_ptr<Vault>()>;

// Returns the signal that ended it; 0: none did, and it is authorized. Throws EngineError.
int Authorize(const OAuthOptions& options, const OAuthTarget& target, const OpensVault& open, Environment& environment);

}  // namespace warder::cli
