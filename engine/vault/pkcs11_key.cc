#include "engine/vault/pkcs11_key.h"

#include <dlfcn.h>
#include <libp11.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <map>
#include <mutex>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/vault/xaes.h"

namespace warder::vault {
namespace {

constexpr int kLeastKeyBits = 2048;
constexpr char kFormat = 1;
constexpr std::size_t kMacBytes = 32;
// What the token signs for the MAC's key. Nothing else may ever have it signed.
constexpr std::string_view kMacText = "warder: the key that authenticates wrapped data keys, version 1";

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* Bytes(char* text) { return reinterpret_cast<unsigned char*>(text); }

struct FreeOpenSsl {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using PublicKey = std::unique_ptr<EVP_PKEY, FreeOpenSsl>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeOpenSsl>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeOpenSsl>;

// What the last failing call has left in OpenSSL's queue, which is emptied.
std::string Why() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  const char* const reason = ERR_reason_error_string(code);
  if (reason != nullptr) return reason;
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

// A module with its tokens. A process has one of each: initialising, logging in and closing concern all of its users.
class Module {
 public:
  static Result<std::shared_ptr<Module>> Load(const std::filesystem::path& path) {
    static std::map<std::filesystem::path, std::weak_ptr<Module>> loaded;
    const std::lock_guard lock(LoadMutex());
    if (std::shared_ptr<Module> there = loaded[path].lock()) return there;
    const auto cannot = [&](const std::string& why) {
      return InvalidInput("the PKCS#11 module " + path.string() + " cannot be loaded: " + why);
    };
    if (!path.is_absolute()) return cannot("name it with its whole path");
    // libp11 would tell the reason on stderr only.
    void* const tried = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (tried == nullptr) return cannot(::dlerror());
    std::shared_ptr<Module> module(new Module);
    const Result<void> opened = module->Open(path);
    ::dlclose(tried);
    if (!opened) return opened.error();
    loaded[path] = module;
    return module;
  }
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module() {
    if (slots_ != nullptr) PKCS11_release_all_slots(context_, slots_, count_);
    if (loaded_) PKCS11_CTX_unload(context_);
    if (context_ != nullptr) PKCS11_CTX_free(context_);
  }

  // Held while one is loaded, and by whoever gives one back: the last closes it for all.
  static std::mutex& LoadMutex() {
    static std::mutex mutex;
    return mutex;
  }
  // Held while a token does something.
  std::mutex& mutex() { return mutex_; }

  // The pair's private half, which belongs to the module. Logs in.
  Result<PKCS11_KEY*> Find(const Pkcs11Options& options) {
    PKCS11_SLOT* slot = PKCS11_find_token(context_, slots_, count_);
    while (slot != nullptr && (slot->token->label == nullptr || slot->token->label != options.token)) {
      slot = PKCS11_find_next_token(context_, slots_, count_, slot);
    }
    if (slot == nullptr) {
      return InvalidInput("the PKCS#11 module " + options.module.string() + " has no token with the label " +
                          options.token);
    }
    if (slot->token->userPinLocked != 0) return InvalidInput("the PIN of the token " + options.token + " is locked");
    const Secret pin = Secret::Join({options.pin.view(), std::string_view("\0", 1)});
    if (PKCS11_login(slot, 0, pin.view().data()) != 0) {
      return InvalidInput("the token " + options.token + " does not let us in: " + Why());
    }
    PKCS11_KEY* keys = nullptr;
    unsigned int count = 0;
    if (PKCS11_enumerate_keys(slot->token, &keys, &count) != 0) {
      return Internal("the token " + options.token + " does not list its keys: " + Why());
    }
    for (unsigned int i = 0; i < count; ++i) {
      if (keys[i].label != nullptr && keys[i].label == options.key) return &keys[i];
    }
    return InvalidInput("the token " + options.token + " has no private key with the label " + options.key);
  }

 private:
  Module() : context_(PKCS11_CTX_new()) {}

  Result<void> Open(const std::filesystem::path& path) {
    loaded_ = context_ != nullptr && PKCS11_CTX_load(context_, path.c_str()) == 0;
    if (!loaded_) return InvalidInput("the PKCS#11 module " + path.string() + " cannot be loaded: " + Why());
    if (PKCS11_enumerate_slots(context_, &slots_, &count_) == 0) return {};
    return Internal("the PKCS#11 module " + path.string() + " does not list its tokens: " + Why());
  }

  std::mutex mutex_;
  PKCS11_CTX* context_;
  bool loaded_ = false;
  PKCS11_SLOT* slots_ = nullptr;
  unsigned int count_ = 0;
};

// OAEP with SHA-256 for both of its hashes (RFC 8017), and `label`.
bool SetOaep(EVP_PKEY_CTX* context, std::string_view label) {
  if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) != 1) {
    return false;
  }
  void* const copy = OPENSSL_memdup(label.data(), label.size());
  if (copy == nullptr) return false;
  if (EVP_PKEY_CTX_set0_rsa_oaep_label(context, copy, static_cast<int>(label.size())) == 1) return true;
  OPENSSL_free(copy);
  return false;
}

class Pkcs11Key : public KeyEncryption {
 public:
  Pkcs11Key() = default;
  Pkcs11Key(const Pkcs11Key&) = delete;
  Pkcs11Key& operator=(const Pkcs11Key&) = delete;
  ~Pkcs11Key() override {
    const std::lock_guard lock(Module::LoadMutex());
    private_.reset();
    module_.reset();
  }

  Result<void> Open(const Pkcs11Options& options) {
    Result<std::shared_ptr<Module>> module = Module::Load(options.module);
    if (!module) return module.error();
    module_ = std::move(*module);
    const std::lock_guard lock(module_->mutex());
    const Result<PKCS11_KEY*> key = module_->Find(options);
    if (!key) return key.error();
    name_ = options.token + "/" + options.key;
    private_.reset(PKCS11_get_private_key(*key));
    if (!private_ || EVP_PKEY_get_base_id(private_.get()) != EVP_PKEY_RSA ||
        EVP_PKEY_get_bits(private_.get()) < kLeastKeyBits) {
      return InvalidInput("the key " + name_ + " is not an RSA key of at least 2048 bits");
    }
    if (Result<void> copied = CopyPublic(); !copied) return copied;
    return MakeMacKey();
  }

  const std::string& id() const override { return id_; }

  Result<std::string> Wrap(const Secret& data_key, const SealContext& context) override {
    const KeyContext encrypt(EVP_PKEY_CTX_new(public_.get(), nullptr));
    std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(public_.get()));
    std::string wrapped(size, '\0');
    if (!encrypt || EVP_PKEY_encrypt_init(encrypt.get()) != 1 || !SetOaep(encrypt.get(), context.bytes()) ||
        EVP_PKEY_encrypt(encrypt.get(), Bytes(wrapped.data()), &size, Bytes(data_key.view()), data_key.view().size()) !=
            1) {
      return Internal("the key " + name_ + " cannot encrypt: " + Why());
    }
    wrapped.resize(size);
    return kFormat + Mac(wrapped, context) + wrapped;
  }

  Result<Secret> Unwrap(std::string_view wrapped, const SealContext& context) override {
    const auto not_ours = [&] { return InvalidInput("it was not wrapped by " + id_ + ", or was changed"); };
    if (wrapped.size() <= 1 + kMacBytes || wrapped.front() != kFormat) return not_ours();
    const std::string_view body = wrapped.substr(1 + kMacBytes);
    const std::string mac = Mac(body, context);
    // Before the token is asked, so that nobody can ask it anything through us.
    if (CRYPTO_memcmp(mac.data(), wrapped.data() + 1, kMacBytes) != 0) return not_ours();

    const std::lock_guard lock(module_->mutex());
    const KeyContext decrypt(EVP_PKEY_CTX_new(private_.get(), nullptr));
    Secret padded = Secret::Zeroes(static_cast<std::size_t>(EVP_PKEY_get_size(private_.get())));
    std::size_t size = padded.view().size();
    if (!decrypt || EVP_PKEY_decrypt_init(decrypt.get()) != 1 || !SetOaep(decrypt.get(), context.bytes()) ||
        EVP_PKEY_decrypt(decrypt.get(), Bytes(padded.data()), &size, Bytes(body), body.size()) != 1) {
      return Internal("the token does not decrypt with " + name_ + ": " + Why());
    }
    return Secret(padded.view().substr(0, size));
  }

 private:
  // One of our own, so that wrapping needs no token.
  Result<void> CopyPublic() {
    unsigned char* encoded = nullptr;
    const int size = i2d_PUBKEY(private_.get(), &encoded);
    if (size <= 0) return Internal("the public half of the key " + name_ + " cannot be read: " + Why());
    const unsigned char* at = encoded;
    public_.reset(d2i_PUBKEY(nullptr, &at, size));
    Sha256 digest;
    digest.Update({reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(size)});
    OPENSSL_free(encoded);
    if (!public_) return Internal("the public half of the key " + name_ + " cannot be read: " + Why());
    id_ = "pkcs11:" + digest.Hex().substr(0, 32);
    return {};
  }

  Result<void> MakeMacKey() {
    const DigestContext sign(EVP_MD_CTX_new());
    Secret signature = Secret::Zeroes(static_cast<std::size_t>(EVP_PKEY_get_size(private_.get())));
    std::size_t size = signature.view().size();
    EVP_PKEY_CTX* settings = nullptr;
    if (!sign || EVP_DigestSignInit(sign.get(), &settings, EVP_sha256(), nullptr, private_.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PADDING) != 1 ||
        EVP_DigestSign(sign.get(), Bytes(signature.data()), &size, Bytes(kMacText), kMacText.size()) != 1) {
      return InvalidInput("the token does not sign with the key " + name_ +
                          " (it needs CKA_SIGN and CKA_DECRYPT): " + Why());
    }
    Secret mac_key = Secret::Zeroes(kMacBytes);
    unsigned int written = 0;
    if (EVP_Digest(signature.view().data(), size, Bytes(mac_key.data()), &written, EVP_sha256(), nullptr) != 1) {
      return Internal("OpenSSL cannot do SHA-256");
    }
    mac_key_ = std::move(mac_key);
    return {};
  }

  std::string Mac(std::string_view body, const SealContext& context) const {
    SealContext bound("warder wrapped key 1");
    bound.Add(context.bytes()).Add(body);
    std::string mac(kMacBytes, '\0');
    unsigned int size = 0;
    if (HMAC(EVP_sha256(), mac_key_.view().data(), static_cast<int>(mac_key_.view().size()), Bytes(bound.bytes()),
             bound.bytes().size(), Bytes(mac.data()), &size) == nullptr) {
      throw std::bad_alloc();
    }
    return mac;
  }

  std::shared_ptr<Module> module_;  // outlives what came from it
  PublicKey private_;
  PublicKey public_;
  Secret mac_key_;
  std::string name_;
  std::string id_;
};

}  // namespace

Result<std::unique_ptr<KeyEncryption>> OpenPkcs11Key(const Pkcs11Options& options) {
  auto key = std::make_unique<Pkcs11Key>();
  if (Result<void> opened = key->Open(options); !opened) return opened.error();
  return std::unique_ptr<KeyEncryption>(std::move(key));
}

}  // namespace warder::vault
