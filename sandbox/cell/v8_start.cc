#include "sandbox/cell/v8_start.h"

#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unicode/ucal.h>
#include <unicode/udata.h>
#include <unicode/uloc.h>
#include <unistd.h>
#include <v8-initialization.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "sandbox/cell/frozen_platform.h"
#include "sandbox/cell/portable_math.h"

// Internal to ICU, but exported; the header that declares it is not installed.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" void u_setTimeZoneFilesDirectory(const char* path, UErrorCode* status);

// libnode's V8 marks all its mappings MADV_DONTFORK, and some of them (the table of dispatch handles) are made when V8
// starts: they would be missing in each cell. This definition stands before libc's for every library of this program.
extern "C" int madvise(void* address, size_t length, int advice) noexcept {
  if (advice == MADV_DONTFORK) return 0;
  return static_cast<int>(::syscall(SYS_madvise, address, length, advice));
}

// V8 asks for the stack's bounds when it makes an isolate. For a main thread libc answers with what it reads from
// /proc/self/maps, which no cell can open; without an answer V8 takes the stack's end as the loader saw it.
extern "C" int pthread_getattr_np(pthread_t, pthread_attr_t*) noexcept { return ENOSYS; }

// Internal to V8, but exported; the header that declares it is not installed.
namespace v8::base {
class OS {
 public:
  static void SetRandomMmapSeed(std::int64_t seed);
};
}  // namespace v8::base

namespace warder::cell {
namespace {

std::size_t code_range_bytes = 0;

// No executable memory after start: the filter and PR_SET_MDWE forbid it.
constexpr const char* kJitless = "--jitless";
// One compiler, and not one thing more.
constexpr std::array kJit = {
    // V8's other two win nothing (tests/bench/bench_jit.cc: a quarter slower with them, where they made a difference),
    // and each has mistakes of its own.
    "--no-maglev",
    "--no-sparkplug",
    // With a compiler there is WebAssembly. The runtime takes its global away, MakeIsolate refuses its code, and this
    // is
    // the third way to it: "use asm" makes it of JavaScript.
    "--no-validate-asm",
};
constexpr std::array kFlags = {
    "--single-threaded",  // no helper threads: fork is safe, and a cell may not clone
    "--disallow-code-generation-from-strings",
    "--no-memory-protection-keys",  // nothing to protect without a JIT, and no pkey system calls
    "--no-memory-reducer",          // its tasks would never run (see FrozenPlatform)
    "--no-flush-bytecode",          // a cell lives shorter than code takes to grow old
    "--rehash-snapshot",            // off in Debian's build: strings would hash as this package's public constant says
    "--stack-trace-limit=20",
};

void FixLocale() {
  UErrorCode status = U_ZERO_ERROR;
  // All data comes from the library set. Debian's ICU would look for newer time zone files each time it needs one.
  udata_setFileAccess(UDATA_NO_FILES, &status);
  u_setTimeZoneFilesDirectory("", &status);
  // Without an environment ICU would choose en-US-u-va-posix and would look for /etc/localtime.
  uloc_setDefault("en_US", &status);
  ucal_setDefaultTimeZone(u"UTC", &status);
  if (U_FAILURE(status)) throw std::runtime_error(std::string("ICU has no en_US or no UTC: ") + u_errorName(status));
}

}  // namespace

// Pieces of bodies come and go by the hundred. By default malloc gives blocks of their size back to the kernel each
// time, and the faults of fresh pages cost as much as reading the pieces. What it keeps is bounded by what was in use.
void KeepFreedMemory() {
  constexpr int kKeptBytes = 16 << 20;
  constexpr int kMappedBytes = 1 << 20;  // longer blocks are still mapped, and unmapped, one by one
  if (::mallopt(M_TRIM_THRESHOLD, kKeptBytes) != 1 || ::mallopt(M_MMAP_THRESHOLD, kMappedBytes) != 1) {
    throw std::runtime_error("malloc does not take its options");
  }
}

std::string StartV8(FrozenPlatform* platform, zygote::CellProfile profile) {
  CheckMathIsPortable();
  if (profile == zygote::CellProfile::kJit) code_range_bytes = zygote::kCodeRangeBytes;
  FixLocale();
  KeepFreedMemory();
  // V8 removes the flags that it knows from the arguments.
  std::vector<std::string> words = {"cell"};
  if (profile == zygote::CellProfile::kJitless) {
    words.emplace_back(kJitless);
  } else {
    words.insert(words.end(), kJit.begin(), kJit.end());
  }
  words.insert(words.end(), kFlags.begin(), kFlags.end());
  std::vector<char*> arguments;
  arguments.reserve(words.size());
  for (std::string& word : words) arguments.push_back(word.data());
  int count = static_cast<int>(arguments.size());
  v8::V8::SetFlagsFromCommandLine(&count, arguments.data(), true);
  if (count != 1) throw std::runtime_error(std::string("this V8 does not know the flag ") + arguments[1]);
  v8::V8::InitializePlatform(platform);
  v8::V8::Initialize();
  return v8::V8::GetVersion();
}

std::size_t CodeRangeBytes() { return code_range_bytes; }

// V8 takes 0 for "no seed".
void ReseedAddresses(std::uint64_t seed) { v8::base::OS::SetRandomMmapSeed(static_cast<std::int64_t>(seed | 1)); }

}  // namespace warder::cell
