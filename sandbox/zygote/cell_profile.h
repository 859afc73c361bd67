// What V8 may do in the cells of a zygote; a zygote has one profile, and so have all its cells.
//
// Both profiles have the same filters and the same layers. `jit` is a grant: in its cells V8 compiles JavaScript to
// machine code, into one range of memory that is writable and executable. The zygote makes that range before MDWE and
// before its filter, which is why there is no call that a cell needs for it, and none that makes more of it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace warder::zygote {

enum class CellProfile {
  kJitless,  // no memory is executable but the program and its libraries
  kJit,
};

constexpr std::array kCellProfiles = {CellProfile::kJitless, CellProfile::kJit};

// The size of V8's code range under `jit`: all of the machine code that a cell can have at a time. Part of what
// RLIMIT_DATA bounds, so cells of that profile are given as much more.
inline constexpr std::uint64_t kCodeRangeBytes = std::uint64_t{32} << 20;

// "jitless", "jit".
constexpr std::string_view CellProfileName(CellProfile profile) {
  return profile == CellProfile::kJitless ? "jitless" : "jit";
}

constexpr std::optional<CellProfile> FindCellProfile(std::string_view name) {
  for (const CellProfile profile : kCellProfiles) {
    if (CellProfileName(profile) == name) return profile;
  }
  return std::nullopt;
}

}  // namespace warder::zygote
