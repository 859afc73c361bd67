#include "engine/execution/posture.h"

#include <algorithm>

namespace warder::execution {
namespace {

using State = LayerStatus::State;

bool Contains(std::span<const std::string> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::vector<LayerStatus> JudgePosture(std::span<const jail::LayerState> observed,
                                      std::span<const std::string> permit_degraded) {
  std::vector<LayerStatus> layers;
  for (const jail::LayerInfo& info : jail::Layers()) {
    const std::string name(info.name);
    const auto found = std::find_if(observed.begin(), observed.end(),
                                    [&](const jail::LayerState& state) { return state.name == info.name; });
    if (found == observed.end()) {
      layers.push_back({name, State::kUnavailable, "It was not looked at."});
      continue;
    }
    const bool permitted = info.requirement == jail::Requirement::kDegradable && Contains(permit_degraded, info.name);
    const State missing = permitted ? State::kDegraded : State::kUnavailable;
    layers.push_back({name, found->enforced ? State::kEnforced : missing, found->detail});
  }
  return layers;
}

const LayerStatus* MissingLayer(std::span<const LayerStatus> layers) {
  for (const LayerStatus& layer : layers) {
    if (layer.state != State::kUnavailable) continue;
    const jail::LayerInfo* const info = jail::FindLayer(layer.name);
    if (info == nullptr || info->requirement != jail::Requirement::kOptional) return &layer;
  }
  return nullptr;
}

}  // namespace warder::execution
