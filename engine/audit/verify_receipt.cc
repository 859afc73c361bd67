#include <utility>

#include "engine/audit/envelope.h"
#include "engine/audit/key_file.h"
#include "engine/audit/keys.h"
#include "engine/audit/receipt_contents.h"
#include "warder/audit.h"
#include "warder/engine.h"

namespace warder::audit {
namespace {

template <typename T>
T OrThrow(Result<T> result) {
  if (!result) throw EngineError(Status::kInvalid, result.error().message);
  return std::move(*result);
}

}  // namespace

ReceiptCheck VerifyReceipt(std::string_view envelope, std::string_view public_key_pem) {
  const auto key = PublicKey::FromPem(public_key_pem);
  if (!key) throw EngineError(Status::kInvalid, "the public key cannot be used: " + key.error().message);
  ReceiptCheck check;
  check.key_id = key->id();
  const auto end = [&](ReceiptCheck::Result result, std::string reason) {
    check.result = result;
    check.reason = std::move(reason);
    return check;
  };
  if (envelope.size() > kMaxReceiptBytes) {
    return end(ReceiptCheck::Result::kNotAReceipt, "it is longer than any receipt (4 MiB)");
  }
  auto opened = Open(envelope);
  if (!opened) return end(ReceiptCheck::Result::kNotAReceipt, opened.error().message);
  if (opened->key_id != key->id()) {
    return end(ReceiptCheck::Result::kInvalid, "it names another signing key than the one it is held against");
  }
  if (!opened->SignedBy(*key)) {
    return end(ReceiptCheck::Result::kInvalid, "its signature does not fit what it says");
  }
  if (const auto contents = CheckReceiptContents(opened->payload); !contents) {
    return end(ReceiptCheck::Result::kInvalid, "it is signed, but incomplete: " + contents.error().message);
  }
  check.result = ReceiptCheck::Result::kValid;
  check.receipt_json = std::move(opened->payload);
  return check;
}

bool MakeSigningKey(const std::filesystem::path& path) { return OrThrow(MakeKeyFile(path)); }

std::string PublicKeyPem(const std::filesystem::path& path) { return OrThrow(LoadSigningKey(path)).public_key().Pem(); }

}  // namespace warder::audit
