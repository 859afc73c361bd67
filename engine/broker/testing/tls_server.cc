#include "engine/broker/testing/tls_server.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <stdexcept>

namespace warder::broker::testing {
namespace {

namespace asio = boost::asio;
using Stream = asio::ssl::stream<asio::ip::tcp::socket>;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};

std::unique_ptr<X509, Free> MakeCertificate(EVP_PKEY* key, const TlsServerOptions& options) {
  std::unique_ptr<X509, Free> certificate(X509_new());
  X509* x509 = certificate.get();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), -86'400);
  X509_gmtime_adj(X509_getm_notAfter(x509), options.expired ? -3'600 : 86'400);
  X509_set_pubkey(x509, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("warder test"), -1, -1, 0);
  X509_set_issuer_name(x509, X509_get_subject_name(x509));
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, x509, x509, nullptr, nullptr, 0);
  const std::string names = "DNS:" + options.certificate_host;
  const std::unique_ptr<X509_EXTENSION, Free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, names.c_str()));
  X509_add_ext(x509, extension.get(), -1);
  X509_sign(x509, key, EVP_sha256());
  return certificate;
}

struct Session : std::enable_shared_from_this<Session> {
  Session(asio::ip::tcp::socket socket, asio::ssl::context& context, TlsServerOptions server,
          std::shared_ptr<int> count)
      : stream(std::move(socket), context), options(std::move(server)), requests(std::move(count)) {}

  void Read() {
    asio::async_read_until(stream, buffer, "\r\n\r\n",
                           [self = shared_from_this()](boost::system::error_code error, std::size_t size) {
                             if (error) return;
                             self->buffer.consume(size);
                             ++*self->requests;
                             self->Write();
                           });
  }
  void Write() {
    asio::async_write(stream, asio::buffer(options.response),
                      [self = shared_from_this()](boost::system::error_code error, std::size_t /*size*/) {
                        if (error) return;
                        boost::system::error_code ignored;
                        if (self->options.close_rudely) {
                          self->stream.lowest_layer().close(ignored);
                        } else if (self->options.close_politely) {
                          self->stream.async_shutdown([self](boost::system::error_code /*error*/) {});
                        } else {
                          self->Read();
                        }
                      });
  }

  Stream stream;
  TlsServerOptions options;
  asio::streambuf buffer;
  std::shared_ptr<int> requests;
};

}  // namespace

TlsServer::TlsServer(asio::io_context& loop, TlsServerOptions options)
    : options_(std::move(options)),
      context_(asio::ssl::context::tls_server),
      acceptor_(loop, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
  const std::unique_ptr<EVP_PKEY, Free> key(EVP_EC_gen("P-256"));
  const auto certificate = MakeCertificate(key.get(), options_);
  SSL_CTX_use_certificate(context_.native_handle(), certificate.get());
  SSL_CTX_use_PrivateKey(context_.native_handle(), key.get());
  if (options_.only_tls_1_1) {
    SSL_CTX_set_cipher_list(context_.native_handle(), "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(context_.native_handle(), TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(context_.native_handle(), TLS1_1_VERSION);
  }
  ca_file_ = "/tmp/warder-test-ca-XXXXXX";
  const int fd = ::mkstemp(ca_file_.data());
  FILE* file = fd < 0 ? nullptr : ::fdopen(fd, "w");
  if (file == nullptr) throw std::runtime_error("no temporary file for the certificate");
  PEM_write_X509(file, certificate.get());
  ::fclose(file);
  Accept();
}

TlsServer::~TlsServer() { ::unlink(ca_file_.c_str()); }

void TlsServer::Accept() {
  acceptor_.async_accept([this](boost::system::error_code error, asio::ip::tcp::socket socket) {
    if (error) return;
    const auto session = std::make_shared<Session>(std::move(socket), context_, options_, requests_);
    session->stream.async_handshake(asio::ssl::stream_base::server, [session](boost::system::error_code failed) {
      if (!failed) session->Read();
    });
    Accept();
  });
}

}  // namespace warder::broker::testing
