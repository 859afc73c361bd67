#include "warder/hygiene.h"

#include <curl/curl.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>

#include "engine/base/secret.h"

namespace warder {
namespace {

// How often libcurl has called our malloc: it does not say whether it took our functions.
std::atomic<unsigned> transfer_allocations = 0;

// All that the allocator gave, which may be more than was asked for.
void ZeroingFree(void* memory) {
  if (memory == nullptr) return;
  OPENSSL_cleanse(memory, ::malloc_usable_size(memory));
  std::free(memory);
}

// In a new place always: the old one may only be given back when it is overwritten.
void* ZeroingRealloc(void* memory, std::size_t size) {
  if (memory == nullptr) return std::malloc(size);
  if (size == 0) {
    ZeroingFree(memory);
    return nullptr;
  }
  void* const moved = std::malloc(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, memory, std::min(size, ::malloc_usable_size(memory)));
  ZeroingFree(memory);
  return moved;
}

void* CryptoMalloc(std::size_t size, const char* /*file*/, int /*line*/) { return std::malloc(size); }
void* CryptoRealloc(void* memory, std::size_t size, const char* /*file*/, int /*line*/) {
  return ZeroingRealloc(memory, size);
}
void CryptoFree(void* memory, const char* /*file*/, int /*line*/) { ZeroingFree(memory); }

void* TransferMalloc(std::size_t size) {
  ++transfer_allocations;
  return std::malloc(size);
}

bool TransfersZero() {
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, TransferMalloc, ZeroingFree, ZeroingRealloc, ::strdup, std::calloc) !=
      CURLE_OK) {
    return false;
  }
  const unsigned before = transfer_allocations;
  curl_slist_free_all(curl_slist_append(nullptr, "does libcurl call us?"));
  return transfer_allocations != before;
}

std::string Because(int error) { return std::generic_category().message(error); }

MemoryHygiene Harden() {
  MemoryHygiene hygiene;
  const auto check = [&](bool done, std::string otherwise) {
    if (!done) hygiene.missing.push_back(std::move(otherwise));
    return done;
  };
  // Before anything else of OpenSSL: this is what can be too late.
  hygiene.crypto_zeroes =
      check(CRYPTO_set_mem_functions(CryptoMalloc, CryptoRealloc, CryptoFree) == 1,
            "OpenSSL had allocated memory already when it was to be told to overwrite what it gives back");
  const int heap = CRYPTO_secure_malloc_initialized() == 1 ? 1 : CRYPTO_secure_malloc_init(kSecureHeapBytes, 32);
  hygiene.secure_heap = check(heap != 0, "OpenSSL's secure heap could not be made: secrets lie in ordinary memory");
  check(heap != 2, "the secure heap could not be locked or guarded: raise RLIMIT_MEMLOCK above " +
                       std::to_string(kSecureHeapBytes >> 20) + " MiB to keep secrets out of swap");
  hygiene.transfers_zero = check(
      TransfersZero(), "libcurl was in use already when it was to be told to overwrite the memory that it gives back");

  // 1, as 0 does not keep cores from a program that core_pattern names (core(5)); and not more than there was.
  rlimit none{};
  ::getrlimit(RLIMIT_CORE, &none);
  none.rlim_cur = none.rlim_max = std::min<rlim_t>(none.rlim_max, 1);
  hygiene.no_core = ::setrlimit(RLIMIT_CORE, &none) == 0;
  check(hygiene.no_core, "RLIMIT_CORE could not be set: " + Because(errno));
  hygiene.not_dumpable = ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
  check(hygiene.not_dumpable, "PR_SET_DUMPABLE could not be set: " + Because(errno));
  return hygiene;
}

}  // namespace

MemoryHygiene HardenMemory() {
  static const MemoryHygiene hygiene = Harden();
  return hygiene;
}

}  // namespace warder
