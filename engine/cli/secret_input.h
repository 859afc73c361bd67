// Secrets that people give: typed without being shown, or piped in. Never an argument: every user of a machine sees
// those.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/secret.h"
#include "engine/cli/output.h"

namespace warder::cli {

inline constexpr std::size_t kMaxSecretBytes = std::size_t{64} << 10;

// Asks on the terminal and reads one line that is not shown. Throws EngineError(kInvalid) where `in` is no terminal,
// and when nothing was typed; an interrupt restores the terminal.
Secret PromptSecret(const std::string& what, int in, Output& err);

// $`variable`, which is taken out of the environment; where it is not set, PromptSecret.
Secret ReadSecret(const std::string& what, const char* variable, int in, Output& err);

// All of `in`, without one line feed at its end. Throws EngineError(kInvalid).
Secret ReadSecretFrom(int in);

}  // namespace warder::cli
