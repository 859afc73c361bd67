// The layers of the jail, by name: one table that set-up, `warder doctor`, receipts and --permit-degraded share.
//
// Every layer is meant to hold alone. A required layer that cannot be set up refuses the run; a degradable one may be
// waived by name, never silently. An optional layer is used where the kernel has it and reported where it has not:
// another required layer enforces the same property.
#pragma once

#include <boost/system/result.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace warder::jail {

namespace layer {
inline constexpr std::string_view kUser = "user-namespace";
inline constexpr std::string_view kMount = "mount-namespace";
inline constexpr std::string_view kPid = "pid-namespace";
inline constexpr std::string_view kNetwork = "network-namespace";
inline constexpr std::string_view kIpc = "ipc-namespace";
inline constexpr std::string_view kUts = "uts-namespace";
inline constexpr std::string_view kCgroup = "cgroup-namespace";
inline constexpr std::string_view kTime = "time-namespace";
inline constexpr std::string_view kRoot = "root";
inline constexpr std::string_view kSeccomp = "seccomp";
inline constexpr std::string_view kNoNewPrivs = "no-new-privs";
inline constexpr std::string_view kCapabilities = "capabilities";
inline constexpr std::string_view kLandlock = "landlock";
inline constexpr std::string_view kMdwe = "mdwe";
inline constexpr std::string_view kRlimits = "rlimits";
inline constexpr std::string_view kCgroupLimits = "cgroup";
inline constexpr std::string_view kDescriptors = "descriptors";
inline constexpr std::string_view kUid = "uid";
inline constexpr std::string_view kNotDumpable = "not-dumpable";
inline constexpr std::string_view kSpeculation = "speculation";
// Not a layer of a cell's posture: the lifetime of the whole jail, and the start of the zygote itself.
inline constexpr std::string_view kParentDeath = "parent-death";
inline constexpr std::string_view kZygote = "zygote";
}  // namespace layer

enum class Requirement {
  kRequired,    // without it nothing runs
  kDegradable,  // without it nothing runs, unless it is named in permit_degraded
  kOptional,    // used where the kernel has it
};

struct LayerInfo {
  std::string_view name;
  Requirement requirement;
  std::string_view meaning;  // one sentence: what it takes from a cell
};

// In the order in which `warder doctor` prints them.
std::span<const LayerInfo> Layers();
// Null when there is no such layer.
const LayerInfo* FindLayer(std::string_view name);

// A layer as it was set up, or as it was found.
struct LayerState {
  std::string name;
  bool enforced = false;
  std::string detail;  // what exactly holds; or why not and what to do
};

// Why a layer could not be set up.
struct SetupError {
  SetupError() = default;
  // An aggregate could be made of a string alone, which would make every SetupResult<std::string> ambiguous.
  SetupError(std::string_view layer_name, int error, std::string text)
      : layer(layer_name), error_number(error), message(std::move(text)) {}

  std::string_view layer;  // one of the names above
  int error_number = 0;
  std::string message;  // one sentence with the remedy
};

template <typename T = void>
using SetupResult = boost::system::result<T, SetupError>;

// "clone: Operation not permitted (1). <remedy>"
SetupError SystemError(std::string_view layer, std::string_view what, int error_number, std::string_view remedy = {});

// What may be missing, and what was found so far. Shared by the launcher and the zygote.
class LayerLog {
 public:
  explicit LayerLog(std::vector<std::string> permitted) : permitted_(std::move(permitted)) {}

  void Enforced(std::string_view layer, std::string detail);
  // The layer is missing: noted if it is optional or permitted, otherwise the error to refuse with.
  SetupResult<> Missing(const SetupError& error);
  void Add(LayerState state) { states_.push_back(std::move(state)); }

  const std::vector<LayerState>& states() const { return states_; }
  const std::vector<std::string>& permitted() const { return permitted_; }

 private:
  std::vector<std::string> permitted_;
  std::vector<LayerState> states_;
};

}  // namespace warder::jail
