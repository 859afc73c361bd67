#include "engine/cli/test_file.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/base/strict_json.h"
#include "engine/base/text.h"
#include "engine/cli/outcome_text.h"
#include "engine/cli/test_module.h"

namespace warder::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

// As the module loader of a cell has it (sandbox/cell/specifier.h).
constexpr const char* kModuleFolder = "warder:test/";
constexpr std::size_t kMaxTests = 1'000;
constexpr std::size_t kMaxShownNameBytes = 100;
constexpr std::size_t kMaxShownFrames = 5;
constexpr std::uint64_t kMaxDeclaredBytes = std::uint64_t{4} << 20;

// Of what a test file does itself.
Limits LimitsOfCode() {
  Limits limits;
  limits.cpu_ms = 3'000;
  limits.log_bytes = std::uint64_t{64} << 10;
  limits.output_bytes = kMaxDeclaredBytes;
  limits.event_bytes = std::uint64_t{64} << 20;  // the most that there can be, for what came of a flow
  return limits;
}

std::string Digest(const std::string& text) {
  Sha256 hash;
  hash.Update(text);
  return hash.Digest();
}

// Nobody answers, and nothing is known.
std::shared_ptr<const Script> ScriptOf(const std::string& name) {
  auto script = std::make_shared<Script>();
  script->seed = Digest("seed of " + name);
  script->execution_id = HexOf(Digest("execution of " + name)).substr(0, 32);
  script->clock_us = kDefaultClockUs;
  return script;
}

std::string CallOf(const Outcome& outcome) {
  if (outcome.calls.empty()) return "a call";
  const CallRecord& call = outcome.calls.front();
  return call.method + " " + call.origin + call.path;
}

// The first frames of a stack that have a place in a file, each in a line of its own.
std::string FramesOf(const std::string& stack, std::size_t most) {
  std::string text;
  for (std::size_t at = 0; at < stack.size() && most > 0;) {
    const std::size_t end = std::min(stack.find('\n', at), stack.size());
    const std::string line = stack.substr(at, end - at);
    at = end + 1;
    if (line.find("<anonymous>") != std::string::npos) continue;
    text += line + "\n";
    --most;
  }
  return text;
}

std::string ErrorText(const ScriptError& error) {
  if (error.name == "AssertionError") return error.message;
  return error.name + (error.message.empty() ? "" : ": " + error.message);
}

// The nearest folder above with a package.json; without one the folder itself.
fs::path ProjectOf(const fs::path& folder) {
  std::error_code error;
  fs::path start = fs::weakly_canonical(folder.empty() ? "." : folder, error);
  for (fs::path at = start;; at = at.parent_path()) {
    if (fs::exists(at / "package.json", error)) return at;
    if (at == at.parent_path()) return start;
  }
}

}  // namespace

std::shared_ptr<const TestFile> TestFile::Load(const std::string& path) {
  const std::string name = fs::path(path).filename().string();
  const auto file = std::shared_ptr<TestFile>(new TestFile(path));
  std::vector<Bundle::File> module;
  for (const EmbeddedFile& each : kTestModule) {
    module.push_back({kModuleFolder + std::string(each.path), std::string(each.text)});
  }
  const std::string declare = std::string(kModuleFolder) + "declare_entry.js";
  const std::string check = std::string(kModuleFolder) + "check_entry.js";
  const std::string all =
      "import " + json::serialize(json::string("../" + name)) + ";\nexport { default } from \"./flows.js\";\n";
  module.push_back({declare, all});
  module.push_back({check, "import \"./one_check.js\";\n" + all});
  file->declaring_ = Bundle::LoadTest(path, module, declare);
  file->checking_ = Bundle::Of(file->declaring_->files(), check);
  file->script_ = ScriptOf(name);
  return file;
}

fs::path TestFile::folder() const {
  const fs::path folder = fs::path(path_).parent_path();
  return folder.empty() ? "." : folder;
}

ExecutionRequest TestFile::Request(const std::shared_ptr<const Bundle>& bundle, const char* flow) const {
  ExecutionRequest request;
  request.bundle = bundle;
  request.flow = flow;
  request.limits = LimitsOfCode();
  request.script = script_;
  return request;
}

ExecutionRequest TestFile::DeclareRequest() const { return Request(declaring_, "declare"); }

std::vector<Fixture> TestFile::FixturesOf(Finished declared) const {
  const std::string shown = "the test file " + path_;
  if (declared.refused) throw EngineError(*declared.refused);
  Outcome& outcome = declared.outcome;
  MapStacks(*declaring_, &outcome);
  const auto invalid = [&](const std::string& what) { throw EngineError(Status::kInvalid, shown + what); };
  if (outcome.divergence) {
    invalid(" calls " + CallOf(outcome) + " while it declares its tests; only the flows that it tests make calls");
  }
  if (outcome.status == Status::kFault) throw EngineError(Status::kFault, shown + ": " + outcome.reason);
  if (outcome.error) {
    const std::string frame = FramesOf(outcome.error->stack, 1);
    invalid(": " + ErrorText(*outcome.error) + (frame.empty() ? "" : ", " + frame.substr(0, frame.size() - 1)));
  }
  if (outcome.status == Status::kInvalid) invalid(": " + outcome.reason);
  if (outcome.status != Status::kSucceeded) invalid(" has not declared its tests: " + outcome.reason);

  const auto document = ParseStrict(outcome.output_json, {}, kMaxJsonDepth);
  if (!document) invalid(" declares what cannot be read: " + document.error().message);
  const JsonField tests(shown, "", *document);
  const auto all = tests.Elements("it has to declare an array of tests, as test() of \"warder/test\" makes it");
  if (all.empty()) invalid(" declares no test; call test(name, { … }) of \"warder/test\"");
  if (all.size() > kMaxTests) invalid(" declares more than 1,000 tests; make several files of it");
  std::vector<Fixture> fixtures;
  std::set<std::string> names;
  for (const JsonField& each : all) {
    fixtures.push_back(FixtureOf(each, fixtures.size()));
    if (names.insert(fixtures.back().name).second) continue;
    invalid(" declares two tests of the name " + Shown(json::value(fixtures.back().name)) + "; give one another");
  }
  return fixtures;
}

Fixture TestFile::FixtureOf(const JsonField& declared, std::size_t index) const {
  declared.CheckObject({"fixture", "checked"});
  const JsonField plain = declared.Needed("fixture", "it is what test() of \"warder/test\" was given");
  if (!plain.Is(json::kind::object)) plain.Wrong("it has to be an object");
  const std::string name = plain.Needed("name", "each test has one").Text("it has to be a text");
  const JsonField field("the test \"" + Truncate(name, kMaxShownNameBytes) + "\" of " + path_, "", plain.value());
  Fixture fixture = ParseFixture(field, path_, index);
  if (const auto bundle = field.Member("bundle")) CheckReach(*bundle, fixture.bundle);
  if (const auto journal = field.Member("journal")) CheckReach(*journal, fixture.journal);
  const JsonField checked = declared.Needed("checked", "it says whether the test has a check");
  if (!checked.Is(json::kind::bool_)) checked.Wrong("it has to be true or false");
  if (checked.value().get_bool()) fixture.checked_by = shared_from_this();
  return fixture;
}

void TestFile::CheckReach(const JsonField& member, const std::string& path) const {
  std::error_code error;
  const fs::path project = ProjectOf(folder());
  const fs::path whole = fs::weakly_canonical(path, error);
  const bool inside =
      !error && std::mismatch(project.begin(), project.end(), whole.begin(), whole.end()).first == project.end();
  if (inside) return;
  member.Wrong("it leads out of " + project.string() +
               ", and a test file names nothing outside of its project: the nearest folder above it with a "
               "package.json, or without one its own");
}

ExecutionRequest TestFile::CheckRequest(const Fixture& fixture, std::string run) const {
  ExecutionRequest request = Request(checking_, "check");
  request.event_json = "{\"test\":" + std::to_string(fixture.index) + ",\"run\":" + std::move(run) + "}";
  return request;
}

std::vector<Mismatch> TestFile::Checked(Finished check) const {
  if (check.refused) return {{std::string("what came of it was not given to its check: ") + check.refused->what(), {}}};
  Outcome& outcome = check.outcome;
  MapStacks(*declaring_, &outcome);
  if (outcome.divergence) {
    return {{"its check calls " + CallOf(outcome) + "; only the flow that it looks at makes calls", {}}};
  }
  if (outcome.status == Status::kSucceeded) return {};
  if (outcome.status == Status::kFailed && outcome.error) {
    const std::string text = ErrorText(*outcome.error);
    const std::size_t end = std::min(text.find('\n'), text.size());
    return {{"its check failed: " + text.substr(0, end),
             (end < text.size() ? text.substr(end + 1) + "\n" : "") + FramesOf(outcome.error->stack, kMaxShownFrames)}};
  }
  const std::string stack = outcome.limit ? outcome.limit->stack : outcome.violation ? outcome.violation->stack : "";
  return {{"its check did not end: " + outcome.reason, FramesOf(stack, kMaxShownFrames)}};
}

}  // namespace warder::cli
