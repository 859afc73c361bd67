#include "sandbox/cell/large_text.h"

#include <link.h>
#include <sys/mman.h>
#include <v8-initialization.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

namespace warder::cell {
namespace {

constexpr std::uintptr_t kPage = std::uintptr_t{2} << 20;
// What of V8 runs in most cells stands around its API: measured as the pages that cells fault in.
constexpr std::uintptr_t kHotBefore = 2 * kPage;
constexpr std::uintptr_t kHotBehind = 5 * kPage;

struct Range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool empty() const { return begin >= end; }
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells where code is in numbers
  void* data() const { return reinterpret_cast<void*>(begin); }
  std::size_t size() const { return end - begin; }
};

// The code of that shared object which has `address` in it.
Range CodeAround(std::uintptr_t address) {
  struct Search {
    std::uintptr_t address;
    Range found;
  } search{address, {}};
  ::dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* argument) {
        auto& wanted = *static_cast<Search*>(argument);
        for (int i = 0; i < object->dlpi_phnum; ++i) {
          const ElfW(Phdr)& part = object->dlpi_phdr[i];
          const std::uintptr_t begin = object->dlpi_addr + part.p_vaddr;
          if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
          if (wanted.address >= begin && wanted.address < begin + part.p_memsz) {
            wanted.found = {begin, begin + part.p_memsz};
          }
        }
        return wanted.found.empty() ? 0 : 1;
      },
      &search);
  return search.found;
}

Range HotCode() {
  const auto api = reinterpret_cast<std::uintptr_t>(&v8::V8::GetVersion);
  const Range code = CodeAround(api);
  const std::uintptr_t page = api / kPage * kPage;
  const std::uintptr_t first = (code.begin + kPage - 1) / kPage * kPage;
  return {std::max(first, page - kHotBefore), std::min(code.end / kPage * kPage, page + kHotBehind)};
}

// Gives back what it mapped, but for what was moved away.
class Mapping {
 public:
  explicit Mapping(std::size_t size)
      : size_(size), data_(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (data_ != MAP_FAILED) ::munmap(data_, size_);
  }
  // Room for `size` bytes on whole large pages; nullptr without memory.
  void* Aligned(std::size_t size) const {
    void* at = data_;
    std::size_t space = size_;
    return data_ == MAP_FAILED ? nullptr : std::align(kPage, size, at, space);
  }

 private:
  std::size_t size_;
  void* data_;
};

}  // namespace

void MoveV8ToLargePages() {
  const Range hot = HotCode();
  if (hot.empty()) return;
  const Mapping room(hot.size() + kPage);
  void* const copy = room.Aligned(hot.size());
  if (copy == nullptr || ::madvise(copy, hot.size(), MADV_HUGEPAGE) != 0) return;
  std::memcpy(copy, hot.data(), hot.size());
  // Whether it is on large pages, or can be put there. On small ones it would cost each fork more than it saves.
  if (::madvise(copy, hot.size(), MADV_COLLAPSE) != 0) return;
  if (::mprotect(copy, hot.size(), PROT_READ | PROT_EXEC) != 0) return;
  if (::mremap(copy, hot.size(), hot.size(), MREMAP_MAYMOVE | MREMAP_FIXED, hot.data()) != hot.data()) {
    throw std::runtime_error("V8's code could not be moved to large pages");
  }
}

}  // namespace warder::cell
