// One call from its request to its last byte: checked, admitted, resolved, judged, transferred; again for each
// redirect.
//
// Everything that reacts happens in OnTurn(), which runs from the loop, never inside libcurl and never inside a member
// that the caller called. So the observer may destroy its Call from anywhere, and is called by nothing else.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/broker/admission.h"
#include "engine/broker/broker.h"
#include "engine/broker/capabilities.h"
#include "engine/broker/destination.h"
#include "engine/broker/inject/placeholder_scan.h"
#include "engine/broker/loop_timer.h"
#include "engine/broker/origin_health.h"
#include "engine/broker/redirect.h"
#include "engine/broker/request_body.h"
#include "engine/broker/resolver.h"
#include "engine/broker/tenant_pools.h"
#include "engine/broker/throttle.h"
#include "engine/broker/transfer.h"
#include "engine/broker/turns.h"

namespace warder::broker {

class CallState;

// What the calls of one broker share.
struct BrokerCore {
  BrokerCore(boost::asio::io_context& io, BrokerOptions broker_options)
      : loop(io),
        options(std::move(broker_options)),
        resolver(io, options.dns_servers),
        admission(options),
        throttles(io, options.max_waiting_per_tenant),
        pools(io, options),
        turns(io) {}

  boost::asio::io_context& loop;
  const BrokerOptions options;
  Resolver resolver;
  Admission admission;
  Throttles throttles;
  OriginHealths healths;
  TenantPools pools;
  Turns turns;
};

// "the body of the request is longer than ..."; `what` is "request" or "response".
std::string TooLong(const std::string& what, std::uint64_t most);

class CallState final : public Turn, public std::enable_shared_from_this<CallState> {
 public:
  CallState(std::shared_ptr<BrokerCore> core, std::string tenant, std::shared_ptr<Capabilities> capabilities,
            CallObserver& observer);
  ~CallState();
  CallState(const CallState&) = delete;
  CallState& operator=(const CallState&) = delete;
  CallState(CallState&&) = delete;
  CallState& operator=(CallState&&) = delete;

  void Begin(HttpRequest request);
  void SendBody(std::string_view data, bool last);
  void GrantResponse(std::uint64_t bytes);
  // Aborts; the observer is not called any more.
  void Abandon();
  // Called once in a while: ends a transfer whose upstream has been silent for too long.
  void CheckSilence();
  const std::string& connection() const;

 private:
  Result<void> Check(HttpRequest& request);
  Result<void> CheckBody(const HttpRequest& request);
  const Policy& policy() const { return grant_->policy(); }
  // In turn: a credential that is good, the connection's pace, the broker's, the origin's health, the addresses.
  void Freshen();
  void OnFresh(Result<std::shared_ptr<const Connection>> connection);
  void Queue();
  void StartHop();
  void Resolve(const std::string& host, const std::function<void(Result<AddressList>)>& then);
  void OnResolved(Result<AddressList> answer);
  void FindProxy();
  void StartTransfer(Reuse reuse);
  void EndTransfer();
  void EndLookup();
  void EndByTimeout();
  // False: the budget of bytes is used up, and the call is over.
  bool TakeBytes(std::size_t bytes);

  void Schedule();
  void OnTurn() override;
  void LookAtTransfer();
  // False: the call has failed.
  bool DecideAboutRedirect();
  // Where it would lead, and why not there; empty: it may be followed.
  std::string RedirectRefusal(const Result<Hop>& next) const;
  bool HoldsSecret(std::string_view text) const;
  void FinishRedirect();
  // How long until the next attempt, where the upstream has `asked` for some time; nothing: this was the last.
  std::optional<std::chrono::milliseconds> RetryWait(std::optional<std::chrono::milliseconds> asked) const;
  void Retry(std::chrono::milliseconds wait);
  // The attempt has come to nothing: another one, or the end.
  void FailAttempt(CallFailure failure);
  // True: the answer says "later", and there is to be a later.
  bool DecideAboutRetry();
  void NoteHealth(bool success);
  void ScrubHead(ResponseHead* head) const;
  // False: the call is over, or the observer has to be asked no more for now.
  bool DeliverHead();
  void DeliverBody();
  void GrantRequest();
  void Fail(CallFailure failure);
  void Refuse(const std::string& message) { Fail({CallFailure::Kind::kRefused, "refused: " + message}); }
  void Release();
  bool over() const { return observer_ == nullptr || failure_.has_value(); }

  const std::shared_ptr<BrokerCore> core_;
  const std::string tenant_;
  const std::shared_ptr<Capabilities> capabilities_;
  CallObserver* observer_;
  std::shared_ptr<Grant> grant_;  // null: the call was refused before anybody could decide about it
  std::optional<PlaceholderUse> placeholders_;
  std::unique_ptr<PlaceholderScan> body_scan_;  // where there are placeholders

  Hop hop_;
  HttpRequest::Redirect redirect_mode_ = HttpRequest::Redirect::kFollow;
  Care care_ = Care::kOrdinary;
  std::optional<RequestBody> body_;
  std::size_t redirects_ = 0;
  std::unique_ptr<Hop> next_hop_;  // of the few calls that have one
  bool left_home_ = false;  // a redirect has led to another origin: no credential goes out any more, not even back
  std::uint64_t attempt_ = 1;
  std::optional<std::chrono::milliseconds> retry_wait_;  // next_hop_ is the same once more
  std::string origin_;                                   // of the hop
  bool health_open_ = false;                             // admitted by the origin's health, which awaits the outcome

  // In the order of their use; destroyed the other way round.
  std::unique_ptr<Throttle::Ticket> pace_;
  std::unique_ptr<Admission::Ticket> ticket_;
  Resolver::Ticket lookup_;
  AddressList addresses_;
  AddressList proxy_addresses_;
  std::shared_ptr<const Connection> used_;  // whose key the transfer may point to
  std::shared_ptr<CurlPool> pool_;
  std::unique_ptr<Transfer> transfer_;
  LoopTimer lookup_timer_;
  LoopTimer call_timer_;  // of the whole call, where the policy sets one
  LoopTimer retry_timer_;
  // What is taken out of the response, in this order. The first may be for this transfer alone.
  std::vector<std::shared_ptr<const ScrubPattern>> scrubs_;

  std::uint64_t request_bytes_ = 0;    // sent by the caller
  std::uint64_t response_bytes_ = 0;   // delivered
  std::uint64_t response_credit_ = 0;  // granted beyond the initial credit
  bool scheduled_ = false;
  bool admitted_ = false;  // and the hop has not begun
  bool waits_for_body_ = false;
  bool finding_proxy_ = false;
  bool tell_retry_ = false;
  bool head_seen_ = false;
  bool head_delivered_ = false;
  bool finished_ = false;  // the response body knows its end
  bool tried_fresh_ = false;
  bool may_have_sent_ = false;  // by a transfer that is gone
  std::optional<CallFailure> failure_;
};

}  // namespace warder::broker
