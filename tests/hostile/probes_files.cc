// Files of the host: reading, changing, naming, executing (CVE-2019-5736 and its kin).
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

namespace {

// Gives back at once what an attempt has made.
long Remove(const World& world, long result) {
  if (result >= 0) unlink(world.new_name.data());
  return result;
}

long OpenOfVictim(const World& world, const char* name) {
  const std::string path = "/proc/" + std::to_string(world.victim) + "/" + name;
  return Call(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY);
}

}  // namespace

Group FileProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  // Whatever makes a descriptor ends at RLIMIT_NOFILE first, so that the other layers show only alone.
  const std::vector<Alone> opening = {{kLandlock, {EACCES}}, {kRoot, {ENOENT}}, {kRlimits, {EMFILE}}};
  const std::vector<Alone> looking = {{kRoot, {ENOENT}}};
  const std::vector<Alone> changing = {{kLandlock, {EACCES}}, {kRoot, {ENOENT}}};
  return {
      "files of the host, /proc/self/exe",
      {
          {.name = "open a file",
           .attempt = Raw(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY),
           .without_filter = {{EMFILE}},
           .alone = opening},
          {.name = "open a file the old way",
           .attempt = Raw(SYS_open, "/etc/passwd", O_RDONLY),
           .without_filter = {{EMFILE}},
           .alone = opening},
          {.name = "open a file with openat2",
           .attempt =
               [](const World&) {
                 const open_how how{};
                 return Call(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof how);
               },
           .without_filter = {{EMFILE}},
           .alone = opening},
          {.name = "list the root",
           .attempt = Raw(SYS_openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY),
           .without_filter = {{EMFILE}},
           .alone = {{kLandlock, {EACCES}}, {kRlimits, {EMFILE}}}},
          {.name = "a handle of the root without reading it",
           .attempt = Raw(SYS_openat, AT_FDCWD, "/", O_PATH),
           .without_filter = {{EMFILE}},
           .alone = {{kRlimits, {EMFILE}}}},
          {.name = "make a file",
           .attempt = [](const World& world) { return Remove(world, Call(SYS_creat, world.new_name.data(), 0600)); },
           .without_filter = {{EMFILE}},
           .alone = opening},
          {.name = "overwrite a program of the host",
           .attempt = [](const World& world) { return Call(SYS_openat, AT_FDCWD, world.program.data(), O_WRONLY); },
           .without_filter = {{EMFILE}},
           .alone = opening},
          {.name = "its own program",
           .attempt = Raw(SYS_openat, AT_FDCWD, "/proc/self/exe", O_RDONLY),
           .without_filter = {{EMFILE}},
           .alone = opening},
          {.name = "the path of its own program",
           .attempt = [](const World&) { return Call(SYS_readlink, "/proc/self/exe", Scratch(), kScratchBytes); },
           .without_filter = {{ENOENT}},
           .alone = looking},
          {.name = "its own memory as a file",
           .attempt = Raw(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR),
           .without_filter = {{EMFILE}},
           .alone = opening},
          {.name = "another process's memory as a file",
           .attempt = [](const World& world) { return OpenOfVictim(world, "mem"); },
           .base = Base::kStranger,
           .without_filter = {{EMFILE}},
           .alone = {{kLandlock, {EACCES}}, {kRoot, {ENOENT}}, {kRlimits, {EMFILE}}, {kNotDumpable, {EACCES}}}},
          {.name = "another process's environment",
           .attempt = [](const World& world) { return OpenOfVictim(world, "environ"); },
           .base = Base::kStranger,
           .without_filter = {{EMFILE}},
           .alone = {{kLandlock, {EACCES}}, {kRoot, {ENOENT}}, {kRlimits, {EMFILE}}, {kNotDumpable, {EACCES}}}},
          {.name = "the host's mounts",
           .attempt = Raw(SYS_openat, AT_FDCWD, "/proc/self/mountinfo", O_RDONLY),
           .without_filter = {{EMFILE}},
           .alone = opening},
          {.name = "the host's cgroups",
           .attempt = Raw(SYS_openat, AT_FDCWD, "/sys/fs/cgroup", O_RDONLY | O_DIRECTORY),
           .without_filter = {{EMFILE}},
           .alone = opening},
          {.name = "kernel settings",
           .attempt = Raw(SYS_openat, AT_FDCWD, "/proc/sys/kernel/core_pattern", O_RDONLY),
           .without_filter = {{EMFILE}},
           .alone = opening},
          {.name = "a device",
           .attempt = Raw(SYS_openat, AT_FDCWD, "/dev/zero", O_RDWR),
           .without_filter = {{EMFILE}},
           .alone = opening},
          {.name = "look at a file",
           .attempt = [](const World&) { return Call(SYS_stat, "/etc/passwd", Scratch()); },
           .without_filter = {{ENOENT}},
           .alone = looking},
          {.name = "look at a link",
           .attempt = [](const World&) { return Call(SYS_lstat, "/etc/passwd", Scratch()); },
           .without_filter = {{ENOENT}},
           .alone = looking},
          {.name = "look at a file with statx",
           .attempt = [](const World&) { return Call(SYS_statx, AT_FDCWD, "/etc/passwd", 0, 0x7ff, Scratch()); },
           .without_filter = {{ENOENT}},
           .alone = looking},
          {.name = "is there a file",
           .attempt = Raw(SYS_access, "/etc/passwd", R_OK),
           .without_filter = {{ENOENT}},
           .alone = looking},
          {.name = "is there a file, faccessat2",
           .attempt = Raw(SYS_faccessat2, AT_FDCWD, "/etc/passwd", R_OK, 0),
           .without_filter = {{ENOENT}},
           .alone = looking},
          {.name = "the file system of a folder",
           .attempt = [](const World& world) { return Call(SYS_statfs, world.folder.data(), Scratch()); },
           .without_filter = {{ENOENT}},
           .alone = looking},
          {.name = "enter a folder", .attempt = Raw(SYS_chdir, "/etc"), .without_filter = {{ENOENT}}, .alone = looking},
          {.name = "make a folder",
           .attempt =
               [](const World& world) {
                 const long result = Call(SYS_mkdir, world.new_name.data(), 0700);
                 if (result >= 0) rmdir(world.new_name.data());
                 return result;
               },
           .without_filter = {{ENOENT}},
           .alone = changing},
          // Unjailed this is a temporary folder; in the jail it is the root.
          {.name = "make a file in the working directory",
           .attempt =
               [](const World&) {
                 const long result = Call(SYS_mknod, "made-by-a-cell", S_IFREG | 0600, 0);
                 if (result >= 0) unlink("made-by-a-cell");
                 return result;
               },
           .without_filter = {{EROFS, EACCES}},
           .alone = {{kLandlock, {EACCES}}, {kRoot, {EROFS}}}},
          {.name = "make a pipe with a name",
           .attempt =
               [](const World& world) {
                 return Remove(world, Call(SYS_mknod, world.new_name.data(), S_IFIFO | 0600, 0));
               },
           .without_filter = {{ENOENT}},
           .alone = changing},
          {.name = "make a device",
           .attempt =
               [](const World& world) {
                 return Remove(world,
                               Call(SYS_mknodat, AT_FDCWD, world.new_name.data(), S_IFCHR | 0600, makedev(1, 5)));
               },
           .without_filter = {{ENOENT, EPERM}},
           .alone = {{kLandlock, {EACCES}}, {kRoot, {ENOENT}}, {kCapabilities, {EPERM}}, {kUser, {EPERM}}},
           .needs_root = "only root may make a device"},
          {.name = "make a symbolic link",
           .attempt =
               [](const World& world) {
                 return Remove(world, Call(SYS_symlink, "/etc/passwd", world.new_name.data()));
               },
           .without_filter = {{ENOENT}},
           .alone = changing},
          {.name = "make a link",
           .attempt =
               [](const World& world) {
                 return Remove(world, Call(SYS_link, world.secret.data(), world.new_name.data()));
               },
           .without_filter = {{ENOENT}},
           .alone = changing},
          {.name = "rename a file",
           .attempt =
               [](const World& world) {
                 const long result = Call(SYS_rename, world.secret.data(), world.new_name.data());
                 if (result >= 0) rename(world.new_name.data(), world.secret.data());
                 return result;
               },
           .without_filter = {{ENOENT}},
           .alone = changing},
          {.name = "remove a folder",
           .attempt =
               [](const World& world) {
                 const long result = Call(SYS_rmdir, world.empty_folder.data());
                 if (result >= 0) mkdir(world.empty_folder.data(), 0777);
                 return result;
               },
           .without_filter = {{ENOENT}},
           .alone = changing},
          {.name = "truncate a file",
           .attempt = [](const World& world) { return Call(SYS_truncate, world.secret.data(), kSecret.size()); },
           .without_filter = {{ENOENT}},
           .alone = changing},
          {.name = "change a file's mode",
           .attempt = [](const World& world) { return Call(SYS_chmod, world.secret.data(), 0644); },
           .without_filter = {{ENOENT}},
           .alone = looking},
          {.name = "change a file's owner",
           .attempt = [](const World& world) { return Call(SYS_chown, world.secret.data(), -1, -1); },
           .without_filter = {{ENOENT}},
           .alone = looking},
          {.name = "change a file's times",
           .attempt = [](const World& world) { return Call(SYS_utimensat, AT_FDCWD, world.secret.data(), 0UL, 0); },
           .without_filter = {{ENOENT}},
           .alone = looking},
          {.name = "read extended attributes",
           .attempt = [](const World&) { return Call(SYS_listxattr, "/etc/passwd", Scratch(), kScratchBytes); },
           .reached = {EOPNOTSUPP},
           .without_filter = {{ENOENT}},
           .alone = looking},
          {.name = "a handle of a file by name",
           .attempt =
               [](const World& world) {
                 file_handle* handle = reinterpret_cast<file_handle*>(Scratch());
                 handle->handle_bytes = 128;
                 return Call(SYS_name_to_handle_at, AT_FDCWD, world.secret.data(), handle, Scratch() + 1024, 0);
               },
           .reached = {EOPNOTSUPP},
           .without_filter = {{ENOENT}},
           .alone = looking},
          {.name = "open a file by a guessed handle",
           .attempt = Raw(SYS_open_by_handle_at, kPlantedFolder, kBadPointer, O_RDONLY),
           .reached = {EFAULT, EPERM},
           .without_filter = FilterOnly("the capability is asked for, and the pointer read, in the kernel")},
          {.name = "watch a folder",
           .attempt = Raw(SYS_inotify_init1, 0),
           .without_filter = {{EMFILE}},
           .alone = {{kRlimits, {EMFILE}}}},
          {.name = "execute a program",
           .attempt = Raw(SYS_execve, "/bin/true", 0, 0),
           .without_filter = {{ENOENT}},
           .alone = {{kLandlock, {EACCES}}, {kRoot, {ENOENT}}},
           .death = Death::kExec},
          {.name = "execute a program with execveat",
           .attempt = Raw(SYS_execveat, AT_FDCWD, "/bin/true", 0, 0, 0),
           .without_filter = {{ENOENT}},
           .alone = {{kLandlock, {EACCES}}, {kRoot, {ENOENT}}},
           .death = Death::kExec},
          {.name = "execute a file from memory",
           .attempt =
               [](const World&) {
                 const long fd = Call(SYS_memfd_create, "x", 0);
                 if (fd < 0) return fd;
                 const char script[] = "#!/bin/true\n";
                 if (write(static_cast<int>(fd), script, sizeof script - 1) < 0) return -long{EIO};
                 return Call(SYS_execveat, fd, "", 0, 0, AT_EMPTY_PATH);
               },
           .without_filter = {{EMFILE}},
           .alone = {{kLandlock, {EACCES}}, {kRlimits, {EMFILE}}},
           .death = Death::kExec},
          {.name = "load a library the oldest way",
           .attempt = Raw(SYS_uselib, "/bin/true"),
           .reached = {ENOSYS},
           .without_filter = FilterOnly("no kernel of our time has the call")},
      }};
}

}  // namespace warder::hostile
