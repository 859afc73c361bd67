// Where a debugger comes to: a web server on 127.0.0.1, as DevTools and editors know it of node.
//
//   GET /json/version, /json, /json/list   what there is to debug, and where
//   GET /TOKEN, as a WebSocket             V8's inspector protocol; one debugger at a time
//
// TOKEN is unguessable, so that a web page cannot find it; it is no protection from other programs of this machine, to
// which /json/list tells it. Requests of web pages are refused by their Host and Origin (request_check.h). What comes
// is bounded in size, time and number; what goes out to a debugger that does not read is bounded too, and then it is
// sent away.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sandbox/base/result.h"
#include "sandbox/proto/frame.h"

namespace warder::inspector {

struct ServerOptions {
  std::uint16_t port = 0;  // 0: any free one
  std::string title;       // what a list of debuggees calls this one
  std::string product;     // "warder/0.1.0"
  std::chrono::milliseconds request_timeout{5'000};
  std::size_t max_connections = 16;                                     // at once; further ones are closed
  std::size_t max_message_bytes = proto::kMaxDebuggerMessageBytes;      // of a debugger
  std::size_t max_queued_bytes = 2 * proto::kMaxInspectorMessageBytes;  // that wait for a debugger to read them
};

// Called from the loop.
struct ServerHandlers {
  // A debugger has come; it has gone.
  std::function<void(bool attached)> on_attached;
  // It says something, in UTF-8.
  std::function<void(std::string message)> on_message;
};

class Server {
 public:
  // Listens, but answers nobody yet. kInvalidInput where the port is taken.
  static Result<std::unique_ptr<Server>> Listen(boost::asio::io_context& loop, ServerOptions options);
  // Closes everything at once; no handler is called any more.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // "ws://127.0.0.1:PORT/TOKEN".
  const std::string& url() const;
  int descriptor() const;

  // Once. From here on all of this belongs to the loop's thread.
  void Open(ServerHandlers handlers);
  // To the debugger that is there; nowhere where there is none.
  void Send(std::string message);
  // Sends the debugger that is there away; then it has gone.
  void SendAway();

 private:
  class Impl;
  explicit Server(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace warder::inspector
