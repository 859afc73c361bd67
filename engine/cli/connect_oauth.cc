#include "engine/cli/connect_oauth.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "engine/base/secret.h"
#include "engine/cli/interrupts.h"
#include "engine/cli/secret_input.h"
#include "engine/cli/text.h"
#include "engine/cli/vault_options.h"
#include "warder/engine.h"

namespace warder::cli {
namespace {

constexpr const char* kSigning = "private_key_jwt";

OAuthSetup SetupOf(const OAuthOptions& options, const std::string& policy) {
  // CLI11 keeps what an option excludes in the order of addresses: help with two of those is another one each time.
  if (options.device + options.client_credentials + options.jwt_bearer > 1) {
    throw EngineError(Status::kInvalid, "--device, --client-credentials and --jwt-bearer exclude each other");
  }
  if (options.issuer.empty()) throw EngineError(Status::kInvalid, "--oauth needs --issuer");
  if (options.client_id.empty() && !options.jwt_bearer) {
    throw EngineError(Status::kInvalid, "--oauth needs --client-id");
  }
  if (options.jwt_bearer && options.assertion_issuer.empty()) {
    throw EngineError(Status::kInvalid, "--jwt-bearer needs --assertion-issuer");
  }
  OAuthSetup setup;
  using Grant = OAuthSetup::Grant;
  if (options.device) setup.grant = Grant::kDevice;
  if (options.client_credentials) setup.grant = Grant::kClientCredentials;
  if (options.jwt_bearer) setup.grant = Grant::kJwtBearer;
  setup.policy = policy;
  setup.issuer = options.issuer;
  setup.client_id = options.client_id;
  setup.client_authentication = options.client_authentication;
  setup.client_algorithm = options.client_algorithm;
  setup.client_key_id = options.client_key_id;
  setup.scopes.insert(options.scopes.begin(), options.scopes.end());
  setup.loopback_port = options.port;
  setup.assertion.issuer = options.assertion_issuer;
  setup.assertion.subject = options.assertion_subject;
  setup.assertion.audience = options.assertion_audience;
  setup.assertion.algorithm = options.assertion_algorithm;
  setup.assertion.key_id = options.assertion_key_id;
  using ScopeIn = OAuthAssertion::ScopeIn;
  setup.assertion.scope_in = options.assertion_scope == "claim" ? ScopeIn::kClaim : ScopeIn::kParameter;
  return setup;
}

// One that has to be given: typed where it is one line, in the environment, or piped in.
struct NeededSecret {
  const char* name;  // in the JSON object, where several are piped in
  const char* what;
  const char* variable;
  bool is_key;
  std::string* place;
};

std::vector<NeededSecret> NeededBy(const OAuthOptions& options, OAuthSetup* setup) {
  std::vector<NeededSecret> needed;
  const bool signs = options.client_authentication == kSigning;
  if (options.client_secret || options.client_credentials || signs) {
    needed.push_back({"client_secret", signs ? "client's private key" : "client secret", "WARDER_CLIENT_SECRET", signs,
                      &setup->client_secret});
  }
  if (options.jwt_bearer) {
    needed.push_back({"assertion_key", "assertion's private key", "WARDER_ASSERTION_KEY", true, &setup->assertion.key});
  }
  return needed;
}

void ReadSecrets(const std::vector<NeededSecret>& needed, bool from_stdin, Environment& environment) {
  if (needed.empty()) return;
  SecretFields piped;
  if (from_stdin) {
    std::vector<std::string> names;
    for (const NeededSecret& each : needed) names.emplace_back(each.name);
    piped = ReadSecretsFrom(environment.in, names);
  }
  for (const NeededSecret& each : needed) {
    const Secret secret = from_stdin    ? std::move(piped.at(each.name))
                          : each.is_key ? ReadKey(each.what, each.variable)
                                        : ReadSecret(each.what, each.variable, environment.in, environment.err);
    *each.place = secret.view();
  }
}

}  // namespace

void DeclareOAuth(CLI::App& app, OAuthOptions* options) {
  CLI::Option* const oauth =
      app.add_flag("--oauth", options->use, "Authorize with OAuth 2.0; the policy injects the field access_token");
  const auto flag = [&](const char* name, bool& place, const char* what) {
    return app.add_flag(name, place, what)->needs(oauth);
  };
  const auto text = [&](const char* name, std::string& place, const char* what, const char* type) {
    return app.add_option(name, place, what)->needs(oauth)->type_name(type);
  };
  text("--issuer", options->issuer, "The authorization server, asked for its metadata", "URL");
  app.add_option("--scope", options->scopes, "What to ask for; repeatable")
      ->needs(oauth)
      ->type_name("SCOPE")
      ->allow_extra_args(false);
  flag("--device", options->device, "With a code to enter on another device (RFC 8628)");
  flag("--client-credentials", options->client_credentials, "For the client itself, without a person");
  CLI::Option* const bearer =
      flag("--jwt-bearer", options->jwt_bearer,
           "With a signed assertion (RFC 7523), without a person: a service account. Its private key is piped in with "
           "--from-stdin, or in $WARDER_ASSERTION_KEY");
  app.add_option("--port", options->port, "Where the redirect is received on 127.0.0.1 (default: any)")
      ->needs(oauth)
      ->type_name("PORT");

  text("--client-id", options->client_id, "The client as it is registered there; --jwt-bearer may do without", "ID");
  flag("--client-secret", options->client_secret,
       "The client has a secret: typed, piped in with --from-stdin, or in $WARDER_CLIENT_SECRET");
  text("--client-authentication", options->client_authentication,
       "none, client_secret_basic, client_secret_post or private_key_jwt, with the private key in the secret's place",
       "WAY");
  text("--client-algorithm", options->client_algorithm, "Of private_key_jwt: RS256 (default), ES256 or EdDSA",
       "ALGORITHM");
  text("--client-key-id", options->client_key_id, "Of private_key_jwt: the key as the server knows it", "ID");

  const auto claim = [&](const char* name, std::string& place, const char* what, const char* type) {
    return app.add_option(name, place, what)->needs(bearer)->type_name(type);
  };
  claim("--assertion-issuer", options->assertion_issuer, "Who asserts", "NAME");
  claim("--assertion-subject", options->assertion_subject, "For whom (default: nobody)", "NAME");
  claim("--assertion-audience", options->assertion_audience, "For which server (default: the issuer's URL)", "URL");
  claim("--assertion-algorithm", options->assertion_algorithm, "RS256 (default), ES256 or EdDSA", "ALGORITHM");
  claim("--assertion-key-id", options->assertion_key_id, "The key as the server knows it", "ID");
  app.add_option("--assertion-scope", options->assertion_scope,
                 "Whether the server wants the scope as a parameter (default), or as a claim of the assertion")
      ->needs(bearer)
      ->check(CLI::IsMember({"parameter", "claim"}));
}

int Authorize(const OAuthOptions& options, const OAuthTarget& target, const OpensVault& open,
              Environment& environment) {
  OAuthSetup setup = SetupOf(options, target.policy);
  const WipeAtEnd wipe_client(&setup.client_secret);
  const WipeAtEnd wipe_assertion(&setup.assertion.key);
  ReadSecrets(NeededBy(options, &setup), target.from_stdin, environment);
  Vault::Check(target.name, setup, target.limits);
  const auto vault = open();
  const Interrupts interrupts;
  OAuthPrompts prompts;
  prompts.cancel_fd = interrupts.fd();
  prompts.open = [&](const std::string& url) {
    environment.err.Write("open this in a browser on this machine, and allow it there:\n\n  " + Printable(url) +
                          "\n\nwaiting; Ctrl-C gives up\n");
  };
  prompts.enter = [&](const std::string& uri, const std::string& code) {
    environment.err.Write("open " + Printable(uri) + " on any device, and enter " +
                          environment.err.Paint(Ink::kBold, Printable(code)) + "\nwaiting; Ctrl-C gives up\n");
  };
  try {
    WarnUnrevoked(vault->Authorize(target.tenant, target.name, setup, prompts, target.limits), environment.err);
  } catch (const EngineError& error) {
    if (interrupts.first() == 0) throw;
    environment.err.Write(environment.err.Paint(Ink::kRed, "warder: ") + Printable(error.what()) + "\n");
    return interrupts.first();
  }
  return 0;
}

}  // namespace warder::cli
