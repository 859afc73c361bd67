// warder tenant: the tenants of the vault, and its keys.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/secret.h"
#include "engine/cli/command.h"
#include "engine/cli/text.h"
#include "engine/cli/vault_options.h"
#include "warder/engine.h"

namespace warder::cli {
namespace {

constexpr const char* kExamples =
    "  warder tenant create customer-7\n"
    "  warder tenant verify customer-7\n"
    "  warder tenant log customer-7 | jq .event\n"
    "  warder tenant rotate-key customer-7\n"
    "  warder tenant rotate-kek\n"
    "  warder tenant restore customer-7\n"
    "  warder tenant shred customer-7 --yes";

struct Options {
  std::string tenant;
  VaultPlace place;
  VaultPlace next;
  std::uint64_t after = 0;
  bool yes = false;
};

std::shared_ptr<Vault> Open(const Options& options, Environment& environment) {
  return OpenVault(options.place, environment);
}

int Create(const Options& options, Environment& environment) {
  OpenVault(options.place, environment, IfNoVault::kMake)->CreateTenant(options.tenant);
  environment.err.Write("created " + Printable(options.tenant) + "\n");
  return 0;
}

int List(const Options& options, Environment& environment) {
  for (const std::string& tenant : Open(options, environment)->Tenants()) {
    environment.out.Write(Printable(tenant) + "\n");
  }
  return 0;
}

int Verify(const Options& options, Environment& environment) {
  Open(options, environment)->Verify(options.tenant);
  environment.err.Write("every record of " + Printable(options.tenant) + " is authentic, and its audit log is whole\n");
  return 0;
}

int Restore(const Options& options, Environment& environment) {
  const auto vault = Open(options, environment);
  vault->AcceptRestored(options.tenant);
  vault->Verify(options.tenant);
  environment.err.Write("the file of " + Printable(options.tenant) + " counts as it is now\n");
  return 0;
}

int Log(const Options& options, Environment& environment) {
  Open(options, environment)
      ->ReadAudit(options.tenant, options.after, [&](std::uint64_t /*number*/, std::string_view entry) {
        environment.out.Write(SafeJson(entry) + "\n");
        return environment.out.error() == 0;
      });
  return 0;
}

int Shred(const Options& options, Environment& environment) {
  if (!options.yes) {
    throw EngineError(Status::kInvalid, "all credentials and records of \"" + options.tenant +
                                            "\" would be lost, in every backup too; add --yes to do it");
  }
  const std::vector<Unrevoked> left = Open(options, environment)->ShredTenant(options.tenant);
  environment.err.Write("shredded " + Printable(options.tenant) + "\n");
  for (const Unrevoked& each : left) {
    environment.err.Write(
        environment.err.Paint(Ink::kYellow, "warder: ") + "the tokens of " + Printable(each.connection) +
        " were not revoked at the authorization server, and nothing here can do it any more: " + Printable(each.why) +
        "\n");
  }
  return static_cast<int>(left.empty() ? Status::kSucceeded : Status::kFailed);
}

int RotateKey(const Options& options, Environment& environment) {
  Open(options, environment)->RotateDataKey(options.tenant);
  environment.err.Write("all records of " + Printable(options.tenant) + " are under a new key\n");
  return 0;
}

int RotateKek(const Options& options, Environment& environment) {
  const auto vault = Open(options, environment);
  const bool elsewhere = !options.next.kek.empty() || !options.next.pkcs11_module.empty();
  KeySource next;
  const WipeAtEnd wipe(&next.pin);
  ReadKeySource(elsewhere ? options.next : options.place, kNextPinVariable, environment.in, environment.err, &next);
  const std::size_t count = vault->RotateKey(next);
  SayMade(*vault, next, environment.err);
  environment.err.Write("wrapped the keys of " + CountText(count, "tenant") + " under another key" +
                        (elsewhere
                             ? "; from now on name it with --kek or --pkcs11-module, and destroy the old one: it opens "
                               "older copies of the keyring\n"
                             : "\n"));
  return 0;
}

using Act = int (*)(const Options&, Environment&);

Action Declare(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.require_subcommand(1);
  std::vector<std::pair<CLI::App*, Act>> commands;
  const auto add = [&](const char* name, const char* summary, Act act, bool of_one) {
    CLI::App* const command = app.add_subcommand(name, summary);
    if (of_one) command->add_option("tenant", options->tenant, "The tenant")->required()->type_name("NAME");
    AddVaultOptions(*command, &options->place);
    commands.emplace_back(command, act);
    return command;
  };
  add("create", "Make a tenant: a file and a key of its own", Create, true);
  add("list", "The names of all tenants", List, false);
  add("verify", "Open every record and walk the audit log", Verify, true);
  add("log", "Print the audit log, one line of JSON for each entry", Log, true)
      ->add_option("--after", options->after, "Only the entries behind this number")
      ->type_name("N");
  add("shred", "Delete a tenant's keys, so that no copy of its file can be read any more", Shred, true)
      ->add_flag("--yes", options->yes, "Really");
  add("restore", "Accept a tenant's file, or a keyring, that was put back from a backup", Restore, true);
  add("rotate-key", "Seal a tenant's records under a new key", RotateKey, true);
  CLI::App* const rotate = add("rotate-kek", "Wrap all tenants' keys under another key", RotateKek, false);
  CLI::Option* const kek =
      rotate->add_option("--to-kek", options->next.kek, "A file or env (default: a new key in the same file)")
          ->type_name("FILE");
  CLI::Option* const module = rotate->add_option("--to-pkcs11-module", options->next.pkcs11_module, "A token's library")
                                  ->type_name("FILE")
                                  ->excludes(kek);
  rotate->add_option("--to-pkcs11-token", options->next.pkcs11_token, "The token's label")
      ->type_name("LABEL")
      ->needs(module);
  rotate->add_option("--to-pkcs11-key", options->next.pkcs11_key, "The label of the key pair in it")
      ->type_name("LABEL")
      ->needs(module);
  return [options, commands](Environment& environment) {
    for (const auto& [command, act] : commands) {
      if (command->parsed()) return act(*options, environment);
    }
    return static_cast<int>(Status::kInvalid);
  };
}

}  // namespace

Command TenantCommand() {
  return {"tenant", "Make, verify, shred tenants; rotate keys; read audit logs", kExamples, Declare};
}

}  // namespace warder::cli
