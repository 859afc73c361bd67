#include "engine/connections/authorize.h"

#include <chrono>
#include <utility>

#include "engine/base/text.h"
#include "engine/connections/grant_request.h"
#include "engine/oauth/authorization.h"
#include "engine/oauth/device.h"
#include "engine/oauth/loopback_receiver.h"
#include "engine/oauth/token_request.h"

namespace warder::connections {
namespace {

using std::chrono::system_clock;

oauth::ClientNeed NeedOf(const OAuthGrant& grant) {
  return grant.kind == OAuthGrant::Kind::kJwtBearer ? oauth::ClientNeed::kOptional : oauth::ClientNeed::kNeeded;
}

class Process final : public Authorization {
 public:
  Process(oauth::Exchange& exchange, const store::TenantId& tenant, std::string connection, AuthorizeOptions options,
          std::function<void(Result<Authorized>)> done)
      : exchange_(exchange),
        bearer_{RandomId(), tenant.text()},
        connection_(std::move(connection)),
        options_(std::move(options)),
        done_(std::move(done)) {}

  void Start(PreparedGrant prepared) {
    ticket_ = FindServer(exchange_, options_.issuer, std::move(prepared), [this](Result<PreparedGrant> found) {
      if (!found) return End(found.error());
      prepared_ = std::move(*found);
      OnServer();
    });
  }

 private:
  void OnServer() {
    provider_ = std::make_shared<const oauth::Provider>(ProviderOf(prepared_.grant, prepared_.secrets));
    switch (prepared_.grant.kind) {
      case OAuthGrant::Kind::kAuthorizationCode:
        return AskForCode();
      case OAuthGrant::Kind::kDevice:
        return AskDevice();
      case OAuthGrant::Kind::kClientCredentials:
      case OAuthGrant::Kind::kJwtBearer:
        // The first token is got like every further one.
        return Request(TokenRequestFor(prepared_.grant, prepared_.secrets, system_clock::now()));
    }
  }

  void AskForCode() {
    oauth::LoopbackOptions options;
    options.port = options_.loopback_port;
    if (provider_->server.iss == oauth::ServerMetadata::Iss::kNotPromised) {
      options.path = oauth::RedirectUriFor(options.path, provider_->server.issuer);
    }
    auto receiver = oauth::LoopbackReceiver::Listen(exchange_.loop(), options);
    if (!receiver) return End(receiver.error());
    receiver_ = std::move(*receiver);
    oauth::AuthorizationRequest request;
    request.bearer = bearer_;
    request.connection = connection_;
    request.redirect_uri = receiver_->redirect_uri();
    request.scope = prepared_.grant.requested;
    auto begun = oauth::BeginAuthorization(*provider_, std::move(request), system_clock::now());
    if (!begun) return End(ErrorOf(begun.error()));
    pending_ = std::make_unique<oauth::PendingAuthorization>(std::move(begun->pending));
    receiver_->Receive(pending_->state, [this](Result<Secret> query) { OnRedirect(std::move(query)); });
    if (options_.prompts.open) options_.prompts.open(begun->url);
  }

  void OnRedirect(Result<Secret> query) {
    if (!query) return End(query.error());
    const Secret url = Secret::Join({receiver_->redirect_uri(), "?", query->view()});
    auto code = oauth::FinishAuthorization(pending_.get(), url.view(), bearer_, system_clock::now());
    if (!code) return End(ErrorOf(code.error()));
    Request(oauth::RedeemCode(*provider_, std::move(*code), system_clock::now()));
  }

  void AskDevice() {
    ticket_ = oauth::AuthorizeDevice(
        exchange_, provider_, prepared_.grant.requested,
        {.on_prompt =
             [this](const oauth::DevicePrompt& prompt) {
               if (options_.prompts.enter) options_.prompts.enter(prompt.verification_uri, prompt.user_code);
             },
         .on_done = [this](oauth::Outcome<oauth::TokenSet> tokens) { OnTokens(std::move(tokens)); }});
  }

  void Request(oauth::Outcome<oauth::TokenRequest> request) {
    if (!request) return End(ErrorOf(request.error()));
    ticket_ = oauth::RequestToken(exchange_, std::move(*request),
                                  [this](oauth::Outcome<oauth::TokenSet> tokens) { OnTokens(std::move(tokens)); });
  }

  void OnTokens(oauth::Outcome<oauth::TokenSet> tokens) {
    if (!tokens) return End(ErrorOf(tokens.error()));
    End(Complete(std::move(prepared_), std::move(*tokens)));
  }

  // Who is told may destroy this.
  void End(Result<Authorized> result) { std::exchange(done_, nullptr)(std::move(result)); }

  oauth::Exchange& exchange_;
  const oauth::Bearer bearer_;
  const std::string connection_;
  const AuthorizeOptions options_;
  std::function<void(Result<Authorized>)> done_;
  PreparedGrant prepared_;
  std::shared_ptr<const oauth::Provider> provider_;
  std::unique_ptr<oauth::LoopbackReceiver> receiver_;
  std::unique_ptr<oauth::PendingAuthorization> pending_;
  oauth::Ticket ticket_;
};

}  // namespace

Error ErrorOf(const oauth::Failure& failure) {
  switch (failure.problem) {
    case oauth::Problem::kTemporary:
    case oauth::Problem::kUnreachable:
    case oauth::Problem::kNoAnswer:
      return Internal(failure.message);
    case oauth::Problem::kBadRequest:
      return InvalidInput(failure.message);
    default:
      return Refused(failure.message);
  }
}

Authorized Complete(PreparedGrant prepared, oauth::TokenSet tokens) {
  Authorized authorized{std::move(prepared.grant), std::move(prepared.secrets)};
  OAuthGrant& grant = authorized.grant;
  grant.granted = std::move(tokens.scope);
  grant.access_since = std::chrono::floor<std::chrono::seconds>(system_clock::now());
  if (tokens.lifetime) grant.access_expires = grant.access_since + *tokens.lifetime;
  authorized.fields.emplace(kAccessToken, std::move(tokens.access_token));
  if (tokens.refresh_token) authorized.fields.emplace(kRefreshToken, std::move(*tokens.refresh_token));
  return authorized;
}

oauth::Ticket FindServer(oauth::Exchange& exchange, std::string issuer, PreparedGrant prepared,
                         std::function<void(Result<PreparedGrant>)> done) {
  const auto held = std::make_shared<PreparedGrant>(std::move(prepared));
  return oauth::Discover(
      exchange, std::move(issuer), [held, done = std::move(done)](oauth::Outcome<oauth::ServerMetadata> server) {
        if (!server) return done(ErrorOf(server.error()));
        held->grant.server = std::move(*server);
        const auto fine = oauth::CheckProvider(ProviderOf(held->grant, held->secrets), NeedOf(held->grant));
        if (!fine) return done(fine.error());
        done(std::move(*held));
      });
}

std::unique_ptr<Authorization> Authorize(oauth::Exchange& exchange, const store::TenantId& tenant,
                                         const std::string& connection, PreparedGrant prepared,
                                         AuthorizeOptions options, std::function<void(Result<Authorized>)> done) {
  auto process = std::make_unique<Process>(exchange, tenant, connection, std::move(options), std::move(done));
  process->Start(std::move(prepared));
  return process;
}

}  // namespace warder::connections
