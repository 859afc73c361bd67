#include "sandbox/jail/layers.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace warder::jail {

namespace {

constexpr auto kLayers = std::to_array<LayerInfo>({
    {layer::kUid, Requirement::kRequired, "the host's user id is never 0 and, under root, nobody else's"},
    {layer::kUser, Requirement::kRequired, "capabilities mean nothing outside of it"},
    {layer::kMount, Requirement::kRequired, "no mount of the host is visible"},
    {layer::kPid, Requirement::kRequired, "no process but its own can be named or signalled"},
    {layer::kNetwork, Requirement::kRequired, "no interface, no route, no abstract socket of the host"},
    {layer::kIpc, Requirement::kRequired, "no shared memory, semaphore or queue of anybody else"},
    {layer::kUts, Requirement::kRequired, "the host's name is not visible"},
    {layer::kCgroup, Requirement::kRequired, "the host's cgroup paths are not visible"},
    {layer::kTime, Requirement::kOptional, "the host's boot time is not its own; needs Linux 5.6"},
    {layer::kRoot, Requirement::kRequired, "the root is an empty read-only mount: no file at all"},
    {layer::kNoNewPrivs, Requirement::kRequired, "exec can never gain a privilege"},
    {layer::kCapabilities, Requirement::kRequired, "all five capability sets are empty"},
    {layer::kLandlock, Requirement::kDegradable,
     "no file, TCP port, abstract socket or signal beyond it; needs Linux 5.13"},
    {layer::kSeccomp, Requirement::kRequired, "only the calls of `warder policy` reach the kernel"},
    {layer::kMdwe, Requirement::kOptional,
     "memory never becomes executable, as the filter enforces too; needs Linux 6.3"},
    {layer::kRlimits, Requirement::kRequired, "memory, CPU time, descriptors and processes are bounded"},
    {layer::kCgroupLimits, Requirement::kOptional,
     "the kernel's memory on its behalf is bounded too, and its share of the processor"},
    {layer::kDescriptors, Requirement::kRequired, "the only descriptor is the socket to the engine"},
    {layer::kNotDumpable, Requirement::kRequired, "no core file, and no sibling may trace it"},
    {layer::kSpeculation, Requirement::kOptional, "the processor's speculation is restricted where it can be"},
});

}  // namespace

std::span<const LayerInfo> Layers() { return kLayers; }

const LayerInfo* FindLayer(std::string_view name) {
  const auto* found = std::find_if(kLayers.begin(), kLayers.end(), [&](const LayerInfo& l) { return l.name == name; });
  return found == kLayers.end() ? nullptr : found;
}

SetupError SystemError(std::string_view layer, std::string_view what, int error_number, std::string_view remedy) {
  std::string message(what);
  message += ": ";
  message += std::strerror(error_number);  // NOLINT(concurrency-mt-unsafe): one thread
  message += ".";
  if (!remedy.empty()) {
    message += " ";
    message += remedy;
  }
  return {layer, error_number, std::move(message)};
}

void LayerLog::Enforced(std::string_view layer, std::string detail) {
  states_.push_back({std::string(layer), true, std::move(detail)});
}

SetupResult<> LayerLog::Missing(const SetupError& error) {
  const LayerInfo* info = FindLayer(error.layer);
  const bool permitted = info != nullptr && info->requirement == Requirement::kDegradable &&
                         std::find(permitted_.begin(), permitted_.end(), error.layer) != permitted_.end();
  if (info == nullptr || (info->requirement != Requirement::kOptional && !permitted)) return error;
  states_.push_back({std::string(error.layer), false, error.message});
  return {};
}

}  // namespace warder::jail
