#include "sandbox/jail/root.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "sandbox/base/unique_fd.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

namespace warder::jail {

namespace {

// Puts a detached mount over "/" and makes it the root of this mount namespace; what was the root is detached.
SetupResult<> BecomeRoot(const UniqueFd& mount) {
  if (move_mount(mount.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return SystemError(layer::kRoot, "move_mount", errno);
  }
  if (fchdir(mount.get()) != 0) return SystemError(layer::kRoot, "fchdir", errno);
  if (syscall(SYS_pivot_root, ".", ".") != 0) {
    return SystemError(layer::kRoot, "pivot_root", errno, "It does not work where the host's root is an initramfs.");
  }
  // The old root now lies over the new one at "/"; pivot_root(2), "pivot_root(".", ".")".
  if (umount2(".", MNT_DETACH) != 0) return SystemError(layer::kRoot, "umount", errno);
  if (chdir("/") != 0) return SystemError(layer::kRoot, "chdir", errno);
  return {};
}

}  // namespace

SetupResult<> CutPropagation() {
  mount_attr attributes{};
  attributes.propagation = MS_PRIVATE;
  if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attributes, sizeof attributes) != 0) {
    return SystemError(layer::kMount, "mount_setattr(private)", errno, "It needs Linux 5.12.");
  }
  return {};
}

SetupResult<> PivotIntoCurrentDirectory() {
  const UniqueFd tree(open_tree(AT_FDCWD, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!tree) {
    return SystemError(layer::kRoot, "open_tree of the image", errno,
                       "The image must be a folder with nothing mounted below it.");
  }
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    return SystemError(layer::kRoot, "mount_setattr of the image", errno);
  }
  return BecomeRoot(tree);
}

SetupResult<> PivotIntoNothing() {
  const UniqueFd context(fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!context) return SystemError(layer::kRoot, "fsopen(tmpfs)", errno);
  // One inode, the root folder itself, and no block: there is nothing to fill even before it is made read-only.
  if (fsconfig(context.get(), FSCONFIG_SET_STRING, "nr_inodes", "1", 0) != 0 ||
      fsconfig(context.get(), FSCONFIG_SET_STRING, "size", "4096", 0) != 0 ||
      fsconfig(context.get(), FSCONFIG_SET_STRING, "mode", "0555", 0) != 0 ||
      fsconfig(context.get(), FSCONFIG_SET_FLAG, "ro", nullptr, 0) != 0 ||
      fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return SystemError(layer::kRoot, "fsconfig(tmpfs)", errno);
  }
  const UniqueFd mount(
      fsmount(context.get(), FSMOUNT_CLOEXEC,
              MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW));
  if (!mount) return SystemError(layer::kRoot, "fsmount(tmpfs)", errno);
  return BecomeRoot(mount);
}

}  // namespace warder::jail
