// warder test: fixtures and test files, in real cells and without network.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/cli/batch.h"
#include "engine/cli/command.h"
#include "engine/cli/coverage_report.h"
#include "engine/cli/file_watch.h"
#include "engine/cli/fixture.h"
#include "engine/cli/fixture_update.h"
#include "engine/cli/fixture_verdict.h"
#include "engine/cli/input_file.h"
#include "engine/cli/interrupts.h"
#include "engine/cli/observed_run.h"
#include "engine/cli/output_file.h"
#include "engine/cli/test_file.h"
#include "engine/cli/test_report.h"
#include "engine/cli/text.h"
#include "warder/coverage.h"
#include "warder/engine.h"
#include "warder/replay.h"

namespace warder::cli {
namespace {

constexpr const char* kExamples =
    "  warder test my-integration/\n"
    "  warder test my-integration/ --filter \"big orders\"\n"
    "  warder test my-integration/ --junit results.xml\n"
    "  warder test my-integration/ --watch\n"
    "  warder test my-integration/ --coverage --coverage-min 90 --coverage-lcov lcov.info\n"
    "  warder test my-integration/orders.fixture.json --update";

struct TestOptions {
  std::vector<std::string> paths;
  std::string filter;
  std::string junit;
  std::vector<std::string> permit_degraded;
  bool coverage = false;
  std::string coverage_lcov;
  double coverage_min = 0;
  bool update = false;
  bool yes = false;
  bool watch = false;
};

void Complain(Environment& environment, const EngineError& error) {
  environment.err.Write(environment.err.Paint(Ink::kRed, "warder: ") + Printable(error.what()) + "\n");
}

// What a test file has logged: a line for each entry.
std::string LogLines(const std::string& before, const std::vector<Event>& logs) {
  std::string text;
  for (const Event& log : logs) {
    text += Printable(before + log.level + " " + log.message + (log.fields_json.empty() ? "" : " " + log.fields_json)) +
            "\n";
  }
  return text;
}

// A fixture on its way through its executions.
struct Case {
  Fixture fixture;
  std::shared_ptr<const Script> script = nullptr;  // what answers it
  std::shared_ptr<SeenCalls> seen = nullptr;       // where a check will look at them
  std::vector<Mismatch> mismatches = {};           // of all that is not its check
};

// One run of all fixtures.
class Test {
 public:
  // `watch`: null, or gets to know what would make another run worth while.
  Test(const TestOptions& options, Environment& environment, FileWatch* watch)
      : options_(options), environment_(environment), watch_(watch), update_(environment, options.yes) {}

  // Opens `engine`, unless it is open: for test files at once, else once the fixtures make sense.
  int Perform(std::unique_ptr<Engine>& engine) {
    if (!Read(engine)) return static_cast<int>(Status::kInvalid);
    std::optional<OutputFile> junit;
    if (!options_.junit.empty()) junit.emplace("--junit", options_.junit);
    std::optional<OutputFile> lcov;
    if (!options_.coverage_lcov.empty()) lcov.emplace("--coverage-lcov", options_.coverage_lcov);
    Open(engine);
    environment_.out.Write(TapStart(cases_.size()));
    RunBatch(*engine, cases_.size(),
             {.request = [&](std::size_t i) { return RequestOf(&cases_[i]); },
              .following = [&](std::size_t i, const Finished& finished) { return CheckOf(&cases_[i], finished); },
              .finished = [&](std::size_t i, const Finished& finished,
                              const Finished* check) { Show(cases_[i], finished, check); }});
    if (junit) junit->Write(JUnitText(tests_));
    const auto failed =
        std::count_if(tests_.begin(), tests_.end(), [](const Tested& each) { return !each.mismatches.empty(); });
    if (lcov) lcov->Write(LcovText(lines_));
    const bool enough = !options_.coverage || ReportCoverage();
    environment_.out.Write(std::to_string(tests_.size() - static_cast<std::size_t>(failed)) + " passed, " +
                           std::to_string(failed) + " failed\n");
    return failed == 0 && enough ? 0 : static_cast<int>(Status::kFailed);
  }

 private:
  void Open(std::unique_ptr<Engine>& engine) const {
    if (!engine) {
      engine = Engine::Open({.permit_degraded = options_.permit_degraded, .development = options_.coverage});
    }
  }

  // False: a file is wrong, and was complained about; all of them are looked at.
  bool Read(std::unique_ptr<Engine>& engine) {
    const std::vector<std::string> files = FindTests(options_.paths);
    std::map<std::string, std::shared_ptr<const TestFile>> code;
    std::map<std::string, std::vector<Fixture>> fixtures;
    bool sound = true;
    const auto attempt = [&](const std::function<void()>& work) {
      try {
        work();
      } catch (const EngineError& error) {
        if (error.status() != Status::kInvalid) throw;
        sound = false;
        Complain(environment_, error);
      }
    };
    for (const std::string& file : files) {
      attempt([&] {
        if (IsTestFile(file)) {
          code[file] = TestFile::Load(file);
          if (watch_ != nullptr) watch_->Add(code[file]->folder());
        } else {
          std::string text = ReadSmallFile("fixture", file, kMaxFixtureBytes);
          fixtures[file] = ParseFixtures(file, text);
          if (options_.update) update_.Keep(file, std::move(text));
        }
      });
    }
    if (!code.empty()) {
      Open(engine);
      const std::vector<std::pair<std::string, std::shared_ptr<const TestFile>>> all(code.begin(), code.end());
      RunBatch(
          *engine, all.size(),
          {.request = [&](std::size_t i) { return all[i].second->DeclareRequest(); },
           .following = nullptr,
           .finished =
               [&](std::size_t i, const Finished& declared, const Finished*) {
                 const auto& [file, test] = all[i];
                 environment_.err.Write(LogLines(file + ": ", declared.logs));
                 attempt([&, &name = file, &declaring = test] { fixtures[name] = declaring->FixturesOf(declared); });
               }});
    }
    for (const std::string& file : files) Keep(std::move(fixtures[file]));
    if (sound && cases_.empty()) {
      throw EngineError(Status::kInvalid,
                        "no fixture has \"" + options_.filter + "\" in its path or name; see --filter");
    }
    return sound;
  }

  void Keep(std::vector<Fixture> fixtures) {
    for (Fixture& fixture : fixtures) {
      if (watch_ != nullptr) watch_->Add(fixture.bundle);
      if (watch_ != nullptr && !fixture.journal.empty()) watch_->Add(fixture.journal);
      if (fixture.shown.find(options_.filter) == std::string::npos) continue;
      cases_.push_back({.fixture = std::move(fixture)});
    }
  }

  // False: fewer lines have run than have to.
  bool ReportCoverage() {
    environment_.out.Write(CoverageText(lines_, environment_.out));
    const auto say = [this](const std::string& what) { environment_.err.Write("warder: " + what + "\n"); };
    for (const std::string& problem : lines_.problems()) say(Printable(problem));
    if (uncounted_ > 0) {
      say("what ran in " + CountText(uncounted_, "fixture") +
          " is not counted: a limit or a violation ended them, or they were never started");
    }
    if (lines_.Percent() >= options_.coverage_min) return true;
    say("of all lines " + PercentText(lines_.Percent()) + " % have run, and --coverage-min asks for " +
        PercentText(options_.coverage_min) + " %");
    return false;
  }

  ExecutionRequest RequestOf(Case* of) {
    Fixture* const fixture = &of->fixture;
    ExecutionRequest request;
    request.coverage = options_.coverage;
    if (!fixture->journal.empty()) {
      const auto recording = Recording::Load(fixture->journal);
      request = Recording::Replay(recording);
      request.coverage = options_.coverage;
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
    if (fixture->checked_by) {
      of->seen = std::make_shared<SeenCalls>();
      of->script = request.script = SeenCalls::Watch(*request.script, of->seen);
    }
    auto& bundle = bundles_[fixture->bundle];
    if (!bundle) bundle = Bundle::Load(fixture->bundle, request.limits.bundle_bytes);
    request.bundle = bundle;
    return request;
  }

  // A check looks at what is otherwise as expected, so that its complaint says something new.
  std::optional<ExecutionRequest> CheckOf(Case* of, const Finished& finished) {
    of->mismatches = Mismatches(of->fixture, finished);
    if (!of->mismatches.empty() || !of->fixture.checked_by) return std::nullopt;
    if (of->seen->too_many_bytes()) {
      of->mismatches.push_back({"its calls have more than 64MB, which is more than a check can be given", {}});
      return std::nullopt;
    }
    return of->fixture.checked_by->CheckRequest(of->fixture,
                                                ObservedRun(finished, *of->seen, *of->script, of->fixture.flow));
  }

  void Show(Case& of, const Finished& finished, const Finished* check) {
    const Fixture& fixture = of.fixture;
    Tested tested{.fixture = &fixture, .mismatches = std::move(of.mismatches), .duration = finished.outcome.usage.wall};
    if (check != nullptr) {
      tested.mismatches = fixture.checked_by->Checked(*check);
      tested.duration += check->outcome.usage.wall;
    }
    if (options_.update) Update(finished, &tested);
    if (options_.coverage) Count(fixture, finished);
    environment_.out.Write(TapText(tests_.size() + 1, tested));
    if (check != nullptr) environment_.out.Write(LogLines("# ", check->logs));
    of.script.reset();
    of.seen.reset();
    tests_.push_back(std::move(tested));
  }

  void Update(const Finished& finished, Tested* tested) {
    const Fixture& fixture = *tested->fixture;
    if (IsTestFile(fixture.file)) {
      if (tested->mismatches.empty() || !not_updated_.insert(fixture.file).second) return;
      environment_.err.Write(Printable(fixture.file) +
                             " is code, and --update changes fixtures only: change what it expects there\n");
      return;
    }
    const bool unwritten = !fixture.expects && fixture.journal.empty();
    // What would be written has to be an end that a flow can come to, with the calls that the fixture says.
    const bool writable =
        !finished.refused && !finished.outcome.divergence && finished.outcome.status <= Status::kViolation;
    if (writable && (unwritten || !tested->mismatches.empty()) &&
        update_.Offer(fixture, finished, tested->mismatches)) {
      tested->mismatches.clear();
    }
  }

  void Count(const Fixture& fixture, const Finished& finished) {
    const auto bundle = bundles_.find(fixture.bundle);
    if (bundle == bundles_.end() || !bundle->second) return;
    if (!finished.outcome.coverage) ++uncounted_;
    // Also where nothing is known: its lines are there.
    lines_.Add(fixture.bundle, bundle->second, finished.outcome.coverage.value_or(std::vector<ModuleCoverage>()));
  }

  const TestOptions& options_;
  Environment& environment_;
  FileWatch* watch_;
  FixtureUpdate update_;
  std::vector<Case> cases_;
  std::map<std::string, std::shared_ptr<const Bundle>> bundles_;
  std::vector<Tested> tests_;
  std::set<std::string> not_updated_;
  LineCoverage lines_;
  std::size_t uncounted_ = 0;  // fixtures that have not said what ran
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
      Complain(environment, error);
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
  app.add_option("path", options->paths,
                 "A *.fixture.json or *.test.js, or a folder with such files (docs/journals.md, docs/authoring.md)")
      ->required()
      ->type_name("PATH");
  app.add_option("--filter", options->filter, "Only tests with this text in their path or name")->type_name("TEXT");
  app.add_option("--junit", options->junit, "Write the results here too, as JUnit's XML")->type_name("FILE");
  auto* coverage = app.add_flag("--coverage", options->coverage,
                                "Say which lines of the bundles no fixture has run, in a table behind the results");
  app.add_option("--coverage-lcov", options->coverage_lcov, "Write how often each line has run here too, as lcov does")
      ->type_name("FILE")
      ->needs(coverage);
  app.add_option("--coverage-min", options->coverage_min, "Fail where fewer of all lines have run, in percent")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.0, 100.0))
      ->needs(coverage);
  auto* update = app.add_flag("--update", options->update,
                              "Show what came instead of what fixtures expect, ask, and write it into them; their "
                              "calls stay as they are, and so do test files");
  app.add_flag("--yes", options->yes, "Do not ask")->needs(update);
  app.add_flag("--watch", options->watch, "Run them again whenever a test, its bundle or its journal changes");
  app.add_option("--permit-degraded", options->permit_degraded, "As of `warder run`")
      ->type_name("LAYER")
      ->allow_extra_args(false);
  return [options](Environment& environment) { return RunTests(*options, environment); };
}

}  // namespace

Command TestCommand() {
  return {"test", "Run fixtures and test files, in real cells and without network", kExamples, Declare};
}

}  // namespace warder::cli
