#include "engine/vault/xaes.h"

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <new>
#include <stdexcept>

namespace warder::vault {
namespace {

constexpr std::size_t kBlock = 16;
constexpr std::size_t kHalfNonce = 12;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

Context MakeContext() {
  Context context(EVP_CIPHER_CTX_new());
  if (!context) throw std::bad_alloc();
  return context;
}

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* Bytes(char* text) { return reinterpret_cast<unsigned char*>(text); }

// OpenSSL counts in int. Nothing of ours is near it.
int Size(std::string_view bytes) {
  if (bytes.size() > (1u << 30)) throw std::length_error("too many bytes for one message");
  return static_cast<int>(bytes.size());
}

void Check(int code) {
  if (code != 1) throw std::runtime_error("OpenSSL cannot do AES-256");
}

// What `blocks` whole blocks are under AES-256, each for itself.
void EncryptBlocks(EVP_CIPHER_CTX* context, std::string_view blocks, char* out) {
  int written = 0;
  Check(EVP_EncryptUpdate(context, Bytes(out), &written, Bytes(blocks), Size(blocks)));
}

// Steps 1 to 5 of the specification.
Secret DeriveKey(const Secret& key, std::string_view half_nonce) {
  const Context context = MakeContext();
  Check(EVP_EncryptInit_ex2(context.get(), EVP_aes_256_ecb(), Bytes(key.view()), nullptr, nullptr));
  Check(EVP_CIPHER_CTX_set_padding(context.get(), 0));

  Secret subkey = Secret::Zeroes(kBlock);
  EncryptBlocks(context.get(), std::string(kBlock, '\0'), subkey.data());
  // Doubling in GF(2^128), without a branch on the secret.
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(subkey.view()[at]); };
  const unsigned overflow = byte(0) >> 7;
  for (std::size_t at = 0; at < kBlock; ++at) {
    const unsigned next = at + 1 < kBlock ? byte(at + 1) >> 7 : 0u;
    subkey.data()[at] = static_cast<char>(byte(at) << 1 | next);
  }
  subkey.data()[kBlock - 1] = static_cast<char>(byte(kBlock - 1) ^ (0x87u & (0u - overflow)));

  Secret messages = Secret::Zeroes(2 * kBlock);
  for (std::size_t i = 0; i < 2; ++i) {
    char* const message = messages.data() + i * kBlock;
    message[1] = static_cast<char>(i + 1);
    message[2] = 'X';
    half_nonce.copy(message + 4, kHalfNonce);
    for (std::size_t at = 0; at < kBlock; ++at) message[at] = static_cast<char>(message[at] ^ subkey.view()[at]);
  }
  Secret derived = Secret::Zeroes(2 * kBlock);
  EncryptBlocks(context.get(), messages.view(), derived.data());
  return derived;
}

void CheckSizes(const Secret& key, std::string_view nonce) {
  if (key.view().size() != kXaesKeyBytes || nonce.size() != kXaesNonceBytes) {
    throw std::invalid_argument("a key has 32 bytes, and a nonce 24");
  }
}

}  // namespace

std::string XaesEncrypt(const Secret& key, std::string_view nonce, std::string_view plaintext, std::string_view aad) {
  CheckSizes(key, nonce);
  const Secret derived = DeriveKey(key, nonce.substr(0, kHalfNonce));
  const Context context = MakeContext();
  Check(EVP_EncryptInit_ex2(context.get(), EVP_aes_256_gcm(), Bytes(derived.view()), Bytes(nonce.substr(kHalfNonce)),
                            nullptr));
  int written = 0;
  Check(EVP_EncryptUpdate(context.get(), nullptr, &written, Bytes(aad), Size(aad)));
  std::string sealed(plaintext.size() + kXaesTagBytes, '\0');
  Check(EVP_EncryptUpdate(context.get(), Bytes(sealed.data()), &written, Bytes(plaintext), Size(plaintext)));
  Check(EVP_EncryptFinal_ex(context.get(), Bytes(sealed.data() + plaintext.size()), &written));
  Check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kXaesTagBytes, sealed.data() + plaintext.size()));
  return sealed;
}

std::optional<Secret> XaesDecrypt(const Secret& key, std::string_view nonce, std::string_view ciphertext,
                                  std::string_view aad) {
  CheckSizes(key, nonce);
  if (ciphertext.size() < kXaesTagBytes) return std::nullopt;
  const std::string_view body = ciphertext.substr(0, ciphertext.size() - kXaesTagBytes);
  std::array<char, kXaesTagBytes> tag{};
  ciphertext.substr(body.size()).copy(tag.data(), tag.size());

  const Secret derived = DeriveKey(key, nonce.substr(0, kHalfNonce));
  const Context context = MakeContext();
  Check(EVP_DecryptInit_ex2(context.get(), EVP_aes_256_gcm(), Bytes(derived.view()), Bytes(nonce.substr(kHalfNonce)),
                            nullptr));
  int written = 0;
  Check(EVP_DecryptUpdate(context.get(), nullptr, &written, Bytes(aad), Size(aad)));
  Secret plaintext = Secret::Zeroes(body.size());
  Check(EVP_DecryptUpdate(context.get(), Bytes(plaintext.data()), &written, Bytes(body), Size(body)));
  Check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kXaesTagBytes, tag.data()));
  std::array<unsigned char, kBlock> rest{};
  if (EVP_DecryptFinal_ex(context.get(), rest.data(), &written) != 1) return std::nullopt;
  return plaintext;
}

}  // namespace warder::vault
