// The broker performs HTTP calls on behalf of executions, inside what was granted.
//
// A script never opens a connection: it describes a request, the broker decides, resolves, connects, sends, and hands
// back what came. Everything here runs on the engine's loop: one io_context, one thread, no locks.
//
// Back-pressure, both ways, in body bytes: the caller of a Call grants response credit and the Call delivers no more
// than that (it pauses the transfer); the Call grants request credit through its observer and must not be sent more.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/broker/broker_options.h"
#include "engine/broker/canonical_url.h"
#include "engine/broker/capabilities.h"

namespace warder::broker {

// What a call carries. Of kCredentials the bodies and the caller's own headers are credentials (a token request): it is
// sent at most once, whatever the policy says about attempts, over a connection that no other call uses before or
// after, because libcurl repeats what it sent on a kept connection that turns out to be dead; and memory that held it
// is wiped.
enum class Care { kOrdinary, kCredentials };

struct HttpRequest {
  std::string method;
  std::string url;                        // absolute, without fragment, as the cell gave it: not yet trusted
  std::optional<CanonicalUrl> canonical;  // what CanonicalizeUrl makes of `url`, where the caller has asked it already
  std::vector<std::pair<std::string, std::string>> headers;
  bool has_body = false;
  std::optional<std::uint64_t> body_bytes;  // known length; otherwise sent chunked
  enum class Redirect { kFollow, kError, kManual } redirect = Redirect::kFollow;
  std::string connection;  // a handle; empty: none
  Care care = Care::kOrdinary;
};

struct ResponseHead {
  int status = 0;
  std::string reason;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string url;
  bool redirected = false;
  bool body = false;  // false: the call is over with this head
};

struct CallFailure {
  enum class Kind { kRefused, kNetwork, kTimeout } kind;
  std::string message;  // one sentence: what was refused or failed, which rule, what to do; nothing secret
  // Whether the upstream can have seen any of the request. kNothing is certain: there never was a connection, with TLS
  // established where the URL wants it, to send it over.
  enum class Sent { kNothing, kMaybe } sent = Sent::kMaybe;
};

// Told what happens to one call. Never called from inside a member of Broker or Call, and never after the Call is
// destroyed, after a failure, or after the end. The observer may destroy the Call from inside any of these.
class CallObserver {
 public:
  virtual void OnResponseHead(ResponseHead head) = 0;
  // At most the credit granted, and at most proto::kMaxBodyChunkBytes. The observer may take the string; what it leaves
  // of a call that carries credentials is wiped.
  virtual void OnResponseBody(std::string&& data) = 0;
  // With what is left of the body, within these bounds, too. Not called when the head said there is no body.
  virtual void OnResponseEnd(std::string&& rest) = 0;
  virtual void OnRequestCredit(std::uint64_t bytes) = 0;  // beyond the initial credit
  // A redirect is followed: the request is about to go to `origin` (Origin::ToString), which the policy allows.
  virtual void OnRedirect(const std::string& origin) = 0;
  // The call is tried once more, after a failure or an answer that says so (retry.h).
  virtual void OnRetry() = 0;
  virtual void OnFailed(CallFailure failure) = 0;

 protected:
  ~CallObserver() = default;
};

// One HTTP call, redirects included. Destroying it aborts the transfer at once.
class Call {
 public:
  virtual ~Call() = default;
  // Body bytes, in order. The caller keeps to the credit: proto::kInitialCredit at first, then what OnRequestCredit
  // adds.
  virtual void SendBody(std::string_view data, bool last) = 0;
  // More response bytes may be delivered. A fresh call has proto::kInitialCredit.
  virtual void GrantResponse(std::uint64_t bytes) = 0;
  // The connection whose policy decides; empty: none, or the call was refused before that was known.
  virtual const std::string& connection() const = 0;
};

class Broker {
 public:
  explicit Broker(boost::asio::io_context& loop, BrokerOptions options = {});
  // Aborts every call without a word to its observer. The Calls may outlive the broker and do nothing then.
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  Broker(Broker&&) = delete;
  Broker& operator=(Broker&&) = delete;

  // Starts a call for `tenant` within `capabilities` (kept alive by the call). Connections are pooled per tenant and
  // credential, never across. A refusal is reported through the observer like every other failure.
  std::unique_ptr<Call> Start(const std::string& tenant, std::shared_ptr<Capabilities> capabilities,
                              HttpRequest request, CallObserver& observer);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace warder::broker
