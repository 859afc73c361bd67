// How parts of a manifest read, for text.cc and compare.cc.
#pragma once

#include <string>
#include <vector>

#include "engine/manifest/model.h"

namespace warder::manifest {

// "a, b, c"
std::string Joined(const std::vector<std::string>& list);
// What a person wrote, on one line.
std::string OneLine(std::string text);
// "30s"
std::string Duration(std::uint64_t milliseconds);
// "GET, POST", or "any method"
std::string MethodsOf(const Connection& connection);
// "a webhook, verified as github with the secret signingSecret"
std::string DescribeTrigger(const Trigger& trigger);

}  // namespace warder::manifest
