// Fixture tests (docs/journals.md): what a flow is given, whom it meets, and what has to come of it. They stand in
// *.fixture.json, or are what a test file declares (test_file.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cli/json_field.h"
#include "warder/engine.h"
#include "warder/replay.h"

namespace warder::cli {

struct ExpectedLog {
  std::optional<std::string> level;
  std::optional<std::string> message;
  std::optional<std::string> fields_json;
};

struct ExpectedStep {
  std::string name;
  std::optional<std::string> action;
  std::optional<std::string> outcome;
};

struct ExpectedResponse {
  std::optional<std::uint64_t> status;
  std::optional<std::string> body;  // JSON where the fixture has JSON, otherwise the text
  bool body_is_json = false;
};

// The time at the start of an execution that says no other: 2026-01-01T00:00:00Z.
inline constexpr std::uint64_t kDefaultClockUs = 1'767'225'600'000'000;

// Of a file of fixtures.
inline constexpr std::uint64_t kMaxFixtureBytes = std::uint64_t{16} << 20;

// How a recorded execution ended, as far as another one has to end like that.
struct RecordedEnd {
  std::string reason;    // see ComparableReason
  std::string response;  // see ResponseText
};

// Nothing: not looked at.
struct Expectation {
  Status status = Status::kSucceeded;
  std::optional<std::string> output_json;  // with patterns (value_pattern.h), as all JSON here
  std::optional<std::string> error_name;
  std::optional<std::string> error_message;
  std::optional<std::string> limit;
  std::optional<std::vector<ExpectedLog>> logs;
  std::optional<std::vector<ExpectedStep>> steps;
  std::optional<ExpectedResponse> response;
  std::optional<RecordedEnd> recorded;      // where a journal says what is expected
  std::map<StateScope, std::string> state;  // by scope, all that stands in it: one JSON object
  std::optional<std::string> state_lines;   // of a journal: StateLines of what was left
};

class TestFile;

struct Fixture {
  std::string file;
  std::size_t index = 0;  // in its file
  std::string name;       // as the file says
  std::string shown;      // "orders/tag.fixture.json: big orders"
  std::string bundle;     // path
  std::string journal;    // path; empty: what follows is the fixture's own
  std::string flow;
  std::string event_json = "null";
  std::string config_json = "{}";
  Limits limits;
  std::shared_ptr<const Script> script;
  Expectation expect;
  bool expects = false;  // the file says anything about it
  // Where its file is code that has something to say of what came of it; null: it has not.
  std::shared_ptr<const TestFile> checked_by = nullptr;
};

// The fixture that `field` is, the `index`-th from 0 in `file`. Throws EngineError(kInvalid) with one sentence that
// names the file, the field, what stands there and what has to.
Fixture ParseFixture(const JsonField& field, const std::string& file, std::size_t index);

// The fixtures in the text of a file, which is one or an array of them. Throws as ParseFixture.
std::vector<Fixture> ParseFixtures(const std::string& file, const std::string& text);

// Whether a file of this name is code that declares fixtures: *.test.js.
bool IsTestFile(std::string_view name);

// The *.fixture.json and test files among `paths` and in folders among them, in the order of their names. Throws
// EngineError(kInvalid) where there are none.
std::vector<std::string> FindTests(const std::vector<std::string>& paths);

}  // namespace warder::cli
