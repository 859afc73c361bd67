#include "engine/cli/state_folder.h"

#include <unistd.h>

#include <cstdlib>

#include "engine/cli/text.h"
#include "warder/audit.h"
#include "warder/engine.h"

namespace warder::cli {
namespace fs = std::filesystem;
namespace {

// Relative paths in these variables are to be ignored, as the specification says.
fs::path FolderIn(const char* variable) {
  const char* const value = std::getenv(variable);
  const fs::path path = value == nullptr ? "" : value;
  return path.is_absolute() ? path : fs::path();
}

fs::path StateFolder() {
  if (const fs::path state = FolderIn("XDG_STATE_HOME"); !state.empty()) return state / "warder";
  if (::geteuid() == 0) return "/var/lib/warder";
  if (const fs::path home = FolderIn("HOME"); !home.empty()) return home / ".local" / "state" / "warder";
  throw EngineError(
      Status::kInvalid,
      "there is no folder for the signing key: set HOME or XDG_STATE_HOME, or name a key with --signing-key");
}

}  // namespace

fs::path DefaultSigningKey() { return StateFolder() / "key.pem"; }

fs::path SigningKeyFor(const std::string& chosen, Output& err) {
  if (!chosen.empty()) return chosen;
  const fs::path path = DefaultSigningKey();
  if (audit::MakeSigningKey(path)) {
    err.Write("made the key that signs receipts, " + Printable(path.string()) +
              "; `warder audit public-key` prints its public half\n");
  }
  return path;
}

}  // namespace warder::cli
