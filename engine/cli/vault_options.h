// The options by which commands find the vault: its folder and the key that it is under.
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>

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

// Where the key-encryption key is, as the options say. `in` is standard input, for the PIN of a token. Throws
// EngineError(kInvalid).
KeySource KeySourceOf(const VaultPlace& place, int in, Output& err);

// Only what gives the vault something makes one.
enum class IfNoVault { kRefuse, kMake };

// Opens it; says on `err` when the key was made. Throws EngineError.
std::shared_ptr<Vault> OpenVault(const VaultPlace& place, int in, Output& err, IfNoVault if_none = IfNoVault::kRefuse);

// As OpenVault, and the tenant is there: with kMake, the default one is made when it is missing.
std::shared_ptr<Vault> OpenVaultFor(const std::string& tenant, const VaultPlace& place, int in, Output& err,
                                    IfNoVault if_none = IfNoVault::kRefuse);

}  // namespace warder::cli
