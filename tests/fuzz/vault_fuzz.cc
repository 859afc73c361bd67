// libFuzzer: what the vault reads from its files. The first byte of an input says what reads the rest: 0 the index in
// the clear, 1 a sealed record, 2 a wrapped data key.
//
// What is checked beyond "does not crash": an index has one form; what is unsealed or unwrapped is what was sealed
// under this key, so that it seals to the same bytes again.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "engine/vault/index.h"
#include "engine/vault/local_key.h"
#include "engine/vault/seal.h"
#include "engine/vault/xaes.h"

namespace {

using namespace warder::vault;  // NOLINT(google-build-using-namespace): what this program is about

void Require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << what << "\n";
  std::abort();
}

const warder::Secret& Key() {
  static const warder::Secret key(std::string(kXaesKeyBytes, '\1'));
  return key;
}

const SealContext& Context() {
  static const SealContext context = SealContext("fuzz").Add("acme").Add(std::uint64_t{7});
  return context;
}

void ReadIndex(std::string_view bytes) {
  const auto index = DecodeIndex(bytes);
  if (index) Require(EncodeIndex(*index) == bytes, "an index in two forms");
}

// With the nonce that `sealed` has.
void CheckSealed(std::string_view sealed, const warder::Secret& opened) {
  const std::string_view nonce = sealed.substr(1, kXaesNonceBytes);
  Require(sealed.substr(1 + kXaesNonceBytes) == XaesEncrypt(Key(), nonce, opened.view(), Context().bytes()),
          "unsealed what was not sealed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      ReadIndex(bytes);
      break;
    case 1:
      if (const auto opened = Unseal(Key(), Context(), bytes)) CheckSealed(bytes, *opened);
      break;
    default: {
      static LocalKey kek(Key().Copy());
      const auto opened = kek.Unwrap(bytes, Context());
      if (opened) CheckSealed(bytes, *opened);
      Require(opened || !opened.error().message.empty(), "no message");
    }
  }
  return 0;
}
