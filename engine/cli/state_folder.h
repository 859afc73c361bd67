// Where the command keeps what is its own on this machine: the vault, and the key that receipts are signed with.
#pragma once

#include <filesystem>
#include <string>

#include "engine/cli/output.h"

namespace warder::cli {

// Describes --signing-key wherever there is one.
inline constexpr const char* kSigningKeyHelp =
    "Private key that signs receipts, Ed25519 in PEM (default: one in the state folder, made on first use)";

// "key.pem" in the state folder: $XDG_STATE_HOME/warder (XDG Base Directory Specification), otherwise /var/lib/warder
// for root and ~/.local/state/warder for everybody else. Throws EngineError(kInvalid) where there is none of these, and
// where a folder on the way is one that another user (but root) owns or can write to.
std::filesystem::path DefaultSigningKey();

// The vault's folder, by default: the state folder itself. Throws like DefaultSigningKey.
std::filesystem::path DefaultState();

// The file of the vault's key, apart from the vault: "kek" in $XDG_CONFIG_HOME/warder, otherwise /etc/warder for root
// and ~/.config/warder for everybody else. Throws like DefaultSigningKey.
std::filesystem::path DefaultKek();

// The key to sign with: `chosen`, or the default one, which is made if need be; that is said on `err`.
std::filesystem::path SigningKeyFor(const std::string& chosen, Output& err);

}  // namespace warder::cli
