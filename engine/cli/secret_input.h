// Secrets that people give: typed without being shown, or piped in. Never an argument: every user of a machine sees
// those.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/secret.h"
#include "engine/cli/output.h"

namespace warder::cli {

inline constexpr std::size_t kMaxSecretBytes = std::size_t{64} << 10;

// Asks on the terminal and reads one line that is not shown. Throws EngineError(kInvalid) where `in` is no terminal,
// and when nothing was typed; an interrupt restores the terminal.
Secret PromptSecret(const std::string& what, int in, Output& err);

// $`variable`, which is taken out of the environment; where it is not set, PromptSecret.
Secret ReadSecret(const std::string& what, const char* variable, int in, Output& err);

// The same for a private key in PEM, which has several lines, so that nobody can type it: where `variable` is not set,
// the error says how to give it.
Secret ReadKey(const std::string& what, const char* variable);

// All of `in`, without one line feed at its end. Throws EngineError(kInvalid).
Secret ReadSecretFrom(int in);

// Secrets by name from `in`: of one name, all of it; of several, one JSON object with a text for each of them and
// nothing else. Throws EngineError(kInvalid).
SecretFields ReadSecretsFrom(int in, const std::vector<std::string>& names);

}  // namespace warder::cli
