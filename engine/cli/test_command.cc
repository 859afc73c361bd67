// warder test: fixture tests, in real cells and without network.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/cli/batch.h"
#include "engine/cli/command.h"
#include "engine/cli/fixture.h"
#include "engine/cli/fixture_verdict.h"
#include "engine/cli/input_file.h"
#include "engine/cli/output_file.h"
#include "engine/cli/test_report.h"
#include "engine/cli/text.h"
#include "warder/engine.h"
#include "warder/replay.h"

namespace warder::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxFixtureBytes = std::uint64_t{16} << 20;
constexpr const char* kExamples =
    "  warder test my-integration/\n"
    "  warder test my-integration/ --filter \"big orders\"\n"
    "  warder test my-integration/ --junit results.xml\n"
    "  warder test my-integration/orders.fixture.json --update";

struct TestOptions {
  std::vector<std::string> paths;
  std::string filter;
  std::string junit;
  std::vector<std::string> permit_degraded;
  bool update = false;
};

// Puts a file in the place of another one, with its permissions.
void Rewrite(const std::string& path, const std::string& text) {
  const std::string beside = path + ".new";
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  std::error_code error;
  fs::permissions(beside, fs::status(path, error).permissions(), error);
  if (file && !error) fs::rename(beside, path, error);
  if (file && !error) return;
  std::error_code ignored;
  fs::remove(beside, ignored);
  throw EngineError(Status::kInvalid, "cannot rewrite the fixture " + path + "; check its permissions");
}

class Test {
 public:
  Test(const TestOptions& options, Environment& environment) : options_(options), environment_(environment) {}

  int Perform() {
    if (!Read()) return static_cast<int>(Status::kInvalid);
    std::optional<OutputFile> junit;
    if (!options_.junit.empty()) junit.emplace("--junit", options_.junit);
    const auto engine = Engine::Open({.permit_degraded = options_.permit_degraded});
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
        for (Fixture& fixture : ParseFixtures(file, ReadSmallFile("fixture", file, kMaxFixtureBytes))) {
          if (fixture.shown.find(options_.filter) != std::string::npos) fixtures_.push_back(std::move(fixture));
        }
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
    Tested tested{.fixture = &fixture,
                  .mismatches = Mismatches(fixture.expect, finished),
                  .duration = finished.outcome.usage.wall};
    const bool unwritten = !fixture.expects && fixture.journal.empty();
    // What would be written has to be an end that a flow can come to, with the calls that the fixture says.
    const bool writable =
        !finished.refused && !finished.outcome.divergence && finished.outcome.status <= Status::kViolation;
    if (options_.update && writable && (unwritten || !tested.mismatches.empty())) Update(fixture, finished, &tested);
    environment_.out.Write(TapText(tests_.size() + 1, tested));
    tests_.push_back(std::move(tested));
  }

  void Update(const Fixture& fixture, const Finished& finished, Tested* tested) {
    std::string text = "expects something else from now on: " + Printable(fixture.shown) + "\n";
    for (const Mismatch& each : tested->mismatches) {
      text += "    " + Printable(each.what) + "\n";
      if (!each.diff.empty()) text += "      " + PrintableLines(each.diff, "      ") + "\n";
    }
    environment_.err.Write(text);
    Rewrite(fixture.file, WithExpectation(ReadSmallFile("fixture", fixture.file, kMaxFixtureBytes), fixture, finished));
    tested->mismatches.clear();
  }

  const TestOptions& options_;
  Environment& environment_;
  std::vector<Fixture> fixtures_;
  std::map<std::string, std::shared_ptr<const Bundle>> bundles_;
  std::vector<Tested> tests_;
};

Action Declare(CLI::App& app) {
  const auto options = std::make_shared<TestOptions>();
  app.add_option("path", options->paths, "A *.fixture.json, or a folder with such files (docs/journals.md)")
      ->required()
      ->type_name("PATH");
  app.add_option("--filter", options->filter, "Only fixtures with this text in their path or name")->type_name("TEXT");
  app.add_option("--junit", options->junit, "Write the results here too, as JUnit's XML")->type_name("FILE");
  app.add_flag(
      "--update", options->update,
      "Rewrite what fixtures expect as it really came, after showing the change; their calls stay as they are");
  app.add_option("--permit-degraded", options->permit_degraded, "As of `warder run`")
      ->type_name("LAYER")
      ->allow_extra_args(false);
  return [options](Environment& environment) { return Test(*options, environment).Perform(); };
}

}  // namespace

Command TestCommand() { return {"test", "Run fixture tests, in real cells and without network", kExamples, Declare}; }

}  // namespace warder::cli
