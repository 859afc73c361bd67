#include "engine/execution/bundle_map.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "engine/source_map/source_map.h"
#include "sandbox/base/unique_fd.h"

namespace warder::execution {
namespace {

constexpr std::string_view kLink = "//# sourceMappingURL=";
constexpr std::size_t kMaxNameBytes = 255;

bool IsPlainCharacter(char c) {
  return c > ' ' && c < 0x7f && std::string_view("/\\:%?#").find(c) == std::string_view::npos;
}

// What is wrong, or nothing.
std::string ReadAll(const UniqueFd& file, std::string* text) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return std::strerror(errno);
  if (!S_ISREG(status.st_mode)) return "it is no plain file";
  std::array<char, 64 << 10> chunk;
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::strerror(errno);
    if (got == 0) return {};
    text->append(chunk.data(), static_cast<std::size_t>(got));
    if (text->size() > source_map::kMaxMapBytes) {
      return "it is larger than " + std::to_string(source_map::kMaxMapBytes >> 20U) + " MB";
    }
  }
}

}  // namespace

std::optional<std::string> LinkedMapOf(std::string_view source) {
  source = source.substr(0, source.find_last_not_of(" \t\r\n") + 1);
  const std::size_t before = source.rfind('\n');
  const std::string_view line = before == std::string_view::npos ? source : source.substr(before + 1);
  if (!line.starts_with(kLink)) return std::nullopt;
  const std::string_view name = line.substr(kLink.size());
  if (!name.ends_with(".map") || name.starts_with('.') || name.size() > kMaxNameBytes) return std::nullopt;
  if (!std::all_of(name.begin(), name.end(), IsPlainCharacter)) return std::nullopt;
  return std::string(name);
}

std::optional<Bundle::SourceMap> ReadMapOf(const Bundle::File& module, int at) {
  const auto name = LinkedMapOf(module.source);
  if (!name) return std::nullopt;
  const UniqueFd file(::openat(at, name->c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file && errno == ENOENT) return std::nullopt;
  Bundle::SourceMap map{module.name, {}, {}};
  std::string why = file ? ReadAll(file, &map.text) : errno == ELOOP ? "it is a symbolic link" : std::strerror(errno);
  if (why.empty()) return map;
  map.text.clear();
  map.problem = "the source map " + *name + " of " + module.name + " is not used: " + why;
  return map;
}

}  // namespace warder::execution
