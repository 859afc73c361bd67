// Executable memory: code of the attacker's own.
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

namespace {

constexpr int kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;
constexpr std::size_t kPage = 4096;

long Map(unsigned long protection, int flags) { return Call(SYS_mmap, 0, kPage, protection, flags, -1, 0); }

// Maps with `before`, writes if that is allowed, changes to `after` by `number`.
Attempt MapThenProtect(unsigned long before, unsigned long after, long number) {
  return [=](const World&) {
    const long page = Map(before, kAnonymous);
    if (page < 0) return page;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): what a system call answered
    if ((before & PROT_WRITE) != 0) *reinterpret_cast<char*>(page) = '\xc3';
    return Call(number, page, kPage, after, -1);
  };
}

long MapWrittenFile(const World&) {
  const long fd = Call(SYS_memfd_create, "code", 0);
  if (fd < 0) return fd;
  if (write(static_cast<int>(fd), "\xc3", 1) != 1) return -EIO;
  return Call(SYS_mmap, 0, kPage, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
}

long MapWithReadImpliesExec(const World&) {
  const long done = Call(SYS_personality, READ_IMPLIES_EXEC);
  return done < 0 ? done : Map(PROT_READ | PROT_WRITE, kAnonymous);
}

long AttachExecutable(const World&) {
  const long id = Call(SYS_shmget, IPC_PRIVATE, kPage, IPC_CREAT | 0700);
  if (id < 0) return id;
  const long address = Call(SYS_shmat, id, 0, SHM_EXEC);
  shmctl(static_cast<int>(id), IPC_RMID, nullptr);
  return address;
}

}  // namespace

Group ExecutableMemoryProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  const std::vector<Alone> mdwe = {{kMdwe, {EACCES}}};
  return {
      "executable memory",
      {
          {.name = "an executable page of zeros",
           .attempt = [](const World&) { return Map(PROT_READ | PROT_EXEC, kAnonymous); },
           .without_filter = FilterOnly("MDWE lets it: it was never writable, so that it holds only zeros")},
          {.name = "a page that is writable and executable",
           .attempt = [](const World&) { return Map(PROT_READ | PROT_WRITE | PROT_EXEC, kAnonymous); },
           .without_filter = {{EACCES}},
           .alone = mdwe},
          {.name = "a shared page that is writable and executable",
           .attempt = [](const World&) { return Map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS); },
           .without_filter = {{EACCES}},
           .alone = mdwe},
          {.name = "write, then execute",
           .attempt = MapThenProtect(PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC, SYS_mprotect),
           .without_filter = {{EACCES}},
           .alone = mdwe},
          {.name = "write and execute",
           .attempt = MapThenProtect(PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE | PROT_EXEC, SYS_mprotect),
           .without_filter = {{EACCES}},
           .alone = mdwe},
          {.name = "execute what was reserved",
           .attempt = MapThenProtect(PROT_NONE, PROT_EXEC, SYS_mprotect),
           .without_filter = {{EACCES}},
           .alone = mdwe},
          {.name = "write, then execute with pkey_mprotect",
           .attempt = MapThenProtect(PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC, SYS_pkey_mprotect),
           .without_filter = {{EACCES}},
           .alone = mdwe},
          {.name = "execute with a bit above 32",
           .attempt = MapThenProtect(PROT_READ | PROT_WRITE, 0x100000000UL | PROT_READ | PROT_EXEC, SYS_mprotect),
           .reached = {EINVAL},
           .without_filter = FilterOnly("the kernel refuses bits that it does not know")},
          {.name = "a shared page",
           .attempt = [](const World&) { return Map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS); },
           .without_filter = FilterOnly("there is nobody to share it with")},
          {.name = "map the socket",
           .attempt = Raw(SYS_mmap, 0, kPage, PROT_READ, MAP_PRIVATE, 3, 0),
           .reached = {ENODEV},
           .without_filter = FilterOnly("a socket cannot be mapped")},
          {.name = "execute a file that it has written",
           .attempt = MapWrittenFile,
           .without_filter = {{EMFILE}},
           .alone = {{kRlimits, {EMFILE}}}},
          {.name = "memory that is executable because it is readable",
           .attempt = MapWithReadImpliesExec,
           .without_filter = {{EACCES}},
           .alone = mdwe},
          {.name = "executable shared memory of System V",
           .attempt = AttachExecutable,
           .without_filter = {{EACCES}},
           .alone = mdwe},
          {.name = "move memory and keep it",
           .attempt =
               [](const World&) {
                 const long page = Map(PROT_READ | PROT_WRITE, kAnonymous);
                 return page < 0 ? page : Call(SYS_mremap, page, kPage, kPage, MREMAP_MAYMOVE | 4, 0);
               },
           .without_filter = FilterOnly("MREMAP_DONTUNMAP is of use with userfaultfd only")},
      }};
}

}  // namespace warder::hostile
