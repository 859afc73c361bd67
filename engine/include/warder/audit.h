// Receipts, verified offline: no engine, no jail, no network.
//
//   const std::string pem = ...;  // the signer's public key, from `warder audit public-key` or Engine::PublicKeyPem
//   const auto check = warder::audit::VerifyReceipt(envelope, pem);
//   if (check.result == warder::audit::ReceiptCheck::Result::kValid) use(check.receipt_json);
//
// What a receipt says, member by member, is in docs/receipt.md. Thread-safe.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace warder::audit {

// No receipt is longer; what is longer is not one.
inline constexpr std::size_t kMaxReceiptBytes = std::size_t{4} << 20;

struct ReceiptCheck {
  enum class Result {
    kValid,
    kInvalid,      // an envelope, but the signature or what it signs is not as it must be
    kNotAReceipt,  // not even the envelope of one
  } result = Result::kNotAReceipt;
  std::string reason;        // which check failed; empty if valid
  std::string key_id;        // of the key that it was held against
  std::string receipt_json;  // what was signed; empty unless valid
};

// Holds `envelope`, the text that `warder run --receipt` wrote, against a public key in PEM. Any bytes may be given.
// Throws EngineError(kInvalid) where `public_key_pem` is not an Ed25519 public key.
ReceiptCheck VerifyReceipt(std::string_view envelope, std::string_view public_key_pem);

// Makes a private key in the file `path` unless there is one, folders included; returns whether it did. Safe against
// another process that does the same. Throws EngineError(kInvalid).
bool MakeSigningKey(const std::filesystem::path& path);

// The public half of the private key in the file `path`, in PEM. Throws EngineError(kInvalid), also where the file is
// one that EngineOptions::signing_key would refuse.
std::string PublicKeyPem(const std::filesystem::path& path);

}  // namespace warder::audit
