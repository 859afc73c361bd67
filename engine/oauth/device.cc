#include "engine/oauth/device.h"

#include <algorithm>
#include <utility>

#include "engine/broker/loop_timer.h"
#include "engine/oauth/client_authentication.h"
#include "engine/oauth/endpoint.h"
#include "engine/oauth/form.h"
#include "engine/oauth/members.h"
#include "engine/oauth/token_request.h"

namespace warder::oauth {
namespace {

using std::chrono::seconds;

constexpr std::string_view kEndpoint = "the device authorization endpoint";
constexpr std::size_t kMaxUserCodeBytes = 64;
constexpr seconds kDefaultInterval{5};  // section 3.2
constexpr seconds kSlowDown{5};         // section 3.5

struct DeviceAnswer {
  DevicePrompt prompt;
  Secret device_code;
  seconds interval = kDefaultInterval;
};

Result<std::string> ReadUri(const boost::json::object& json, std::string_view name) {
  const auto text = VisibleMember(json, name, kMaxEndpointBytes);
  if (!text) return text.error();
  if (!*text) return std::string();
  if (const auto url = ParseEndpoint(**text); !url) {
    return Error{url.error().kind, "has a \"" + std::string(name) + "\" that " + url.error().message, {}};
  }
  return std::string(**text);
}

Result<DeviceAnswer> ReadDeviceAnswer(const boost::json::object& json) {
  DeviceAnswer answer;
  const auto device_code = VisibleMember(json, "device_code", kMaxTokenBytes);
  if (!device_code) return device_code.error();
  const auto user_code = VisibleMember(json, "user_code", kMaxUserCodeBytes);
  if (!user_code) return user_code.error();
  auto uri = ReadUri(json, "verification_uri");
  if (!uri) return uri.error();
  auto complete = ReadUri(json, "verification_uri_complete");
  if (!complete) return complete.error();
  const auto lifetime = CountMember(json, "expires_in", kMaxTokenLifetime.count());
  if (!lifetime) return lifetime.error();
  const auto interval = CountMember(json, "interval", kMaxPollInterval.count());
  if (!interval) return interval.error();
  if (!*device_code || !*user_code || uri->empty() || !*lifetime) {
    return InvalidInput("lacks one of device_code, user_code, verification_uri and expires_in (RFC 8628 section 3.2)");
  }
  answer.device_code = Secret(**device_code);
  answer.prompt.user_code = **user_code;
  answer.prompt.verification_uri = std::move(*uri);
  answer.prompt.verification_uri_complete = std::move(*complete);
  answer.prompt.lifetime = std::min(seconds(**lifetime), kMaxDeviceLifetime);
  if (*interval) answer.interval = seconds(**interval);
  return answer;
}

class DeviceFlow final : public Operation {
 public:
  DeviceFlow(Exchange& exchange, std::shared_ptr<const Provider> provider, ScopeSet scope, DeviceEvents events,
             DeviceOptions options)
      : exchange_(exchange),
        provider_(std::move(provider)),
        scope_(std::move(scope)),
        events_(std::move(events)),
        options_(options),
        poll_timer_(exchange.loop(), [this] { Poll(); }),
        expiry_timer_(exchange.loop(), [this] { Expire(); }) {}

  void Begin(ExchangeRequest request) {
    where_ = std::string(kEndpoint) + " at " + ParseEndpoint(request.url)->origin.ToString();
    ticket_ = exchange_.Start(std::move(request), [this](Outcome<Answer> answer) { Hear(std::move(answer)); });
  }

 private:
  void Hear(Outcome<Answer> answer) {
    if (!answer) return Tell(answer.error());
    if (answer->status != 200) return Tell(ReadErrorAnswer(where_, *answer));
    auto read = answer->json ? ReadDeviceAnswer(*answer->json) : InvalidInput(answer->json_error);
    if (!read) {
      return Tell(Failure{Problem::kBadAnswer, Fate::kDeclined,
                          where_ + " answered with what cannot be used: it " + read.error().message});
    }
    device_code_ = std::move(read->device_code);
    interval_ = read->interval;
    expiry_timer_.Start(read->prompt.lifetime.count() * options_.second);
    Wait();
    const auto prompt = events_.on_prompt;
    prompt(read->prompt);  // `this` may be gone
  }

  void Wait() { poll_timer_.Start(interval_.count() * options_.second); }

  void Poll() {
    auto request = PollDevice(*provider_, device_code_, scope_, std::chrono::system_clock::now());
    if (!request) return Tell(request.error());
    ticket_ =
        RequestToken(exchange_, std::move(*request), [this](Outcome<TokenSet> tokens) { Decide(std::move(tokens)); });
  }

  void Decide(Outcome<TokenSet> tokens) {
    const std::optional<Problem> problem = tokens ? std::nullopt : std::optional(tokens.error().problem);
    if (problem == Problem::kPending) return Wait();
    if (problem == Problem::kSlowDown) {
      interval_ = std::min(interval_ + kSlowDown, kMaxPollInterval);
      return Wait();
    }
    // Whoever is not reached, or cannot now, is asked half as often (section 3.5).
    if (problem == Problem::kUnreachable || problem == Problem::kNoAnswer || problem == Problem::kTemporary) {
      interval_ = std::min(interval_ * 2, kMaxPollInterval);
      return Wait();
    }
    Tell(std::move(tokens));
  }

  void Expire() {
    ticket_.reset();
    Tell(Failure{Problem::kExpired, Fate::kDeclined,
                 "nobody approved the device at " + provider_->server.issuer +
                     " before its code expired; begin the authorization again"});
  }

  void Tell(Outcome<TokenSet> tokens) {
    poll_timer_.Stop();
    expiry_timer_.Stop();
    const auto done = std::exchange(events_.on_done, nullptr);
    done(std::move(tokens));  // `this` may be gone
  }

  Exchange& exchange_;
  const std::shared_ptr<const Provider> provider_;
  const ScopeSet scope_;
  DeviceEvents events_;
  const DeviceOptions options_;
  std::string where_;
  Secret device_code_;
  seconds interval_ = kDefaultInterval;
  broker::LoopTimer poll_timer_;
  broker::LoopTimer expiry_timer_;
  Ticket ticket_;
};

}  // namespace

Ticket AuthorizeDevice(Exchange& exchange, std::shared_ptr<const Provider> provider, ScopeSet scope,
                       DeviceEvents events, DeviceOptions options) {
  const auto bad = [&](std::string message) {
    return FailSoon<TokenSet>(exchange.loop(), {Problem::kBadRequest, Fate::kNotSent, std::move(message)},
                              std::move(events.on_done));
  };
  if (const auto checked = CheckProvider(*provider); !checked) return bad(checked.error().message);
  const std::string& url = provider->server.device_authorization_endpoint;
  if (url.empty()) {
    return bad("the authorization server " + provider->server.issuer +
               " has no device_authorization_endpoint; use another grant");
  }
  Form form;
  if (!scope.empty()) form.Add("scope", ToString(scope));
  auto request =
      AuthenticatedPost(*provider, std::string(kEndpoint), url, std::move(form), std::chrono::system_clock::now());
  if (!request) return bad(request.error().message);
  auto flow = std::make_unique<DeviceFlow>(exchange, std::move(provider), std::move(scope), std::move(events), options);
  flow->Begin(std::move(*request));
  return flow;
}

}  // namespace warder::oauth
