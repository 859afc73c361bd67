#include "sandbox/jail/identity.h"

#include <grp.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace warder::jail {

namespace {

struct Ids {
  uid_t real = 0, effective = 0, saved = 0;
  bool operator==(const Ids&) const = default;
  bool HasRoot() const { return real == 0 || effective == 0 || saved == 0; }
};

}  // namespace

SetupResult<> LeaveRoot(std::uint32_t jail_uid) {
  Ids uids;
  Ids gids;
  if (getresuid(&uids.real, &uids.effective, &uids.saved) != 0 ||
      getresgid(&gids.real, &gids.effective, &gids.saved) != 0) {
    return SystemError(layer::kUid, "getresuid", errno);
  }
  if (!uids.HasRoot()) {
    // A process whose uids differ could switch back to the one it hides.
    if (uids != Ids{uids.real, uids.real, uids.real}) {
      return SetupError{layer::kUid, EPERM, "The engine's real, effective and saved uid differ. Start it as one user."};
    }
    return {};
  }
  if (jail_uid == 0 || jail_uid == static_cast<std::uint32_t>(-1)) {
    return SetupError{layer::kUid, EINVAL, "The jail's uid must not be 0 or -1. Give another jail uid."};
  }
  const std::string remedy =
      "uid " + std::to_string(jail_uid) +
      " cannot be taken here: inside a container give a jail uid that the container maps, or start "
      "the engine as an ordinary user.";
  if (setgroups(0, nullptr) != 0) return SystemError(layer::kUid, "setgroups", errno, remedy);
  if (setresgid(jail_uid, jail_uid, jail_uid) != 0) return SystemError(layer::kUid, "setresgid", errno, remedy);
  if (setresuid(jail_uid, jail_uid, jail_uid) != 0) return SystemError(layer::kUid, "setresuid", errno, remedy);
  const Ids expected{jail_uid, jail_uid, jail_uid};
  if (getresuid(&uids.real, &uids.effective, &uids.saved) != 0 || uids != expected ||
      getresgid(&gids.real, &gids.effective, &gids.saved) != 0 || gids != expected || getgroups(0, nullptr) != 0) {
    return SetupError{layer::kUid, EPERM, "The kernel did not take the jail's uid. " + remedy};
  }
  return {};
}

}  // namespace warder::jail
