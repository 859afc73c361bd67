#include "engine/connections/refresh_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/store/private_files.h"

namespace warder::connections {

Result<std::optional<RefreshLock>> RefreshLock::Try(const std::filesystem::path& state, const store::TenantId& tenant,
                                                    std::string_view connection) {
  const std::filesystem::path folder = state / "locks";
  if (auto made = store::MakePrivateFolder(folder); !made) return made.error();
  Sha256 name;
  name.Update(tenant.text());
  name.Update("/");  // stands in no tenant's name
  name.Update(connection);
  const std::filesystem::path file = folder / name.Hex();
  if (auto made = store::MakePrivateFile(file); !made) return made.error();
  UniqueFd descriptor(::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!descriptor || ::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
    if (descriptor && errno == EWOULDBLOCK) return std::optional<RefreshLock>();
    return Internal(file.string() + " cannot be locked: " + std::system_category().message(errno));
  }
  return std::optional<RefreshLock>(RefreshLock(std::move(descriptor)));
}

}  // namespace warder::connections
