// Import specifiers: what a module may name, and which file of the bundle it means. Knows nothing of V8.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace warder::cell {

// The module that every bundle may import.
inline constexpr std::string_view kWarderModule = "warder";
// The one that test files may import besides, and the file that it is: `warder test` gives it to their cells with the
// test file. It is the author's code as much as that is, and nothing of a cell knows of it but its name.
inline constexpr std::string_view kTestModule = "warder/test";
inline constexpr std::string_view kTestModuleFile = "warder:test/index.js";

struct Import {
  std::string file;  // the importing module's name
  std::string specifier;
  int line = 0;  // from 1; 0: unknown
  int column = 0;
  std::vector<std::pair<std::string, std::string>> attributes;  // with { type: "json" }
};

struct Refusal {
  std::string why;  // completes "index.js imports "x", …"
};

bool IsJson(std::string_view name);

// The name of the module that `import` means: kWarderModule or a file for which `exists` holds.
std::variant<std::string, Refusal> Resolve(const Import& import,
                                           const std::function<bool(const std::string& name)>& exists);

}  // namespace warder::cell
