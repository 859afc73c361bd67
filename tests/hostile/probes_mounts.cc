// Mounts: making, moving and changing them, another root, and their propagation to the host (CVE-2025-31133 and kin).
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

namespace {

// Takes rights away only: an ordinary user may not clear what the host has set.
constexpr unsigned long kRemount = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME;

long Propagate(const World& world) {
  const long mounted = Call(SYS_mount, "none", world.folder.data(), "tmpfs", 0, 0);
  if (mounted < 0) return mounted;
  std::string host;
  lseek(kOuterMounts, 0, SEEK_SET);
  for (ssize_t got = 0; (got = read(kOuterMounts, Scratch(), kScratchBytes)) > 0;) {
    host.append(Scratch(), static_cast<std::size_t>(got));
  }
  return host.find(" " + std::string(world.folder.data()) + " ") == std::string::npos ? -kNothing : 0;
}

}  // namespace

Group MountProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  const std::vector<Alone> both = {{kCapabilities, {EPERM}}, {kLandlock, {EPERM}}};
  const std::vector<Alone> capabilities = {{kCapabilities, {EPERM}}};
  return {"mounts and their propagation",
          {
              {.name = "mount a file system",
               .attempt = Raw(SYS_mount, "none", "/", "tmpfs", 0, 0),
               .base = Base::kOwnNamespaces,
               .without_filter = {{EPERM}},
               .alone = both},
              {.name = "mount a folder elsewhere",
               .attempt = Raw(SYS_mount, "/", "/", 0, MS_BIND | MS_REC, 0),
               .base = Base::kOwnNamespaces,
               .without_filter = {{EPERM}},
               .alone = both},
              {.name = "remount the root",
               .attempt = Raw(SYS_mount, 0, "/", 0, kRemount, 0),
               .base = Base::kOwnNamespaces,
               .without_filter = {{EPERM}},
               .alone = both},
              {.name = "change the root with mount_setattr",
               .attempt =
                   [](const World&) {
                     mount_attr attributes{};
                     attributes.propagation = MS_PRIVATE;
                     return Call(SYS_mount_setattr, AT_FDCWD, "/", 0, &attributes, sizeof attributes);
                   },
               .base = Base::kOwnNamespaces,
               .without_filter = {{EPERM}},
               .alone = capabilities},
              {.name = "unmount the root",
               .attempt = Raw(SYS_umount2, "/", MNT_DETACH),
               .base = Base::kOwnNamespaces,
               .reached = {EINVAL},
               .without_filter = {{EPERM}},
               .alone = capabilities},
              {.name = "another root",
               .attempt = Raw(SYS_pivot_root, ".", "."),
               .base = Base::kOwnNamespaces,
               .reached = {EINVAL, EBUSY},
               .without_filter = {{EPERM}},
               .alone = both},
              {.name = "chroot",
               .attempt = Raw(SYS_chroot, "/"),
               .base = Base::kOwnNamespaces,
               .without_filter = {{EPERM}},
               .alone = capabilities},
              {.name = "a detached copy of the root",
               .attempt = Raw(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE | AT_RECURSIVE),
               .base = Base::kOwnNamespaces,
               .without_filter = {{EPERM}},
               .alone = capabilities},
              {.name = "prepare a file system",
               .attempt = Raw(SYS_fsopen, "tmpfs", 0),
               .base = Base::kOwnNamespaces,
               .without_filter = {{EPERM}},
               .alone = capabilities},
              {.name = "pick a mount",
               .attempt = Raw(SYS_fspick, AT_FDCWD, "/", 0),
               .base = Base::kOwnNamespaces,
               .without_filter = {{EPERM}},
               .alone = capabilities},
              {.name = "attach a mount",
               .attempt = Raw(SYS_move_mount, -1, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH),
               .base = Base::kOwnNamespaces,
               .reached = {EBADF},
               .without_filter = {{EPERM}},
               .alone = capabilities},
              {.name = "have the host see a mount",
               .attempt = Propagate,
               .base = Base::kSharedMounts,
               .without_filter = {{EPERM, ENOENT}},
               .alone = {{kMount, {kNothing}}, {kCapabilities, {EPERM}}, {kLandlock, {EPERM}}}},
              {.name = "prepare a mount with a bad pointer",
               .attempt = Raw(SYS_mount_setattr, AT_FDCWD, "/", 0, kBadPointer, 32),
               .base = Base::kOwnNamespaces,
               .reached = {EFAULT},
               .without_filter = {{EPERM}},
               .alone = capabilities},
          }};
}

}  // namespace warder::hostile
