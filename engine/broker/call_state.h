// One call from its request to its last byte: checked, admitted, resolved, judged, transferred; again for each
// redirect.
//
// Everything that reacts happens in Deliver(), which runs from the loop, never inside libcurl and never inside a member
// that the caller called. So the observer may destroy its Call from anywhere, and is called by nothing else.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/broker/admission.h"
#include "engine/broker/broker.h"
#include "engine/broker/destination.h"
#include "engine/broker/loop_timer.h"
#include "engine/broker/redirect.h"
#include "engine/broker/request_body.h"
#include "engine/broker/resolver.h"
#include "engine/broker/tenant_pools.h"
#include "engine/broker/transfer.h"

namespace warder::broker {

class CallState;

// What the calls of one broker share.
struct BrokerCore {
  BrokerCore(boost::asio::io_context& io, BrokerOptions broker_options)
      : loop(io),
        options(std::move(broker_options)),
        resolver(io, options.dns_servers),
        admission(io, options),
        pools(io, options) {}

  boost::asio::io_context& loop;
  const BrokerOptions options;
  Resolver resolver;
  Admission admission;
  TenantPools pools;
};

class CallState : public std::enable_shared_from_this<CallState> {
 public:
  CallState(std::shared_ptr<BrokerCore> core, std::string tenant, std::shared_ptr<const EgressPolicy> policy,
            CallObserver& observer);

  void Begin(HttpRequest request);
  void SendBody(std::string_view data, bool last);
  void GrantResponse(std::uint64_t bytes);
  // Aborts; the observer is not called any more.
  void Abandon();

 private:
  Result<void> Check(const HttpRequest& request);
  Result<void> CheckGrant(const CanonicalUrl& url, const std::string& context) const;
  void StartHop();
  void OnResolved(Result<AddressList> answer);
  void StartTransfer(Connection connection);
  void CheckSilence();

  void Schedule();
  void Deliver();
  void LookAtTransfer();
  // False: the call has failed.
  bool DecideAboutRedirect();
  void FinishRedirect();
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
  const std::shared_ptr<const EgressPolicy> policy_;
  CallObserver* observer_;

  Hop hop_;
  HttpRequest::Redirect redirect_mode_ = HttpRequest::Redirect::kFollow;
  std::optional<RequestBody> body_;
  std::size_t redirects_ = 0;
  std::optional<Hop> next_hop_;

  // In the order of their use; destroyed the other way round.
  std::unique_ptr<Admission::Ticket> ticket_;
  Resolver::Ticket lookup_;
  AddressList addresses_;
  std::shared_ptr<CurlPool> pool_;
  std::unique_ptr<Transfer> transfer_;
  LoopTimer timer_;  // of the lookup, then of the upstream's silence

  std::uint64_t response_credit_ = 0;  // granted beyond the initial credit
  bool scheduled_ = false;
  bool head_seen_ = false;
  bool head_delivered_ = false;
  bool finished_ = false;  // the response body knows its end
  bool tried_fresh_ = false;
  std::optional<CallFailure> failure_;
};

}  // namespace warder::broker
