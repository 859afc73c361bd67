// warder audit: what can be checked afterwards, without an engine.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "engine/cli/command.h"
#include "engine/cli/input_file.h"
#include "engine/cli/json_text.h"
#include "engine/cli/receipt_text.h"
#include "engine/cli/state_folder.h"
#include "engine/cli/text.h"
#include "warder/audit.h"
#include "warder/engine.h"

namespace warder::cli {
namespace {

namespace json = boost::json;
using Result = audit::ReceiptCheck::Result;

constexpr const char* kExamples =
    "  warder audit verify-receipt receipt.json\n"
    "  warder audit public-key >warder.pem";

constexpr const char* kVerifyExamples =
    "Examples:\n"
    "  warder run my-integration/ --receipt receipt.json && warder audit verify-receipt receipt.json\n"
    "  warder audit verify-receipt receipt.json --key warder.pem\n"
    "  warder audit verify-receipt receipt.json --json | jq .receipt.verdict\n\n"
    "Exit codes: 0 valid, 1 the signature or what it signs is not as it must be, 2 wrong usage, or not a receipt.";

constexpr const char* kPublicKeyExamples =
    "Examples:\n"
    "  warder audit public-key >warder.pem\n"
    "  warder audit public-key --signing-key /etc/warder/key.pem";

constexpr std::size_t kMaxKeyBytes = 16 << 10;

struct VerifyOptions {
  std::string receipt;
  std::string key;
  bool json = false;
};

std::string KeyFor(const VerifyOptions& options) {
  if (!options.key.empty()) return ReadSmallFile("public key", options.key, kMaxKeyBytes);
  const auto path = DefaultSigningKey();
  std::error_code error;
  if (std::filesystem::exists(path, error)) return audit::PublicKeyPem(path);
  // Who verifies needs the signer's key, not one of their own.
  throw EngineError(Status::kInvalid, "there is no signing key " + path.string() +
                                          " on this machine; name the signer's public key with --key PUBLIC.pem");
}

std::string CheckJson(const audit::ReceiptCheck& check) {
  return JsonObject()
      .Add("valid", check.result == Result::kValid)
      .Add("reason", json::string(check.reason))
      .Add("keyId", json::string(check.key_id))
      .AddDocument("receipt", check.receipt_json)
      .Text();
}

int Verify(const VerifyOptions& options, Environment& environment) {
  const std::string pem = KeyFor(options);
  const std::string envelope = ReadSmallFile("receipt", options.receipt, audit::kMaxReceiptBytes);
  audit::ReceiptCheck check;
  try {
    check = audit::VerifyReceipt(envelope, pem);
  } catch (const EngineError& error) {
    throw EngineError(error.status(), options.key + ": " + error.what());
  }
  if (options.json) environment.out.Write(CheckJson(check) + "\n");
  if (check.result == Result::kValid) {
    if (!options.json) {
      environment.out.Write(environment.out.Paint(Ink::kGreen, "valid") + ", signed with the key " + check.key_id +
                            "\n\n" + ReceiptText(check.receipt_json, environment.out));
    }
    return 0;
  }
  const bool receipt = check.result == Result::kInvalid;
  environment.err.Write(environment.err.Paint(Ink::kRed, "warder: ") + Printable(options.receipt) +
                        (receipt ? " is not valid: " : " is not a receipt: ") + Printable(check.reason) +
                        (receipt ? "\n" : "; `warder run --receipt` writes one\n"));
  return receipt ? 1 : 2;
}

Action DeclareVerify(CLI::App& app) {
  const auto options = std::make_shared<VerifyOptions>();
  app.footer(kVerifyExamples);
  app.add_option("receipt", options->receipt, "The file that `warder run --receipt` wrote")
      ->required()
      ->type_name("FILE");
  app.add_option("--key", options->key,
                 "Public key of the signer, in PEM (default: the public half of this machine's own signing key)")
      ->type_name("FILE");
  app.add_flag("--json", options->json, "Print one object: valid, reason, keyId, receipt");
  return [options](Environment& environment) { return Verify(*options, environment); };
}

Action DeclarePublicKey(CLI::App& app) {
  const auto signing_key = std::make_shared<std::string>();
  app.footer(kPublicKeyExamples);
  app.add_option("--signing-key", *signing_key, kSigningKeyHelp)->type_name("FILE");
  return [signing_key](Environment& environment) {
    environment.out.Write(audit::PublicKeyPem(SigningKeyFor(*signing_key, environment.err)));
    return 0;
  };
}

Action Declare(CLI::App& app) {
  app.require_subcommand(1);
  CLI::App* const verify = app.add_subcommand(
      "verify-receipt", "Verify a signed receipt, offline: what ran, how it ended, or what is wrong");
  CLI::App* const public_key = app.add_subcommand("public-key", "Print the key that receipts are verified with");
  const Action verify_action = DeclareVerify(*verify);
  const Action key_action = DeclarePublicKey(*public_key);
  return
      [=](Environment& environment) { return verify->parsed() ? verify_action(environment) : key_action(environment); };
}

}  // namespace

Command AuditCommand() { return {"audit", "Verify receipts; print the key for it", kExamples, Declare}; }

}  // namespace warder::cli
