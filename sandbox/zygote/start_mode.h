// What a zygote has ready before it forks a cell.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace warder::zygote {

enum class StartMode {
  kFresh,  // V8: each cell makes its own isolate, with a hash seed of its own
  kWarm,   // an isolate and its context as well, without anything of a tenant: each cell gets a private copy on write
};

constexpr std::array kStartModes = {StartMode::kFresh, StartMode::kWarm};

// "fresh", "warm".
constexpr std::string_view StartModeName(StartMode mode) { return mode == StartMode::kFresh ? "fresh" : "warm"; }

constexpr std::optional<StartMode> FindStartMode(std::string_view name) {
  for (const StartMode mode : kStartModes) {
    if (StartModeName(mode) == name) return mode;
  }
  return std::nullopt;
}

}  // namespace warder::zygote
