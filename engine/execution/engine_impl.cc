#include "engine/execution/engine_impl.h"

#include <fcntl.h>
#include <sys/utsname.h>

#include <boost/asio/post.hpp>
#include <csignal>
#include <fstream>
#include <future>
#include <iterator>
#include <utility>

#include "engine/audit/key_file.h"
#include "engine/base/engine_error.h"
#include "engine/base/sha256.h"
#include "engine/base/text.h"
#include "engine/execution/descriptor_limit.h"
#include "engine/execution/diagnose.h"
#include "sandbox/base/utf8.h"
#include "sandbox/jail/posture.h"
#include "warder/replay.h"

namespace warder {

std::unique_ptr<Engine> Engine::Open(const EngineOptions& options) {
  return std::make_unique<execution::EngineImpl>(options, jail::ObservePosture);
}

const char* Version() { return WARDER_VERSION; }

}  // namespace warder

namespace warder::execution {
namespace {

constexpr std::chrono::seconds kReadyDeadline{20};
constexpr std::size_t kMaxLabelBytes = 256;
constexpr std::size_t kShownLabelBytes = 80;

// The manifest names every file of the image with its hash, so its own hash stands for the image.
Result<std::string> HashOfManifest(const std::filesystem::path& manifest) {
  std::ifstream file(manifest, std::ios::binary);
  if (!file) {
    return Internal("there is no cell image at " + manifest.parent_path().string() + "; build it with ninja -C build");
  }
  Sha256 hash;
  hash.Update(std::string(std::istreambuf_iterator<char>(file), {}));
  return hash.Hex();
}

void CheckJson(const char* what, const std::string& text, std::uint64_t most) {
  if (text.size() > most) {
    throw EngineError(Status::kInvalid, std::string("the ") + what + " has " + std::to_string(text.size()) +
                                            " bytes, more than the limit \"event\" of " +
                                            FormatLimit(LimitUnit::kBytes, most) + "; send less or raise the limit");
  }
  if (std::string why; !IsJson(text, &why)) {
    throw EngineError(Status::kInvalid, std::string("the ") + what + " is not JSON: " + why);
  }
}

void CheckLimits(const Limits& limits) {
  for (const LimitSpec& spec : LimitTable()) {
    const std::uint64_t value = limits.*(spec.value);
    if (value >= spec.minimum && value <= spec.maximum) continue;
    throw EngineError(Status::kInvalid, "limit \"" + std::string(spec.name) + "\": " + FormatLimit(spec.unit, value) +
                                            " is outside of " + FormatLimit(spec.unit, spec.minimum) + " to " +
                                            FormatLimit(spec.unit, spec.maximum));
  }
}

void CheckBundle(const ExecutionRequest& request) {
  if (!request.bundle) throw EngineError(Status::kInvalid, "the request has no bundle");
  std::uint64_t bytes = 0;
  for (const Bundle::File& file : request.bundle->files()) bytes += file.source.size();
  if (bytes > request.limits.bundle_bytes) {
    throw EngineError(Status::kInvalid, "the bundle has " + std::to_string(bytes) +
                                            " bytes, more than the limit \"bundle\" of " +
                                            FormatLimit(LimitUnit::kBytes, request.limits.bundle_bytes));
  }
}

// What meets a recording or a script meets nothing else.
void CheckOutside(const ExecutionRequest& request) {
  if (!request.replay && !request.script) return;
  if (request.replay && request.script) {
    throw EngineError(Status::kInvalid, "an execution meets a recording or a script, not both");
  }
  if (!request.allow_origins.empty() || !request.connections.empty() || !request.instance.empty()) {
    throw EngineError(Status::kInvalid,
                      "a replayed or scripted execution reaches no origins and has no connections and no instance");
  }
  if (request.script && request.script->seed.size() != 32) {
    throw EngineError(Status::kInvalid,
                      "the seed of a script has 32 bytes, not " + std::to_string(request.script->seed.size()));
  }
}

// What shows the inside of an execution is for its author, and proves nothing to anybody else.
void CheckDevelopment(bool permitted, const ExecutionRequest& request) {
  if (!request.coverage && !request.inspect) return;
  const char* const what = request.inspect ? "an inspected execution" : "an execution that says what has run";
  if (!permitted) {
    throw EngineError(Status::kInvalid, std::string(what) + " needs an engine that is opened for development");
  }
  if (request.coverage && request.inspect) {
    throw EngineError(Status::kInvalid, "an execution is inspected or says what has run, not both");
  }
  if (request.describe || request.replay || !request.record.empty()) {
    throw EngineError(Status::kInvalid, std::string(what) +
                                            " does not describe itself and is neither recorded nor a "
                                            "replay: a journal knows nothing of what a debugger does");
  }
}

void CheckProfile(CellProfile profile, StartMode start_mode) {
  if (profile == CellProfile::kJitless || start_mode == StartMode::kWarm) return;
  throw EngineError(
      Status::kInvalid,
      "the profile jit needs start mode warm: a cell that makes its own isolate would have to make memory "
      "executable");
}

// Whose state it has is known before it runs.
void CheckInstance(Vault* vault, const ExecutionRequest& request) {
  if (request.instance.empty()) return;
  if (!state::IsInstance(request.instance)) {
    throw EngineError(
        Status::kInvalid,
        "an instance's name is 1 to 64 of a-z, 0-9, \".\", \"_\" and \"-\", beginning with a letter or digit");
  }
  if (vault == nullptr) {
    throw EngineError(Status::kInvalid, "the execution is of the instance \"" + request.instance +
                                            "\", and the engine has no vault to keep its state in");
  }
  const auto tenant = store::TenantId::Parse(request.tenant);
  if (!tenant) ThrowEngineError(tenant.error());
  if (const auto store = vault->stores()->Of(*tenant); !store) ThrowEngineError(store.error());
}

audit::SigningKey KeyOf(const EngineOptions& options) {
  if (options.signing_key.empty()) return audit::SigningKey::Generate();
  auto key = audit::LoadSigningKey(options.signing_key);
  if (!key) ThrowEngineError(key.error());
  return std::move(*key);
}

std::string KernelRelease() {
  utsname name{};
  return ::uname(&name) == 0 ? std::string(name.sysname) + " " + name.release : "unknown";
}

// Names stand in keys and in what is hashed, one a line.
bool IsLabel(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLabelBytes && !FindInvalidUtf8(text) &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string NotALabel(const char* what, const std::string& text) {
  return std::string(what) + " has 1 to 256 bytes of UTF-8 without control characters, and is not \"" +
         Truncate(text, kShownLabelBytes) + "\"";
}

std::shared_ptr<connections::LiveConnection> OpenStored(Vault* vault, const ExecutionRequest& request,
                                                        const NamedConnection& named, const std::string& execution) {
  if (vault == nullptr) {
    throw EngineError(Status::kInvalid,
                      "the connection \"" + named.name + "\" is null, and the engine has no vault to look in");
  }
  auto tenant = store::TenantId::Parse(request.tenant);
  if (!tenant) ThrowEngineError(tenant.error());
  auto store = vault->stores()->Of(*tenant);
  if (!store) ThrowEngineError(store.error());
  auto live =
      connections::LiveConnection::Open(std::move(*store), named.stored.empty() ? named.name : named.stored, execution);
  if (!live) ThrowEngineError(live.error());
  return std::move(*live);
}

}  // namespace

void EngineImpl::LookIntoTenant(const std::string& name) {
  auto tenant = store::TenantId::Parse(name);
  if (!tenant || !vault_) return;
  boost::asio::post(loop_, [this, tenant = std::move(*tenant)] { connections_->caretaker().LookInto(tenant); });
}

EngineImpl::Granted EngineImpl::Grant(const ExecutionRequest& request, const std::string& execution) {
  auto policy = broker::Policy::FromOrigins(request.allow_origins);
  if (!policy) ThrowEngineError(policy.error());
  std::vector<broker::Capabilities::Named> connections;
  Granted granted;
  for (const NamedConnection& named : request.connections) {
    if (!IsLabel(named.name)) throw EngineError(Status::kInvalid, NotALabel("a connection's name", named.name));
    if (named.connection) {
      connections.push_back({named.name, named.connection->get()});
    } else {
      std::shared_ptr<connections::LiveConnection> live;
      try {
        live = OpenStored(vault_.get(), request, named, execution);
      } catch (const EngineError&) {
        LookIntoTenant(request.tenant);
        throw;
      }
      connections.push_back({named.name, live->connection(), live});
      granted.held.push_back({named.name, live});
    }
  }
  auto made = broker::Capabilities::Make(std::make_shared<const broker::Policy>(std::move(*policy)), connections);
  if (!made) ThrowEngineError(made.error());
  granted.capabilities = std::move(*made);
  return granted;
}

EngineImpl::EngineImpl(const EngineOptions& options, PostureObserver observe, std::uint64_t cells_per_zygote)
    : cells_per_zygote_(cells_per_zygote),
      facts_{.kernel = KernelRelease(),
             .start_mode = options.start_mode,
             .permit_degraded = options.permit_degraded,
             .signing_key = KeyOf(options),
             .compare_holdings = [this] { return CompareWithIdle(); }},
      inspection_{std::move(observe), options.permit_degraded},
      most_pooled_(options.pooled_cells),
      development_(options.development),
      vault_(options.vault) {
  RaiseDescriptorLimit();
  const std::filesystem::path image = options.image.empty() ? WARDER_IMAGE : options.image;
  image_path_ = image.string();
  manifest_ = image / "manifest.json";
  launch_.image_root = (image / "root").string();
  launch_.launcher_path = options.launcher.empty() ? WARDER_LAUNCHER : options.launcher.string();
  launch_.jail_uid = options.jail_uid;
  launch_.permit_degraded = options.permit_degraded;
  launch_.start_mode = options.start_mode == StartMode::kFresh ? zygote::StartMode::kFresh : zygote::StartMode::kWarm;

  std::promise<Result<void>> opened;
  auto outcome = opened.get_future();
  // The zygote dies with the thread that launches it, so the loop's own thread does.
  boost::asio::post(loop_, [this, &opened] {
    try {
      broker_ = std::make_unique<broker::Broker>(loop_);
    } catch (const std::exception& error) {  // out of descriptors or memory
      opened.set_value(Internal(std::string("the broker could not be made: ") + error.what()));
      return;
    }
    keeper_ = std::make_unique<state::Keeper>(loop_, vault_ ? vault_->stores() : nullptr);
    if (vault_) {
      auto connections = connections::LiveConnections::Make(loop_, *broker_, vault_->stores());
      if (!connections) {
        opened.set_value(connections.error());
        return;
      }
      connections_ = std::move(*connections);
    }
    cells_ = std::make_unique<CellPool>(
        loop_, *usher_, inspection_, [this](zygote::CellProfile profile) { return LineOf(profile).Current(); },
        most_pooled_);
    auto zygote = zygotes_.Current();
    if (!zygote) {
      opened.set_value(zygote.error());
      return;
    }
    (*zygote)->WhenReady([&opened](const Result<zygote::Ready>& ready) {
      opened.set_value(ready ? Result<void>() : Result<void>(ready.error()));
    });
  });
  thread_ = std::thread([this] {
    // Signals are for the host program's own threads; a pipe or socket that breaks is an error code here.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    undertaker_ = std::make_shared<Undertaker>(loop_);
    usher_ = std::make_unique<Usher>(loop_, cgroups_);
    disk_ = std::make_unique<boost::asio::thread_pool>(1);
    loop_.run();
    // What holds descriptors of the loop goes here, on the thread that made it.
    running_.clear();
    cells_.reset();
    keeper_.reset();
    connections_.reset();
    broker_.reset();
    zygotes_.Clear();
    jit_zygotes_.Clear();
    undertaker_.reset();
    usher_.reset();
    disk_->join();
  });
  const Result<void> result = outcome.wait_for(kReadyDeadline) == std::future_status::ready
                                  ? outcome.get()
                                  : Result<void>(Internal("the zygote was not ready within 20 seconds"));
  if (!result) {
    boost::asio::post(loop_, [this] { BeginShutdown(); });
    thread_.join();
    ThrowEngineError(result.error());
  }
}

EngineImpl::~EngineImpl() {
  if (!thread_.joinable()) return;
  boost::asio::post(loop_, [this] { BeginShutdown(); });
  thread_.join();
}

void EngineImpl::BeginShutdown() {
  shutting_down_ = true;
  for (const auto& [id, execution] : running_) execution->Cancel();
  if (!cells_) return StopIfDone();
  cells_->Close([this] { StopIfDone(); });
}

void EngineImpl::StopIfDone() {
  if (!shutting_down_ || !running_.empty() || (cells_ && !cells_->empty())) return;
  if (!connections_) return loop_.stop();
  connections_->Drain([this] { loop_.stop(); });
}

ZygoteLine EngineImpl::MakeLine(zygote::CellProfile profile) {
  return {cells_per_zygote_, [this, profile] { return LaunchZygote(profile); }, [this] { idle_.reset(); }};
}

Result<std::shared_ptr<ZygoteHost>> EngineImpl::LaunchZygote(zygote::CellProfile profile) {
  auto image = HashOfManifest(manifest_);
  if (!image) return image.error();
  zygote::LaunchOptions options = launch_;
  options.profile = profile;
  return ZygoteHost::Launch(loop_, undertaker_, options, std::move(*image));
}

Execution EngineImpl::Start(const ExecutionRequest& request, EventSink sink) {
  CheckLimits(request.limits);
  CheckBundle(request);
  CheckOutside(request);
  CheckDevelopment(development_, request);
  CheckProfile(request.profile, facts_.start_mode);
  CheckInstance(vault_.get(), request);
  CheckJson("event", request.event_json, request.limits.event_bytes);
  CheckJson("configuration", request.config_json, request.limits.event_bytes);
  if (request.flow.size() > kMaxLabelBytes || FindInvalidUtf8(request.flow)) {
    throw EngineError(Status::kInvalid, NotALabel("a flow's key", request.flow));
  }
  if (request.first_execution.size() > kMaxLabelBytes || FindInvalidUtf8(request.first_execution)) {
    throw EngineError(Status::kInvalid, NotALabel("an execution's id", request.first_execution));
  }
  if (!IsLabel(request.tenant)) throw EngineError(Status::kInvalid, NotALabel("a tenant's name", request.tenant));
  auto shared = std::make_shared<Execution::Impl>(RandomId());
  Granted granted = Grant(request, shared->id());
  journal::Journal journal;
  if (!request.record.empty()) {
    auto created = journal::Journal::Create(request.record);
    if (!created) ThrowEngineError(created.error());
    journal = std::move(*created);
    ++waiting_descriptors_;
  }

  auto debuggers = std::make_shared<std::unique_ptr<inspector::Server>>(AwaitDebuggers(request));

  shared->SetCancel([this, id = shared->id()] {
    boost::asio::post(loop_, [this, id] {
      if (const auto found = running_.find(id); found != running_.end()) found->second->Cancel();
    });
  });
  boost::asio::post(loop_, [this, request = ExecutionRequest(request), granted = std::move(granted),
                            journal = std::make_shared<journal::Journal>(std::move(journal)),
                            debuggers = std::move(debuggers), sink = std::move(sink), shared]() mutable {
    Run(std::move(request), std::move(granted), std::move(*journal), std::move(*debuggers), sink, shared);
  });
  return Execution(shared);
}

std::unique_ptr<inspector::Server> EngineImpl::AwaitDebuggers(const ExecutionRequest& request) {
  if (!request.inspect) return nullptr;
  auto server = inspector::Server::Listen(
      loop_,
      {.port = request.inspect->port, .title = request.bundle->entry(), .product = std::string("warder/") + Version()});
  if (!server) ThrowEngineError(server.error());
  ++waiting_descriptors_;
  return std::move(*server);
}

void EngineImpl::Run(ExecutionRequest request, Granted granted, journal::Journal journal,
                     std::unique_ptr<inspector::Server> debuggers, EventSink sink,
                     const std::shared_ptr<Execution::Impl>& shared) {
  const std::string id = shared->id();
  Outcome refusal;
  refusal.execution = id;
  auto zygote = LineOf(ProfileOfCells(request.profile)).Current();
  NoteIdle();
  if (journal.descriptor() >= 0) --waiting_descriptors_;
  if (debuggers) --waiting_descriptors_;
  if (!zygote || shutting_down_) {
    refusal.status = shutting_down_ ? Status::kCancelled : Status::kFault;
    refusal.reason = shutting_down_ ? "the engine is shutting down" : zygote.error().message;
    shared->Deliver(std::move(refusal));
    return;
  }
  const ExecutionContext context{&loop_, broker_.get(), cells_.get(), &facts_, connections_.get(), keeper_.get()};
  auto execution = std::make_unique<RunningExecution>(
      context, std::move(request), std::move(granted.capabilities), std::move(granted.held),
      journal::Recorder(loop_, *disk_, std::move(journal)), std::move(debuggers), std::move(sink), shared);
  RunningExecution* started = (running_[id] = std::move(execution)).get();
  try {
    started->Start([this, id] { OnOver(id); });
  } catch (const std::exception& error) {  // out of descriptors; Asio has an exception of its own for that
    running_.erase(id);
    refusal.status = Status::kFault;
    refusal.reason = error.what();
    shared->Deliver(std::move(refusal));
  }
}

void EngineImpl::OnOver(const std::string& id) {
  cells_->DropRetired();
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  // We are inside the execution: it goes when it has returned.
  boost::asio::post(loop_, [this, id] {
    running_.erase(id);
    StopIfDone();
  });
}

void EngineImpl::NoteIdle() {
  if (!running_.empty() || diagnoses_ > 0) return;
  idle_.reset();
  zygotes_.DropLost();
  jit_zygotes_.DropLost();
  if (!undertaker_->idle() || !usher_->idle() || Cares()) return;
  // What has not opened all that it will, or not closed it.
  if (!zygotes_.settled() || !jit_zygotes_.settled()) return;
  if (!cells_->AllOf([this](const ZygoteHost& zygote) { return zygotes_.Has(zygote) || jit_zygotes_.Has(zygote); })) {
    return;
  }
  idle_ = Hold();
}

std::optional<Holdings> EngineImpl::Hold() const {
  const auto open = CountOpenDescriptors();
  if (!open) return std::nullopt;
  return Holdings{*open - waiting_descriptors_ - cells_->descriptors(), HeldProcesses()};
}

std::optional<std::size_t> EngineImpl::HeldProcesses() const {
  const auto interpreting = zygotes_.CountCells();
  const auto compiling = jit_zygotes_.CountCells();
  if (!interpreting || !compiling) return std::nullopt;
  const std::size_t cells = *interpreting + *compiling;
  const std::size_t ready = cells_->processes();
  if (cells < ready) return std::nullopt;  // one of them is gone, and we have not heard of it yet
  return cells - ready;
}

std::optional<ReceiptFacts::EngineHoldings> EngineImpl::CompareWithIdle() const {
  if (running_.size() > 1 || diagnoses_ > 0 || !idle_) return std::nullopt;
  if (!undertaker_->idle() || !usher_->idle() || Cares() || !zygotes_.settled() || !jit_zygotes_.settled()) {
    return std::nullopt;
  }
  const auto now = Hold();
  if (!now) return std::nullopt;
  return ReceiptFacts::EngineHoldings{*idle_, *now};
}

Diagnosis EngineImpl::Diagnose(CellProfile profile) {
  CheckProfile(profile, facts_.start_mode);
  std::promise<Diagnosis> promise;
  auto future = promise.get_future();
  boost::asio::post(loop_, [this, profile, &promise] {
    auto zygote = LineOf(ProfileOfCells(profile)).Current();
    if (!zygote) {
      promise.set_exception(std::make_exception_ptr(EngineError(Status::kFault, zygote.error().message)));
      return;
    }
    ++diagnoses_;
    try {
      DiagnoseCell(loop_, *zygote, *usher_, inspection_, [this, &promise](Diagnosis diagnosis) {
        boost::asio::post(loop_, [this] { --diagnoses_; });
        promise.set_value(std::move(diagnosis));
      });
    } catch (const std::exception& error) {  // out of descriptors
      --diagnoses_;
      promise.set_exception(std::make_exception_ptr(EngineError(Status::kFault, error.what())));
    }
  });
  Diagnosis diagnosis = future.get();
  const Result<std::string> image = HashOfManifest(manifest_);
  diagnosis.image = image_path_ + " (" + (image ? image->substr(0, 16) : "no manifest") + ")";
  diagnosis.warder_version = Version();
  diagnosis.profile = profile;
  return diagnosis;
}

}  // namespace warder::execution
