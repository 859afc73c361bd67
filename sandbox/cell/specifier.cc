#include "sandbox/cell/specifier.h"

#include <optional>

namespace warder::cell {
namespace {

// The path that `specifier` names from `referrer`; nothing when it climbs out of the bundle.
std::optional<std::string> Join(std::string_view referrer, std::string_view specifier) {
  std::vector<std::string_view> parts;
  const auto walk = [&parts](std::string_view path) {
    while (!path.empty()) {
      const std::size_t slash = path.find('/');
      const std::string_view part = path.substr(0, slash);
      path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
      if (part.empty() || part == ".") continue;
      if (part != "..") {
        parts.push_back(part);
      } else if (parts.empty()) {
        return false;
      } else {
        parts.pop_back();
      }
    }
    return true;
  };
  const std::size_t folder = referrer.rfind('/');
  if (folder != std::string_view::npos) walk(referrer.substr(0, folder));
  if (!walk(specifier)) return std::nullopt;
  std::string name;
  for (const auto& part : parts) {
    if (!name.empty()) name.push_back('/');
    name.append(part);
  }
  return name;
}

std::string Missing(const std::string& name, const std::function<bool(const std::string&)>& exists) {
  std::string why = "but there is no \"" + name + "\" in the bundle";
  for (const char* const suffix : {".js", ".mjs", "/index.js"}) {
    if (!exists(name + suffix)) continue;
    return why.append("; \"").append(name).append(suffix).append("\" is there: write the whole name");
  }
  return why + ": check its path, which begins at the file that imports it";
}

}  // namespace

bool IsJson(std::string_view name) { return name.ends_with(".json"); }

std::variant<std::string, Refusal> Resolve(const Import& import,
                                           const std::function<bool(const std::string&)>& exists) {
  bool json = false;
  for (const auto& [key, value] : import.attributes) {
    if (key != "type" || value != "json") {
      return Refusal{"but the only import attribute that exists here is type: \"json\""};
    }
    json = true;
  }
  const std::string& specifier = import.specifier;
  if (specifier == kWarderModule) return specifier;
  if (specifier == kTestModule) {
    if (exists(std::string(kTestModuleFile))) return std::string(kTestModuleFile);
    return Refusal{"but that is there only for the *.test.js files that `warder test` runs"};
  }
  if (!specifier.starts_with("./") && !specifier.starts_with("../")) {
    return Refusal{
        "but a bundle can import only its own files, by a relative path, and \"warder\": "
        "bundle what it needs with it"};
  }
  const auto name = Join(import.file, specifier);
  if (!name) return Refusal{"which leaves the bundle: put it into the bundle"};
  if (!exists(*name)) return Refusal{Missing(*name, exists)};
  if (IsJson(*name) && !json) return Refusal{"but a JSON file needs: with { type: \"json\" }"};
  if (!IsJson(*name) && json) return Refusal{"but only a file named *.json has type: \"json\""};
  return *name;
}

}  // namespace warder::cell
