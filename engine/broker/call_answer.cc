// What a call makes of its upstream's answer: tries again, follows a redirect, or delivers it.
#include <algorithm>
#include <utility>

#include "engine/base/secret.h"
#include "engine/base/text.h"
#include "engine/broker/call_state.h"
#include "engine/broker/outgoing.h"
#include "engine/broker/policy/decide.h"
#include "engine/broker/retry.h"

namespace warder::broker {
namespace {

constexpr std::uint64_t kMaxDiscardBytes = std::uint64_t{64} << 10;  // of a redirect's body, to keep its connection

}  // namespace

void CallState::LookAtTransfer() {
  if (transfer_->failure() && !next_hop_) {
    if (transfer_->found_foreign_connection() && !tried_fresh_) {
      tried_fresh_ = true;
      StartTransfer(Reuse::kForbidden);
    } else {
      FailAttempt(CallFailure(*transfer_->failure()));
    }
    return;
  }
  if (transfer_->head().complete() && !head_seen_) {
    head_seen_ = true;
    if (!DecideAboutRetry() && !DecideAboutRedirect()) return;
  }
  if (next_hop_) {
    FinishRedirect();
  } else if (DeliverHead()) {
    DeliverBody();
  } else if (!over()) {
    transfer_->Continue();
  }
}

void CallState::NoteHealth(bool success) {
  if (!std::exchange(health_open_, false)) return;
  const auto now = OriginHealth::Clock::now();
  OriginHealth& health = core_->healths.Of(tenant_, origin_, now);
  if (success) {
    health.Succeeded();
  } else {
    health.Failed(now);
  }
}

std::optional<std::chrono::milliseconds> CallState::RetryWait(std::optional<std::chrono::milliseconds> asked) const {
  if (care_ == Care::kCredentials) return {};
  if (attempt_ >= policy().attempts || head_delivered_ || !IsIdempotent(hop_.method, hop_.headers)) return {};
  if (hop_.has_body && !body_->Rewindable()) return {};
  if (asked && *asked > kMaxRetryAfter) return {};
  if (!core_->healths.Of(tenant_, origin_, OriginHealth::Clock::now()).MayRetry()) return {};
  const std::string random = RandomBytes(2);
  const double fraction =
      (static_cast<unsigned char>(random[0]) * 256.0 + static_cast<unsigned char>(random[1])) / 65'536.0;
  return std::max(asked.value_or(std::chrono::milliseconds(0)), Backoff(attempt_ + 1, fraction));
}

void CallState::Retry(std::chrono::milliseconds wait) {
  lookup_timer_.Stop();
  EndTransfer();
  lookup_.reset();
  // Whatever was decided about the last answer; and others may go while this call waits.
  next_hop_.reset();
  retry_wait_.reset();
  ticket_.reset();
  pace_.reset();
  ++attempt_;
  tried_fresh_ = false;
  if (hop_.has_body) (void)body_->Rewind();
  retry_timer_.Start(wait);
  tell_retry_ = true;
  Schedule();
}

void CallState::FailAttempt(CallFailure failure) {
  NoteHealth(false);
  if (const auto wait = RetryWait(std::nullopt)) {
    Retry(*wait);
  } else {
    Fail(std::move(failure));
  }
}

bool CallState::DecideAboutRetry() {
  const ResponseHeadReader& head = transfer_->head();
  NoteHealth(head.status() < 502 || head.status() > 504);
  if (head.status() == 429) core_->healths.Of(tenant_, origin_, OriginHealth::Clock::now()).Throttled();
  if (!IsRetryableStatus(head.status())) return false;
  bool conflict = false;
  const std::string_view after = head.Value("retry-after", &conflict);
  retry_wait_ = RetryWait(ParseRetryAfter(after, std::chrono::system_clock::now()));
  if (retry_wait_) next_hop_ = std::make_unique<Hop>(hop_);  // the same once more, when the answer is out of the way
  return retry_wait_.has_value();
}

std::string CallState::RedirectRefusal(const Result<Hop>& next) const {
  if (!next) return "a URL that is not accepted: " + next.error().message;
  if (const Decision decision = Decide(policy(), next->method, next->url, next->headers); !decision.allowed) {
    return decision.subject + ", which " + decision.reason;
  }
  const std::string why = broker::RedirectRefusal(policy(), hop_.url.origin, next->url.origin);
  return why.empty() ? "" : next->url.origin.ToString() + ", " + why;
}

bool CallState::HoldsSecret(std::string_view text) const {
  return std::any_of(scrubs_.begin(), scrubs_.end(),
                     [&](const auto& pattern) { return ScrubText(pattern, text) != text; });
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
  // Upstreams often repeat the query; what was injected there is injected anew.
  if (next && !left_home_ && next->url.origin == hop_.url.origin) WithoutInjected(policy(), &next->url);
  if (const std::string why = RedirectRefusal(next); !why.empty()) {
    // A refusal names the host, and may shorten it or write it in lower case: what is left of a secret then is no text
    // that could be searched for.
    Refuse(from + " redirected (" + code + ") to " +
           (HoldsSecret(location) ? "a URL that is refused and holds a secret of this execution" : why));
    return false;
  }
  if (next->url.origin != hop_.url.origin && HoldsSecret(next->url.ToString())) {
    Refuse(from + " redirected (" + code + ") to a URL that holds a secret of the connection");
    return false;
  }
  if (next->has_body && body_ && !body_->Rewindable()) {
    Fail({CallFailure::Kind::kNetwork,
          from + " redirected (" + code +
              ") a request whose body cannot be sent again; only bodies of known length up to " +
              std::to_string(core_->options.replay_body_bytes) + " bytes are kept for that"});
    return false;
  }
  // Headers may be gone, and those behind them moved up: where placeholders stand is found anew.
  auto choice = capabilities_->Choose(grant_->handle(), next->method, next->url, next->headers);
  if (!choice) {
    Refuse(from + " redirected (" + code + "), and of what follows " + choice.error().message);
    return false;
  }
  placeholders_ = std::move(choice->placeholders);
  next_hop_ = std::make_unique<Hop>(std::move(*next));
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
  if (retry_wait_) {
    Retry(*retry_wait_);
    return;
  }
  EndTransfer();
  ++redirects_;
  tried_fresh_ = false;
  left_home_ = left_home_ || next_hop_->url.origin != hop_.url.origin;
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
  ScrubHead(&response);
  if (body) {
    observer_->OnResponseHead(std::move(response));
    return !over() && transfer_ != nullptr;
  }
  CallObserver& observer = *observer_;
  Abandon();
  observer.OnResponseHead(std::move(response));
  return false;
}

void CallState::ScrubHead(ResponseHead* head) const {
  for (const auto& pattern : scrubs_) {
    head->reason = ScrubText(pattern, head->reason);
    head->url = ScrubText(pattern, head->url);
    // A name that holds a secret would be no name any more.
    std::erase_if(head->headers, [&](const auto& header) { return ScrubText(pattern, header.first) != header.first; });
    for (auto& [name, value] : head->headers) value = ScrubText(pattern, value);
  }
}

void CallState::DeliverBody() {
  ResponseBody& body = transfer_->response_body();
  const bool done = transfer_->done();
  std::string chunk;
  const WipeAtEnd wipe(care_ == Care::kCredentials ? &chunk : nullptr);
  if (done && !finished_) {
    finished_ = true;
    ticket_.reset();
    pace_.reset();
    body.Finish();
  }
  const std::string_view error = body.Take(&chunk);
  if (!error.empty()) {
    Fail({CallFailure::Kind::kNetwork, hop_.url.origin.ToString() + " " + std::string(error)});
    return;
  }
  response_bytes_ += chunk.size();
  if (const auto most = policy().response_bytes; most && response_bytes_ > *most) {
    Refuse(TooLong("response", *most));
    return;
  }
  if (!TakeBytes(chunk.size())) return;
  if (done && body.Drained()) {
    CallObserver& observer = *observer_;
    Abandon();
    observer.OnResponseEnd(std::move(chunk));
    return;
  }
  if (!chunk.empty()) {
    observer_->OnResponseBody(std::move(chunk));
    if (over()) return;
    Schedule();  // one piece a turn: others have theirs
  } else if (body.HasMore()) {
    Schedule();
  }
  if (!done) transfer_->Continue();
}

}  // namespace warder::broker
