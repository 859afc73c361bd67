#include "engine/broker/testing/connect_proxy.h"

#include <array>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

namespace warder::broker::testing {

namespace asio = boost::asio;
using asio::ip::tcp;

struct ProxyPeer : std::enable_shared_from_this<ProxyPeer> {
  ProxyPeer(tcp::socket socket, std::shared_ptr<ConnectProxy::State> proxy)
      : client(std::move(socket)), upstream(client.get_executor()), state(std::move(proxy)) {}

  void Begin() {
    asio::async_read_until(client, head, "\r\n\r\n",
                           [self = shared_from_this()](boost::system::error_code error, std::size_t size) {
                             if (!error) self->OnHead(size);
                           });
  }

  void OnHead(std::size_t size) {
    const std::string text(asio::buffers_begin(head.data()),
                           asio::buffers_begin(head.data()) + static_cast<std::ptrdiff_t>(size));
    state->requests.push_back(text);
    if (state->refusal) {
      Say(*state->refusal, [] {});
      return;
    }
    // "CONNECT 192.0.2.1:443 HTTP/1.1": an address, for this proxy resolves no names.
    const std::size_t begin = text.find(' ') + 1;
    const std::string target = text.substr(begin, text.find(' ', begin) - begin);
    const std::size_t colon = target.rfind(':');
    std::string host = target.substr(0, colon);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    boost::system::error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (error || !text.starts_with("CONNECT ")) {
      Say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", [] {});
      return;
    }
    state->tunnels.push_back(target);
    const tcp::endpoint to(address, static_cast<std::uint16_t>(std::stoul(target.substr(colon + 1))));
    upstream.async_connect(to, [self = shared_from_this()](boost::system::error_code failed) {
      self->Say(failed ? "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n" : "HTTP/1.1 200 Connected\r\n\r\n",
                [self, failed] {
                  if (failed) return;
                  self->Pass(self->client, self->upstream, self->up);
                  self->Pass(self->upstream, self->client, self->down);
                });
    });
  }

  template <typename Then>
  void Say(const std::string& bytes, Then then) {
    const auto text = std::make_shared<std::string>(bytes);
    asio::async_write(
        client, asio::buffer(*text),
        [self = shared_from_this(), text, then](boost::system::error_code /*error*/, std::size_t /*size*/) { then(); });
  }

  void Pass(tcp::socket& from, tcp::socket& to, std::array<char, 16384>& buffer) {
    from.async_read_some(asio::buffer(buffer), [self = shared_from_this(), &from, &to, &buffer](
                                                   boost::system::error_code error, std::size_t size) {
      boost::system::error_code ignored;
      if (error) {
        to.shutdown(tcp::socket::shutdown_send, ignored);
        return;
      }
      asio::async_write(to, asio::buffer(buffer.data(), size),
                        [self, &from, &to, &buffer](boost::system::error_code failed, std::size_t /*size*/) {
                          if (!failed) self->Pass(from, to, buffer);
                        });
    });
  }

  tcp::socket client;
  tcp::socket upstream;
  std::shared_ptr<ConnectProxy::State> state;
  asio::streambuf head;
  std::array<char, 16384> up{};
  std::array<char, 16384> down{};
};

ConnectProxy::ConnectProxy(asio::io_context& loop, const std::string& address)
    : acceptor_(loop, tcp::endpoint(asio::ip::make_address(address), 0)) {
  Accept();
}

ConnectProxy::~ConnectProxy() = default;

void ConnectProxy::Accept() {
  acceptor_.async_accept([this, state = state_](boost::system::error_code error, tcp::socket socket) {
    if (error) return;
    ++state->connections;
    std::make_shared<ProxyPeer>(std::move(socket), state)->Begin();
    Accept();
  });
}

}  // namespace warder::broker::testing
