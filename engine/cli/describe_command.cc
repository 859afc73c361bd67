// warder describe: what a bundle declares, and what a new version of it would newly be allowed to do.
#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/cli/command.h"
#include "engine/cli/input_file.h"
#include "engine/cli/json_text.h"
#include "engine/cli/outcome_text.h"
#include "engine/cli/text.h"
#include "warder/engine.h"
#include "warder/manifest.h"

namespace warder::cli {
namespace {

namespace json = boost::json;
using manifest::Change;

constexpr const char* kExamples =
    "  warder describe my-integration/\n"
    "  warder describe my-integration/ --json > manifest.json\n"
    "  warder describe --diff manifest.json my-integration/ && echo it may do no more than before";

struct DescribeOptions {
  std::vector<std::string> paths;  // bundles, or manifests that --json has printed
  bool diff = false;
  bool json = false;
  std::vector<std::string> permit_degraded;
};

// A bundle could not be described: what is left is to leave with its status.
struct Undescribed {
  Outcome outcome;
  std::string notes;  // lines to be shown before it
};

class Manifests {
 public:
  explicit Manifests(const DescribeOptions& options) : options_(options) {}

  // Canonical JSON. Throws EngineError and Undescribed.
  std::string Of(const std::string& path) {
    if (!path.ends_with(".json")) return OfBundle(path);
    const std::string text = ReadSmallFile("manifest", path, manifest::kMaxBytes);
    try {
      return manifest::Canonical(text);
    } catch (const EngineError& error) {
      throw EngineError(error.status(), "the file " + path + ": " + error.what());
    }
  }

 private:
  // In a cell that is granted nothing.
  std::string OfBundle(const std::string& path) {
    const auto bundle = Bundle::Load(path);
    if (!engine_) engine_ = Engine::Open({.permit_degraded = options_.permit_degraded, .pooled_cells = 0});
    Outcome outcome = engine_->Start({.bundle = bundle, .describe = true}).Wait();
    if (outcome.status != Status::kSucceeded) {
      std::string notes = MapToSources(*bundle, &outcome);
      // What the cell says of a declaration begins with its place; what the engine says of the whole has none.
      if (outcome.reason.starts_with("the manifest")) outcome.reason = path + ": " + outcome.reason;
      throw Undescribed{std::move(outcome), std::move(notes)};
    }
    return outcome.output_json;
  }

  const DescribeOptions& options_;
  std::unique_ptr<Engine> engine_;
};

const char* NameOf(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::kWidens:
      return "widens";
    case Change::Kind::kNarrows:
      return "narrows";
    case Change::Kind::kOther:
      break;
  }
  return "other";
}

bool Widens(const std::vector<Change>& changes) {
  return std::any_of(changes.begin(), changes.end(),
                     [](const Change& each) { return each.kind == Change::Kind::kWidens; });
}

std::string ChangesJson(const std::vector<Change>& changes) {
  json::array array;
  for (const Change& each : changes) array.push_back(json::object{{"kind", NameOf(each.kind)}, {"text", each.text}});
  return JsonObject().Add("widens", Widens(changes)).Add("changes", std::move(array)).Text();
}

std::string ChangesText(const std::vector<Change>& changes, const Output& out) {
  if (changes.empty()) return "nothing changes\n";
  std::string text;
  for (const Change& each : changes) {
    const Ink ink = each.kind == Change::Kind::kWidens    ? Ink::kRed
                    : each.kind == Change::Kind::kNarrows ? Ink::kGreen
                                                          : Ink::kDim;
    const char* const mark = each.kind == Change::Kind::kWidens    ? "+ "
                             : each.kind == Change::Kind::kNarrows ? "- "
                                                                   : "  ";
    text += out.Paint(ink, mark + Printable(each.text)) + "\n";
  }
  return text + (Widens(changes) ? "it may do more than before\n" : "it may do no more than before\n");
}

// Each line stands for itself: what a bundle declares cannot look like more of them.
std::string Lines(const std::string& text) {
  std::string lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines += Printable(std::string_view(text).substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return lines;
}

int Describe(const DescribeOptions& options, Environment& environment) {
  if (options.paths.size() != (options.diff ? 2U : 1U)) {
    throw EngineError(Status::kInvalid, options.diff ? "--diff takes two bundles or manifests, OLD and NEW"
                                                     : "describe takes one bundle, or --diff OLD NEW");
  }
  Output& out = environment.out;
  Manifests manifests(options);
  try {
    const std::string first = manifests.Of(options.paths.front());
    if (!options.diff) {
      const bool person = out.look().width > 0 && !options.json;
      out.Write(person ? Lines(manifest::Text(first)) : SafeJson(first) + "\n");
      return static_cast<int>(Status::kSucceeded);
    }
    const std::vector<Change> changes = manifest::Compare(first, manifests.Of(options.paths.back()));
    out.Write(options.json ? ChangesJson(changes) + "\n" : ChangesText(changes, out));
    return static_cast<int>(Widens(changes) ? Status::kFailed : Status::kSucceeded);
  } catch (const Undescribed& undescribed) {
    environment.err.Write(undescribed.notes);
    environment.err.Write(FailureText(undescribed.outcome, environment.err));
    // Exit code 1 says that something widens, and nothing else.
    const Status status = undescribed.outcome.status;
    return static_cast<int>(status == Status::kFailed ? Status::kInvalid : status);
  }
}

Action Declare(CLI::App& app) {
  const auto options = std::make_shared<DescribeOptions>();
  app.add_option("bundle", options->paths,
                 "An ES module, or a folder with an index.js; with --diff two, or manifests (.json)")
      ->required()
      ->expected(1, 2)
      ->type_name("PATH");
  app.add_flag(
      "--diff", options->diff,
      "Say what the second of two would be allowed to do that the first is not; exit code 1 if there is anything");
  app.add_option("--permit-degraded", options->permit_degraded,
                 "Run even where this layer of the jail, which can only be landlock, cannot be enforced")
      ->type_name("LAYER")
      ->allow_extra_args(false);
  app.add_flag("--json", options->json, "Print the manifest as JSON also on a terminal; with --diff: widens, changes");
  return [options](Environment& environment) { return Describe(*options, environment); };
}

}  // namespace

Command DescribeCommand() { return {"describe", "Print what a bundle declares: its manifest", kExamples, Declare}; }

}  // namespace warder::cli
