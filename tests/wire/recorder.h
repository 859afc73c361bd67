// The upstream: takes what comes on its connections byte by byte, hands over each request that is whole, and answers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tests/wire/strict_reader.h"

namespace warder::wire {

// What the recorder has to say. Called from the loop.
class RecorderEvents {
 public:
  // A request, and nothing behind it, has come on a connection to `port`. Returns the answer.
  virtual std::string OnRequest(std::uint16_t port, std::string stream, const Message& message) = 0;
  // What came is no request, or more than one before there was an answer.
  virtual void OnMalformed(const std::string& stream, const std::string& why) = 0;
  // The connection has ended in the middle of a request.
  virtual void OnPartial(const std::string& stream) = 0;

 protected:
  ~RecorderEvents() = default;
};

class Recorder {
 public:
  Recorder(boost::asio::io_context& loop, const std::string& address, RecorderEvents& events);
  ~Recorder() { *alive_ = false; }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  Recorder(Recorder&&) = delete;
  Recorder& operator=(Recorder&&) = delete;

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::uint64_t connections() const { return connections_; }

 private:
  struct Peer;
  void Accept();
  void Read(const std::shared_ptr<Peer>& peer);
  // False: the connection is of no use any more.
  bool Take(const std::shared_ptr<Peer>& peer);

  RecorderEvents& events_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint64_t connections_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace warder::wire
