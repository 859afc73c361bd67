#include "engine/broker/testing/raw_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/write.hpp>

namespace warder::broker::testing {
namespace {

namespace ip = boost::asio::ip;

std::optional<std::size_t> ChunkedLength(const std::string& body) {
  std::size_t at = 0;
  for (;;) {
    const std::size_t line = body.find("\r\n", at);
    if (line == std::string::npos) return std::nullopt;
    const std::size_t size = std::stoul(body.substr(at, line - at), nullptr, 16);
    at = line + 2 + size + 2;
    if (at > body.size()) return std::nullopt;
    if (size == 0) return at;
  }
}

}  // namespace

std::string Response(const std::string& body, const std::string& headers, const std::string& status) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

std::optional<std::string> RawServer::Peer::TakeRequest() {
  const std::size_t head = received.find("\r\n\r\n");
  if (head == std::string::npos) return std::nullopt;
  std::size_t size = head + 4;
  const std::size_t length = received.find("Content-Length: ");
  if (length < head) {
    size += std::stoul(received.substr(length + 16));
  } else if (received.find("Transfer-Encoding: chunked") < head) {
    const auto chunks = ChunkedLength(received.substr(size));
    if (!chunks) return std::nullopt;
    size += *chunks;
  }
  if (received.size() < size) return std::nullopt;
  std::string request = received.substr(0, size);
  received.erase(0, size);
  ++requests;
  return request;
}

void RawServer::Peer::Send(std::string bytes) {
  queue_.push_back(std::move(bytes));
  Write();
}

void RawServer::Peer::Write() {
  if (writing_ || !socket_.is_open()) return;
  if (queue_.empty()) {
    boost::system::error_code ignored;
    if (closing_) socket_.shutdown(ip::tcp::socket::shutdown_both, ignored);
    if (closing_) socket_.close(ignored);
    return;
  }
  writing_ = true;
  boost::asio::async_write(socket_, boost::asio::buffer(queue_.front()),
                           [self = shared_from_this()](boost::system::error_code error, std::size_t size) {
                             self->writing_ = false;
                             self->bytes_sent += size;
                             if (error) return;
                             self->queue_.pop_front();
                             self->Write();
                           });
}

void RawServer::Peer::Stream(std::uint64_t total, std::string pattern, std::function<void()> then) {
  if (total == 0) {
    if (then) then();
    return;
  }
  const auto text = std::make_shared<std::string>(std::move(pattern));
  const std::size_t size = std::min<std::uint64_t>(total, text->size());
  boost::asio::async_write(socket_, boost::asio::buffer(text->data(), size),
                           [self = shared_from_this(), text, total, then = std::move(then)](
                               boost::system::error_code error, std::size_t sent) {
                             self->bytes_sent += sent;
                             if (!error) self->Stream(total - sent, std::move(*text), then);
                           });
}

void RawServer::Peer::Close() {
  closing_ = true;
  Write();
}

void RawServer::Peer::Reset() {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

RawServer::RawServer(boost::asio::io_context& loop, const std::string& address, std::uint16_t port) : acceptor_(loop) {
  const ip::tcp::endpoint endpoint(ip::make_address(address), port);
  acceptor_.open(endpoint.protocol());
  acceptor_.set_option(boost::asio::socket_base::reuse_address(true));
  // Of those that share a port, the one of the exact address gets the connection.
  if (port != 0) acceptor_.set_option(boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>(true));
  acceptor_.bind(endpoint);
  acceptor_.listen();
  Accept();
}

RawServer::~RawServer() {
  *alive_ = false;
  for (const auto& peer : peers_) {
    boost::system::error_code ignored;
    peer->socket_.close(ignored);
  }
}

std::string RawServer::origin() const {
  const auto endpoint = acceptor_.local_endpoint();
  const std::string host = endpoint.address().to_string();
  return "http://" + (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

void RawServer::Answer(Respond respond) {
  OnData([this, respond = std::move(respond)](Peer& peer) {
    while (const auto request = peer.TakeRequest()) {
      requests_.push_back(*request);
      std::string response = respond(*request);
      if (!response.empty()) peer.Send(std::move(response));
    }
  });
}

void RawServer::Accept() {
  acceptor_.async_accept([this, alive = alive_](boost::system::error_code error, ip::tcp::socket socket) {
    if (error || !*alive) return;
    boost::system::error_code ignored;
    socket.set_option(ip::tcp::no_delay(true), ignored);  // pieces go out as they are sent
    peers_.push_back(std::make_shared<Peer>(std::move(socket)));
    Read(peers_.back());
    Accept();
  });
}

void RawServer::Read(const std::shared_ptr<Peer>& peer) {
  const auto buffer = std::make_shared<std::array<char, 65536>>();
  peer->socket_.async_read_some(boost::asio::buffer(*buffer), [this, alive = alive_, peer, buffer](
                                                                  boost::system::error_code error, std::size_t size) {
    if (error) {
      boost::system::error_code ignored;
      peer->socket_.close(ignored);
      if (peer->on_close && *alive) peer->on_close();
    }
    if (error || !*alive) return;
    bytes_received_ += size;
    peer->received.append(buffer->data(), size);
    if (on_bytes_) on_bytes_(*peer);
    Read(peer);
  });
}

}  // namespace warder::broker::testing
