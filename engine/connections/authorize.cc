#include "engine/connections/authorize.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "engine/base/text.h"
#include "engine/oauth/authorization.h"
#include "engine/oauth/device.h"
#include "engine/oauth/loopback_receiver.h"
#include "engine/oauth/token_request.h"

namespace warder::connections {
namespace {

using std::chrono::system_clock;

// Whose turn it is: ours or the network's to be tried again, or the caller's to change something.
Error ErrorOf(const oauth::Failure& failure) {
  switch (failure.problem) {
    case oauth::Problem::kTemporary:
    case oauth::Problem::kUnreachable:
    case oauth::Problem::kNoAnswer:
      return Internal(failure.message);
    default:
      return Refused(failure.message);
  }
}

class Process final : public Authorization {
 public:
  Process(oauth::Exchange& exchange, const store::TenantId& tenant, std::string connection, const OAuthSetup& setup,
          OAuthPrompts prompts, std::function<void(Result<Authorized>)> done)
      : exchange_(exchange),
        bearer_{RandomId(), tenant.text()},
        connection_(std::move(connection)),
        setup_(setup),
        prompts_(std::move(prompts)),
        done_(std::move(done)) {}
  ~Process() override { WipeString(&setup_.client_secret); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  Process(Process&&) = delete;
  Process& operator=(Process&&) = delete;

  void Start() {
    const std::string scopes = ScopeText();
    auto scope = oauth::ParseScope(scopes);
    if (!scope) return Later(scope.error());
    scope_ = std::move(*scope);
    ticket_ = oauth::Discover(exchange_, setup_.issuer, [this](oauth::Outcome<oauth::ServerMetadata> server) {
      if (server) {
        OnServer(std::move(*server));
      } else {
        End(ErrorOf(server.error()));
      }
    });
  }

 private:
  std::string ScopeText() const {
    std::string text;
    for (const std::string& each : setup_.scopes) text += (text.empty() ? "" : " ") + each;
    return text;
  }

  void OnServer(oauth::ServerMetadata server) {
    grant_.server = server;
    grant_.client_id = setup_.client_id;
    grant_.requested = scope_;
    auto provider = std::make_shared<oauth::Provider>();
    provider->server = std::move(server);
    provider->client.id = setup_.client_id;
    provider->client.secret = Secret(setup_.client_secret);
    using Way = oauth::ClientAuthentication;
    provider->client.authentication = setup_.client_secret.empty() ? Way::kNone : Way::kSecretBasic;
    if (!setup_.client_authentication.empty()) {
      bool known = false;
      for (const Way way : {Way::kNone, Way::kSecretBasic, Way::kSecretPost}) {
        if (setup_.client_authentication != oauth::NameOf(way)) continue;
        provider->client.authentication = way;
        known = true;
      }
      if (!known) {
        return End(InvalidInput("a client authenticates with none, client_secret_basic or client_secret_post, not \"" +
                                setup_.client_authentication + "\""));
      }
    }
    grant_.authentication = provider->client.authentication;
    if (auto fine = oauth::CheckProvider(*provider); !fine) return End(fine.error());
    provider_ = std::move(provider);
    switch (setup_.grant) {
      case OAuthSetup::Grant::kAuthorizationCode:
        grant_.kind = OAuthGrant::Kind::kAuthorizationCode;
        return AskForCode();
      case OAuthSetup::Grant::kDevice:
        grant_.kind = OAuthGrant::Kind::kDevice;
        return AskDevice();
      case OAuthSetup::Grant::kClientCredentials:
        grant_.kind = OAuthGrant::Kind::kClientCredentials;
        return Request(oauth::UseClientCredentials(*provider_, scope_, system_clock::now()));
    }
  }

  void AskForCode() {
    oauth::LoopbackOptions options;
    options.port = setup_.loopback_port;
    auto receiver = oauth::LoopbackReceiver::Listen(exchange_.loop(), options);
    if (!receiver) return End(receiver.error());
    receiver_ = std::move(*receiver);
    oauth::AuthorizationRequest request;
    request.bearer = bearer_;
    request.connection = connection_;
    request.redirect_uri = receiver_->redirect_uri();
    request.scope = scope_;
    auto begun = oauth::BeginAuthorization(*provider_, std::move(request), system_clock::now());
    if (!begun) return End(InvalidInput(begun.error().message));
    pending_ = std::make_unique<oauth::PendingAuthorization>(std::move(begun->pending));
    receiver_->Receive(pending_->state, [this](Result<Secret> query) { OnRedirect(std::move(query)); });
    if (prompts_.open) prompts_.open(begun->url);
  }

  void OnRedirect(Result<Secret> query) {
    if (!query) return End(query.error());
    auto code = oauth::FinishAuthorization(pending_.get(), query->view(), bearer_, system_clock::now());
    if (!code) return End(Refused(code.error().message));
    Request(oauth::RedeemCode(*provider_, std::move(*code), system_clock::now()));
  }

  void AskDevice() {
    ticket_ = oauth::AuthorizeDevice(
        exchange_, provider_, scope_,
        {.on_prompt =
             [this](const oauth::DevicePrompt& prompt) {
               if (prompts_.enter) prompts_.enter(prompt.verification_uri, prompt.user_code);
             },
         .on_done = [this](oauth::Outcome<oauth::TokenSet> tokens) { OnTokens(std::move(tokens)); }});
  }

  void Request(oauth::Outcome<oauth::TokenRequest> request) {
    if (!request) return End(InvalidInput(request.error().message));
    ticket_ = oauth::RequestToken(exchange_, std::move(*request),
                                  [this](oauth::Outcome<oauth::TokenSet> tokens) { OnTokens(std::move(tokens)); });
  }

  void OnTokens(oauth::Outcome<oauth::TokenSet> tokens) {
    if (!tokens) return End(ErrorOf(tokens.error()));
    Authorized authorized{std::move(grant_), {}};
    authorized.grant.granted = std::move(tokens->scope);
    authorized.grant.access_since = std::chrono::floor<std::chrono::seconds>(system_clock::now());
    if (tokens->lifetime) authorized.grant.access_expires = authorized.grant.access_since + *tokens->lifetime;
    authorized.fields.emplace(kAccessToken, std::move(tokens->access_token));
    if (tokens->refresh_token) authorized.fields.emplace(kRefreshToken, std::move(*tokens->refresh_token));
    if (!setup_.client_secret.empty()) authorized.fields.emplace(kClientSecret, Secret(setup_.client_secret));
    End(std::move(authorized));
  }

  void Later(Error error) {
    boost::asio::post(exchange_.loop(), [weak = std::weak_ptr(alive_), this, error = std::move(error)] {
      if (!weak.expired()) End(error);
    });
  }
  // Who is told may destroy this.
  void End(Result<Authorized> result) { std::exchange(done_, nullptr)(std::move(result)); }

  oauth::Exchange& exchange_;
  const oauth::Bearer bearer_;
  const std::string connection_;
  OAuthSetup setup_;
  const OAuthPrompts prompts_;
  std::function<void(Result<Authorized>)> done_;
  oauth::ScopeSet scope_;
  OAuthGrant grant_;
  std::shared_ptr<const oauth::Provider> provider_;
  std::unique_ptr<oauth::LoopbackReceiver> receiver_;
  std::unique_ptr<oauth::PendingAuthorization> pending_;
  oauth::Ticket ticket_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<Authorization> Authorize(oauth::Exchange& exchange, const store::TenantId& tenant,
                                         const std::string& connection, const OAuthSetup& setup,
                                         const OAuthPrompts& prompts, std::function<void(Result<Authorized>)> done) {
  auto process = std::make_unique<Process>(exchange, tenant, connection, setup, prompts, std::move(done));
  process->Start();
  return process;
}

}  // namespace warder::connections
