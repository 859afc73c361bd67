// warder connect: gives a tenant's vault a credential, or authorizes one with OAuth.
#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/cli/command.h"
#include "engine/cli/connect_oauth.h"
#include "engine/cli/input_file.h"
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
    "  warder connect acme --policy acme.policy --oauth --jwt-bearer --issuer https://id.acme.test "
    "--assertion-issuer robot@acme.test --from-stdin <robot.pem\n"
    "  warder run my-integration/ --connect acme";

struct Options {
  std::string name;
  std::string policy;
  std::string tenant;
  VaultPlace place;
  bool from_stdin = false;
  bool replace = false;
  std::optional<unsigned> lifetime_days, idle_days, rotate_days;
  OAuthOptions oauth;
};

// Empty: it is a number of days that a connection can have.
std::string WrongDays(const std::string& text) {
  constexpr unsigned kMost = 36'500;  // within the hundred years that are the most
  unsigned count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool good = error == std::errc() && end == text.data() + text.size() && count >= 1 && count <= kMost;
  return good ? "" : "it has to be a whole number from 1 to " + std::to_string(kMost) + ", and is " + text;
}

ConnectOptions LimitsOf(const Options& options) {
  const auto days = [](std::optional<unsigned> count) -> std::optional<std::chrono::seconds> {
    if (!count) return std::nullopt;
    return std::chrono::days(*count);
  };
  return {options.replace, days(options.lifetime_days), days(options.idle_days), days(options.rotate_days)};
}

Connection::Fields ReadFields(const Options& options, const std::string& policy, Environment& environment) {
  const std::vector<std::string> names = policy::Fields(policy);
  if (names.empty()) return {};
  Connection::Fields fields;
  if (options.from_stdin) {
    for (const auto& [name, secret] : ReadSecretsFrom(environment.in, names)) fields.emplace_back(name, secret.view());
    return fields;
  }
  for (const std::string& name : names) {
    const Secret secret = PromptSecret(options.name + ": " + name, environment.in, environment.err);
    fields.emplace_back(name, std::string(secret.view()));
  }
  return fields;
}

int Connect(const Options& options, Environment& environment) {
  const std::string policy = ReadSmallFile("policy", options.policy, policy::kMaxBytes);
  try {
    policy::Read(policy);
  } catch (const EngineError& error) {
    throw EngineError(error.status(), options.policy + ": " + error.what());
  }
  const auto open = [&] { return OpenVaultFor(options.tenant, options.place, environment, IfNoVault::kMake); };
  if (options.oauth.use) {
    const OAuthTarget target{options.tenant, options.name, policy, options.from_stdin, LimitsOf(options)};
    if (const int signal = Authorize(options.oauth, target, open, environment); signal != 0) return 128 + signal;
  } else {
    Connection::Fields fields = ReadFields(options, policy, environment);
    try {
      Vault::Check(options.name, policy, fields, LimitsOf(options));
      WarnUnrevoked(open()->Connect(options.tenant, options.name, policy, fields, LimitsOf(options)), environment.err);
    } catch (...) {
      for (auto& [name, value] : fields) WipeString(&value);
      throw;
    }
    for (auto& [name, value] : fields) WipeString(&value);
  }
  environment.err.Write("connected " + Printable(options.name) + " of the tenant " + Printable(options.tenant) + "\n");
  return static_cast<int>(Status::kSucceeded);
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
  const auto days = [&app](const char* name, std::optional<unsigned>& count, const char* what) {
    app.add_option(name, count, what)->type_name("N")->check(WrongDays, "", "");
  };
  days("--lifetime-days", options->lifetime_days, "It ends by itself after so many days");
  days("--idle-days", options->idle_days, "It ends by itself when it was not used for so many days");
  days("--rotate-after-days", options->rotate_days, "`warder connection review` reminds after so many days");
  DeclareOAuth(app, &options->oauth);
  AddVaultOptions(app, &options->place);
  return [options](Environment& environment) { return Connect(*options, environment); };
}

}  // namespace

Command ConnectCommand() { return {"connect", "Give a tenant a credential, typed or authorized", kExamples, Declare}; }

}  // namespace warder::cli
