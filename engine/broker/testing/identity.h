// A key and a certificate for it, signed with it: its own authority. Its files live as long as it does.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace warder::broker::testing {

class Identity {
 public:
  // `host`: the name that the certificate is for.
  explicit Identity(const std::string& host, bool expired = false);
  ~Identity();
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;
  Identity(Identity&&) = delete;
  Identity& operator=(Identity&&) = delete;

  void UseIn(SSL_CTX* context) const;
  X509* certificate() const { return certificate_.get(); }
  // PEM file with the certificate.
  const std::string& file() const { return file_; }
  std::string key_pem() const;
  // As in `tls pin`.
  std::string pin() const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
  };

  std::unique_ptr<EVP_PKEY, Free> key_;
  std::unique_ptr<X509, Free> certificate_;
  std::string file_;
};

}  // namespace warder::broker::testing
