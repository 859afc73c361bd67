#include "engine/base/secret.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

namespace warder {
namespace {

std::atomic<std::uint64_t> unprotected = 0;

}  // namespace

std::uint64_t UnprotectedSecrets() { return unprotected; }

Secret::Bytes Secret::Allocate(std::size_t size) {
  size = std::max<std::size_t>(size, 1);
  // Without a secure heap OPENSSL_secure_malloc would take ordinary memory, and nobody would know.
  void* bytes = CRYPTO_secure_malloc_initialized() == 1 ? OPENSSL_secure_malloc(size) : nullptr;
  if (bytes == nullptr) {
    bytes = std::malloc(size);
    if (bytes == nullptr) throw std::bad_alloc();
    ++unprotected;
  }
  std::memset(bytes, 0, size);
  return Bytes(static_cast<char*>(bytes));
}

void Secret::Free::operator()(char* bytes) const {
  // The secure heap overwrites the whole of its piece.
  if (CRYPTO_secure_allocated(bytes) == 1) {
    OPENSSL_secure_free(bytes);
  } else {
    std::free(bytes);
  }
}

}  // namespace warder
