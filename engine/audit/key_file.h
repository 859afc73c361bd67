// A signing key in a file: whose it may be, how it is read, how it comes to be.
#pragma once

#include <filesystem>

#include "engine/audit/keys.h"
#include "sandbox/base/result.h"

namespace warder::audit {

// Reads the key. Refuses what another user could read, write or have put there: the file must be a regular one, not a
// link, owned by the user that we act as, with no right for anybody else. The error is one sentence.
Result<SigningKey> LoadSigningKey(const std::filesystem::path& path);

// Makes a key in the file `path`, for its owner alone, and the folders above it that are missing; false: there is one
// already. Whole or not at all, and the same key for all where several start at once: it is written beside its place
// and linked into it, which only the first can do.
Result<bool> MakeKeyFile(const std::filesystem::path& path);

}  // namespace warder::audit
