// The options by which commands find the vault: its folder and the key that it is under.
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "engine/cli/command.h"
#include "engine/cli/output.h"
#include "warder/vault.h"

namespace warder::cli {

struct VaultPlace {
  std::string state;  // a folder, empty: the default one
  std::string kek;    // a file, "env", empty: the default file
  std::string pkcs11_module, pkcs11_token, pkcs11_key;
};

// Declares them on `app`.
void AddVaultOptions(CLI::App& app, VaultPlace* place);

// Declares --tenant on `app`.
void AddTenantOption(CLI::App& app, std::string* tenant);

inline constexpr const char* kDefaultTenant = "local";

// Where the key-encryption key is, as the options say. `in` is standard input, for the PIN of a token, where it is not
// in the environment. Throws EngineError(kInvalid). Whoever calls it wipes the PIN, which is in `source` and nowhere
// else.
inline constexpr const char* kPinVariable = "WARDER_PKCS11_PIN";
inline constexpr const char* kNextPinVariable = "WARDER_TO_PKCS11_PIN";  // of the token that the key is moved to
void ReadKeySource(const VaultPlace& place, const char* pin_variable, int in, Output& err, KeySource* source);

// Only what gives the vault something makes one.
enum class IfNoVault { kRefuse, kMake };

// Says on `err` where the vault has made the key's file.
void SayMade(const Vault& vault, const KeySource& key, Output& err);

// Says on standard error what keeps secrets in memory less safe than they should be.
void WarnOfMemory(Environment& environment);

// Opens it; says when the key was made, and what WarnOfMemory says. Throws EngineError.
std::shared_ptr<Vault> OpenVault(const VaultPlace& place, Environment& environment,
                                 IfNoVault if_none = IfNoVault::kRefuse);

// As OpenVault, and the tenant is there: with kMake, the default one is made when it is missing.
std::shared_ptr<Vault> OpenVaultFor(const std::string& tenant, const VaultPlace& place, Environment& environment,
                                    IfNoVault if_none = IfNoVault::kRefuse);

// Of a credential that was taken away: says so where its tokens are good at the authorization server still.
void WarnUnrevoked(const DisconnectResult& result, Output& err);

}  // namespace warder::cli
