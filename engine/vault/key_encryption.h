// What wraps the tenants' data keys: the one thing that has to be kept apart from the files.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/secret.h"
#include "engine/vault/seal.h"
#include "sandbox/base/result.h"

namespace warder::vault {

// Thread-safe. An implementation is authentic both ways: what it did not wrap itself, with the same context, it does
// not unwrap.
class KeyEncryption {
 public:
  virtual ~KeyEncryption() = default;

  // Names the key, not its place ("local:4f1c…"); public, and the same for as long as the key is.
  virtual const std::string& id() const = 0;
  virtual Result<std::string> Wrap(const Secret& data_key, const SealContext& context) = 0;
  virtual Result<Secret> Unwrap(std::string_view wrapped, const SealContext& context) = 0;

 protected:
  KeyEncryption() = default;
  KeyEncryption(const KeyEncryption&) = default;
  KeyEncryption& operator=(const KeyEncryption&) = default;
};

}  // namespace warder::vault
