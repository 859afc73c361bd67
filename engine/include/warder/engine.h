// Warder, embedded: open an engine, start executions, watch them, wait for their outcome.
//
//   auto engine = warder::Engine::Open({});
//   auto bundle = warder::Bundle::Load("my-integration/");
//   auto execution = engine->Start({.bundle = bundle, .event_json = R"({"orderId":"42"})"});
//   const warder::Outcome& outcome = execution.Wait();
//
// An execution is one run of one flow: its own V8 isolate, in its own process, inside its own jail, torn down
// afterwards. The engine is the trusted side: it never parses what a tenant wrote except JSON and the messages of the
// socket.
//
// Threads: every member of Engine and Execution may be called from any thread. The engine runs one thread of its own;
// callbacks are called on it, must not block and must not throw. They may call Execution::Cancel, nothing that waits.
// The process: the engine starts launchers as children of the host program and waits for each by its id. So the host
// must not reap children that it does not know (waitpid(-1), SIGCHLD ignored or with SA_NOCLDWAIT): the engine would
// take its launcher for lost. Open raises the soft limit on open files to the hard one (at most to 65,536): an
// execution takes about five descriptors while it runs, and one for which there is no room is refused (kFault).
// Protobuf's log is silenced for the whole process: it would quote what a cell sent.
// Errors: warder::EngineError is thrown for invalid input, for a machine that cannot enforce the jail and for faults of
// ours. What happens inside an execution is never thrown: it is in its Outcome.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "warder/connection.h"
#include "warder/limits.h"
#include "warder/state.h"
#include "warder/vault.h"

namespace warder {

// How an execution (or a command) ended; also the exit code of `warder run`.
enum class Status {
  kSucceeded = 0,
  kFailed = 1,         // the flow's own error
  kInvalid = 2,        // wrong usage or invalid input, a bundle that cannot be run included
  kLimit = 3,          // a limit ended it
  kViolation = 4,      // a violation of the jail or of its protocol ended it
  kUnenforceable = 5,  // this machine cannot enforce what the policy asks
  kCancelled = 6,      // the host ended it
  kFault = 70,         // a fault of ours
};

// "succeeded", "failed", "invalid", "limit", "violation", "unenforceable", "cancelled", "fault".
const char* StatusName(Status status);

class EngineError : public std::runtime_error {
 public:
  // `status` is kInvalid, kUnenforceable or kFault.
  EngineError(Status status, const std::string& message, std::string layer = {})
      : std::runtime_error(message), status_(status), layer_(std::move(layer)) {}
  Status status() const { return status_; }
  // The layer of the jail that could not be set up, as `warder doctor` names it; empty otherwise.
  const std::string& layer() const { return layer_; }

 private:
  Status status_;
  std::string layer_;
};

// What an integration is delivered as: one ES module, or a folder with an index.js whose relative imports stay inside
// it. Immutable once loaded; the code that was hashed is the code that runs.
class Bundle {
 public:
  // Reads `path`: a .js or .mjs file, or a folder (its .js, .mjs and .json files, all of them UTF-8; tests excepted:
  // *.test.js, *.fixture.json). Symbolic links to modules or folders are refused. Throws EngineError(kInvalid) with one
  // sentence.
  static std::shared_ptr<const Bundle> Load(const std::filesystem::path& path,
                                            std::uint64_t maximum_bytes = Limits{}.bundle_bytes);

  struct File {
    std::string name;    // path inside the bundle, "/"-separated
    std::string source;  // UTF-8
  };
  // A test file at `path`, which like all *.test.js is no part of its folder's bundle, with the modules of its folder,
  // which it may import, and `more`, of which one is the `entry`. Reads and throws as Load.
  static std::shared_ptr<const Bundle> LoadTest(const std::filesystem::path& path, const std::vector<File>& more,
                                                const std::string& entry,
                                                std::uint64_t maximum_bytes = Limits{}.bundle_bytes);
  // What a module's last line names as its source map ("//# sourceMappingURL=x.js.map"), where that is a file beside
  // it. It belongs to nothing that runs, nor to the hash; see MapStacks.
  struct SourceMap {
    std::string module;   // a name of files()
    std::string text;     // as it was read: nobody vouches for it
    std::string problem;  // why there is no text; one sentence
  };
  // Of files that are in memory already, one of them `entry`. Throws EngineError(kInvalid).
  static std::shared_ptr<const Bundle> Of(std::vector<File> files, std::string entry);
  const std::vector<File>& files() const { return files_; }  // sorted by name
  const std::vector<SourceMap>& source_maps() const { return source_maps_; }
  const std::string& entry() const { return entry_; }    // name of the entry module
  const std::string& sha256() const { return sha256_; }  // hex, over names and sources

 private:
  Bundle() = default;
  std::vector<File> files_;
  std::vector<SourceMap> source_maps_;
  std::string entry_;
  std::string sha256_;
};

// What is made before an execution's process is forked.
enum class StartMode {
  kFresh,  // V8 and its snapshot: each cell makes its own isolate, with a hash seed of its own
  kWarm,   // a pristine isolate as well, of which each cell gets a private copy on write: less than half the cost
};

// "fresh", "warm".
constexpr const char* StartModeName(StartMode mode) { return mode == StartMode::kFresh ? "fresh" : "warm"; }

// What V8 may do in an execution's cell.
enum class CellProfile {
  kJitless,  // it interprets: no memory becomes executable, and none is writable and executable
  // It compiles to machine code, in a range of 32 MiB of its cell that is writable and executable. A grant: for code
  // whose manifest asks for it, and that is worth what it gives up (SECURITY.md).
  kJit,
};

// "jitless", "jit".
constexpr const char* CellProfileName(CellProfile profile) {
  return profile == CellProfile::kJitless ? "jitless" : "jit";
}

struct EngineOptions {
  std::filesystem::path image;  // the cell's image as built (…/build/image); empty: the one this library was built with
  std::filesystem::path launcher;  // the program that sets up the jail; empty: the one this library was built with
  // The host uid of cells when the engine is root; 0: chosen by the engine, one per engine. Never used otherwise.
  std::uint32_t jail_uid = 0;
  // Layers (as `warder doctor` names them) without which a run is permitted; only "landlock" can be. Each is named in
  // the receipt.
  std::vector<std::string> permit_degraded;
  // The Ed25519 private key that receipts are signed with: a file as `openssl genpkey -algorithm ed25519` makes it, of
  // mode 0600, owned by the user of this process, not a link. Empty: a key of this engine's own, gone with it; ask for
  // its public half with PublicKeyPem.
  std::filesystem::path signing_key;
  // Where the tenants' stored connections are. Null: there are none.
  std::shared_ptr<Vault> vault = nullptr;
  StartMode start_mode = StartMode::kWarm;
  // At most so many cells are kept ready, for executions with the same limits as the ones before them; none is made
  // before the first execution, and none is kept that nobody has needed for ten seconds. One takes 2 to 3 MiB.
  std::size_t pooled_cells = 16;
  // Permits what is of use to authors and weakens what an execution is worth as evidence: ExecutionRequest::coverage
  // and ::inspect. Never for executions on behalf of somebody else.
  bool development = false;
};

// A debugger of the author's (Chrome's DevTools, an editor) that speaks V8's inspector protocol by WebSocket. The
// engine listens on 127.0.0.1 for as long as the execution runs and relays what a debugger says to its cell. Whoever
// reaches that port can read and change everything that the script can, and do all that it may do.
struct Inspect {
  std::uint16_t port = 9229;  // 0: any free one
  // It runs when a debugger says so (Runtime.runIfWaitingForDebugger). True: and pauses before its first statement.
  bool pause_at_start = false;
};

class Recording;
struct Script;

struct ExecutionRequest {
  std::shared_ptr<const Bundle> bundle;
  std::string flow;  // key; empty: the only flow there is
  std::string event_json = "null";
  std::string config_json = "{}";
  std::string tenant = "local";  // decides which connections, credentials and pools are used; a label for the script
  // Whose state the flow has (warder/state.h): a name like a tenant's, of an instance of the integration that the
  // tenant has, kept in the engine's vault. Empty: its state is in the engine's memory.
  std::string instance;
  // Where this is another attempt at an execution that failed: the id of the first one. Scripts get the same
  // idempotency keys then.
  std::string first_execution;
  Limits limits;
  // Exact origins the flow may call ("https://api.example.com", "http://127.0.0.1:8080"). Empty: none. A private or
  // loopback address is reached only where it stands here.
  std::vector<std::string> allow_origins;
  // What the flow may do with credentials, by the names that it uses. Calls through a connection are held to its policy
  // and to nothing else of this list or the one above.
  std::vector<NamedConnection> connections;
  // kJit only where the flow asks for it (manifest::TermsOf) and the platform grants it, and only in start mode warm.
  CellProfile profile = CellProfile::kJitless;
  // File that receives the journal (docs/journals.md). Empty: none is kept.
  std::filesystem::path record;
  // Steps are recorded with the values of their input and output (up to 64 KB each), not only with their shapes; and
  // what was left in the state with its values.
  bool log_payloads = false;
  // No flow runs: the bundle is loaded, and the output is the manifest of its integration (warder/manifest.h), checked
  // and in its canonical form. What does not stand up to that is kInvalid.
  bool describe = false;
  // Instead of the world; warder/replay.h. At most one of them, and then neither origins nor connections.
  std::shared_ptr<const Recording> replay = nullptr;
  std::shared_ptr<const Script> script = nullptr;
  // For development (EngineOptions::development); at most one of them, not with `describe`, `record` or `replay`, and a
  // receipt says so.
  bool coverage = false;                // Outcome::coverage is wanted
  std::optional<Inspect> inspect = {};  // kInspectable says where; while it is paused neither wall nor cpu time counts
};

// Something that happened in a running execution, for people who watch it.
struct Event {
  enum class Kind {
    kStarted,
    kInspectable,  // `message`: the debugger's WebSocket, "ws://127.0.0.1:9229/…"; nothing of the bundle has run
    kLog,
    kCallStarted,
    kCallFinished,
    kStepStarted,
    kStepRetried,
    kStepFinished,
    kFinished
  };
  Kind kind;
  std::string execution;
  std::chrono::microseconds at;  // since the execution was started
  // kLog: of the script; and of the engine (level "error"), where its state could not be read or committed, in more
  // words than the script gets
  std::string level;        // "debug", "info", "warn", "error"
  std::string message;      // also kCallFinished, kStepRetried, kStepFinished: why it failed
  std::string fields_json;  // a JSON object or empty
  // kCallStarted, kCallFinished
  std::uint64_t call = 0;
  std::string method;
  std::string origin;   // scheme, host and port
  std::string path;     // without the query: it may hold personal data
  int http_status = 0;  // 0: no response
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::chrono::microseconds duration{0};  // also kStepRetried, kStepFinished
  // kStepStarted, kStepRetried, kStepFinished; of logs and calls the step that they belong to, 0: none
  std::uint64_t step = 0;
  std::uint64_t depth = 0;  // how many steps that is inside of each other
  std::string name = {};
  std::string action = {};  // "component.action", "flow:key", or empty
  std::string shape = {};   // of the input, or of the output once it has finished
  std::uint64_t attempts = 1;
  std::uint64_t calls = 0;
  bool succeeded = false;
};
using EventSink = std::function<void(const Event&)>;

struct CallRecord {
  std::uint64_t call = 0;
  std::uint64_t step = 0;  // the one that made it; 0: none
  std::string method;
  std::string origin;  // empty: the URL could not be read, and nothing was sent
  std::string path;
  std::string connection;  // the name of the one whose policy decided; empty: none
  std::uint64_t attempts = 1;
  std::vector<std::string> redirects;  // the origin of every redirect that was followed, in order; ten at most
  int http_status = 0;
  std::string outcome;  // "ok", "refused", "network", "timeout", "cancelled"
  std::string message;  // why, unless "ok"
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::chrono::microseconds started{0};
  std::chrono::microseconds duration{0};
};

// What a step was given, or what came of it.
struct StepValue {
  std::string shape;        // "{ id: string, items: [12 × { sku: string }] }"
  std::uint64_t bytes = 0;  // about how many its JSON would have
  std::string json = {};    // the value; empty: not asked for (ExecutionRequest::log_payloads), too long, or no JSON
};

// A named part of a flow, as its cell told of it.
struct StepRecord {
  std::uint64_t step = 0;    // 1, 2, 3 … in the order in which they began
  std::uint64_t parent = 0;  // the step that it is part of; 0: none
  std::uint64_t depth = 1;   // 1: part of the flow itself
  std::string name;
  std::string action;  // "component.action", "flow:key", or empty: a function of the flow's own
  std::uint64_t attempts = 1;
  std::string outcome;  // "ok", "failed", "unfinished"
  std::string message;  // why it failed, or why the last attempt did
  StepValue input;
  StepValue output;
  std::uint64_t calls = 0;               // HTTP calls of its own, without those of steps inside it
  std::chrono::microseconds started{0};  // by the cell's clock, which stands still between messages
  std::chrono::microseconds duration{0};
};

// What a flow answers the webhook that started it.
struct WebhookResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;                                          // UTF-8
};

struct ScriptError {
  std::string name;
  std::string message;
  std::string stack;                // frames, one a line, with the bundle's file and line; see MapStacks
  std::vector<ScriptError> causes;  // its cause, or the errors of an AggregateError, each with what led to it
  std::string code = {};            // what the error itself says, as context.error lets it
  // Whether a retry can help: not at all (false), or when; nothing where the error does not say.
  std::optional<bool> retry = {};
  std::chrono::milliseconds retry_after{0};
};

struct LimitReport {
  std::string limit;        // a name of LimitTable()
  std::uint64_t value = 0;  // in the limit's unit
  std::uint64_t peak = 0;   // what was reached, same unit; of "heap" and "array-buffer" as the cell said it
  std::string stack;        // the last JavaScript stack; empty when no JavaScript was running or it could not be had
};

struct ViolationReport {
  std::string what;  // a system call's name ("socket"), or what the cell did on its socket
  std::vector<std::uint64_t> arguments;
  std::string detail;
  std::string rule = {};   // what the policy says of such a call; empty when it was not a system call
  std::string stack = {};  // where JavaScript was; empty when no JavaScript was running or it could not be had
};

struct Usage {
  std::chrono::microseconds wall{0};
  std::chrono::microseconds cpu{0};
  std::uint64_t peak_rss_bytes = 0;
  std::uint64_t peak_memory_bytes = 0;  // the kernel's on the cell's behalf included; 0: no cgroup to measure it
  std::uint64_t heap_peak_bytes = 0;
  std::uint64_t array_buffer_peak_bytes = 0;
  std::uint64_t calls = 0;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::uint64_t log_bytes = 0;
  std::uint64_t output_bytes = 0;
};

// Where a replayed or scripted execution first went another way than the recording or the script says.
struct Divergence {
  std::string what;  // one sentence
  std::string diff;  // lines as Difference makes them; may be empty
};

// A stretch of a module's source and how often it was run: from UTF-16 code unit `begin` up to, without, `end`.
struct CoveredRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint64_t count = 0;
};

// What has run of a module, as V8 has it: of two ranges that hold the same place the later one counts. See
// warder/coverage.h.
struct ModuleCoverage {
  std::string module;  // a name of Bundle::files()
  std::vector<CoveredRange> ranges;
};

// The usage as receipts and `warder run --json` show it: one JSON object, times in microseconds.
std::string UsageJson(const Usage& usage);

struct Outcome {
  std::string execution;  // id
  Status status = Status::kFault;
  std::string reason;       // one sentence; empty when succeeded
  std::string output_json;  // the flow's result; empty unless succeeded
  std::optional<ScriptError> error;
  std::optional<LimitReport> limit;
  std::optional<ViolationReport> violation;
  std::vector<CallRecord> calls;
  std::vector<StepRecord> steps;
  std::optional<WebhookResponse> response;
  // The last of each key of its state that it committed, whatever its status; values only where they are asked for
  // (ExecutionRequest::log_payloads), and of a replayed or scripted execution.
  std::vector<StateRecord> state;
  Usage usage;
  std::optional<Divergence> divergence;  // of a replayed or scripted execution; it may have gone on behind it
  // Where it was asked for; nothing: the cell was ended before it could say so. A module that stands nowhere in it was
  // not loaded.
  std::optional<std::vector<ModuleCoverage>> coverage;
  // What ran, under which policy and layers, what it did, how it was torn down: one JSON object (docs/receipt.md).
  // Empty where the engine could not even ask for a cell, and of a replayed or scripted execution.
  std::string receipt_json;
  std::string receipt_envelope;  // the same, signed: a DSSE envelope for audit::VerifyReceipt
};

// Rewrites the stacks in `outcome`, and the place at the start of what was refused, to the original sources, as the
// bundle's source maps have them; what no map knows stays. A map that will do for nothing never fails anything: the
// result says so, one sentence for each. Reading a map of some megabytes takes tens of milliseconds of the calling
// thread, so no engine does this by itself.
std::vector<std::string> MapStacks(const Bundle& bundle, Outcome* outcome);

// A handle to one execution. Copyable; the last copy may go before the execution has ended, which does not end it.
class Execution {
 public:
  const std::string& id() const;
  // Ends it as soon as possible; returns at once.
  void Cancel() const;
  // Blocks until its result is known, which is before its teardown is proven: the usage as far as it can be told by
  // then, no receipt. What Wait returns later has both, and another verdict only where the cell turned against its jail
  // after its result. An execution that ends without a result of its own, is recorded, replayed, scripted or describes
  // itself is known when it is over. The reference lives as long as a copy of this handle.
  const Outcome& WaitForResult() const;
  // Blocks until it has ended and its teardown is proven. The reference lives as long as a copy of this handle.
  const Outcome& Wait() const;
  // As Wait, for at most `timeout`; null: not over yet.
  const Outcome* WaitFor(std::chrono::milliseconds timeout) const;

  class Impl;
  explicit Execution(std::shared_ptr<Impl> impl);

 private:
  std::shared_ptr<Impl> impl_;
};

// One layer of the jail as it was found on a live cell.
struct LayerStatus {
  std::string name;
  enum class State {
    kEnforced,
    kUnavailable,  // it does not hold
    kDegraded,     // it does not hold, as EngineOptions::permit_degraded permits
  } state;
  std::string detail;  // what holds; or why not and what to do
};

constexpr const char* LayerStateName(LayerStatus::State state) {
  switch (state) {
    case LayerStatus::State::kEnforced:
      return "enforced";
    case LayerStatus::State::kUnavailable:
      return "unavailable";
    case LayerStatus::State::kDegraded:
      break;
  }
  return "degraded by permission";
}

struct Diagnosis {
  std::string v8_version;
  std::string image;  // path and hash of the image
  std::string warder_version;
  CellProfile profile = CellProfile::kJitless;  // of the cell that was looked at
  std::vector<LayerStatus> layers;
  bool enforceable = false;  // every required layer is enforced, or permitted to be missing
};

class Engine {
 public:
  // Launches the zygote and returns when it is ready to fork cells. Throws EngineError.
  static std::unique_ptr<Engine> Open(const EngineOptions& options);

  // Ends every execution (kCancelled), tears everything down and joins the engine's thread.
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Validates the request (EngineError(kInvalid): no bundle, event or config that is not JSON, a limit beyond its
  // maximum, an origin that is not one) and starts it.
  virtual Execution Start(const ExecutionRequest& request, EventSink sink = {}) = 0;

  // Makes a cell of this profile, looks at every layer of its jail from outside, and ends it. Blocks; throws
  // EngineError(kFault), and kInvalid for kJit in start mode fresh.
  virtual Diagnosis Diagnose(CellProfile profile) = 0;

  // The key that this engine's receipts are verified with (SubjectPublicKeyInfo in PEM).
  virtual std::string PublicKeyPem() const = 0;

 protected:
  Engine() = default;
};

// What the policy tables say, for `warder policy`: system calls, profiles, refused request headers. Pure data.
struct PolicyText {
  struct Row {
    std::string name, rule, answer, reason;
  };
  std::vector<Row> syscalls;
  std::vector<Row> profiles;  // rule: its system calls; answer: its executable memory; reason: who has it
  std::vector<Row> headers;
};
PolicyText DescribePolicy();

// "0.1.0".
const char* Version();

}  // namespace warder
