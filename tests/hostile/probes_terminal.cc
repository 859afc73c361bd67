// Injection into the terminal of whoever started the engine (CVE-2017-5226; with high bits: CVE-2019-10063).
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <cerrno>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

Group TerminalProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  const std::vector<Alone> closed = {{kDescriptors, {EBADF}}};
  return {"terminal injection",
          {
              {.name = "TIOCSTI",
               .attempt = [](const World&) { return Call(SYS_ioctl, 0, TIOCSTI, Scratch()); },
               .base = Base::kTerminal,
               .reached = {EIO},  // dev.tty.legacy_tiocsti=0
               .without_filter = {{EBADF}},
               .alone = closed},
              {.name = "TIOCSTI with a bit above 32",
               .attempt = [](const World&) { return Call(SYS_ioctl, 0, 0x100000000UL | TIOCSTI, Scratch()); },
               .base = Base::kTerminal,
               .reached = {EIO},
               .without_filter = {{EBADF}},
               .alone = closed},
              {.name = "TIOCSTI with a bad pointer",
               .attempt = Raw(SYS_ioctl, 0, TIOCSTI, kBadPointer),
               .base = Base::kTerminal,
               .reached = {EIO, EFAULT},
               .without_filter = {{EBADF}},
               .alone = closed},
              {.name = "TIOCLINUX",
               .attempt = [](const World&) { return Call(SYS_ioctl, 0, TIOCLINUX, Scratch()); },
               .base = Base::kTerminal,
               .reached = {ENOTTY},  // not on a pseudo terminal
               .without_filter = {{EBADF}},
               .alone = closed},
              {.name = "the terminal's settings",
               .attempt = [](const World&) { return Call(SYS_ioctl, 0, TCGETS, Scratch()); },
               .base = Base::kTerminal,
               .without_filter = {{EBADF}},
               .alone = closed},
              {.name = "the size of its window",
               .attempt = [](const World&) { return Call(SYS_ioctl, 0, TIOCSWINSZ, Scratch()); },
               .base = Base::kTerminal,
               .without_filter = {{EBADF}},
               .alone = closed},
              {.name = "the controlling terminal by name",
               .attempt = Raw(SYS_openat, AT_FDCWD, "/dev/tty", O_RDWR),
               .base = Base::kTerminal,
               .without_filter = {{EMFILE}},
               .alone = {{kLandlock, {EACCES}}, {kRoot, {ENOENT}}, {kRlimits, {EMFILE}}}},
              {.name = "take a terminal as its own",
               .attempt = Raw(SYS_ioctl, 0, TIOCSCTTY, 0),
               .base = Base::kTerminal,
               .without_filter = {{EBADF}},
               .alone = closed},
              {.name = "hang up the terminal",
               .attempt = Raw(SYS_vhangup),
               .base = Base::kOwnNamespaces,
               .reached = {EPERM},
               .without_filter = FilterOnly("the capability is asked for in the kernel, and there is no terminal")},
          }};
}

}  // namespace warder::hostile
