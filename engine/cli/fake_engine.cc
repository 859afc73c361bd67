#include "engine/cli/fake_engine.h"

#include <algorithm>
#include <boost/json.hpp>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "warder/replay.h"

namespace warder {
namespace {

using std::chrono::microseconds;

// What bundles of these names declare.
constexpr const char* kNarrow =
    R"({"components":[],"config":[],"flows":[{"inputs":[],"key":"t","limits":{},"name":"T","trigger":{"kind":"manual"}}],)"
    R"("name":"N","version":"1","warder":1})";
constexpr const char* kWide =
    R"({"components":[{"actions":[],"connections":[{"key":"b","kind":"basic","origins":["https://a.test"]}],"key":"a",)"
    R"("label":"A"}],"config":[],"flows":[{"inputs":[],"key":"t","limits":{},"name":"T","trigger":{"kind":"manual"}}],)"
    R"("name":"N","version":"2","warder":1})";

constexpr const char* kAgain =
    R"({"components":[],"config":[],"flows":[{"inputs":[],"key":"t","limits":{"wall":5000},"name":"T","retry":)"
    R"({"backoff":"fixed","delay":1,"jitter":false,"maxAttempts":3,"maxDelay":1000},"trigger":{"kind":"manual"}}],)"
    R"("name":"N","version":"1","warder":1})";

constexpr const char* kCompiled =
    R"({"components":[],"config":[],"flows":[{"inputs":[],"jit":true,"key":"t","limits":{},"name":"T","trigger":)"
    R"({"kind":"manual"}}],"name":"N","version":"1","warder":1})";

int attempts = 0;  // at a bundle "retry-…"

EngineOptions last_options;
ExecutionRequest last_request;
std::vector<std::string> missing_layers;

Event Log(std::string level, std::string message, std::string fields = {}) {
  Event event{.kind = Event::Kind::kLog, .execution = "exe-1", .at = microseconds(12'000)};
  event.level = std::move(level);
  event.message = std::move(message);
  event.fields_json = std::move(fields);
  return event;
}

Event Call(Event::Kind kind) {
  Event event{.kind = kind, .execution = "exe-1", .at = microseconds(13'000)};
  event.call = 1;
  event.method = "GET";
  event.origin = "https://api.test";
  event.path = "/v1/x";
  if (kind == Event::Kind::kCallFinished) {
    event.http_status = 200;
    event.response_bytes = 1'234;
    event.duration = microseconds(12'300);
  }
  return event;
}

}  // namespace

class Execution::Impl {
 public:
  std::string id = "exe-1";
  Outcome outcome;
  std::mutex mutex;
  std::condition_variable changed;
  bool cancelled = false;
  bool over = false;

  void Conclude(const ExecutionRequest& request, const EventSink& listener) {
    const EventSink sink = listener ? listener : [](const Event&) {};
    const std::string how = request.bundle->files().front().source;
    outcome.execution = id;
    outcome.usage = {
        .wall = microseconds(14'000), .cpu = microseconds(9'400), .peak_rss_bytes = 22'020'096, .calls = 1};
    outcome.receipt_json = R"({"version":1})";
    outcome.receipt_envelope = R"({"payload":"fake"})";
    if (!request.record.empty() && how != "no-journal") std::ofstream(request.record) << "journal\n";
    if (how == "chatty") {
      sink(Log("info", "loaded", R"({"id":42})"));
      sink(Call(Event::Kind::kCallStarted));
      sink(Call(Event::Kind::kCallFinished));
      sink(Log("warn", "\x1b[2Jgone\nsucceeded in 1 ms"));
    }
    Judge(how, request);
    if (how == "hang" || how == "stuck") {
      sink(Log("info", "hanging"));
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return cancelled && how != "stuck"; });
    }
    sink({.kind = Event::Kind::kFinished, .execution = id, .at = microseconds(14'000)});
    const std::lock_guard lock(mutex);
    over = true;
    changed.notify_all();
  }

 private:
  void Judge(const std::string& how, const ExecutionRequest& request) {
    const auto end = [&](Status status, std::string reason) {
      outcome.status = status;
      outcome.reason = std::move(reason);
    };
    outcome.status = Status::kSucceeded;
    if (how == "echo") {
      outcome.output_json = request.event_json;
    } else if (request.describe && (how == "narrow" || how == "wide")) {
      outcome.output_json = how == "narrow" ? kNarrow : kWide;
    } else if (request.describe && how == "jit") {
      outcome.output_json = kCompiled;
    } else if (request.describe && how.starts_with("retry-")) {
      outcome.output_json = kAgain;
    } else if (how.starts_with("retry-") && (++attempts < 3 || how != "retry-twice")) {
      end(Status::kFailed, "Error: busy");
      outcome.error = ScriptError{"Error", "busy", "", {}};
      if (how == "retry-never") outcome.error->retry = false;
      if (how == "retry-can") outcome.error->retry = true;  // it does not say when
    } else if (how == "throw") {
      end(Status::kFailed, "TypeError: no order");
      const ScriptError cause{"RangeError", "too small", "    at parse (lib.js:7:1)", {}};
      outcome.error = ScriptError{"TypeError", "no order", "    at run (index.js:3:9)\n    at main", {cause}};
    } else if (how == "limit") {
      end(Status::kLimit, "the limit cpu of 10s was reached (peak 10002ms)");
      outcome.limit = LimitReport{"cpu", 10'000, 10'002, "    at spin (index.js:1:1)"};
    } else if (how == "violation") {
      end(Status::kViolation, "the cell called socket");
      outcome.violation = ViolationReport{"socket", {2, 1, 0}, "killed by the filter"};
    } else if (how == "reject") {
      end(Status::kInvalid, "index.js:1:5: Unexpected token");
    } else if (how == "hang") {
      end(Status::kCancelled, "the host ended it");
    } else if (how == "no-journal") {
      end(Status::kFault, "cannot write the journal: No space left on device");
    } else if (how == "diverge") {
      end(Status::kFailed, "the 2nd call was GET https://api.test/b, recorded was GET https://api.test/a");
      outcome.divergence = Divergence{outcome.reason, "url\n  - https://api.test/a\n  + https://api.test/b\n"};
    } else if (how == "respond") {
      outcome.output_json = R"({"ok":true})";
      outcome.response = WebhookResponse{.status = 201, .headers = {{"x-a", "1"}}, .body = ""};
    } else if (how == "fault") {
      end(Status::kFault, "the zygote died");
    } else {
      outcome.output_json = R"({"ok":true})";
    }
  }
};

Execution::Execution(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
const std::string& Execution::id() const { return impl_->id; }

void Execution::Cancel() const {
  const std::lock_guard lock(impl_->mutex);
  impl_->cancelled = true;
  impl_->changed.notify_all();
}

const Outcome& Execution::Wait() const {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [this] { return impl_->over; });
  return impl_->outcome;
}

const Outcome* Execution::WaitFor(std::chrono::milliseconds timeout) const {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, timeout, [this] { return impl_->over; }) ? &impl_->outcome : nullptr;
}

namespace {

class FakeEngine : public Engine {
 public:
  FakeEngine() = default;
  FakeEngine(const FakeEngine&) = delete;
  FakeEngine& operator=(const FakeEngine&) = delete;
  ~FakeEngine() override {
    for (std::thread& thread : threads_) thread.join();
  }

  Execution Start(const ExecutionRequest& request, EventSink sink) override {
    last_request = request;
    if (request.describe) attempts = 0;
    boost::json::error_code error;
    boost::json::parse(request.event_json, error);
    if (error) throw EngineError(Status::kInvalid, "the event is not JSON: " + error.message());
    for (const std::string& origin : request.allow_origins) {
      if (origin.find("://") == std::string::npos) {
        throw EngineError(Status::kInvalid, "the allowed origin \"" + origin + "\" is not one");
      }
    }
    auto impl = std::make_shared<Execution::Impl>();
    threads_.emplace_back([impl, request, sink = std::move(sink)] { impl->Conclude(request, sink); });
    return Execution(impl);
  }

  std::string PublicKeyPem() const override { return "-----BEGIN PUBLIC KEY-----\n"; }

  Diagnosis Diagnose(CellProfile profile) override {
    Diagnosis diagnosis{
        .v8_version = "13.6.0", .image = "/image sha256:00", .warder_version = Version(), .profile = profile};
    diagnosis.layers = {{"seccomp", LayerStatus::State::kEnforced, "44 system calls allowed"},
                        {"landlock", LayerStatus::State::kEnforced, "nothing allowed"},
                        {"time-namespace", LayerStatus::State::kUnavailable, "the kernel has none"}};
    diagnosis.enforceable = true;
    return diagnosis;
  }

 private:
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Engine> Engine::Open(const EngineOptions& options) {
  last_options = options;
  for (const std::string& layer : options.permit_degraded) {
    if (layer == "zygote") throw EngineError(Status::kInvalid, "the layer zygote cannot be permitted to be missing");
  }
  for (const std::string& layer : missing_layers) {
    const auto& permitted = options.permit_degraded;
    if (std::find(permitted.begin(), permitted.end(), layer) != permitted.end()) continue;
    throw EngineError(Status::kUnenforceable, "the kernel has no " + layer + "; use a newer one", layer);
  }
  return std::make_unique<FakeEngine>();
}

std::shared_ptr<const Bundle> Bundle::Load(const std::filesystem::path& path, std::uint64_t /*maximum_bytes*/) {
  std::ifstream file(path);
  std::string marker;
  std::string how;
  if (!(file >> marker >> how)) throw EngineError(Status::kInvalid, "cannot open the bundle " + path.string());
  auto bundle = std::shared_ptr<Bundle>(new Bundle());
  bundle->entry_ = path.filename().string();
  bundle->files_.push_back({bundle->entry_, how});
  return bundle;
}

std::shared_ptr<const Bundle> Bundle::LoadTest(const std::filesystem::path& path, const std::vector<File>& /*more*/,
                                               const std::string& /*entry*/, std::uint64_t maximum_bytes) {
  return Load(path, maximum_bytes);
}

std::shared_ptr<const Bundle> Bundle::Of(std::vector<File> files, std::string entry) {
  auto bundle = std::shared_ptr<Bundle>(new Bundle());
  bundle->files_ = std::move(files);
  bundle->entry_ = std::move(entry);
  return bundle;
}

PolicyText DescribePolicy() {
  return {.syscalls = {{"read", "fd 3", "allow", "the socket"}, {"*", "", "kill", "everything else"}},
          .headers = {{"host", "exact", "refuse", "the broker owns it"}}};
}

// A journal for it is a bundle: its first line says how the replay ends.
std::shared_ptr<const Recording> Recording::Load(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) {
    throw EngineError(Status::kInvalid, "cannot read the journal " + path.string() + ": No such file or directory");
  }
  auto recording = std::shared_ptr<Recording>(new Recording(nullptr));
  recording->facts_.warder_version = Version();
  recording->facts_.execution = path.string();
  recording->facts_.status = Status::kSucceeded;
  recording->facts_.output_json = R"({"ok":true})";
  return recording;
}

Recording::Recording(std::shared_ptr<const journal::Tape> tape) : tape_(std::move(tape)), facts_() {}

const std::string& Recording::cut_off() const {
  static const std::string none;
  return none;
}

ExecutionRequest Recording::Replay(std::shared_ptr<const Recording> recording, CellProfile /*most*/) {
  ExecutionRequest request;
  request.bundle = Bundle::Load(recording->facts().execution);
  request.replay = std::move(recording);
  return request;
}

// Without it a flow named so goes another way.
void WriteRedacted(Engine& /*engine*/, const std::shared_ptr<const Recording>& /*recording*/,
                   const std::vector<std::string>& names, const std::filesystem::path& path, CellProfile /*most*/) {
  if (names.front() == "needed") throw EngineError(Status::kInvalid, "without it the flow goes another way");
  std::ofstream(path) << "redacted\n";
}

std::shared_ptr<const Script> Recording::AsScript() const { return std::make_shared<const Script>(); }

const char* Version() { return "0.1.0"; }

namespace fake {

const EngineOptions& LastOptions() { return last_options; }
const ExecutionRequest& LastRequest() { return last_request; }
void SetMissingLayers(std::vector<std::string> layers) { missing_layers = std::move(layers); }

}  // namespace fake
}  // namespace warder
