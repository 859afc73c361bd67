#include "engine/oauth/revocation.h"

#include <utility>

#include "engine/oauth/client_authentication.h"
#include "engine/oauth/endpoint.h"
#include "engine/oauth/form.h"

namespace warder::oauth {
namespace {

constexpr std::string_view kEndpoint = "the revocation endpoint";

class BothTokens final : public Operation {
 public:
  BothTokens(Exchange& exchange, std::shared_ptr<const Provider> provider, Secret refresh_token, Secret access_token,
             std::function<void(Outcome<void>)> done)
      : exchange_(exchange), provider_(std::move(provider)), done_(std::move(done)) {
    tokens_.emplace_back(TokenKind::kRefresh, std::move(refresh_token));
    tokens_.emplace_back(TokenKind::kAccess, std::move(access_token));
    std::erase_if(tokens_, [](const auto& token) { return token.second.empty(); });
  }

  void Next() {
    const auto& [kind, token] = tokens_[next_++];
    ticket_ = RevokeToken(exchange_, *provider_, token, kind, std::chrono::system_clock::now(),
                          [this](Outcome<void> outcome) {
                            if (!outcome && outcome_) outcome_ = std::move(outcome);
                            if (next_ < tokens_.size()) return Next();
                            const auto done = std::exchange(done_, nullptr);
                            done(std::move(outcome_));
                          });
  }

 private:
  Exchange& exchange_;
  const std::shared_ptr<const Provider> provider_;
  std::vector<std::pair<TokenKind, Secret>> tokens_;
  std::size_t next_ = 0;
  Outcome<void> outcome_;
  std::function<void(Outcome<void>)> done_;
  Ticket ticket_;
};

}  // namespace

Ticket RevokeToken(Exchange& exchange, const Provider& provider, const Secret& token, TokenKind kind, TimePoint now,
                   std::function<void(Outcome<void>)> done) {
  const auto bad = [&](std::string message) {
    return FailSoon<void>(exchange.loop(), {Problem::kBadRequest, Fate::kNotSent, std::move(message)}, std::move(done));
  };
  if (const auto checked = CheckProvider(provider, ClientNeed::kOptional); !checked)
    return bad(checked.error().message);
  const std::string& url = provider.server.revocation_endpoint;
  if (url.empty()) {
    return bad("the authorization server " + provider.server.issuer +
               " has no revocation_endpoint; take the grant back there by hand");
  }
  Form form;
  form.Add("token", token.view());
  form.Add("token_type_hint", kind == TokenKind::kRefresh ? "refresh_token" : "access_token");
  auto request = AuthenticatedPost(provider, std::string(kEndpoint), url, std::move(form), now);
  if (!request) return bad(request.error().message);
  const std::string where = std::string(kEndpoint) + " at " + ParseEndpoint(url)->origin.ToString();
  return exchange.Start(std::move(*request), [where, done = std::move(done)](Outcome<Answer> answer) {
    if (!answer) return done(answer.error());
    // What is in the body of a success means nothing (section 2.2).
    if (answer->status != 200) return done(ReadErrorAnswer(where, *answer));
    done({});
  });
}

Ticket RevokeBoth(Exchange& exchange, std::shared_ptr<const Provider> provider, Secret refresh_token,
                  Secret access_token, std::function<void(Outcome<void>)> done) {
  if (refresh_token.empty() && access_token.empty()) {
    return FailSoon<void>(exchange.loop(), {Problem::kBadRequest, Fate::kNotSent, "there is no token to revoke"},
                          std::move(done));
  }
  auto both = std::make_unique<BothTokens>(exchange, std::move(provider), std::move(refresh_token),
                                           std::move(access_token), std::move(done));
  both->Next();
  return both;
}

}  // namespace warder::oauth
