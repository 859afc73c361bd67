// Executions that meet something else than the world: a recorded one again, or a script that says who answers what.
//
//   auto recording = warder::Recording::Load("run.journal");
//   auto request = warder::Recording::Replay(recording);
//   auto outcome = engine->Start(request).Wait();  // outcome.divergence: where it went another way
//
//   request.bundle = warder::Bundle::Load("new-version/");
//   request.replay = nullptr;
//   request.script = recording->AsScript();        // what would another bundle have done?
//
// Both run in a real cell, under the limits of the request, without network, connections or credentials. Time does not
// pass in them: a timer or a delayed answer comes when nothing else is left to do, with the clock moved on to it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "warder/engine.h"

namespace warder {

namespace journal {
class Tape;
}

// A journal that was read. Immutable; may be replayed any number of times, at the same time too.
class Recording {
 public:
  // Throws EngineError(kInvalid) with one sentence: what cannot be read, is damaged or makes no sense. A journal that
  // is cut off is read as far as it goes.
  static std::shared_ptr<const Recording> Load(const std::filesystem::path& path);

  struct Facts {
    std::string warder_version, v8_version, bundle_sha256, execution, tenant, flow;
    std::string recorded;     // when it was started, ISO 8601 in UTC
    CellProfile profile;      // as the journal says; nobody vouches for it
    Status status;            // how it ended
    std::string reason;       // why, unless it succeeded
    std::string output_json;  // if it succeeded
    std::optional<WebhookResponse> response;
    std::vector<StateRecord> state;  // what it left, as Outcome::state, with values
  };
  const Facts& facts() const { return facts_; }
  // Why it ends before the execution did, one clause; empty: it does not.
  const std::string& cut_off() const;

  // The same execution again: every message to the cell as it was, everything that the cell says compared. Under the
  // profile that was recorded only where `most` grants that. Like AsScript, it throws EngineError(kInvalid) where
  // nothing of the bundle was ever run.
  static ExecutionRequest Replay(std::shared_ptr<const Recording> recording, CellProfile most = CellProfile::kJitless);
  // Its calls with their answers, in order.
  std::shared_ptr<const Script> AsScript() const;

  const journal::Tape& tape() const { return *tape_; }  // for the engine

 private:
  explicit Recording(std::shared_ptr<const journal::Tape> tape);

  const std::shared_ptr<const journal::Tape> tape_;
  Facts facts_;
};

// Writes the journal of `recording` as it would have been without what stands in the members of these names, at any
// depth of the JSON that the flow was given (event, configuration, answers): the flow is run again with stand-ins in
// their place, everywhere where such a value stands in what it is given, and that is what is written. So nothing of
// them is in what it says either, in no form. Throws EngineError(kInvalid), and writes nothing, where it goes another
// way or ends in another way without them, or where one is still there: then its code knows it. `most`: as of Replay.
void WriteRedacted(Engine& engine, const std::shared_ptr<const Recording>& recording,
                   const std::vector<std::string>& names, const std::filesystem::path& path,
                   CellProfile most = CellProfile::kJitless);

// A request of a scripted execution, all of it.
struct ScriptedRequest {
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string connection;  // name of the one it is made through; empty: none
};

// When something comes: so long after its call was made, but not before `at_us`, the clock's time in a recording.
struct Moment {
  std::chrono::microseconds after_call{0};
  std::uint64_t at_us = 0;
  std::uint64_t order = 0;  // among what comes at the same time
};

// The beginning of a response.
struct ScriptedHead {
  Moment moment;
  int status = 200;
  std::string reason;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string url;  // where it came from after redirects; empty: the request's
  bool redirected = false;
};

struct ScriptedPiece {
  Moment moment;
  std::string data;
};

struct ScriptedFailure {
  enum class Kind { kRefused, kNetwork, kTimeout } kind = Kind::kNetwork;
  Moment moment;
  std::string message;
};

// How a call is answered. Time goes on to the moment when there is nothing else to do.
struct ScriptedAnswer {
  std::optional<ScriptedHead> head;
  std::vector<ScriptedPiece> body;         // of a head; none: the response has no body
  bool ends = true;                        // false: more of the body would come, and never does, unless it fails
  std::optional<ScriptedFailure> failure;  // instead of a head, or of the rest of the body
};

struct ScriptedCall {
  std::string shown;  // for messages: "GET https://api.example.com/a"
  // Why a request is not this one, as Difference shows it; empty: it is.
  std::function<std::string(const ScriptedRequest&)> difference;
  ScriptedAnswer answer;
};

// What answers the calls of an execution. The n-th call is held to be the n-th of these; where it is another one that
// was not made yet, it gets the answer of that, and the order is the divergence. A call that is none of them ends the
// execution; one that was never made is a divergence too.
struct Script {
  std::string seed;            // 32 bytes
  std::string execution_id;    // what the script sees as its id
  std::uint64_t clock_us = 0;  // at the start, since the Unix epoch
  std::vector<ScriptedCall> calls;
  bool any_order = false;  // the order of the calls does not matter
  // Connections that the flow may use, as the recorded or invented execution has them.
  struct Connection {
    std::string name, handle, origin;
    std::vector<std::pair<std::string, std::string>> placeholders;  // field, text
  };
  std::vector<Connection> connections;
  // What the n-th timer of a recorded execution asked for, and when it fired. One that asks for the same fires then, or
  // later, where its time is not up by then.
  struct Timer {
    std::chrono::milliseconds delay{0};
    Moment fired;
  };
  std::vector<Timer> timers;
  // The state at the start. An item of the scope kFlow without a flow's key is of whichever flow asks for its key
  // first.
  std::vector<StateItem> state;
  // What stands nowhere here is not there; otherwise nobody knows, and an execution that reads it ends.
  bool whole_state = true;
  // How the n-th use of the state of a recorded execution was answered: when, and what others had left in it by then.
  struct StateAnswer {
    Moment moment;
    std::vector<StateItem> others;
  };
  std::vector<StateAnswer> state_answers;
  std::string word = "expected";  // what messages call what it says: "expected", "recorded"
};

// What differs between two texts, for people: lines, each with its line break. Of two JSON documents every place that
// differs, otherwise the first place; "-" stands before what was expected, "+" before what came. Empty where both are
// the same, JSON also where both mean the same. Long values are cut.
std::string Difference(std::string_view expected, std::string_view actual);

}  // namespace warder
