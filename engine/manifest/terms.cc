// How a flow wants to be run: its limits and its attempts.
#include <algorithm>

#include "engine/manifest/model.h"
#include "warder/engine.h"
#include "warder/manifest.h"

namespace warder::manifest {
namespace {

// By then a delay is at its maximum; a product that no number holds is not.
constexpr std::uint64_t kMaxDoublings = 20;

const Flow& FlowOf(const Manifest& manifest, std::string_view key) {
  if (key.empty() && manifest.flows.size() == 1) return manifest.flows.front();
  const auto found =
      std::find_if(manifest.flows.begin(), manifest.flows.end(), [&](const Flow& each) { return each.key == key; });
  if (found != manifest.flows.end()) return *found;
  throw EngineError(Status::kInvalid, key.empty() ? "the integration has several flows, so one must be named"
                                                  : "the integration has no flow \"" + std::string(key) + "\"");
}

}  // namespace

std::chrono::milliseconds DelayAfter(const Retry& retry, std::uint64_t attempt, double draw) {
  std::uint64_t factor = 1;
  if (retry.backoff == "linear") factor = attempt;
  if (retry.backoff == "exponential") factor = std::uint64_t{1} << std::min(attempt - 1, kMaxDoublings);
  const std::uint64_t delay = std::min(retry.delay_ms * factor, retry.max_delay_ms);
  if (!retry.jitter) return std::chrono::milliseconds(delay);
  return std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(delay) * (0.5 + draw / 2)));
}

Terms TermsOf(std::string_view json, std::string_view flow, const Limits& ceiling, CellProfile most) {
  const Manifest manifest = Read(json);
  const Flow& chosen = FlowOf(manifest, flow);
  Terms terms{.flow = chosen.key, .limits = ceiling, .retry = chosen.retry.value_or(Retry())};
  terms.asked_profile = chosen.profile;
  if (most == CellProfile::kJit) terms.profile = chosen.profile;
  for (const LimitSpec& spec : LimitTable()) {
    const auto named = std::find(chosen.limits_named.begin(), chosen.limits_named.end(), spec.name);
    if (named == chosen.limits_named.end()) continue;
    terms.limits.*spec.value = std::min(terms.limits.*spec.value, chosen.limits.*spec.value);
  }
  return terms;
}

}  // namespace warder::manifest
