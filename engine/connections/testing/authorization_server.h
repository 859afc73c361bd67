// An authorization server on loopback whose manners a test chooses. Its refresh tokens rotate, and it counts what a
// real one would take for theft: the second use of a token that has rotated.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "engine/broker/testing/raw_server.h"

namespace warder::connections::testing {

// Answers from a thread of its own; every member may be called from the test's.
class AuthorizationServer {
 public:
  struct Manners {
    enum class Token {
      kAnswer,
      kDrop,          // breaks the connection when it has the request, and does nothing
      kDoAndDrop,     // does what was asked, and breaks the connection
      kInvalidGrant,  // 400
      kForbidden,     // 403, and a page of a proxy
      kBusy,          // 503 with Retry-After: 60
      kGarbage,       // 200, and what is no JSON
      kSilence,       // no answer, ever
    } token = Token::kAnswer;
    bool rotates = true;
    int expires_in = 3600;
    std::chrono::milliseconds delay{0};
  };
  struct Seen {
    int token_requests = 0;
    int reuses = 0;                    // of refresh tokens that had rotated
    std::vector<std::string> forms;    // of the token requests
    std::vector<std::string> revoked;  // tokens
    std::vector<std::string> others;   // request lines of everything else
  };

  AuthorizationServer();
  ~AuthorizationServer();
  AuthorizationServer(const AuthorizationServer&) = delete;
  AuthorizationServer& operator=(const AuthorizationServer&) = delete;
  AuthorizationServer(AuthorizationServer&&) = delete;
  AuthorizationServer& operator=(AuthorizationServer&&) = delete;

  std::string origin() const { return origin_; }
  void Behave(Manners manners);
  Seen seen();
  // A refresh token as a first authorization gives one.
  std::string FirstRefreshToken();
  bool IsAccessToken(const std::string& token);
  bool IsRefreshToken(const std::string& token);
  // What its tokens have in common, for searches.
  static constexpr const char* kMark = "s3cr3tmark";

 private:
  void OnData(broker::testing::RawServer::Peer& peer);
  void OnRequest(const std::shared_ptr<broker::testing::RawServer::Peer>& peer, const std::string& request);
  // Nothing: the connection breaks instead.
  std::optional<std::string> TokenAnswer(const std::string& body);
  std::string NewToken(const std::string& kind);
  // Runs `what` on the server's thread.
  void Do(const std::function<void()>& what);

  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  broker::testing::RawServer server_{loop_};
  const std::string origin_ = server_.origin();
  Manners manners_;
  Seen seen_;
  int tokens_ = 0;
  std::map<std::string, bool> refresh_;  // whether it has rotated
  std::vector<std::string> access_;
  std::list<boost::asio::steady_timer> delays_;
  std::thread thread_;
};

}  // namespace warder::connections::testing
