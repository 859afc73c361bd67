#include "sandbox/crypto/seed_provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

namespace warder::crypto {
namespace {

constexpr char kProvider[] = "warder-seed";
constexpr char kGenerator[] = "WARDER-SEED";
constexpr char kProperties[] = "provider=warder-seed";
constexpr unsigned int kStrengthBits = 256;  // of a seed
constexpr std::size_t kMaxRequestBytes = std::size_t{1} << 20;

// OpenSSL gives a built-in provider nothing of ours to hold, and a process has one execution.
RandomSource random_source = nullptr;
void* random_context = nullptr;

// A generator has no state of its own; it needs an address.
char generator;

void* NewGenerator(void*, void*, const OSSL_DISPATCH*) { return &generator; }
void FreeGenerator(void*) {}
int Instantiate(void*, unsigned int, int, const unsigned char*, std::size_t, const OSSL_PARAM*) { return 1; }
int Uninstantiate(void*) { return 1; }
int Generate(void*, unsigned char* out, std::size_t size, unsigned int strength, int, const unsigned char*,
             std::size_t) {
  return strength <= kStrengthBits && RandomBytes(out, size) ? 1 : 0;
}
int Reseed(void*, int, const unsigned char*, std::size_t, const unsigned char*, std::size_t) { return 1; }
// One thread.
int EnableLocking(void*) { return 1; }

const OSSL_PARAM* GettableParams(void*, void*) {
  static const OSSL_PARAM params[] = {OSSL_PARAM_int(OSSL_RAND_PARAM_STATE, nullptr),
                                      OSSL_PARAM_uint(OSSL_RAND_PARAM_STRENGTH, nullptr),
                                      OSSL_PARAM_size_t(OSSL_RAND_PARAM_MAX_REQUEST, nullptr), OSSL_PARAM_END};
  return params;
}

int GetParams(void*, OSSL_PARAM* params) {
  OSSL_PARAM* const state = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STATE);
  OSSL_PARAM* const strength = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STRENGTH);
  OSSL_PARAM* const most = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_MAX_REQUEST);
  const bool all = (state == nullptr || OSSL_PARAM_set_int(state, EVP_RAND_STATE_READY) == 1) &&
                   (strength == nullptr || OSSL_PARAM_set_uint(strength, kStrengthBits) == 1) &&
                   (most == nullptr || OSSL_PARAM_set_size_t(most, kMaxRequestBytes) == 1);
  return all ? 1 : 0;
}

template <typename Function>
OSSL_DISPATCH Entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

const OSSL_ALGORITHM* Query(void*, int operation, int* no_cache) {
  static const OSSL_DISPATCH functions[] = {Entry(OSSL_FUNC_RAND_NEWCTX, NewGenerator),
                                            Entry(OSSL_FUNC_RAND_FREECTX, FreeGenerator),
                                            Entry(OSSL_FUNC_RAND_INSTANTIATE, Instantiate),
                                            Entry(OSSL_FUNC_RAND_UNINSTANTIATE, Uninstantiate),
                                            Entry(OSSL_FUNC_RAND_GENERATE, Generate),
                                            Entry(OSSL_FUNC_RAND_RESEED, Reseed),
                                            Entry(OSSL_FUNC_RAND_ENABLE_LOCKING, EnableLocking),
                                            Entry(OSSL_FUNC_RAND_GETTABLE_CTX_PARAMS, GettableParams),
                                            Entry(OSSL_FUNC_RAND_GET_CTX_PARAMS, GetParams),
                                            {0, nullptr}};
  static const OSSL_ALGORITHM algorithms[] = {{kGenerator, kProperties, functions, nullptr},
                                              {nullptr, nullptr, nullptr, nullptr}};
  *no_cache = 0;
  return operation == OSSL_OP_RAND ? algorithms : nullptr;
}

int InitProvider(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH*, const OSSL_DISPATCH** out, void** context) {
  static const OSSL_DISPATCH functions[] = {Entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, Query), {0, nullptr}};
  *out = functions;
  *context = const_cast<OSSL_CORE_HANDLE*>(handle);  // it wants something that is not null
  return 1;
}

bool IsOurs(EVP_RAND_CTX* context) {
  return context != nullptr && EVP_RAND_is_a(EVP_RAND_CTX_get0_rand(context), kGenerator) == 1;
}

}  // namespace

bool InstallSeedProvider() {
  // Its generators are also their own seed, so nothing of the system's is ever asked.
  return OSSL_PROVIDER_add_builtin(nullptr, kProvider, InitProvider) == 1 &&
         OSSL_PROVIDER_load(nullptr, kProvider) != nullptr &&
         RAND_set_DRBG_type(nullptr, kGenerator, kProperties, nullptr, nullptr) == 1 &&
         RAND_set_seed_source_type(nullptr, kGenerator, kProperties) == 1 && IsOurs(RAND_get0_primary(nullptr)) &&
         IsOurs(RAND_get0_public(nullptr)) && IsOurs(RAND_get0_private(nullptr));
}

void SetRandomSource(RandomSource source, void* context) {
  random_source = source;
  random_context = context;
}

bool RandomBytes(unsigned char* out, std::size_t size) {
  if (random_source == nullptr) return false;
  random_source(random_context, out, size);
  return true;
}

}  // namespace warder::crypto
