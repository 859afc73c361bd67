// Who refreshes a connection: at most one at a time, in all processes that work on a state folder.
//
// A lock of the kernel's on a file (flock), so that it is gone with its holder, however that one dies. What the dead
// one had begun is written in the vault, and the next holder finds it there.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "engine/store/tenant_id.h"
#include "sandbox/base/result.h"
#include "sandbox/base/unique_fd.h"

namespace warder::connections {

class RefreshLock {
 public:
  // Nothing: somebody else holds it. The files are STATE/locks/HASH, and stay.
  static Result<std::optional<RefreshLock>> Try(const std::filesystem::path& state, const store::TenantId& tenant,
                                                std::string_view connection);

 private:
  explicit RefreshLock(UniqueFd file) : file_(std::move(file)) {}

  UniqueFd file_;  // closed: unlocked
};

}  // namespace warder::connections
