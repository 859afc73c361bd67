#include <map>
#include <optional>
#include <string>

#include "engine/source_map/stack_places.h"
#include "warder/engine.h"

namespace warder {
namespace {

// Reads each map when the first frame names its module: most of what ends badly has one module in its stack.
class Maps {
 public:
  explicit Maps(const Bundle& bundle) : bundle_(bundle) {}

  std::optional<source_map::SourceMap::Place> Find(std::string_view module, source_map::Position generated) {
    auto found = maps_.find(module);
    if (found == maps_.end()) found = maps_.emplace(std::string(module), Read(module)).first;
    return found->second ? found->second->Find(generated) : std::nullopt;
  }
  std::vector<std::string> TakeProblems() { return std::move(problems_); }

 private:
  std::optional<source_map::SourceMap> Read(std::string_view module) {
    for (const Bundle::SourceMap& each : bundle_.source_maps()) {
      if (each.module != module) continue;
      if (!each.problem.empty()) {
        problems_.push_back(each.problem);
        return std::nullopt;
      }
      auto parsed = source_map::SourceMap::Parse(each.text);
      if (parsed) return std::move(*parsed);
      problems_.push_back("the source map of " + each.module + " is not used: " + parsed.error().message);
    }
    return std::nullopt;
  }

  const Bundle& bundle_;
  std::map<std::string, std::optional<source_map::SourceMap>, std::less<>> maps_;
  std::vector<std::string> problems_;
};

void MapError(ScriptError* error, const source_map::Locate& locate) {
  error->stack = source_map::MapPlaces(error->stack, locate);
  for (ScriptError& cause : error->causes) MapError(&cause, locate);
}

}  // namespace

std::vector<std::string> MapStacks(const Bundle& bundle, Outcome* outcome) {
  if (bundle.source_maps().empty()) return {};
  Maps maps(bundle);
  const source_map::Locate locate = [&maps](std::string_view module, source_map::Position generated) {
    return maps.Find(module, generated);
  };
  if (outcome->error) MapError(&*outcome->error, locate);
  if (outcome->limit) outcome->limit->stack = source_map::MapPlaces(outcome->limit->stack, locate);
  if (outcome->violation) outcome->violation->stack = source_map::MapPlaces(outcome->violation->stack, locate);
  if (outcome->status == Status::kInvalid) {
    for (const Bundle::SourceMap& each : bundle.source_maps()) {
      std::string mapped = source_map::MapLeadingPlace(outcome->reason, each.module, locate);
      if (mapped == outcome->reason) continue;
      outcome->reason = std::move(mapped);
      break;
    }
  }
  return maps.TakeProblems();
}

}  // namespace warder
