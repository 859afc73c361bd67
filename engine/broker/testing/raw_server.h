// An upstream that records every byte it gets and answers with whatever bytes a test wants, also those no server would
// send.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace warder::broker::testing {

class RawServer {
 public:
  class Peer : public std::enable_shared_from_this<Peer> {
   public:
    explicit Peer(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

    // What came and was not taken yet.
    std::string received;
    std::uint64_t bytes_sent = 0;
    int requests = 0;
    std::function<void()> on_close;  // the other side has closed

    // A whole request, head and body, when it is there.
    std::optional<std::string> TakeRequest();
    void Send(std::string bytes);
    // Sends `pattern` again and again until `total` bytes are out; then calls `then`.
    void Stream(std::uint64_t total, std::string pattern, std::function<void()> then = {});
    void Close();  // after what is being sent
    void Reset();  // at once, with RST

   private:
    friend class RawServer;
    void Write();

    boost::asio::ip::tcp::socket socket_;
    std::deque<std::string> queue_;
    bool writing_ = false;
    bool closing_ = false;
  };

  using OnBytes = std::function<void(Peer&)>;
  using Respond = std::function<std::string(const std::string& request)>;

  // Listens on `address`, on any free port if `port` is 0.
  explicit RawServer(boost::asio::io_context& loop, const std::string& address = "127.0.0.1", std::uint16_t port = 0);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  RawServer(RawServer&&) = delete;
  RawServer& operator=(RawServer&&) = delete;

  // What to do when bytes came.
  void OnData(OnBytes on_bytes) { on_bytes_ = std::move(on_bytes); }
  // Answers every whole request; an empty answer is none.
  void Answer(Respond respond);
  void Answer(std::string response) {
    Answer([response = std::move(response)](const std::string&) { return response; });
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string origin() const;
  std::size_t connections() const { return peers_.size(); }
  Peer& peer(std::size_t index) { return *peers_[index]; }
  std::uint64_t bytes_received() const { return bytes_received_; }
  // Whole requests, when Answer() is used.
  const std::vector<std::string>& requests() const { return requests_; }

 private:
  void Accept();
  void Read(const std::shared_ptr<Peer>& peer);

  boost::asio::ip::tcp::acceptor acceptor_;
  OnBytes on_bytes_;
  std::vector<std::shared_ptr<Peer>> peers_;
  std::vector<std::string> requests_;
  std::uint64_t bytes_received_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// "HTTP/1.1 200 OK" with a length and `body`; `headers` as "Name: value\r\n".
std::string Response(const std::string& body, const std::string& headers = "", const std::string& status = "200 OK");

}  // namespace warder::broker::testing
