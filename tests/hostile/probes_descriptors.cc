// Leaked descriptor or working directory (CVE-2024-21626), and what a cell could do with the one descriptor it has.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <string_view>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

namespace {

constexpr std::string_view kOwnSocket = "it is the cell's own socket, and nothing new is reached by it";

long FindDescriptor(const World&) {
  for (int fd = 0; fd < 4096; ++fd) {
    if (fd != 3 && Call(SYS_fcntl, fd, F_GETFD) >= 0) return fd;
  }
  return -EBADF;
}

long FindWorkingDirectory(const World&) {
  const long length = Call(SYS_getcwd, Scratch(), kScratchBytes);
  if (length >= 0 && std::string_view(Scratch()) == "/") return -kNothing;
  return length;
}

}  // namespace

Group DescriptorProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  return {"leaked descriptor or cwd",
          {
              {.name = "find an open descriptor in 0..4095",
               .attempt = FindDescriptor,
               .without_filter = {{EBADF}},
               .alone = {{kDescriptors, {EBADF}}}},
              {.name = "open a file through a leaked folder",
               .attempt = Raw(SYS_openat, kPlantedFolder, "etc/passwd", O_RDONLY),
               .without_filter = {{EMFILE}},
               .alone = {{kDescriptors, {EBADF}}, {kLandlock, {EACCES}}, {kRlimits, {EMFILE}}}},
              {.name = "open a file through a leaked folder, high number",
               .attempt = Raw(SYS_openat, kPlantedHigh, "etc/passwd", O_RDONLY),
               .without_filter = {{EMFILE}},
               .alone = {{kDescriptors, {EBADF}}, {kLandlock, {EACCES}}, {kRlimits, {EMFILE}}}},
              {.name = "look at a file through a leaked folder",
               .attempt = [](const World&) { return Call(SYS_newfstatat, kPlantedFolder, "etc/passwd", Scratch(), 0); },
               .without_filter = {{EBADF}},
               .alone = {{kDescriptors, {EBADF}}}},
              {.name = "enter a leaked folder",
               .attempt = Raw(SYS_fchdir, kPlantedFolder),
               .without_filter = {{EBADF}},
               .alone = {{kDescriptors, {EBADF}}}},
              {.name = "ask for the working directory",
               .attempt = FindWorkingDirectory,
               .without_filter = {{kNothing}},
               .alone = {{kRoot, {kNothing}}}},
              {.name = "climb out of the working directory",
               .attempt = Raw(SYS_openat, AT_FDCWD, "../../../../../../../../etc/passwd", O_RDONLY),
               .without_filter = {{EMFILE}},
               .alone = {{kLandlock, {EACCES}}, {kRoot, {ENOENT}}, {kRlimits, {EMFILE}}}},
              {.name = "read from 0",
               .attempt = [](const World&) { return Call(SYS_read, 0, Scratch(), 0); },
               .without_filter = {{EBADF}},
               .alone = {{kDescriptors, {EBADF}}}},
              {.name = "write to 1",
               .attempt = [](const World&) { return Call(SYS_write, 1, Scratch(), 0); },
               .without_filter = {{EBADF}},
               .alone = {{kDescriptors, {EBADF}}}},
              {.name = "write a vector to 2",
               .attempt = [](const World&) { return Call(SYS_writev, 2, Scratch(), 0); },
               .without_filter = {{EBADF}},
               .alone = {{kDescriptors, {EBADF}}}},
              {.name = "write to a leaked descriptor",
               .attempt = [](const World&) { return Call(SYS_write, kPlantedFile, Scratch(), 1); },
               .without_filter = {{EBADF}},
               .alone = {{kDescriptors, {EBADF}}}},
              {.name = "write to 3 with a bit above 32",
               .attempt = [](const World&) { return Call(SYS_write, 0x100000003UL, Scratch(), 0); },
               .without_filter = FilterOnly("the kernel ignores those bits: it is descriptor 3")},
              {.name = "duplicate the socket",
               .attempt = Raw(SYS_dup, 3),
               .without_filter = {{EMFILE}},
               .alone = {{kRlimits, {EMFILE}}}},
              {.name = "duplicate the socket to 0",
               .attempt = Raw(SYS_dup2, 3, 0),
               .without_filter = {{EBADF}},
               .alone = {{kRlimits, {EBADF}}}},
              {.name = "duplicate the socket to 7 with dup3",
               .attempt = Raw(SYS_dup3, 3, 7, O_CLOEXEC),
               .without_filter = {{EBADF}},
               .alone = {{kRlimits, {EBADF}}}},
              {.name = "duplicate the socket by fcntl",
               .attempt = Raw(SYS_fcntl, 3, F_DUPFD, 0),
               .without_filter = {{EINVAL}},
               .alone = {{kRlimits, {EINVAL}}}},
              {.name = "have the socket signal the engine",
               .attempt = [](const World& world) { return Call(SYS_fcntl, 3, F_SETOWN, world.runner); },
               .without_filter = {{ESRCH}},
               .alone = {{kPid, {ESRCH}}}},
              {.name = "change the socket's flags",
               .attempt = Raw(SYS_fcntl, 3, F_SETFL, O_NONBLOCK),
               .without_filter = FilterOnly(kOwnSocket)},
              {.name = "ioctl on the socket",
               .attempt = [](const World&) { return Call(SYS_ioctl, 3, FIONREAD, Scratch()); },
               .without_filter = FilterOnly(kOwnSocket)},
              {.name = "look at the socket",
               .attempt = [](const World&) { return Call(SYS_fstat, 3, Scratch()); },
               .without_filter = FilterOnly(kOwnSocket)},
              {.name = "a pipe",
               .attempt = [](const World&) { return Call(SYS_pipe2, Scratch(), 0); },
               .without_filter = {{EMFILE}},
               .alone = {{kRlimits, {EMFILE}}}},
          }};
}

}  // namespace warder::hostile
