#include "engine/cli/vault_options.h"

#include <cstdlib>

#include "engine/base/secret.h"
#include "engine/cli/secret_input.h"
#include "engine/cli/state_folder.h"
#include "engine/cli/text.h"
#include "warder/engine.h"

namespace warder::cli {

void AddVaultOptions(CLI::App& app, VaultPlace* place) {
  app.add_option("--state", place->state, "The folder of the vault (default: the state folder)")->type_name("FOLDER");
  CLI::Option* const kek =
      app.add_option("--kek", place->kek,
                     "The key that wraps the tenants' keys: a file, made with the vault, or env for $WARDER_KEK "
                     "(default: kek in the configuration folder)")
          ->type_name("FILE");
  CLI::Option* const module =
      app.add_option("--pkcs11-module", place->pkcs11_module, "The same in a PKCS#11 token: its library")
          ->type_name("FILE")
          ->excludes(kek);
  app.add_option("--pkcs11-token", place->pkcs11_token, "The token's label")->type_name("LABEL")->needs(module);
  app.add_option("--pkcs11-key", place->pkcs11_key, "The label of the key pair in it")
      ->type_name("LABEL")
      ->needs(module);
}

void AddTenantOption(CLI::App& app, std::string* tenant) {
  *tenant = kDefaultTenant;
  app.add_option("--tenant", *tenant, "The tenant (default: local)")->type_name("NAME");
}

void ReadKeySource(const VaultPlace& place, const char* pin_variable, int in, Output& err, KeySource* source) {
  if (!place.pkcs11_module.empty()) {
    source->kind = KeySource::Kind::kPkcs11;
    source->module = place.pkcs11_module;
    source->token = place.pkcs11_token;
    source->label = place.pkcs11_key;
    const Secret pin = ReadSecret("PIN of the token " + place.pkcs11_token, pin_variable, in, err);
    source->pin = pin.view();
  } else if (place.kek == "env") {
    source->kind = KeySource::Kind::kEnvironment;
  } else {
    source->file = place.kek.empty() ? DefaultKek() : std::filesystem::path(place.kek);
  }
}

void SayMade(const Vault& vault, const KeySource& key, Output& err) {
  if (!vault.made_key()) return;
  err.Write("made the key of the vault, " + Printable(key.file.string()) +
            ": keep a copy apart from the vault's own backups; without it nothing there can be read\n");
}

void WarnOfMemory(Environment& environment) {
  if (environment.memory == nullptr) return;
  for (const std::string& each : environment.memory->missing) {
    environment.err.Write(environment.err.Paint(Ink::kYellow, "warder: ") + Printable(each) + "\n");
  }
}

std::shared_ptr<Vault> OpenVault(const VaultPlace& place, Environment& environment, IfNoVault if_none) {
  WarnOfMemory(environment);
  VaultOptions options;
  options.folder = place.state.empty() ? DefaultState() : std::filesystem::path(place.state);
  if (if_none == IfNoVault::kRefuse && !Vault::Exists(options.folder)) {
    throw EngineError(Status::kInvalid, "there is no vault in " + options.folder.string() +
                                            " yet; warder connect and warder tenant create make one");
  }
  const WipeAtEnd wipe(&options.key.pin);
  ReadKeySource(place, kPinVariable, environment.in, environment.err, &options.key);
  auto vault = Vault::Open(options);
  SayMade(*vault, options.key, environment.err);
  return vault;
}

std::shared_ptr<Vault> OpenVaultFor(const std::string& tenant, const VaultPlace& place, Environment& environment,
                                    IfNoVault if_none) {
  Vault::CheckTenantName(tenant);
  // No other tenant comes into being by the way, so no vault is made for it.
  const bool may_make = tenant == kDefaultTenant && if_none == IfNoVault::kMake;
  auto vault = OpenVault(place, environment, may_make ? IfNoVault::kMake : IfNoVault::kRefuse);
  if (vault->HasTenant(tenant)) return vault;
  if (!may_make) {
    throw EngineError(Status::kInvalid,
                      "there is no tenant \"" + tenant + "\"; make it with: warder tenant create " + tenant);
  }
  vault->CreateTenant(tenant);
  return vault;
}

void WarnUnrevoked(const DisconnectResult& result, Output& err) {
  if (result.at_server != DisconnectResult::AtServer::kFailed) return;
  err.Write(err.Paint(Ink::kYellow, "warder: ") +
            "the tokens that were taken away are not revoked at the authorization server: " + Printable(result.why) +
            "; warder connection revocations shows what is tried again\n");
}

}  // namespace warder::cli
