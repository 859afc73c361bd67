// warder test: fixture tests, in real cells and without network.
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/cli/batch.h"
#include "engine/cli/command.h"
#include "engine/cli/file_watch.h"
#include "engine/cli/fixture.h"
#include "engine/cli/fixture_update.h"
#include "engine/cli/fixture_verdict.h"
#include "engine/cli/input_file.h"
#include "engine/cli/interrupts.h"
#include "engine/cli/output_file.h"
#include "engine/cli/test_report.h"
#include "engine/cli/text.h"
#include "warder/engine.h"
#include "warder/replay.h"

namespace warder::cli {
namespace {

constexpr const char* kExamples =
    "  warder test my-integration/\n"
    "  warder test my-integration/ --filter \"big orders\"\n"
    "  warder test my-integration/ --junit results.xml\n"
    "  warder test my-integration/ --watch\n"
    "  warder test my-integration/orders.fixture.json --update";

struct TestOptions {
  std::vector<std::string> paths;
  std::string filter;
  std::string junit;
  std::vector<std::string> permit_degraded;
  bool update = false;
  bool yes = false;
  bool watch = false;
};

// One run of all fixtures.
class Test {
 public:
  // `watch`: null, or gets to know what would make another run worth while.
  Test(const TestOptions& options, Environment& environment, FileWatch* watch)
      : options_(options), environment_(environment), watch_(watch), update_(environment, options.yes) {}

  // Opens `engine`, unless it is open, once the fixtures make sense.
  int Perform(std::unique_ptr<Engine>& engine) {
    if (!Read()) return static_cast<int>(Status::kInvalid);
    std::optional<OutputFile> junit;
    if (!options_.junit.empty()) junit.emplace("--junit", options_.junit);
    if (!engine) engine = Engine::Open({.permit_degraded = options_.permit_degraded});
    environment_.out.Write(TapStart(fixtures_.size()));
    RunBatch(
        *engine, fixtures_.size(), [&](std::size_t i) { return RequestOf(&fixtures_[i]); },
        [&](std::size_t i, const Finished& finished) { Show(fixtures_[i], finished); });
    if (junit) junit->Write(JUnitText(tests_));
    const auto failed =
        std::count_if(tests_.begin(), tests_.end(), [](const Tested& each) { return !each.mismatches.empty(); });
    environment_.out.Write(std::to_string(tests_.size() - static_cast<std::size_t>(failed)) + " passed, " +
                           std::to_string(failed) + " failed\n");
    return failed == 0 ? 0 : static_cast<int>(Status::kFailed);
  }

 private:
  // False: a fixture is wrong, and was complained about; all of them are looked at.
  bool Read() {
    bool sound = true;
    for (const std::string& file : FindFixtures(options_.paths)) {
      try {
        std::string text = ReadSmallFile("fixture", file, kMaxFixtureBytes);
        for (Fixture& fixture : ParseFixtures(file, text)) {
          if (watch_ != nullptr) watch_->Add(fixture.bundle);
          if (watch_ != nullptr && !fixture.journal.empty()) watch_->Add(fixture.journal);
          if (fixture.shown.find(options_.filter) != std::string::npos) fixtures_.push_back(std::move(fixture));
        }
        if (options_.update) update_.Keep(file, std::move(text));
      } catch (const EngineError& error) {
        sound = false;
        environment_.err.Write(environment_.err.Paint(Ink::kRed, "warder: ") + Printable(error.what()) + "\n");
      }
    }
    if (sound && fixtures_.empty()) {
      throw EngineError(Status::kInvalid,
                        "no fixture has \"" + options_.filter + "\" in its path or name; see --filter");
    }
    return sound;
  }

  ExecutionRequest RequestOf(Fixture* fixture) {
    ExecutionRequest request;
    if (!fixture->journal.empty()) {
      const auto recording = Recording::Load(fixture->journal);
      request = Recording::Replay(recording);
      request.replay = nullptr;
      request.script = recording->AsScript();
      if (!fixture->expects) fixture->expect = ExpectationOf(*recording);
    } else {
      request.flow = fixture->flow;
      request.event_json = fixture->event_json;
      request.config_json = fixture->config_json;
      request.limits = fixture->limits;
      request.script = fixture->script;
    }
    auto& bundle = bundles_[fixture->bundle];
    if (!bundle) bundle = Bundle::Load(fixture->bundle, request.limits.bundle_bytes);
    request.bundle = bundle;
    return request;
  }

  void Show(const Fixture& fixture, const Finished& finished) {
    Tested tested{
        .fixture = &fixture, .mismatches = Mismatches(fixture, finished), .duration = finished.outcome.usage.wall};
    const bool unwritten = !fixture.expects && fixture.journal.empty();
    // What would be written has to be an end that a flow can come to, with the calls that the fixture says.
    const bool writable =
        !finished.refused && !finished.outcome.divergence && finished.outcome.status <= Status::kViolation;
    if (options_.update && writable && (unwritten || !tested.mismatches.empty()) &&
        update_.Offer(fixture, finished, tested.mismatches)) {
      tested.mismatches.clear();
    }
    environment_.out.Write(TapText(tests_.size() + 1, tested));
    tests_.push_back(std::move(tested));
  }

  const TestOptions& options_;
  Environment& environment_;
  FileWatch* watch_;
  FixtureUpdate update_;
  std::vector<Fixture> fixtures_;
  std::map<std::string, std::shared_ptr<const Bundle>> bundles_;
  std::vector<Tested> tests_;
};

// Again and again, whenever something has changed, until a signal comes.
int Watch(const TestOptions& options, Environment& environment) {
  const Interrupts interrupts;
  std::unique_ptr<Engine> engine;
  while (interrupts.first() == 0) {
    FileWatch watch;  // from before anything is read, so that no change is missed
    for (const std::string& path : options.paths) watch.Add(path);
    try {
      Test(options, environment, &watch).Perform(engine);
    } catch (const EngineError& error) {
      environment.err.Write(environment.err.Paint(Ink::kRed, "warder: ") + Printable(error.what()) + "\n");
    }
    if (interrupts.first() != 0) break;
    environment.err.Write("waiting for changes; Ctrl-C ends it\n");
    if (!watch.AwaitChange(interrupts)) break;
  }
  return 128 + interrupts.first();
}

int RunTests(const TestOptions& options, Environment& environment) {
  if (options.watch) return Watch(options, environment);
  std::unique_ptr<Engine> engine;
  return Test(options, environment, nullptr).Perform(engine);
}

Action Declare(CLI::App& app) {
  const auto options = std::make_shared<TestOptions>();
  app.add_option("path", options->paths, "A *.fixture.json, or a folder with such files (docs/journals.md)")
      ->required()
      ->type_name("PATH");
  app.add_option("--filter", options->filter, "Only fixtures with this text in their path or name")->type_name("TEXT");
  app.add_option("--junit", options->junit, "Write the results here too, as JUnit's XML")->type_name("FILE");
  auto* update = app.add_flag("--update", options->update,
                              "Show what came instead of what fixtures expect, ask, and write it into them; their "
                              "calls stay as they are");
  app.add_flag("--yes", options->yes, "Do not ask")->needs(update);
  app.add_flag("--watch", options->watch, "Run them again whenever a fixture, its bundle or its journal changes");
  app.add_option("--permit-degraded", options->permit_degraded, "As of `warder run`")
      ->type_name("LAYER")
      ->allow_extra_args(false);
  return [options](Environment& environment) { return RunTests(*options, environment); };
}

}  // namespace

Command TestCommand() { return {"test", "Run fixture tests, in real cells and without network", kExamples, Declare}; }

}  // namespace warder::cli
