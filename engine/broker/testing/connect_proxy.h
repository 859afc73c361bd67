// A proxy that opens tunnels: RFC 9110, section 9.3.6. It records what it was asked for.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <vector>

namespace warder::broker::testing {

class ConnectProxy {
 public:
  explicit ConnectProxy(boost::asio::io_context& loop, const std::string& address = "127.0.0.1");
  ~ConnectProxy();
  ConnectProxy(const ConnectProxy&) = delete;
  ConnectProxy& operator=(const ConnectProxy&) = delete;
  ConnectProxy(ConnectProxy&&) = delete;
  ConnectProxy& operator=(ConnectProxy&&) = delete;

  // What it says from now on instead of opening a tunnel: a whole response, or nothing at all before it closes.
  void Refuse(std::string response) { state_->refusal = std::make_unique<std::string>(std::move(response)); }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string origin() const { return "http://127.0.0.1:" + std::to_string(port()); }
  // Whole heads of requests.
  const std::vector<std::string>& requests() const { return state_->requests; }
  // Where it connected to, as in CONNECT.
  const std::vector<std::string>& tunnels() const { return state_->tunnels; }
  int connections() const { return state_->connections; }

 private:
  friend struct ProxyPeer;
  struct State {
    std::unique_ptr<std::string> refusal;
    std::vector<std::string> requests;
    std::vector<std::string> tunnels;
    int connections = 0;
  };

  void Accept();

  boost::asio::ip::tcp::acceptor acceptor_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace warder::broker::testing
