// Innocent text of the kinds that servers send, none of it the same twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace warder::broker::testing {

enum class TextKind { kJson, kHtml, kBase64, kHex, kPercent, kBytes };

std::string NameOf(TextKind kind);
std::string CleanText(TextKind kind, std::size_t size, std::mt19937_64* random);
// Letters, digits, "+" and "/", as tokens have them.
std::vector<std::string> RandomSecrets(std::size_t count, std::size_t size, std::mt19937_64* random);

}  // namespace warder::broker::testing
