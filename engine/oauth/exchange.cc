#include "engine/oauth/exchange.h"

#include <utility>

#include "engine/base/strict_json.h"
#include "engine/broker/ascii.h"
#include "engine/broker/retry.h"
#include "engine/oauth/endpoint.h"

namespace warder::oauth {
namespace {

using broker::CallFailure;

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

std::shared_ptr<broker::Capabilities> OnlyFor(const broker::Origin& origin, const ExchangeOptions& options) {
  auto policy = broker::Policy::FromOrigins({origin.ToString()});
  policy->redirects = broker::RedirectRule::kNone;
  policy->timeout = options.timeout;
  policy->response_bytes = kMaxAnswerBytes;
  policy->tls.ca_file = options.ca_file;
  return broker::Capabilities::OfPolicy(std::make_shared<broker::Policy>(std::move(*policy)));
}

// The value of the one header of that name; nothing: there is none, or several.
std::optional<std::string_view> OnlyHeader(const broker::ResponseHead& head, std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& [each, value] : head.headers) {
    if (!broker::EqualsIgnoreCase(each, name)) continue;
    if (found) return std::nullopt;
    found = value;
  }
  return found;
}

bool IsJsonType(std::string_view type) {
  return broker::EqualsIgnoreCase(broker::Trim(type.substr(0, type.find(';'))), "application/json");
}

class Running final : public std::enable_shared_from_this<Running>, private broker::CallObserver {
 public:
  Running(std::string where, Exchange::Done done) : where_(std::move(where)), done_(std::move(done)) {
    body_.reserve(kMaxAnswerBytes);  // it never moves, so that no copy of a token stays behind
  }
  ~Running() { WipeString(&body_); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  Running(Running&&) = delete;
  Running& operator=(Running&&) = delete;

  void Begin(broker::Broker& broker, const std::string& tenant, std::shared_ptr<broker::Capabilities> capabilities,
             broker::HttpRequest request, const std::optional<Secret>& form) {
    call_ = broker.Start(tenant, std::move(capabilities), std::move(request), *this);
    if (form) call_->SendBody(form->view(), true);
  }
  void Abandon() {
    done_ = nullptr;
    call_.reset();
  }

 private:
  void OnResponseHead(broker::ResponseHead head) override {
    answer_.status = head.status;
    if (const auto after = OnlyHeader(head, "retry-after")) {
      const auto wait = broker::ParseRetryAfter(*after, std::chrono::system_clock::now());
      if (wait) answer_.retry_after = std::chrono::ceil<std::chrono::seconds>(std::min(*wait, kMaxRetryAfter));
    }
    const auto type = OnlyHeader(head, "content-type");
    is_json_ = type && IsJsonType(*type);
    if (!head.body) Finish();
  }
  void OnResponseBody(std::string&& data) override { body_.append(data); }
  void OnResponseEnd(std::string&& rest) override {
    body_.append(rest);
    Finish();
  }
  void OnRequestCredit(std::uint64_t /*bytes*/) override {}
  void OnRedirect(const std::string& /*origin*/) override {}  // the policy has no redirects
  void OnRetry() override {}                                  // nor does a call with credentials have retries
  void OnFailed(CallFailure failure) override {
    const bool sent = failure.sent == CallFailure::Sent::kMaybe;
    const bool refused = failure.kind == CallFailure::Kind::kRefused;
    const Problem problem = !sent ? Problem::kUnreachable : refused ? Problem::kBadAnswer : Problem::kNoAnswer;
    Tell(Failure{problem, sent ? Fate::kUnknown : Fate::kNotSent,
                 where_ + (sent ? " gave no answer that can be used: " : " was not asked: ") + failure.message});
  }

  void Finish() {
    ReadBody();
    Tell(std::move(answer_));
  }

  void ReadBody() {
    if (body_.empty()) {
      answer_.json_error = "answered without a body";
    } else if (!is_json_) {
      answer_.json_error = "answered with something that is not labelled application/json, once";
    } else if (auto parsed = ParseStrict(body_, WipingStorage()); !parsed) {
      answer_.json_error = "answered with a body that cannot be read: " + parsed.error().message;
    } else if (!parsed->is_object()) {
      answer_.json_error = "answered with JSON that is no object";
    } else {
      answer_.json = std::move(parsed->as_object());
    }
  }

  void Tell(Outcome<Answer> outcome) {
    const auto self = shared_from_this();
    const Exchange::Done done = std::exchange(done_, nullptr);
    call_.reset();
    done(std::move(outcome));
  }

  static constexpr std::chrono::milliseconds kMaxRetryAfter{24 * 3600 * 1000};

  const std::string where_;
  Exchange::Done done_;
  std::unique_ptr<broker::Call> call_;
  Answer answer_;
  bool is_json_ = false;
  std::string body_;
};

class RunningTicket final : public Operation {
 public:
  explicit RunningTicket(std::shared_ptr<Running> running) : running_(std::move(running)) {}
  ~RunningTicket() override { running_->Abandon(); }
  RunningTicket(const RunningTicket&) = delete;
  RunningTicket& operator=(const RunningTicket&) = delete;
  RunningTicket(RunningTicket&&) = delete;
  RunningTicket& operator=(RunningTicket&&) = delete;

 private:
  const std::shared_ptr<Running> running_;
};

}  // namespace

Exchange::Exchange(broker::Broker& broker, boost::asio::io_context& loop, std::string tenant, ExchangeOptions options)
    : broker_(broker), loop_(loop), tenant_(std::move(tenant)), options_(std::move(options)) {}

Ticket Exchange::Start(ExchangeRequest request, Done done) {
  const auto url = ParseEndpoint(request.url);
  if (!url) {
    return FailSoon<Answer>(loop_, {Problem::kBadRequest, Fate::kNotSent, request.what + " " + url.error().message},
                            std::move(done));
  }
  broker::HttpRequest http;
  http.method = request.form ? "POST" : "GET";
  http.url = request.url;
  http.headers = {{"accept", "application/json"}, {"cache-control", "no-store"}};
  if (request.form) {
    http.headers.emplace_back("content-type", kForm);
    http.has_body = true;
    http.body_bytes = request.form->view().size();
  }
  if (!request.authorization.empty()) {
    http.headers.emplace_back("authorization", std::string(request.authorization.view()));
  }
  http.redirect = broker::HttpRequest::Redirect::kManual;
  http.care = broker::Care::kCredentials;
  auto running = std::make_shared<Running>(request.what + " at " + url->origin.ToString(), std::move(done));
  running->Begin(broker_, tenant_, OnlyFor(url->origin, options_), std::move(http), request.form);
  return std::make_unique<RunningTicket>(std::move(running));
}

}  // namespace warder::oauth
