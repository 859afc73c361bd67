#include "tests/hostile/code_range.h"

#include <sys/mman.h>

#include <stdexcept>

#include "sandbox/zygote/cell_profile.h"

namespace warder::hostile {

namespace {

constexpr std::size_t kBytes = zygote::kCodeRangeBytes;

Range made;

Range Map(int protection) {
  void* const all = mmap(nullptr, kBytes + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (all == MAP_FAILED) return {};
  const auto begin = reinterpret_cast<unsigned long>(all) + kPage;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): inside of what was mapped
  if (mprotect(reinterpret_cast<void*>(begin), kBytes, protection) != 0) return {};
  return {begin, begin + kBytes};
}

}  // namespace

void MakeCodeRange() {
  made = Map(PROT_READ | PROT_WRITE | PROT_EXEC);
  if (made.begin == 0) throw std::runtime_error("the code range could not be made");
}

Range CodeRange() { return HasCodeRange() ? made : Map(PROT_READ | PROT_WRITE); }

bool HasCodeRange() { return made.begin != 0; }

}  // namespace warder::hostile
