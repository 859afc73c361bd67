// Other ways into the kernel: int 0x80, x32, the vsyscall page; and a cell that has lost its handler.
#include <fcntl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

namespace {

constexpr long kX32 = 0x40000000;

long Int80(long number) {
  long result = 0;
  asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(0), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
  return result;
}

long VsyscallGetcpu(const World&) {
  Note(SYS_getcpu);
  using Getcpu = long (*)(unsigned*, unsigned*, void*);
  const auto getcpu = reinterpret_cast<Getcpu>(0xffffffffff600800UL);
  unsigned processor = 0;
  return getcpu(&processor, nullptr, nullptr);
}

std::string WhyNoVsyscall(const World&) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("[vsyscall]") != std::string::npos) return "";
  }
  return "the machine was started with vsyscall=none";
}

}  // namespace

Group AbiProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  constexpr std::string_view kSameCalls = "to the other layers it is a call like any other, here one that harms nobody";
  return {"other ABIs",
          {
              {.name = "getpid by int 0x80",
               .attempt = [](const World&) { return Int80(20); },
               .without_filter = FilterOnly(kSameCalls)},
              {.name = "getuid by int 0x80",
               .attempt = [](const World&) { return Int80(199); },
               .without_filter = FilterOnly(kSameCalls)},
              {.name = "a number without a call by int 0x80",
               .attempt = [](const World&) { return Int80(9999); },
               .reached = {ENOSYS},
               .without_filter = FilterOnly(kSameCalls)},
              {.name = "getpid of x32",
               .attempt = Raw(kX32 | SYS_getpid),
               .reached = {ENOSYS},
               .without_filter = FilterOnly(kSameCalls)},
              {.name = "read of x32",
               .attempt = Raw(kX32 | SYS_read, 3, 0, 0),
               .reached = {ENOSYS},
               .without_filter = FilterOnly(kSameCalls)},
              {.name = "x32's own numbers",
               .attempt = Raw(kX32 | 520, kBadPointer, 0, 0),  // execve
               .reached = {ENOSYS, EFAULT},
               .without_filter = FilterOnly(kSameCalls)},
              {.name = "the vsyscall page",
               .attempt = VsyscallGetcpu,
               .without_filter = FilterOnly(kSameCalls),
               .missing = WhyNoVsyscall},
              {.name = "a forbidden call with every signal blocked",
               .attempt =
                   [](const World&) {
                     const unsigned long all = ~0UL;
                     const long blocked = Call(SYS_rt_sigprocmask, 0, &all, 0, 8);
                     return blocked < 0 ? blocked : Call(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
                   },
               .without_filter = {{EMFILE}},
               .alone = {{kLandlock, {EACCES}}, {kRoot, {ENOENT}}, {kRlimits, {EMFILE}}}},
              {.name = "another handler for the filter's signal",
               .attempt = [](const World&) { return Call(SYS_rt_sigaction, 31, Scratch(), 0, 8); },
               .without_filter = FilterOnly("the handler only tells; the call it tells of does not happen")},
              {.name = "another stack for handlers",
               .attempt = Raw(SYS_sigaltstack, kBadPointer, 0),
               .reached = {EFAULT},
               .without_filter = FilterOnly("the handler only tells; the call it tells of does not happen")},
          }};
}

}  // namespace warder::hostile
