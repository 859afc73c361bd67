// A key-encryption key of 32 bytes in a file or in the environment, in base64.
#pragma once

#include <filesystem>
#include <memory>

#include "engine/vault/key_encryption.h"

namespace warder::vault {

class LocalKey : public KeyEncryption {
 public:
  static constexpr const char* kVariable = "WARDER_KEK";
  enum class IfMissing { kRefuse, kMake };

  // Reads the key in `file`, which must be this user's own, a regular file, no link, closed to others (0600), and in
  // folders to which no other user can write.
  // kMake: where there is none, one is made, whole or not at all, and `made` (if given) says so; never do that where
  // there is a keyring already.
  static Result<std::unique_ptr<LocalKey>> FromFile(const std::filesystem::path& file, IfMissing if_missing,
                                                    bool* made = nullptr);

  // Reads $WARDER_KEK and takes it out of the environment, wiped, so that no child inherits it. Call it before there
  // are threads. Nothing (nullptr) where it is not set.
  static Result<std::unique_ptr<LocalKey>> FromEnvironment();

  // Exactly 32 bytes.
  explicit LocalKey(Secret key);

  const std::string& id() const override { return id_; }
  Result<std::string> Wrap(const Secret& data_key, const SealContext& context) override;
  Result<Secret> Unwrap(std::string_view wrapped, const SealContext& context) override;

 private:
  Secret key_;
  std::string id_;
};

}  // namespace warder::vault
