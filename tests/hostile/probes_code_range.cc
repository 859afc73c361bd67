// The code range of the profile jit, and what lies around it: more executable memory, or the same once more.
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>
#include <functional>

#include "tests/hostile/attempt.h"
#include "tests/hostile/code_range.h"

// A page of the program's own code that nothing runs.
asm(".pushsection .text\n.balign 4096\nwarder_hostile_idle_page:\n.skip 4096, 0xcc\n.popsection\n");
extern "C" const char warder_hostile_idle_page[];  // NOLINT(readability-identifier-naming): as the assembler has it

namespace warder::hostile {

namespace {

constexpr unsigned long kExecutable = PROT_READ | PROT_EXEC;
constexpr unsigned long kWritable = PROT_READ | PROT_WRITE;
constexpr unsigned long kBoth = PROT_READ | PROT_WRITE | PROT_EXEC;
constexpr int kOver = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

// An attempt on the range, where there is memory for one.
Attempt On(const std::function<long(const Range&)>& attempt) {
  return [attempt](const World&) {
    const Range range = CodeRange();
    return range.begin == 0 ? -ENOMEM : attempt(range);
  };
}

long Protect(unsigned long begin, unsigned long bytes, unsigned long protection) {
  return Call(SYS_mprotect, begin, bytes, protection);
}

long TakeAndGiveBack(const Range& range) {
  const long taken = Protect(range.begin, kPage, kWritable);
  return taken < 0 ? taken : Protect(range.begin, kPage, kExecutable);
}

long MapOver(const Range& range) {
  const long over = Call(SYS_mmap, range.begin, kPage, kWritable, kOver, -1, 0);
  return over < 0 ? over : Protect(range.begin, kPage, kExecutable);
}

long RewriteProgram(const World&) {
  const auto page = reinterpret_cast<unsigned long>(warder_hostile_idle_page);
  const long open = Protect(page, kPage, kWritable);
  if (open < 0) return open;
  *reinterpret_cast<char*>(page) = '\xc3';  // NOLINT(performance-no-int-to-ptr): of this program
  return Protect(page, kPage, kExecutable);
}

// mov $42, %eax; ret
long RunOwnCode(const World&) {
  if (!HasCodeRange()) return -kNothing;
  auto* const code = reinterpret_cast<unsigned char*>(CodeRange().begin);  // NOLINT(performance-no-int-to-ptr)
  constexpr unsigned char kFortyTwo[] = {0xb8, 42, 0, 0, 0, 0xc3};
  for (std::size_t i = 0; i < sizeof kFortyTwo; ++i) code[i] = kFortyTwo[i];
  return reinterpret_cast<int (*)()>(code)() == 42 ? 0 : -EIO;
}

}  // namespace

Group CodeRangeProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  const std::vector<Alone> mdwe = {{kMdwe, {EACCES}}};
  const auto stopped = [&](std::string_view name, Attempt attempt, std::vector<int> reached = {}) {
    return Probe{.name = name,
                 .attempt = std::move(attempt),
                 .reached = std::move(reached),
                 .without_filter = {{EACCES}},
                 .alone = mdwe};
  };
  constexpr std::string_view kMoves = "mremap keeps what the memory may do, and copies nothing into it";
  return {
      "the code range of the profile jit",
      {
          stopped("execute the page before it",
                  On([](const Range& range) { return Protect(range.begin - kPage, kPage, kExecutable); })),
          stopped("execute the page behind it",
                  On([](const Range& range) { return Protect(range.end, kPage, kExecutable); })),
          stopped("execute across its beginning",
                  On([](const Range& range) { return Protect(range.begin - kPage, 2 * kPage, kExecutable); })),
          stopped("execute across its end",
                  On([](const Range& range) { return Protect(range.end - kPage, 2 * kPage, kExecutable); })),
          stopped("write and execute it, once more",
                  On([](const Range& range) { return Protect(range.begin, range.end - range.begin, kBoth); })),
          stopped("a length with a bit above 32",
                  On([](const Range& range) { return Protect(range.begin, 0x100000000UL | kPage, kBoth); }), {ENOMEM}),
          {.name = "a length that wraps",
           .attempt = On([](const Range& range) { return Protect(range.begin, 0UL - kPage, kExecutable); }),
           .reached = {ENOMEM},
           .without_filter = FilterOnly("the kernel refuses ranges that wrap")},
          {.name = "an address with a bit above 47",
           .attempt = On([](const Range& range) { return Protect(range.begin | 1UL << 63, kPage, kExecutable); }),
           .reached = {ENOMEM},
           .without_filter = FilterOnly("there is no such address")},
          {.name = "grow it",
           .attempt = On([](const Range& range) {
             const unsigned long bytes = range.end - range.begin;
             return Call(SYS_mremap, range.begin, bytes, bytes + kPage, MREMAP_MAYMOVE);
           }),
           .without_filter = FilterOnly(kMoves)},
          {.name = "move a page of it",
           .attempt = On([](const Range& range) {
             return Call(SYS_mremap, range.begin, kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, range.end);
           }),
           .without_filter = FilterOnly(kMoves)},
          stopped("give up execution, and take it back", On(TakeAndGiveBack)),
          stopped("map over it, and execute", On(MapOver)),
          stopped("map executable memory over it",
                  On([](const Range& range) { return Call(SYS_mmap, range.begin, kPage, kBoth, kOver, -1, 0); })),
          stopped("write to the program's code while it may be executed",
                  [](const World&) {
                    return Protect(reinterpret_cast<unsigned long>(warder_hostile_idle_page), kPage, kBoth);
                  }),
          stopped("rewrite the program's code", RewriteProgram),
          {.name = "run code of its own in it",
           .attempt = RunOwnCode,
           .filter_allows = "no call is needed: it is what the grant gives, and only under it is there a range",
           .without_filter = {{kNothing}},
           .granted_by_jit = true},
      }};
}

}  // namespace warder::hostile
