#include "engine/broker/call_state.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <limits>

namespace warder::broker {
namespace {

constexpr std::uint64_t kMaxDiscardBytes = std::uint64_t{64} << 10;  // of a redirect's body, to keep its connection

}  // namespace

CallState::CallState(std::shared_ptr<BrokerCore> core, std::string tenant, std::shared_ptr<const EgressPolicy> policy,
                     CallObserver& observer)
    : core_(std::move(core)),
      tenant_(std::move(tenant)),
      policy_(std::move(policy)),
      observer_(&observer),
      timer_(core_->loop, [this] { CheckSilence(); }) {}

void CallState::Begin(HttpRequest request) {
  if (const auto checked = Check(request); !checked) {
    Refuse(checked.error().message);
    return;
  }
  hop_.method = std::move(request.method);
  hop_.headers = std::move(request.headers);
  hop_.has_body = request.has_body;
  redirect_mode_ = request.redirect;
  if (request.has_body) body_.emplace(request.body_bytes, core_->options.replay_body_bytes);
  ticket_ = core_->admission.Enter(tenant_, [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && !self->over()) self->StartHop();
  });
  if (!ticket_) Refuse("too many calls of this tenant are waiting; wait for some to end");
}

Result<void> CallState::Check(const HttpRequest& request) {
  if (auto method = CheckMethod(request.method); !method) return method;
  if (request.has_body && (request.method == "GET" || request.method == "HEAD")) {
    return Refused("a " + request.method + " request has no body; use POST, or leave the body out");
  }
  if (request.body_bytes && *request.body_bytes > std::uint64_t{1} << 62) return Refused("the body's length is absurd");
  if (auto headers = CheckRequestHeaders(request.headers); !headers) return headers;
  auto url = CanonicalizeUrl(request.url);
  if (!url) return url.error();
  hop_.url = std::move(*url);
  return CheckGrant(hop_.url, "");
}

Result<void> CallState::CheckGrant(const CanonicalUrl& url, const std::string& context) const {
  if (policy_ && policy_->Allows(url.origin)) return {};
  const std::string origin = url.origin.ToString();
  return Refused(context + origin + (context.empty() ? " is not in the grant" : ", which is not in the grant") +
                 "; allow it with --allow " + origin);
}

void CallState::StartHop() {
  if (auto known = KnownAddresses(hop_.url)) {
    addresses_ = std::move(*known);
    StartTransfer(Connection::kReuse);
    return;
  }
  timer_.Start(core_->options.resolve_timeout);
  lookup_ = core_->resolver.Resolve(hop_.url.origin.host, [weak = weak_from_this()](Result<AddressList> answer) {
    if (const auto self = weak.lock(); self && !self->over()) self->OnResolved(std::move(answer));
  });
}

void CallState::OnResolved(Result<AddressList> answer) {
  timer_.Stop();
  lookup_.reset();
  if (!answer) {
    Fail({CallFailure::Kind::kNetwork, hop_.url.origin.host + " " + answer.error().message});
  } else if (const auto judged = JudgeAddresses(hop_.url, *answer); !judged) {
    Refuse(judged.error().message);
  } else {
    addresses_ = std::move(*answer);
    StartTransfer(Connection::kReuse);
  }
}

void CallState::StartTransfer(Connection connection) {
  transfer_.reset();
  head_seen_ = false;
  if (!pool_) pool_ = core_->pools.Use(tenant_);
  RequestBody* body = hop_.has_body ? &*body_ : nullptr;
  transfer_ =
      std::make_unique<Transfer>(*pool_, core_->options, hop_, addresses_, connection, body, [this] { Schedule(); });
  transfer_->response_body().Grant(response_credit_);
  timer_.Start(core_->options.idle_timeout);
}

void CallState::CheckSilence() {
  if (over()) return;
  if (!transfer_) {
    Fail({CallFailure::Kind::kTimeout, hop_.url.origin.host + " was not resolved within " +
                                           std::to_string(core_->options.resolve_timeout.count()) + " ms"});
    return;
  }
  if (transfer_->done()) return;
  const auto silence = transfer_->UpstreamSilence();
  if (silence < core_->options.idle_timeout) {
    timer_.Start(core_->options.idle_timeout - silence);
    return;
  }
  Fail({CallFailure::Kind::kTimeout, hop_.url.origin.ToString() + " neither sent nor took anything for " +
                                         std::to_string(core_->options.idle_timeout.count()) + " ms"});
}

void CallState::SendBody(std::string_view data, bool last) {
  if (over()) return;
  const std::string_view error = body_ ? body_->Append(data, last) : "a body was sent for a request without one";
  if (error.empty()) {
    Schedule();
  } else {
    Refuse(std::string(error));
  }
}

void CallState::GrantResponse(std::uint64_t bytes) {
  if (over()) return;
  response_credit_ += std::min(bytes, std::numeric_limits<std::uint64_t>::max() - response_credit_);
  if (!transfer_) return;
  transfer_->response_body().Grant(bytes);
  Schedule();
}

void CallState::Abandon() {
  observer_ = nullptr;
  Release();
}

void CallState::Release() {
  timer_.Stop();
  transfer_.reset();
  pool_.reset();
  lookup_.reset();
  ticket_.reset();
}

void CallState::Fail(CallFailure failure) {
  if (!failure_) failure_ = std::move(failure);
  Release();
  Schedule();
}

void CallState::Schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  boost::asio::post(core_->loop, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Deliver();
  });
}

void CallState::Deliver() {
  scheduled_ = false;
  if (!over()) GrantRequest();
  if (!over() && transfer_) LookAtTransfer();
  if (observer_ == nullptr || !failure_) return;
  CallObserver& observer = *observer_;
  Abandon();
  observer.OnFailed(*failure_);
}

void CallState::GrantRequest() {
  if (!body_) return;
  if (const std::uint64_t bytes = body_->TakeGrant(); bytes > 0) observer_->OnRequestCredit(bytes);
}

void CallState::LookAtTransfer() {
  if (transfer_->failure() && !next_hop_) {
    if (transfer_->found_foreign_connection() && !tried_fresh_) {
      tried_fresh_ = true;
      StartTransfer(Connection::kFresh);
    } else {
      Fail(*transfer_->failure());
    }
    return;
  }
  if (transfer_->head().complete() && !head_seen_) {
    head_seen_ = true;
    if (!DecideAboutRedirect()) return;
  }
  if (next_hop_) {
    FinishRedirect();
  } else if (DeliverHead()) {
    DeliverBody();
  } else if (!over()) {
    transfer_->Continue();
  }
}

bool CallState::DecideAboutRedirect() {
  const ResponseHeadReader& head = transfer_->head();
  bool conflict = false;
  const std::string location(head.Value("location", &conflict));
  if (!IsRedirect(head.status()) || (location.empty() && !conflict)) return true;
  const std::string from = hop_.url.origin.ToString();
  const std::string code = std::to_string(head.status());
  if (redirect_mode_ == HttpRequest::Redirect::kManual) return true;
  if (redirect_mode_ == HttpRequest::Redirect::kError) {
    Fail({CallFailure::Kind::kNetwork,
          from + " answered with a redirect (" + code + "), which this request does not follow"});
    return false;
  }
  if (redirects_ == core_->options.max_redirects) {
    Fail(
        {CallFailure::Kind::kNetwork, "more than " + std::to_string(redirects_) + " redirects, the last from " + from});
    return false;
  }
  auto next = conflict ? Result<Hop>(InvalidInput("it names two")) : FollowRedirect(hop_, head.status(), location);
  if (!next) {
    Refuse(from + " redirected (" + code + ") to a URL that is not accepted: " + next.error().message);
    return false;
  }
  if (const auto granted = CheckGrant(next->url, from + " redirected (" + code + ") to "); !granted) {
    Refuse(granted.error().message);
    return false;
  }
  if (next->has_body && body_ && !body_->Rewindable()) {
    Fail({CallFailure::Kind::kNetwork,
          from + " redirected (" + code +
              ") a request whose body cannot be sent again; only bodies of known length up to " +
              std::to_string(core_->options.replay_body_bytes) + " bytes are kept for that"});
    return false;
  }
  next_hop_ = std::move(*next);
  return true;
}

void CallState::FinishRedirect() {
  // A short body is read to its end so that the connection can be used again.
  ResponseBody& body = transfer_->response_body();
  body.Discard();
  const bool sending = hop_.has_body && !body_->AtEnd();
  if (!transfer_->done() && !transfer_->failure() && !sending && body.wire_bytes() <= kMaxDiscardBytes) {
    transfer_->Continue();
    return;
  }
  transfer_.reset();
  ++redirects_;
  tried_fresh_ = false;
  hop_ = std::move(*next_hop_);
  next_hop_.reset();
  if (body_ && !hop_.has_body) body_->Discard();
  if (body_ && hop_.has_body) (void)body_->Rewind();
  observer_->OnRedirect(hop_.url.origin.ToString());
  if (over()) return;
  StartHop();
  if (body_ && !hop_.has_body) Schedule();  // credit for what was dropped
}

bool CallState::DeliverHead() {
  if (head_delivered_) return true;
  const ResponseHeadReader& head = transfer_->head();
  // A head that came before the request was sent goes out at once, and its end follows.
  const bool body = transfer_->has_response_body() || transfer_->response_first();
  if (!head.complete() || (!body && !transfer_->done())) return false;
  head_delivered_ = true;
  ResponseHead response{head.status(),       head.reason(),  head.Visible(transfer_->decoded()),
                        hop_.url.ToString(), redirects_ > 0, body};
  if (body) {
    observer_->OnResponseHead(std::move(response));
    return !over() && transfer_ != nullptr;
  }
  CallObserver& observer = *observer_;
  Abandon();
  observer.OnResponseHead(std::move(response));
  return false;
}

void CallState::DeliverBody() {
  ResponseBody& body = transfer_->response_body();
  const bool done = transfer_->done();
  std::string chunk;
  bool sound = true;
  if (done && !finished_) {
    finished_ = true;
    ticket_.reset();
    sound = body.Finish();
  }
  sound = sound && body.Take(&chunk);
  if (!sound) {
    Fail({CallFailure::Kind::kNetwork,
          hop_.url.origin.ToString() + " sent a body that is cut off or not in the encoding it announced"});
    return;
  }
  if (!chunk.empty()) {
    observer_->OnResponseBody(chunk);
    if (over()) return;
    Schedule();  // one piece a turn: others of the loop have theirs
  }
  if (!done) {
    transfer_->Continue();
  } else if (body.Drained()) {
    CallObserver& observer = *observer_;
    Abandon();
    observer.OnResponseEnd();
  }
}

}  // namespace warder::broker
