// warder connect: gives a tenant's vault a credential, or authorizes one with OAuth.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/strict_json.h"
#include "engine/cli/command.h"
#include "engine/cli/input_file.h"
#include "engine/cli/interrupts.h"
#include "engine/cli/secret_input.h"
#include "engine/cli/text.h"
#include "engine/cli/vault_options.h"
#include "warder/engine.h"
#include "warder/policy.h"

namespace warder::cli {
namespace {

constexpr const char* kExamples =
    "  warder connect acme --policy acme.policy\n"
    "  printf %s \"$TOKEN\" | warder connect acme --policy acme.policy --from-stdin --tenant customer-7\n"
    "  warder connect acme --policy acme.policy --oauth --issuer https://id.acme.test --client-id warder "
    "--scope orders:read\n"
    "  warder connect acme --policy acme.policy --oauth --device --issuer https://id.acme.test --client-id warder\n"
    "  warder run my-integration/ --connect acme";

struct Options {
  std::string name;
  std::string policy;
  std::string tenant;
  VaultPlace place;
  bool from_stdin = false;
  bool replace = false;
  unsigned lifetime_days = 0, idle_days = 0, rotate_days = 0;
  bool oauth = false, device = false, client_credentials = false, client_secret = false;
  std::string issuer, client_id, client_authentication;
  std::vector<std::string> scopes;
  std::uint16_t port = 0;
};

ConnectOptions LimitsOf(const Options& options) {
  const auto days = [](unsigned count) -> std::optional<std::chrono::seconds> {
    if (count == 0) return std::nullopt;
    return std::chrono::days(count);
  };
  return {options.replace, days(options.lifetime_days), days(options.idle_days), days(options.rotate_days)};
}

// One field: what was piped in is its value. Several: a JSON object with all of them.
Connection::Fields PipedFields(const std::vector<std::string>& names, int in) {
  const Secret piped = ReadSecretFrom(in);
  if (names.size() == 1) return {{names.front(), std::string(piped.view())}};
  const auto value = ParseStrict(piped.view());
  const boost::json::object* const object = value ? value->if_object() : nullptr;
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "\"" : ", \"") + name + "\"";
  const EngineError wrong(Status::kInvalid,
                          "the policy uses several fields, so standard input is to be one JSON object "
                          "with a text for each of " +
                              list);
  if (object == nullptr) throw wrong;
  Connection::Fields fields;
  for (const auto& [name, field] : *object) {
    if (!field.is_string()) throw wrong;
    fields.emplace_back(name, field.get_string());
  }
  return fields;
}

Connection::Fields ReadFields(const Options& options, const std::string& policy, Environment& environment) {
  const std::vector<std::string> names = policy::Fields(policy);
  if (names.empty()) return {};
  if (options.from_stdin) return PipedFields(names, environment.in);
  Connection::Fields fields;
  for (const std::string& name : names) {
    const Secret secret = PromptSecret(options.name + ": " + name, environment.in, environment.err);
    fields.emplace_back(name, std::string(secret.view()));
  }
  return fields;
}

// Returns the signal that ended it; 0: none did.
int Authorize(const Options& options, const std::string& policy, Vault& vault, Environment& environment) {
  for (const auto& [option, value] : {std::pair("--issuer", options.issuer), {"--client-id", options.client_id}}) {
    if (value.empty()) throw EngineError(Status::kInvalid, std::string("--oauth needs ") + option);
  }
  OAuthSetup setup;
  setup.policy = policy;
  setup.issuer = options.issuer;
  setup.client_id = options.client_id;
  setup.client_authentication = options.client_authentication;
  setup.scopes.insert(options.scopes.begin(), options.scopes.end());
  setup.loopback_port = options.port;
  if (options.device) setup.grant = OAuthSetup::Grant::kDevice;
  if (options.client_credentials) setup.grant = OAuthSetup::Grant::kClientCredentials;
  if (options.client_secret || options.client_credentials) {
    const Secret secret = options.from_stdin
                              ? ReadSecretFrom(environment.in)
                              : ReadSecret("client secret", "WARDER_CLIENT_SECRET", environment.in, environment.err);
    setup.client_secret = secret.view();
  }
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
    vault.Authorize(options.tenant, options.name, setup, prompts, LimitsOf(options));
  } catch (const EngineError& error) {
    WipeString(&setup.client_secret);
    if (interrupts.first() == 0) throw;
    environment.err.Write(environment.err.Paint(Ink::kRed, "warder: ") + Printable(error.what()) + "\n");
    return interrupts.first();
  }
  WipeString(&setup.client_secret);
  return 0;
}

int Connect(const Options& options, Environment& environment) {
  const std::string policy = ReadSmallFile("policy", options.policy, policy::kMaxBytes);
  try {
    policy::Read(policy);
  } catch (const EngineError& error) {
    throw EngineError(error.status(), options.policy + ": " + error.what());
  }
  const auto vault = OpenVaultFor(options.tenant, options.place, environment.in, environment.err, IfNoVault::kMake);
  if (options.oauth) {
    if (const int signal = Authorize(options, policy, *vault, environment); signal != 0) return 128 + signal;
  } else {
    Connection::Fields fields = ReadFields(options, policy, environment);
    try {
      vault->Connect(options.tenant, options.name, policy, fields, LimitsOf(options));
    } catch (...) {
      for (auto& [name, value] : fields) WipeString(&value);
      throw;
    }
    for (auto& [name, value] : fields) WipeString(&value);
  }
  environment.err.Write("connected " + Printable(options.name) + " of the tenant " + Printable(options.tenant) + "\n");
  return static_cast<int>(Status::kSucceeded);
}

void DeclareOAuth(CLI::App& app, Options* options) {
  CLI::Option* const oauth =
      app.add_flag("--oauth", options->oauth, "Authorize with OAuth 2.0; the policy injects the field access_token");
  const auto needs_oauth = [&](CLI::Option* option) { return option->needs(oauth); };
  needs_oauth(app.add_option("--issuer", options->issuer, "The authorization server, asked for its metadata"))
      ->type_name("URL");
  needs_oauth(app.add_option("--client-id", options->client_id, "The client as it is registered there"))
      ->type_name("ID");
  needs_oauth(app.add_option("--scope", options->scopes, "What to ask for; repeatable"))
      ->type_name("SCOPE")
      ->allow_extra_args(false);
  CLI::Option* const device =
      needs_oauth(app.add_flag("--device", options->device, "With a code to enter on another device (RFC 8628)"));
  needs_oauth(
      app.add_flag("--client-credentials", options->client_credentials, "For the client itself, without a person"))
      ->excludes(device);
  needs_oauth(app.add_flag("--client-secret", options->client_secret,
                           "The client has a secret: typed, piped in with --from-stdin, or in $WARDER_CLIENT_SECRET"));
  needs_oauth(app.add_option("--client-authentication", options->client_authentication,
                             "none, client_secret_basic or client_secret_post"))
      ->type_name("WAY");
  needs_oauth(app.add_option("--port", options->port, "Where the redirect is received on 127.0.0.1 (default: any)"))
      ->type_name("PORT");
}

Action Declare(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("name", options->name, "What integrations call it: context.connections.NAME")
      ->required()
      ->type_name("NAME");
  app.add_option("--policy", options->policy, "What it may be used for (docs/policy.md)")
      ->required()
      ->type_name("FILE");
  AddTenantOption(app, &options->tenant);
  app.add_flag("--from-stdin", options->from_stdin,
               "Read the secret from standard input: as it is, or, of several fields, one JSON object");
  app.add_flag("--replace", options->replace, "Give a connection that is there this credential and policy");
  app.add_option("--lifetime-days", options->lifetime_days, "It ends by itself after so many days")->type_name("N");
  app.add_option("--idle-days", options->idle_days, "It ends by itself when it was not used for so many days")
      ->type_name("N");
  app.add_option("--rotate-after-days", options->rotate_days, "`warder connection review` reminds after so many days")
      ->type_name("N");
  DeclareOAuth(app, options.get());
  AddVaultOptions(app, &options->place);
  return [options](Environment& environment) { return Connect(*options, environment); };
}

}  // namespace

Command ConnectCommand() { return {"connect", "Give a tenant a credential, typed or authorized", kExamples, Declare}; }

}  // namespace warder::cli
