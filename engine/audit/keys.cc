#include "engine/audit/keys.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include "engine/base/sha256.h"

namespace warder::audit {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using Key = std::shared_ptr<EVP_PKEY>;

constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kMaxPemBytes = std::size_t{64} << 10;  // a key has some hundred; the rest may be comments

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Key Own(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

// OpenSSL takes a size for an int, and nothing for a failure.
bool IsReadable(std::string_view pem) { return !pem.empty() && pem.size() <= kMaxPemBytes; }

// `text` is readable.
Bio Reader(std::string_view text) {
  Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  if (!bio) throw std::bad_alloc();
  return bio;
}

Context NewContext() {
  Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!context) throw std::bad_alloc();
  return context;
}

std::string_view TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

// OpenSSL would ask on the terminal otherwise.
int NoPassword(char*, int, int, void*) { return -1; }

bool IsEd25519(const Key& key) {
  ERR_clear_error();
  return key && EVP_PKEY_is_a(key.get(), "ED25519") == 1;
}

std::string IdOf(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) throw std::bad_alloc();
  Sha256 hash;
  hash.Update({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return hash.Hex();
}

}  // namespace

PublicKey::PublicKey(Key key) : key_(std::move(key)), id_(IdOf(key_.get())) {}

Result<PublicKey> PublicKey::FromPem(std::string_view pem) {
  Key key;
  if (IsReadable(pem)) key = Own(PEM_read_bio_PUBKEY(Reader(pem).get(), nullptr, NoPassword, nullptr));
  if (!IsEd25519(key)) return InvalidInput("it is not an Ed25519 public key in PEM (-----BEGIN PUBLIC KEY-----)");
  return PublicKey(std::move(key));
}

std::string PublicKey::Pem() const {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  if (!bio || PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1) throw std::bad_alloc();
  return std::string(TextOf(bio.get()));
}

bool PublicKey::Verify(std::string_view message, std::string_view signature) const {
  const Context context = NewContext();
  const bool valid =
      signature.size() == kSignatureBytes &&
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message), message.size()) == 1;
  ERR_clear_error();
  return valid;
}

SigningKey::SigningKey(Key key) : key_(std::move(key)), public_key_(key_) {}

SigningKey SigningKey::Generate() {
  Key key = Own(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!key) throw std::bad_alloc();
  return SigningKey(std::move(key));
}

Result<SigningKey> SigningKey::FromPem(std::string_view pem) {
  Key key;
  if (IsReadable(pem)) key = Own(PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, NoPassword, nullptr));
  if (!IsEd25519(key)) {
    return InvalidInput("it is not an unencrypted Ed25519 private key in PEM (-----BEGIN PRIVATE KEY-----)");
  }
  return SigningKey(std::move(key));
}

int SigningKey::WritePem(int fd) const {
  const Bio bio(BIO_new(BIO_s_secmem()), BIO_free);  // zeroed when it goes
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    throw std::bad_alloc();
  }
  std::string_view left = TextOf(bio.get());
  while (!left.empty()) {
    const ssize_t wrote = ::write(fd, left.data(), left.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno;
    left.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return 0;
}

std::string SigningKey::Sign(std::string_view message) const {
  const Context context = NewContext();
  std::array<unsigned char, kSignatureBytes> signature{};
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, Bytes(message), message.size()) != 1) {
    throw std::bad_alloc();  // Ed25519 has no other way to fail
  }
  return {reinterpret_cast<const char*>(signature.data()), size};
}

}  // namespace warder::audit
