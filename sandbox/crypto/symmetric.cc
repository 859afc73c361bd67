#include "sandbox/crypto/symmetric.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "sandbox/crypto/openssl.h"

namespace warder::crypto {
namespace {

constexpr std::size_t kBlockBytes = 16;
constexpr std::size_t kWrapBytes = 8;
// OpenSSL counts in int; a cell's memory ends long before.
constexpr std::size_t kMaxBytes = std::size_t{1} << 30;

const EVP_MD* Md(Hash hash) { return Fetched().hashes[static_cast<std::size_t>(hash)]; }

OSSL_PARAM HashParam(Hash hash) {
  return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>(HashName(hash)), 0);
}

OSSL_PARAM OctetParam(const char* name, Bytes bytes) {
  // An empty octet string must not be a null pointer: some readers take that for a missing one.
  static unsigned char nothing = 0;
  return OSSL_PARAM_construct_octet_string(name, bytes.empty() ? &nothing : const_cast<unsigned char*>(bytes.data()),
                                           bytes.size());
}

CipherContext StartAes(const char* mode, const AesCall& call, const OSSL_PARAM* params) {
  const std::string name = "AES-" + std::to_string(call.key.size() * 8) + "-" + mode;
  const Owned<EVP_CIPHER, EVP_CIPHER_free> cipher(EVP_CIPHER_fetch(nullptr, name.c_str(), nullptr));
  CipherContext context(EVP_CIPHER_CTX_new());
  if (!cipher || !context) return nullptr;
  if (call.mode == AesMode::kWrap) EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  const int encrypt = call.direction == Direction::kEncrypt ? 1 : 0;
  if (EVP_CipherInit_ex2(context.get(), cipher.get(), call.key.data(), call.iv.empty() ? nullptr : call.iv.data(),
                         encrypt, params) != 1) {
    return nullptr;
  }
  return context;
}

// All of `data`, then what is left in the context; nothing where OpenSSL refuses.
std::optional<Buffer> Run(EVP_CIPHER_CTX* context, Bytes data) {
  Buffer out(data.size() + 2 * kBlockBytes);
  int written = 0;
  int last = 0;
  if (EVP_CipherUpdate(context, out.data(), &written, data.data(), static_cast<int>(data.size())) != 1 ||
      EVP_CipherFinal_ex(context, out.data() + written, &last) != 1) {
    return std::nullopt;
  }
  out.resize(static_cast<std::size_t>(written) + static_cast<std::size_t>(last));
  return out;
}

std::optional<Buffer> RunCbc(const AesCall& call) {
  if (call.iv.size() != kBlockBytes) return std::nullopt;
  const auto context = StartAes("CBC", call, nullptr);
  return context ? Run(context.get(), call.data) : std::nullopt;
}

std::optional<Buffer> RunGcm(const AesCall& call) {
  const bool encrypt = call.direction == Direction::kEncrypt;
  std::size_t iv_bytes = call.iv.size();
  std::size_t tag_bytes = call.number;
  if (iv_bytes == 0 || tag_bytes > kBlockBytes || (!encrypt && call.data.size() < tag_bytes)) return std::nullopt;
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_AEAD_IVLEN, &iv_bytes),
                               OSSL_PARAM_construct_end()};
  const auto context = StartAes("GCM", call, params);
  if (!context) return std::nullopt;
  const Bytes text = encrypt ? call.data : call.data.first(call.data.size() - tag_bytes);
  std::array<unsigned char, kBlockBytes> tag{};
  if (!encrypt) {
    const Bytes given = call.data.last(tag_bytes);
    std::copy(given.begin(), given.end(), tag.begin());
    if (EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag_bytes), tag.data()) != 1) {
      return std::nullopt;
    }
  }
  int ignored = 0;
  if (!call.additional.empty() && EVP_CipherUpdate(context.get(), nullptr, &ignored, call.additional.data(),
                                                   static_cast<int>(call.additional.size())) != 1) {
    return std::nullopt;
  }
  auto out = Run(context.get(), text);
  if (!out || !encrypt) return out;
  if (EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag_bytes), tag.data()) != 1) {
    return std::nullopt;
  }
  out->insert(out->end(), tag.begin(), tag.begin() + static_cast<std::ptrdiff_t>(tag_bytes));
  return out;
}

// The low `bits` of a big-endian block as a number, capped: data is never so long that the rest would matter.
std::uint64_t BlocksUntilWrap(Bytes counter, unsigned bits) {
  constexpr unsigned kEnough = 40;
  std::uint64_t value = 0;
  for (unsigned bit = bits; bit-- > 0;) {
    const unsigned char byte = counter[kBlockBytes - 1 - bit / 8];
    const bool set = ((byte >> (bit % 8)) & 1) != 0;
    // A bit that is not set this high leaves more blocks than any data has.
    if (bit >= kEnough && !set) return UINT64_MAX;
    if (bit < kEnough) value = (value << 1) | (set ? 1 : 0);
  }
  return (std::uint64_t{1} << std::min(bits, kEnough)) - value;
}

std::array<unsigned char, kBlockBytes> WithoutLowBits(Bytes counter, unsigned bits) {
  std::array<unsigned char, kBlockBytes> block{};
  std::copy(counter.begin(), counter.end(), block.begin());
  for (unsigned bit = 0; bit < bits; ++bit) {
    block[kBlockBytes - 1 - bit / 8] &= static_cast<unsigned char>(~(1U << (bit % 8)));
  }
  return block;
}

// OpenSSL's counter is the whole block. Ours is its low bits: where they wrap, a second part starts at zero, and a
// counter never comes round to where it began.
std::optional<Buffer> RunCtr(const AesCall& call) {
  const unsigned bits = call.number;
  if (call.iv.size() != kBlockBytes || bits == 0 || bits > 8 * kBlockBytes) return std::nullopt;
  const std::uint64_t blocks = (call.data.size() + kBlockBytes - 1) / kBlockBytes;
  if (bits < 64 && blocks > (std::uint64_t{1} << bits)) return std::nullopt;
  const std::uint64_t before = std::min(blocks, BlocksUntilWrap(call.iv, bits));
  const std::size_t split = std::min(call.data.size(), static_cast<std::size_t>(before) * kBlockBytes);
  const auto context = StartAes("CTR", call, nullptr);
  auto out = context ? Run(context.get(), call.data.first(split)) : std::nullopt;
  if (!out || split == call.data.size()) return out;
  const auto wrapped = WithoutLowBits(call.iv, bits);
  AesCall second = call;
  second.iv = wrapped;
  const auto again = StartAes("CTR", second, nullptr);
  const auto rest = again ? Run(again.get(), call.data.subspan(split)) : std::nullopt;
  if (!rest) return std::nullopt;
  out->insert(out->end(), rest->begin(), rest->end());
  return out;
}

std::optional<Buffer> RunWrap(const AesCall& call) {
  const std::size_t smallest = call.direction == Direction::kEncrypt ? 2 * kWrapBytes : 3 * kWrapBytes;
  if (!call.iv.empty() || call.data.size() < smallest || call.data.size() % kWrapBytes != 0) return std::nullopt;
  const auto context = StartAes("WRAP", call, nullptr);
  return context ? Run(context.get(), call.data) : std::nullopt;
}

std::optional<Buffer> Derive(EVP_KDF* kdf, const OSSL_PARAM* params, std::size_t bytes) {
  const NoErrors cleared;
  const KdfContext context(EVP_KDF_CTX_new(kdf));
  Buffer out(bytes);
  if (!context || EVP_KDF_derive(context.get(), out.data(), out.size(), params) != 1) return std::nullopt;
  return out;
}

}  // namespace

std::optional<Buffer> Digest(Hash hash, Bytes data) {
  const NoErrors cleared;
  Buffer out(static_cast<std::size_t>(EVP_MD_get_size(Md(hash))));
  if (EVP_Digest(data.data(), data.size(), out.data(), nullptr, Md(hash), nullptr) != 1) return std::nullopt;
  return out;
}

std::optional<Buffer> Hmac(Bytes key, Hash hash, Bytes data) {
  const NoErrors cleared;
  const MacContext context(EVP_MAC_CTX_new(Fetched().hmac));
  const OSSL_PARAM params[] = {HashParam(hash), OSSL_PARAM_construct_end()};
  Buffer out(EVP_MAX_MD_SIZE);
  std::size_t size = 0;
  if (!context || key.empty() || EVP_MAC_init(context.get(), key.data(), key.size(), params) != 1 ||
      EVP_MAC_update(context.get(), data.data(), data.size()) != 1 ||
      EVP_MAC_final(context.get(), out.data(), &size, out.size()) != 1) {
    return std::nullopt;
  }
  out.resize(size);
  return out;
}

std::optional<Buffer> Aes(const AesCall& call) {
  const NoErrors cleared;
  if (std::max({call.iv.size(), call.additional.size(), call.data.size()}) > kMaxBytes) return std::nullopt;
  switch (call.mode) {
    case AesMode::kCbc:
      return RunCbc(call);
    case AesMode::kCtr:
      return RunCtr(call);
    case AesMode::kGcm:
      return RunGcm(call);
    case AesMode::kWrap:
      return RunWrap(call);
  }
  return std::nullopt;
}

std::optional<Buffer> Hkdf(Bytes key, Hash hash, Bytes salt, Bytes info, std::size_t bytes) {
  const OSSL_PARAM params[] = {HashParam(hash), OctetParam(OSSL_KDF_PARAM_KEY, key),
                               OctetParam(OSSL_KDF_PARAM_SALT, salt), OctetParam(OSSL_KDF_PARAM_INFO, info),
                               OSSL_PARAM_construct_end()};
  return Derive(Fetched().hkdf, params, bytes);
}

std::optional<Buffer> Pbkdf2(Bytes password, Hash hash, Bytes salt, std::uint32_t iterations, std::size_t bytes) {
  int no_lower_bounds = 1;  // SP 800-132 would refuse short salts, which the standard allows
  std::uint64_t count = iterations;
  const OSSL_PARAM params[] = {HashParam(hash),
                               OctetParam(OSSL_KDF_PARAM_PASSWORD, password),
                               OctetParam(OSSL_KDF_PARAM_SALT, salt),
                               OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_ITER, &count),
                               OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &no_lower_bounds),
                               OSSL_PARAM_construct_end()};
  return Derive(Fetched().pbkdf2, params, bytes);
}

}  // namespace warder::crypto
