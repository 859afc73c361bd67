// Receives the redirect that ends an authorization on this machine (RFC 8252 section 7.3): a web server on 127.0.0.1
// and a free port that takes one GET of one path and is gone.
//
// Whatever else a browser, a web page or another program sends there (another path, method, Host or state, too much,
// too slowly) is answered with an error and changes nothing. Pages are constant: nothing of a request is in them.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/secret.h"
#include "sandbox/base/result.h"

namespace warder::oauth {

struct LoopbackOptions {
  std::string path = "/callback";
  std::uint16_t port = 0;                               // 0: any free one
  std::chrono::milliseconds timeout{600'000};           // for the whole of it
  std::chrono::milliseconds connection_timeout{5'000};  // of one connection, from accept to close
  std::size_t max_connections = 16;                     // at once; further ones are closed
};

class LoopbackReceiver {
 public:
  // Refused where nothing can listen.
  static Result<std::unique_ptr<LoopbackReceiver>> Listen(boost::asio::io_context& loop, LoopbackOptions options = {});
  // Closes everything; `done` is not called any more.
  ~LoopbackReceiver();
  LoopbackReceiver(const LoopbackReceiver&) = delete;
  LoopbackReceiver& operator=(const LoopbackReceiver&) = delete;
  LoopbackReceiver(LoopbackReceiver&&) = delete;
  LoopbackReceiver& operator=(LoopbackReceiver&&) = delete;

  // "http://127.0.0.1:PORT/callback".
  const std::string& redirect_uri() const;

  // Waits for the redirect whose query has this `state`, exactly once. `done` is called once, from the loop, when its
  // page has been sent, with the query as it came (for FinishAuthorization); or with an error when the time is over.
  // The receiver may be destroyed from inside it.
  void Receive(const Secret& state, std::function<void(Result<Secret>)> done);

 private:
  class Impl;
  explicit LoopbackReceiver(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace warder::oauth
