#include "engine/broker/call_state.h"

#include <algorithm>
#include <limits>
#include <system_error>

#include "engine/base/text.h"
#include "engine/broker/outgoing.h"
#include "engine/broker/policy/decide.h"
#include "warder/limits.h"

namespace warder::broker {
namespace {

ThrottleBounds BoundsOf(const Policy& policy) {
  ThrottleBounds bounds;
  if (policy.rate) {
    bounds.rate_count = policy.rate->count;
    bounds.rate_period = policy.rate->period;
    bounds.rate_burst = policy.rate->burst;
  }
  bounds.in_flight = policy.in_flight.value_or(0);
  return bounds;
}

}  // namespace

std::string TooLong(const std::string& what, std::uint64_t most) {
  return "the body of the " + what + " is longer than the " + FormatLimit(LimitUnit::kBytes, most) +
         " that the policy allows (" + what + "-bytes)";
}

// What is longer is not kept at hand by malloc, which costs each call a microsecond.
static_assert(sizeof(CallState) <= 1000);

CallState::CallState(std::shared_ptr<BrokerCore> core, std::string tenant, std::shared_ptr<Capabilities> capabilities,
                     CallObserver& observer)
    : core_(std::move(core)),
      tenant_(std::move(tenant)),
      capabilities_(std::move(capabilities)),
      observer_(&observer),
      lookup_timer_(core_->loop, [this] { EndLookup(); }),
      call_timer_(core_->loop, [this] { EndByTimeout(); }),
      retry_timer_(core_->loop, [this] {
        if (!over()) Freshen();
      }) {}

CallState::~CallState() {
  if (care_ == Care::kOrdinary) return;
  for (auto& header : hop_.headers) WipeString(&header.second);
}

const std::string& CallState::connection() const {
  static const std::string none;
  return grant_ ? grant_->name() : none;
}

void CallState::Begin(HttpRequest request) {
  if (const auto checked = Check(request); !checked) {
    Refuse(checked.error().message);
    return;
  }
  hop_.method = std::move(request.method);
  hop_.headers = std::move(request.headers);
  hop_.has_body = request.has_body;
  redirect_mode_ = request.redirect;
  care_ = request.care;
  // To follow one is to send again.
  if (care_ == Care::kCredentials && redirect_mode_ == HttpRequest::Redirect::kFollow) {
    redirect_mode_ = HttpRequest::Redirect::kError;
  }
  if (request.has_body) {
    body_.emplace(request.body_bytes, core_->options.replay_body_bytes);
    const Placeholders& placeholders = capabilities_->placeholders();
    if (!placeholders.all().empty()) body_scan_ = std::make_unique<PlaceholderScan>(placeholders);
  }
  if (policy().timeout) call_timer_.Start(*policy().timeout);
  Freshen();
}

Result<void> CallState::Check(HttpRequest& request) {
  if (auto method = CheckMethod(request.method); !method) return method;
  if (auto body = CheckBody(request); !body) return body;
  if (auto headers = CheckRequestHeaders(request.headers); !headers) return headers;
  if (!request.canonical) {
    auto url = CanonicalizeUrl(request.url);
    if (!url) return url.error();
    request.canonical = std::move(*url);
  }
  hop_.url = std::move(*request.canonical);
  auto choice = capabilities_->Choose(request.connection, request.method, hop_.url, request.headers);
  if (!choice) return choice.error();
  grant_ = std::move(choice->grant);
  placeholders_ = std::move(choice->placeholders);
  if (!Allows(policy(), request.method, hop_.url, request.headers)) {
    return Refused(Decide(policy(), request.method, hop_.url, request.headers).Explanation());
  }
  const auto most = policy().request_bytes;
  if (most && request.body_bytes && *request.body_bytes > *most) return Refused(TooLong("request", *most));
  const bool kept = request.body_bytes && *request.body_bytes <= core_->options.replay_body_bytes;
  if (request.has_body && !kept && NeedsWholeBody(*grant_, hop_.url.origin)) {
    return Refused("the connection signs the body of its requests, which then must have a known length of at most " +
                   FormatLimit(LimitUnit::kBytes, core_->options.replay_body_bytes));
  }
  if (!grant_->TakeCall()) {
    return Refused("the policy allows " + std::to_string(*policy().calls) +
                   " calls of one execution, and these were made");
  }
  return {};
}

Result<void> CallState::CheckBody(const HttpRequest& request) {
  if (request.has_body && (request.method == "GET" || request.method == "HEAD")) {
    return Refused("a " + request.method + " request has no body; use POST, or leave the body out");
  }
  if (request.body_bytes && *request.body_bytes > std::uint64_t{1} << 62) return Refused("the body's length is absurd");
  return {};
}

void CallState::Freshen() {
  CredentialSource* const source = grant_->source();
  if (source == nullptr) {
    Queue();
  } else if (auto current = source->Current()) {
    OnFresh(std::move(current));
  } else {
    source->Renew([weak = weak_from_this()](Result<std::shared_ptr<const Connection>> renewed) {
      if (const auto self = weak.lock(); self && !self->over()) self->OnFresh(std::move(renewed));
    });
  }
}

void CallState::OnFresh(Result<std::shared_ptr<const Connection>> connection) {
  if (connection) {
    if (grant_->connection() != *connection) pool_.reset();
    capabilities_->Renew(*grant_, std::move(*connection));
    Queue();
  } else if (connection.error().kind == ErrorKind::kRefused) {
    Refuse(connection.error().message);
  } else {
    Fail({CallFailure::Kind::kNetwork, connection.error().message});
  }
}

void CallState::Queue() {
  const auto admit = [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->over()) return;
    self->ticket_ = self->core_->admission.Enter(self->tenant_, [weak] {
      const auto admitted = weak.lock();
      if (!admitted) return;
      admitted->admitted_ = true;
      admitted->Schedule();
    });
    if (!self->ticket_) self->Refuse("too many calls of this tenant are waiting; wait for some to end");
  };
  const ThrottleBounds bounds = BoundsOf(policy());
  const auto key = [this] {
    return tenant_ + '\n' + grant_->name() + '\n' +
           (grant_->connection() != nullptr ? grant_->connection()->policy_sha256() : "");
  };
  const auto throttle = bounds.bounded() ? core_->throttles.Use(key(), bounds) : nullptr;
  if (!throttle) {
    admit();
    return;
  }
  pace_ = Throttle::Enter(throttle, admit);
  if (!pace_) Refuse("too many calls of this connection are waiting for its rate; wait for some to end");
}

void CallState::StartHop() {
  finding_proxy_ = false;
  if (grant_->revoked()) {
    Refuse("the connection was taken back");
    return;
  }
  // A request whose body is signed begins when all of it is here (SendBody).
  if (hop_.has_body && NeedsWholeBody(*grant_, hop_.url.origin) && !left_home_ && !body_->Whole()) {
    waits_for_body_ = true;
    return;
  }
  origin_ = hop_.url.origin.ToString();
  const auto now = OriginHealth::Clock::now();
  if (const auto wait = core_->healths.Of(tenant_, origin_, now).Admit(now); wait.count() > 0) {
    Fail({CallFailure::Kind::kNetwork, origin_ + " failed " + std::to_string(OriginHealth::kFailuresToOpen) +
                                           " times in a row and is left alone for another " +
                                           std::to_string(wait.count()) + " ms"});
    return;
  }
  health_open_ = true;
  if (auto known = KnownAddresses(hop_.url.origin)) {
    addresses_ = std::move(*known);
    FindProxy();
    return;
  }
  Resolve(hop_.url.origin.host, [this](Result<AddressList> answer) { OnResolved(std::move(answer)); });
}

void CallState::Resolve(const std::string& host, const std::function<void(Result<AddressList>)>& then) {
  lookup_timer_.Start(core_->options.resolve_timeout);
  lookup_ = core_->resolver.Resolve(host, [weak = weak_from_this(), host, then](Result<AddressList> answer) {
    const auto self = weak.lock();
    if (!self || self->over()) return;
    self->lookup_timer_.Stop();
    const Resolver::Ticket ended = std::move(self->lookup_);
    if (answer) {
      then(std::move(answer));
    } else {
      self->FailAttempt({CallFailure::Kind::kNetwork, host + " " + answer.error().message});
    }
  });
}

void CallState::OnResolved(Result<AddressList> answer) {
  if (const auto judged = JudgeAddresses(hop_.url, *answer); !judged) {
    Refuse(judged.error().message);
  } else {
    addresses_ = std::move(*answer);
    FindProxy();
  }
}

void CallState::FindProxy() {
  if (!policy().proxy) {
    StartTransfer(Reuse::kAllowed);
    return;
  }
  // Who wrote the policy vouches for the proxy: its address may be any.
  if (auto known = KnownAddresses(*policy().proxy)) {
    proxy_addresses_ = std::move(*known);
    StartTransfer(Reuse::kAllowed);
    return;
  }
  finding_proxy_ = true;
  Resolve(policy().proxy->host, [this](Result<AddressList> answer) {
    finding_proxy_ = false;
    proxy_addresses_ = std::move(*answer);
    StartTransfer(Reuse::kAllowed);
  });
}

void CallState::EndTransfer() {
  may_have_sent_ = may_have_sent_ || (transfer_ && transfer_->may_have_sent());
  transfer_.reset();
}

void CallState::StartTransfer(Reuse reuse) {
  EndTransfer();
  if (care_ == Care::kCredentials) reuse = Reuse::kNever;
  used_ = grant_->connection();
  head_seen_ = false;
  const std::optional<std::string_view> all = hop_.has_body ? body_->Whole() : std::string_view();
  auto prepared = Prepare(*grant_, placeholders_, hop_, !left_home_, all);
  if (!prepared) {
    Refuse(prepared.error().message);
    return;
  }
  scrubs_.clear();
  auto scrub = capabilities_->ScrubFor(hop_.url.origin);
  if (!scrub) {
    Refuse(scrub.error().message);
    return;
  }
  // What was made of a credential holds parts of it: it goes first, while it is whole.
  if (prepared->derived) scrubs_.push_back(std::move(prepared->derived));
  if (*scrub) scrubs_.push_back(std::move(*scrub));
  prepared->outgoing.addresses = addresses_;
  prepared->outgoing.proxy_addresses = proxy_addresses_;
  if (!pool_) {
    try {
      pool_ = core_->pools.Use(tenant_ + '\n' + (grant_->connection() != nullptr ? grant_->connection()->id() : ""));
    } catch (const std::system_error& error) {  // out of descriptors: the call's end, not the engine's
      Fail({CallFailure::Kind::kNetwork, std::string("the engine cannot open another connection: ") + error.what()});
      return;
    }
  }
  RequestBody* body = hop_.has_body ? &*body_ : nullptr;
  transfer_ = std::make_unique<Transfer>(*pool_, core_->options, hop_, std::move(prepared->outgoing), reuse, body,
                                         [this] { Schedule(); });
  for (const auto& pattern : scrubs_) transfer_->response_body().AddScrubber(pattern);
  transfer_->response_body().Grant(response_credit_);
  pool_->Begin();
}

void CallState::EndLookup() {
  if (over()) return;
  const std::string& host = finding_proxy_ ? policy().proxy->host : hop_.url.origin.host;
  FailAttempt({CallFailure::Kind::kTimeout,
               host + " was not resolved within " + std::to_string(core_->options.resolve_timeout.count()) + " ms"});
}

void CallState::CheckSilence() {
  if (over() || !transfer_ || transfer_->done()) return;
  if (transfer_->UpstreamSilence() < core_->options.idle_timeout) return;
  FailAttempt({CallFailure::Kind::kTimeout, hop_.url.origin.ToString() + " neither sent nor took anything for " +
                                                std::to_string(core_->options.idle_timeout.count()) + " ms"});
}

void CallState::EndByTimeout() {
  if (over()) return;
  Fail({CallFailure::Kind::kTimeout,
        "the call to " + hop_.url.origin.ToString() + " took longer than the " +
            FormatLimit(LimitUnit::kMilliseconds, static_cast<std::uint64_t>(policy().timeout->count())) +
            " that the policy allows (timeout)"});
}

bool CallState::TakeBytes(std::size_t bytes) {
  if (grant_->TakeBytes(bytes)) return true;
  Refuse("the policy allows the bodies of one execution " + FormatLimit(LimitUnit::kBytes, *policy().total_bytes) +
         " together, and these are used up (total-bytes)");
  return false;
}

void CallState::SendBody(std::string_view data, bool last) {
  if (over()) return;
  request_bytes_ += data.size();
  if (const auto most = policy().request_bytes; most && request_bytes_ > *most) {
    Refuse(TooLong("request", *most));
    return;
  }
  if (!TakeBytes(data.size())) return;
  if (const Placeholder* found = body_scan_ ? body_scan_->Feed(data) : nullptr; found != nullptr) {
    Refuse(Placeholders::Refusal(*found, "the request's body").message);
    return;
  }
  const std::string_view error = body_ ? body_->Append(data, last) : "a body was sent for a request without one";
  if (!error.empty()) {
    Refuse(std::string(error));
    return;
  }
  Schedule();
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
  lookup_timer_.Stop();
  call_timer_.Stop();
  retry_timer_.Stop();
  if (health_open_) core_->healths.Of(tenant_, origin_, OriginHealth::Clock::now()).Abandoned();
  health_open_ = false;
  EndTransfer();
  pool_.reset();
  lookup_.reset();
  ticket_.reset();
  pace_.reset();
}

void CallState::Fail(CallFailure failure) {
  // An upstream's words may stand in it: a host from a redirect.
  for (const auto& pattern : scrubs_) failure.message = ScrubText(pattern, failure.message);
  Release();
  failure.sent = may_have_sent_ ? CallFailure::Sent::kMaybe : CallFailure::Sent::kNothing;
  if (!failure_) failure_ = std::move(failure);
  Schedule();
}

void CallState::Schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  core_->turns.Post(tenant_, weak_from_this());
}

void CallState::OnTurn() {
  scheduled_ = false;
  if (std::exchange(admitted_, false) && !over()) StartHop();
  if (!over()) GrantRequest();
  if (!over() && waits_for_body_ && body_->Whole()) {
    waits_for_body_ = false;
    StartHop();
  }
  if (!over() && transfer_) LookAtTransfer();
  if (!over() && std::exchange(tell_retry_, false)) observer_->OnRetry();
  if (observer_ == nullptr || !failure_) return;
  CallObserver& observer = *observer_;
  Abandon();
  observer.OnFailed(*failure_);
}

void CallState::GrantRequest() {
  if (!body_) return;
  if (const std::uint64_t bytes = body_->TakeGrant(); bytes > 0) observer_->OnRequestCredit(bytes);
}

}  // namespace warder::broker
