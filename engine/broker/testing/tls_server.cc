#include "engine/broker/testing/tls_server.h"

#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

namespace warder::broker::testing {
namespace {

namespace asio = boost::asio;
using Stream = asio::ssl::stream<asio::ip::tcp::socket>;

// A server that offers HTTP/2 alone: RFC 7301, section 3.2.
int RefuseProtocols(SSL* /*session*/, const unsigned char** /*out*/, unsigned char* /*out_size*/,
                    const unsigned char* /*in*/, unsigned /*in_size*/, void* /*argument*/) {
  return SSL_TLSEXT_ERR_ALERT_FATAL;
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
      identity_(options_.certificate_host, options_.expired),
      context_(asio::ssl::context::tls_server),
      acceptor_(loop, asio::ip::tcp::endpoint(asio::ip::make_address(options_.address), 0)) {
  SSL_CTX* context = context_.native_handle();
  identity_.UseIn(context);
  if (options_.only_tls_1_1) {
    SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(context, TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
  }
  if (options_.only_tls_1_2) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  if (options_.only_http_2) SSL_CTX_set_alpn_select_cb(context, RefuseProtocols, nullptr);
  if (options_.client != nullptr) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), options_.client->certificate());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    // Resumed sessions need it (SSL_CTX_set_session_id_context(3)).
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>("test"), 4);
  }
  Accept();
}

TlsServer::~TlsServer() = default;

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
