#include "engine/cli/state_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>

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

// One of the folders of the XDG Base Directory Specification.
struct Place {
  const char* variable;
  const char* of_root;
  const char* in_home;
};
constexpr Place kState = {"XDG_STATE_HOME", "/var/lib", ".local/state"};
constexpr Place kConfig = {"XDG_CONFIG_HOME", "/etc", ".config"};

fs::path FolderOf(const Place& place) {
  if (const fs::path folder = FolderIn(place.variable); !folder.empty()) return folder / "warder";
  if (::geteuid() == 0) return fs::path(place.of_root) / "warder";
  if (const fs::path home = FolderIn("HOME"); !home.empty()) return home / place.in_home / "warder";
  throw EngineError(Status::kInvalid, std::string("there is no folder for keys and vault: set HOME or ") +
                                          place.variable + ", or name the file or folder");
}

// Whoever can write to a folder on the way can put another key in the place of ours: after `sudo -E`, for one, the
// folder is the user's and we are root. What does not exist yet we make ourselves, below what is looked at here.
void RefuseOthersFolders(const Place& place, const fs::path& wanted) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(wanted, error);
  const auto refuse = [&](const fs::path& folder, const std::string& why) {
    throw EngineError(Status::kInvalid, "the folder for keys and vault, " + wanted.string() +
                                            ", is refused: " + folder.string() + " " + why + "; unset " +
                                            place.variable + " or name another");
  };
  if (error) refuse(wanted, "cannot be looked at (" + error.message() + ")");
  for (fs::path folder = real;; folder = folder.parent_path()) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) == 0) {
      const bool sticky = (status.st_mode & S_ISVTX) != 0;  // others can only replace what is theirs
      if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
        refuse(folder, "belongs to user " + std::to_string(status.st_uid));
      }
      if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky) refuse(folder, "can be written to by others");
    }
    if (folder == folder.parent_path()) return;
  }
}

fs::path OwnFolder(const Place& place) {
  fs::path folder = FolderOf(place);
  RefuseOthersFolders(place, folder);
  return folder;
}

}  // namespace

fs::path DefaultSigningKey() { return OwnFolder(kState) / "key.pem"; }
fs::path DefaultState() { return OwnFolder(kState); }
fs::path DefaultKek() { return OwnFolder(kConfig) / "kek"; }

fs::path SigningKeyFor(const std::string& chosen, Output& err) {
  if (!chosen.empty()) return chosen;
  fs::path path = DefaultSigningKey();
  if (audit::MakeSigningKey(path)) {
    err.Write("made the key that signs receipts, " + Printable(path.string()) +
              "; `warder audit public-key` prints its public half\n");
  }
  return path;
}

}  // namespace warder::cli
