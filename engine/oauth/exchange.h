// One HTTP request to an authorization server, and its answer: through the broker, hence within its rules about
// addresses, DNS, TLS, sizes and time, and with more of its own.
//
// A request is sent at most once, over a connection of its own: no redirect, no second attempt, no silent repetition by
// libcurl (broker::Care::kCredentials). The answer is JSON of at most kMaxAnswerBytes. What was not answered says
// whether a byte of the request can have arrived.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/secret.h"
#include "engine/broker/broker.h"
#include "engine/oauth/failure.h"
#include "engine/oauth/operation.h"

namespace warder::oauth {

inline constexpr std::size_t kMaxAnswerBytes = std::size_t{64} << 10;

struct ExchangeRequest {
  std::string what;  // "the token endpoint": errors begin with it, and with where it is
  std::string url;   // ParseEndpoint accepts it
  // application/x-www-form-urlencoded, sent with POST; nothing: GET.
  std::optional<Secret> form;
  Secret authorization;  // value of the Authorization header; empty: none
};

struct Answer {
  int status = 0;
  // Nothing: there is no body, or it is not labelled as JSON, or not one JSON object without repeated names. Its memory
  // is wiped when it goes.
  std::optional<boost::json::object> json;
  // Why there is no `json`: continues "the token endpoint of https://as.example ...".
  std::string json_error;
  std::optional<std::chrono::seconds> retry_after;
};

struct ExchangeOptions {
  std::chrono::milliseconds timeout{20'000};  // the whole of it, from the start to the last byte
  std::string ca_file;                        // PEM file of the only authorities to trust; empty: the broker's
};

// Of one tenant. On the broker's loop and thread.
class Exchange {
 public:
  using Done = std::function<void(Outcome<Answer>)>;

  // `broker` outlives it and everything that it has started.
  Exchange(broker::Broker& broker, boost::asio::io_context& loop, std::string tenant, ExchangeOptions options = {});

  // `done` is called once, from the loop, never from inside Start; the ticket may be destroyed from inside it. Any
  // whole answer is an Answer, whatever its status. Failures: kBadRequest (the URL) and kUnreachable (the broker's
  // rules, DNS, connection, TLS) were not sent; of kNoAnswer and kBadAnswer (too long) the fate is unknown.
  [[nodiscard]] Ticket Start(ExchangeRequest request, Done done);

  boost::asio::io_context& loop() { return loop_; }

 private:
  broker::Broker& broker_;
  boost::asio::io_context& loop_;
  std::string tenant_;
  ExchangeOptions options_;
};

}  // namespace warder::oauth
