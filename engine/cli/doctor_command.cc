// warder doctor: what of the jail this machine can enforce.
#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/cli/command.h"
#include "engine/cli/json_text.h"
#include "engine/cli/table.h"
#include "engine/cli/text.h"
#include "warder/engine.h"

namespace warder::cli {
namespace {

constexpr const char* kExamples =
    "  warder doctor\n"
    "  warder doctor --json | jq '.layers[] | select(.state == \"unavailable\")'";

// Opens an engine even where layers fail, to see all that fail and not only the first. These are added to `missing`.
std::unique_ptr<Engine> OpenDegraded(std::vector<LayerStatus>& missing) {
  EngineOptions options;
  for (;;) {
    try {
      return Engine::Open(options);
    } catch (const EngineError& error) {
      auto& permitted = options.permit_degraded;
      // The layer that failed last is none that can be permitted to be missing.
      if (error.status() == Status::kInvalid && !permitted.empty()) return nullptr;
      if (error.status() != Status::kUnenforceable || error.layer().empty()) throw;
      const bool again = std::find(permitted.begin(), permitted.end(), error.layer()) != permitted.end();
      if (!again) missing.push_back({error.layer(), LayerStatus::State::kUnavailable, error.what()});
      if (again) return nullptr;  // a layer that cannot be done without
      permitted.push_back(error.layer());
    }
  }
}

Diagnosis Examine(CellProfile profile) {
  std::vector<LayerStatus> missing;
  Diagnosis diagnosis;
  if (const auto engine = OpenDegraded(missing)) diagnosis = engine->Diagnose(profile);
  if (diagnosis.warder_version.empty()) diagnosis.warder_version = Version();
  diagnosis.profile = profile;  // also where there was no cell
  for (const LayerStatus& layer : missing) {
    const auto known = std::find_if(diagnosis.layers.begin(), diagnosis.layers.end(),
                                    [&](const LayerStatus& candidate) { return candidate.name == layer.name; });
    if (known != diagnosis.layers.end()) {
      *known = layer;
    } else {
      diagnosis.layers.push_back(layer);
    }
  }
  if (!missing.empty()) diagnosis.enforceable = false;
  return diagnosis;
}

// Not the jail's, but what a secret in this process is protected by.
LayerStatus MemoryOf(const MemoryHygiene& memory) {
  if (memory.complete()) {
    return {"secret-memory", LayerStatus::State::kEnforced, "locked, guarded, overwritten, in no core file"};
  }
  std::string missing;
  for (const std::string& each : memory.missing) missing += (missing.empty() ? "" : "; ") + each;
  return {"secret-memory", LayerStatus::State::kUnavailable, missing};
}

Ink InkOf(LayerStatus::State state) {
  if (state == LayerStatus::State::kEnforced) return Ink::kGreen;
  return state == LayerStatus::State::kDegraded ? Ink::kYellow : Ink::kRed;
}

std::string DiagnosisJson(const Diagnosis& diagnosis) {
  namespace json = boost::json;
  json::array layers;
  for (const LayerStatus& layer : diagnosis.layers) {
    layers.push_back({{"name", layer.name}, {"state", LayerStateName(layer.state)}, {"detail", layer.detail}});
  }
  const auto known = [](const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); };
  return JsonObject()
      .Add("enforceable", diagnosis.enforceable)
      .Add("warder", known(diagnosis.warder_version))
      .Add("v8", known(diagnosis.v8_version))
      .Add("image", known(diagnosis.image))
      .Add("profile", json::string(CellProfileName(diagnosis.profile)))
      .Add("layers", layers)
      .Text();
}

std::string DiagnosisText(const Diagnosis& diagnosis, const Output& output) {
  Table table({"layer", "state", "detail"});
  for (const LayerStatus& layer : diagnosis.layers) {
    table.Add({Printable(layer.name), {InkOf(layer.state), LayerStateName(layer.state)}, Printable(layer.detail)});
  }
  const auto known = [](const std::string& text) { return text.empty() ? "unknown" : Printable(text); };
  const bool lacks = std::any_of(diagnosis.layers.begin(), diagnosis.layers.end(), [](const LayerStatus& layer) {
    return layer.state == LayerStatus::State::kUnavailable;
  });
  const std::string optional =
      lacks ? " What is unavailable is optional: runs start without it, and their receipts say so." : "";
  const std::string verdict =
      diagnosis.enforceable ? output.Paint(Ink::kGreen, "This machine enforces every required layer.") + optional
                            : output.Paint(Ink::kRed, "This machine does not enforce every required layer:") +
                                  " runs are refused; only landlock can be waived, with --permit-degraded landlock.";
  return "warder  " + known(diagnosis.warder_version) + "\nv8      " + known(diagnosis.v8_version) + "\nimage   " +
         known(diagnosis.image) + "\nprofile " + CellProfileName(diagnosis.profile) + "\n\n" + table.Text(output) +
         "\n" + verdict + "\n";
}

Action Declare(CLI::App& app) {
  const auto json = std::make_shared<bool>(false);
  const auto jit = std::make_shared<bool>(false);
  app.add_flag("--jit", *jit, "Look at a cell with the jit grant");
  app.add_flag("--json", *json, "Print one object: enforceable, versions, profile, layers");
  return [json, jit](Environment& environment) {
    Diagnosis diagnosis = Examine(*jit ? CellProfile::kJit : CellProfile::kJitless);
    if (environment.memory != nullptr) diagnosis.layers.push_back(MemoryOf(*environment.memory));
    environment.out.Write(*json ? DiagnosisJson(diagnosis) + "\n" : DiagnosisText(diagnosis, environment.out));
    return static_cast<int>(diagnosis.enforceable ? Status::kSucceeded : Status::kUnenforceable);
  };
}

}  // namespace

Command DoctorCommand() {
  return {"doctor", "Check which layers of the jail this machine enforces", kExamples, Declare};
}

}  // namespace warder::cli
