#include "tests/wire/recorder.h"

#include <array>
#include <boost/asio/write.hpp>
#include <utility>

namespace warder::wire {

namespace ip = boost::asio::ip;
using boost::system::error_code;

struct Recorder::Peer {
  explicit Peer(ip::tcp::socket connected) : socket(std::move(connected)) {}
  ip::tcp::socket socket;
  std::string stream;  // of the request that is not whole yet
  std::string answer;
  std::array<char, 16'384> buffer;
};

Recorder::Recorder(boost::asio::io_context& loop, const std::string& address, RecorderEvents& events)
    : events_(events), acceptor_(loop, ip::tcp::endpoint(ip::make_address(address), 0)) {
  Accept();
}

void Recorder::Accept() {
  acceptor_.async_accept([this, alive = alive_](error_code error, ip::tcp::socket socket) {
    if (error || !*alive) return;
    ++connections_;
    Read(std::make_shared<Peer>(std::move(socket)));
    Accept();
  });
}

void Recorder::Read(const std::shared_ptr<Peer>& peer) {
  peer->socket.async_read_some(boost::asio::buffer(peer->buffer),
                               [this, alive = alive_, peer](error_code error, std::size_t size) {
                                 if (!*alive) return;
                                 if (error) {
                                   if (!peer->stream.empty()) events_.OnPartial(peer->stream);
                                   return;
                                 }
                                 peer->stream.append(peer->buffer.data(), size);
                                 if (Take(peer)) Read(peer);
                               });
}

bool Recorder::Take(const std::shared_ptr<Peer>& peer) {
  const OneRequest one = ReadRequest(peer->stream);
  if (one.outcome == Outcome::kIncomplete) return true;
  if (one.outcome == Outcome::kMalformed) {
    events_.OnMalformed(peer->stream, one.why);
    return false;
  }
  if (one.bytes != peer->stream.size()) {
    events_.OnMalformed(peer->stream, "bytes behind a request that has no answer yet");
    return false;
  }
  const std::uint16_t port = acceptor_.local_endpoint().port();
  peer->answer = events_.OnRequest(port, std::exchange(peer->stream, {}), one.message);
  boost::asio::async_write(peer->socket, boost::asio::buffer(peer->answer), [peer](error_code, std::size_t) {});
  return true;
}

}  // namespace warder::wire
