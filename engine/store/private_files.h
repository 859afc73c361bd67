// Files and folders that are nobody else's: made for their owner alone, and refused where another user could have put
// something into them.
#pragma once

#include <filesystem>

#include "sandbox/base/result.h"

namespace warder::store {

// Makes `folder` (0700) and what is missing above it. Refuses one that is a link, another user's, or open to others.
Result<void> MakePrivateFolder(const std::filesystem::path& folder);

// Makes an empty file, 0600. False: there is something of this name already; nothing was changed.
Result<bool> MakePrivateFile(const std::filesystem::path& file);

// Refuses what is not a regular file, is a link, has a second name, is another user's, or is open to others.
Result<void> CheckPrivateFile(const std::filesystem::path& file);

// The same of a file that is open, whatever has its name now; `file` names it in the error.
Result<void> CheckPrivateDescriptor(int descriptor, const std::filesystem::path& file);

// Refuses a folder in whose path another user could put something else into the place of `file`: each folder up to the
// root is this user's or root's, and open to others for writing only where they cannot touch what is not theirs (/tmp).
Result<void> CheckPathOf(const std::filesystem::path& file);

// Makes what happened to the names in `folder` durable.
Result<void> SyncFolder(const std::filesystem::path& folder);

}  // namespace warder::store
