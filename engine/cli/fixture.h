// Fixture tests (docs/journals.md): what a flow is given, whom it meets, and what has to come of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
  std::optional<std::string> output_json;
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
};

// The fixtures in the text of a file, which is one or an array of them. Throws EngineError(kInvalid) with one sentence
// that names the file, the field, what stands there and what has to.
std::vector<Fixture> ParseFixtures(const std::string& file, const std::string& text);

// The *.fixture.json among `paths` and in folders among them, in the order of their names. Throws EngineError(kInvalid)
// where there are none.
std::vector<std::string> FindFixtures(const std::vector<std::string>& paths);

}  // namespace warder::cli
