// An HTTPS upstream with a certificate of its own making. It answers every request with the same bytes.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/broker/testing/identity.h"

namespace warder::broker::testing {

struct TlsServerOptions {
  std::string certificate_host = "localhost";
  std::string address = "127.0.0.1";
  bool expired = false;
  bool only_tls_1_1 = false;
  bool only_tls_1_2 = false;
  bool only_http_2 = false;          // by ALPN
  const Identity* client = nullptr;  // whose certificate a client has to show
  bool close_rudely = false;         // close the socket after the answer, without close_notify
  bool close_politely = false;       // after the answer, with close_notify
  std::string response;
};

class TlsServer {
 public:
  TlsServer(boost::asio::io_context& loop, TlsServerOptions options);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  TlsServer(TlsServer&&) = delete;
  TlsServer& operator=(TlsServer&&) = delete;

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  // PEM file with the certificate, which is its own authority.
  const std::string& ca_file() const { return identity_.file(); }
  std::string pin() const { return identity_.pin(); }
  int requests() const { return *requests_; }

 private:
  void Accept();

  TlsServerOptions options_;
  Identity identity_;
  boost::asio::ssl::context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::shared_ptr<int> requests_ = std::make_shared<int>(0);
};

}  // namespace warder::broker::testing
