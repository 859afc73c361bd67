// Memory: what RLIMIT_DATA must bound, and what only the filter keeps away from it.
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

namespace {

constexpr std::size_t kTooMuch = 2 * kDataBytes;
constexpr int kReadWrite = PROT_READ | PROT_WRITE;
constexpr int kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;

long Map(std::size_t bytes, int protection, int flags) { return Call(SYS_mmap, 0, bytes, protection, flags, -1, 0); }

long MapMany(const World&) {
  constexpr std::size_t kStep = std::size_t{1} << 16;
  for (std::size_t mapped = 0; mapped < kTooMuch; mapped += kStep) {
    if (const long result = Map(kStep, kReadWrite, kAnonymous); result < 0) return result;
  }
  return 0;
}

long Commit(const World&) {
  const long reserved = Map(kTooMuch, PROT_NONE, kAnonymous | MAP_NORESERVE);
  return reserved < 0 ? reserved : Call(SYS_mprotect, reserved, kTooMuch, kReadWrite);
}

long Grow(const World&) {
  const long small = Map(4096, kReadWrite, kAnonymous);
  return small < 0 ? small : Call(SYS_mremap, small, 4096, kTooMuch, MREMAP_MAYMOVE);
}

long Break(const World&) {
  const long now = Call(SYS_brk, 0);
  const long wanted = now + static_cast<long>(kTooMuch);
  return Call(SYS_brk, wanted) == wanted ? 0 : -ENOMEM;
}

}  // namespace

Group MemoryProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  constexpr std::string_view kHeap = "V8's heap and malloc need it; RLIMIT_DATA bounds it";
  const auto bounded = [&](std::string_view name, Attempt attempt) {
    return Probe{.name = name,
                 .attempt = std::move(attempt),
                 .filter_allows = kHeap,
                 .without_filter = {{ENOMEM}},
                 .alone = {{kRlimits, {ENOMEM}}}};
  };
  const auto locked = [](std::string_view name, Attempt attempt) {
    return Probe{.name = name,
                 .attempt = std::move(attempt),
                 .base = Base::kStranger,
                 .without_filter = {{EPERM}},
                 .alone = {{kRlimits, {EPERM}}}};
  };
  return {
      "memory",
      {
          bounded("one large mapping", [](const World&) { return Map(kTooMuch, kReadWrite, kAnonymous); }),
          bounded("many small mappings", MapMany),
          bounded("commit what was reserved", Commit),
          {.name = "grow a mapping", .attempt = Grow, .without_filter = {{ENOMEM}}, .alone = {{kRlimits, {ENOMEM}}}},
          bounded("grow the heap", Break),
          {.name = "shared memory beyond the limit",
           .attempt = [](const World&) { return Map(kTooMuch, kReadWrite, MAP_SHARED | MAP_ANONYMOUS); },
           .without_filter =
               FilterOnly("RLIMIT_DATA does not count shared memory, which is why the filter forbids it")},
          {.name = "touch memory while mapping it",
           .attempt = [](const World&) { return Map(kTooMuch, kReadWrite, kAnonymous | MAP_POPULATE); },
           .without_filter = {{ENOMEM}},
           .alone = {{kRlimits, {ENOMEM}}}},
          {.name = "huge pages",
           .attempt = [](const World&) { return Map(2 << 20, kReadWrite, kAnonymous | MAP_HUGETLB); },
           .reached = {ENOMEM, EINVAL},
           .without_filter = FilterOnly("the machine has set none aside, or they count as memory")},
          {.name = "ask for huge pages",
           .attempt = [](const World&) { return Call(SYS_madvise, Scratch(), kScratchBytes, MADV_HUGEPAGE); },
           .reached = {EINVAL},
           .without_filter = FilterOnly("a hint")},
          {.name = "have equal pages merged",
           .attempt = [](const World&) { return Call(SYS_madvise, Scratch(), kScratchBytes, MADV_MERGEABLE); },
           .reached = {EINVAL},
           .without_filter = FilterOnly("a hint, and a side channel: the filter alone forbids it")},
          locked("pin a mapping", [](const World&) { return Map(4096, kReadWrite, kAnonymous | MAP_LOCKED); }),
          locked("pin a page", [](const World&) { return Call(SYS_mlock, Scratch(), 4096); }),
          locked("pin a page with mlock2", [](const World&) { return Call(SYS_mlock2, Scratch(), 4096, 0); }),
          locked("pin everything", Raw(SYS_mlockall, MCL_FUTURE)),
      }};
}

}  // namespace warder::hostile
