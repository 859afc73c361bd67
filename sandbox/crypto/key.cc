#include "sandbox/crypto/key.h"

#include <openssl/core_names.h>

#include "sandbox/crypto/seed_provider.h"

namespace warder::crypto {
namespace {

// Measured on an idle heap with OpenSSL 3.6: what a key of a family takes, and for RSA what it takes beside its
// numbers, each of which is held twice, as itself and as a Montgomery form.
constexpr std::size_t kObjectBytes = 512;
constexpr std::size_t kPkeyBytes = std::size_t{4} << 10;
constexpr std::size_t kModuliOfAnRsaKey = 12;

std::optional<KeyPair> Split(Family family, Pkey pkey) {
  if (!pkey) return std::nullopt;
  Key private_key(family, Part::kPrivate, std::move(pkey));
  auto public_key = PublicOf(private_key);
  if (!public_key) return std::nullopt;
  return KeyPair{std::move(*public_key), std::move(private_key)};
}

int GoOn(EVP_PKEY_CTX* context) {
  const auto stop = reinterpret_cast<bool (*)()>(EVP_PKEY_CTX_get_app_data(context));
  return stop() ? 0 : 1;
}

}  // namespace

const char* TypeName(Family family) {
  static constexpr std::array kNames = {"RSA", "EC", "EC", "EC", "ED25519", "X25519"};
  static_assert(kNames.size() == kFamilies);
  return kNames[static_cast<std::size_t>(family)];
}

const char* GroupName(Family family) {
  static constexpr std::array kNames = {"prime256v1", "secp384r1", "secp521r1"};
  return IsCurve(family) ? kNames[static_cast<std::size_t>(family) - static_cast<std::size_t>(Family::kP256)] : nullptr;
}

std::size_t FieldBytes(Family family) {
  static constexpr std::array<std::size_t, kFamilies> kSizes = {0, 32, 48, 66, 32, 32};
  return kSizes[static_cast<std::size_t>(family)];
}

EVP_PKEY* Key::pkey() const {
  const auto* const pkey = std::get_if<Pkey>(&material_);
  return pkey != nullptr ? pkey->get() : nullptr;
}

std::size_t Key::Weight() const {
  if (const Buffer* const bytes = secret()) return kObjectBytes + bytes->size();
  const auto modulus = static_cast<std::size_t>(family_ == Family::kRsa ? EVP_PKEY_get_size(pkey()) : 0);
  return kPkeyBytes + kModuliOfAnRsaKey * modulus;
}

std::optional<Key> PublicOf(const Key& key) {
  const NoErrors cleared;
  OSSL_PARAM* parts = nullptr;
  if (EVP_PKEY_todata(key.pkey(), EVP_PKEY_PUBLIC_KEY, &parts) != 1) return std::nullopt;
  const Params owner(parts);
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, TypeName(key.family()), nullptr));
  EVP_PKEY* pkey = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &pkey, EVP_PKEY_PUBLIC_KEY, parts) != 1) {
    return std::nullopt;
  }
  return Key(key.family(), Part::kPublic, Pkey(pkey));
}

std::optional<Key> GenerateSecret(std::size_t bytes) {
  Buffer secret(bytes);
  if (!RandomBytes(secret.data(), secret.size())) return std::nullopt;
  return Key(std::move(secret));
}

std::optional<KeyPair> GenerateRsa(unsigned int bits, Bytes exponent, bool (*stop)()) {
  const NoErrors cleared;
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  const Bignum e(BN_bin2bn(exponent.data(), static_cast<int>(exponent.size()), nullptr));
  if (!context || !builder || !e || OSSL_PARAM_BLD_push_uint(builder.get(), OSSL_PKEY_PARAM_RSA_BITS, bits) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return std::nullopt;
  }
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  if (!params || EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_params(context.get(), params.get()) != 1) {
    return std::nullopt;
  }
  EVP_PKEY_CTX_set_app_data(context.get(), reinterpret_cast<void*>(stop));
  EVP_PKEY_CTX_set_cb(context.get(), GoOn);
  EVP_PKEY* pkey = nullptr;
  EVP_PKEY_generate(context.get(), &pkey);
  return Split(Family::kRsa, Pkey(pkey));
}

std::optional<KeyPair> GeneratePair(Family family) {
  const NoErrors cleared;
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, TypeName(family), nullptr));
  if (!context || EVP_PKEY_keygen_init(context.get()) != 1) return std::nullopt;
  if (IsCurve(family) && EVP_PKEY_CTX_set_group_name(context.get(), GroupName(family)) != 1) return std::nullopt;
  EVP_PKEY* pkey = nullptr;
  EVP_PKEY_generate(context.get(), &pkey);
  return Split(family, Pkey(pkey));
}

}  // namespace warder::crypto
