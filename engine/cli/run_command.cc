// warder run: one execution, watched while it runs.
#include <poll.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <random>

#include "engine/cli/command.h"
#include "engine/cli/event_queue.h"
#include "engine/cli/interrupts.h"
#include "engine/cli/live_view.h"
#include "engine/cli/outcome_json.h"
#include "engine/cli/outcome_text.h"
#include "engine/cli/output_file.h"
#include "engine/cli/run_request.h"
#include "engine/cli/state_folder.h"
#include "engine/cli/text.h"
#include "warder/engine.h"
#include "warder/manifest.h"
#include "warder/replay.h"

namespace warder::cli {
namespace {

using std::chrono::milliseconds;

// Only a safety net: the event that an execution has finished wakes us at once.
constexpr int kPollMilliseconds = 100;

constexpr const char* kExamples =
    "  warder run hello.js\n"
    "  warder run my-integration/ --flow tag-big-orders --event order.json\n"
    "  curl -s https://example.com/order.json | warder run my-integration/ --event -\n"
    "  warder run my-integration/ --allow https://api.example.com --allow http://127.0.0.1:8080\n"
    "  warder run my-integration/ --limits limits.json --json | jq .usage\n"
    "  warder run my-integration/ --flow sync --instance acme-1     (it remembers, from run to run)\n"
    "  warder run my-integration/ --inspect-brk                     (then chrome://inspect, or an editor)\n"
    "  warder run my-integration/ --receipt receipt.json && warder audit verify-receipt receipt.json";

// Shows what happens until the execution has ended; hands an interrupt on to it. Returns its events.
std::vector<Event> Watch(const Execution& execution, EventQueue& queue, const Interrupts& interrupts, bool quiet,
                         Output& err) {
  std::vector<Event> seen;
  bool cancelled = false;
  bool over = false;
  while (!over) {
    // An interrupt stays readable, so once it has been handed on it is no longer waited for.
    std::array<pollfd, 2> sources = {
        {{queue.fd(), POLLIN, 0}, {cancelled ? -1 : interrupts.fd(), POLLIN, 0}},
    };
    const int ready = ::poll(sources.data(), sources.size(), kPollMilliseconds);
    if (!cancelled && interrupts.first() != 0) {
      cancelled = true;
      execution.Cancel();
      if (!quiet) err.Write("cancelling; once more to quit at once\n");
    }
    if (ready == 0) over = execution.WaitFor(std::chrono::milliseconds(0)) != nullptr;
    for (Event& event : queue.Take()) {
      // Without it nobody could come.
      if (!quiet || event.kind == Event::Kind::kInspectable) err.Write(EventText(event, err));
      over = over || event.kind == Event::Kind::kFinished;
      seen.push_back(std::move(event));
    }
  }
  return seen;
}

// The vault of the connections that are not in files.
std::shared_ptr<Vault> VaultFor(const ExecutionRequest& request, const RunOptions& options, Environment& environment) {
  try {
    // What a flow remembers has to be kept somewhere; a connection has to be there.
    const IfNoVault if_none = request.instance.empty() ? IfNoVault::kRefuse : IfNoVault::kMake;
    return OpenVaultFor(request.tenant, options.place, environment, if_none);
  } catch (const EngineError& error) {
    for (const NamedConnection& each : request.connections) {
      if (each.connection != nullptr) continue;
      throw EngineError(error.status(),
                        "the connection \"" + each.name + "\" has no file, so it is the vault's: " + error.what(),
                        error.layer());
    }
    throw;
  }
}

std::unique_ptr<Engine> Open(const EngineOptions& engine_options, const RunOptions& options) {
  try {
    return Engine::Open(engine_options);
  } catch (const EngineError& error) {
    throw EngineError(error.status(), WithSource(error.what(), options), error.layer());
  }
}

Execution Start(Engine& engine, const ExecutionRequest& request, const RunOptions& options,
                const std::shared_ptr<EventQueue>& queue) {
  try {
    return engine.Start(request, [queue](const Event& event) { queue->Push(event); });
  } catch (const EngineError& error) {
    throw EngineError(error.status(), WithSource(error.what(), options), error.layer());
  }
}

// When a failed execution is tried again; nothing: it is not.
std::optional<milliseconds> WaitAfter(const manifest::Retry& retry, std::uint64_t attempt, const Outcome& outcome) {
  if (outcome.status != Status::kFailed || attempt >= retry.attempts) return std::nullopt;
  const std::optional<bool> said = outcome.error ? outcome.error->retry : std::nullopt;
  if (said && !*said) return std::nullopt;
  if (said && outcome.error->retry_after > milliseconds(0)) return outcome.error->retry_after;
  std::random_device device;
  return manifest::DelayAfter(retry, attempt, std::uniform_real_distribution<double>(0, 1)(device));
}

std::string AgainText(std::size_t attempt, std::uint64_t attempts, milliseconds wait) {
  return "attempt " + std::to_string(attempt) + " of " + std::to_string(attempts) + " failed; the next one in " +
         FormatLimit(LimitUnit::kMilliseconds, static_cast<std::uint64_t>(wait.count())) + "\n";
}

// False: it was interrupted.
bool Sleep(milliseconds wait, const Interrupts& interrupts) {
  const auto until = std::chrono::steady_clock::now() + wait;
  while (interrupts.first() == 0) {
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    if (left <= milliseconds(0)) return true;
    pollfd source{interrupts.fd(), POLLIN, 0};
    ::poll(&source, 1, static_cast<int>(std::min<milliseconds::rep>(left.count(), 1'000'000)));
  }
  return false;
}

class Run {
 public:
  Run(const RunOptions& options, Environment& environment) : options_(options), environment_(environment) {}

  int Perform() {
    if (!options_.receipt.empty()) {
      receipt_.emplace("--receipt", options_.receipt);
      receipt_->Clear();  // a receipt of another run would still be valid
    }
    ExecutionRequest request = MakeRequest(options_, environment_.in);
    if (!options_.record.empty()) {
      record_.emplace("--record", options_.record);
      record_->Clear();  // nor is the journal of another run that of this one
      request.record = record_->Stage();
    }
    const Interrupts interrupts;
    // One execution: there is no next one to have a cell ready for.
    EngineOptions engine_options{.permit_degraded = options_.permit_degraded, .pooled_cells = 0};
    const bool fresh = options_.start_mode == StartModeName(StartMode::kFresh);
    engine_options.development = request.inspect.has_value();
    engine_options.start_mode = fresh ? StartMode::kFresh : StartMode::kWarm;
    // Without --receipt nobody sees a signature, so nothing needs to be kept on this machine.
    if (receipt_ || !options_.signing_key.empty()) {
      engine_options.signing_key = SigningKeyFor(options_.signing_key, environment_.err);
    }
    if (NeedsVault(request)) {
      engine_options.vault = VaultFor(request, options_, environment_);
    } else if (!request.connections.empty()) {
      WarnOfMemory(environment_);
    }
    const auto engine = Open(engine_options, options_);
    if (interrupts.first() != 0) {
      Outcome outcome;
      outcome.status = Status::kCancelled;
      outcome.reason = "interrupted before the execution started";
      return Report(outcome, {}, {}, interrupts.first());
    }
    const manifest::Retry retry = AgreeOnTerms(*engine, interrupts, &request);
    std::vector<Attempt> attempts;
    std::vector<Event> events;
    for (;;) {
      Outcome outcome = RunOnce(*engine, request, interrupts, &events);
      attempts.push_back({outcome.execution, outcome.status, outcome.reason, {}});
      const auto wait = interrupts.first() == 0 ? WaitAfter(retry, attempts.size(), outcome) : std::nullopt;
      if (!wait) return Report(outcome, attempts, events, interrupts.first());
      attempts.back().retry_in = wait;
      request.first_execution = attempts.front().execution;
      if (std::error_code error; record_) std::filesystem::remove(record_->Stage(), error);  // it is of the last one
      if (!options_.quiet) {
        environment_.err.Write(FailureText(outcome, environment_.err) +
                               AgainText(attempts.size(), retry.attempts, *wait));
      }
      if (!Sleep(*wait, interrupts)) return Report(outcome, attempts, events, interrupts.first());
    }
  }

 private:
  CellProfile Granted() const { return options_.allow_jit ? CellProfile::kJit : CellProfile::kJitless; }

  // Puts a journal without what --redact names in the place of the one that has it all, or none.
  void Redact(Engine& engine) {
    unredacted_.reset();  // of an attempt before this one
    if (options_.redact.empty() || !record_->IsStaged()) return;
    const std::filesystem::path whole = record_->Stage();
    std::filesystem::path redacted = whole;
    redacted += ".redacted";
    std::error_code error;
    try {
      WriteRedacted(engine, Recording::Load(whole), options_.redact, redacted, Granted());
      std::filesystem::rename(redacted, whole, error);
      if (error) throw EngineError(Status::kFault, "cannot write the journal: " + error.message());
    } catch (const EngineError& refusal) {
      std::filesystem::remove(whole, error);
      unredacted_ = refusal;
    }
  }

  // Whether the word stands anywhere in the bundle, as it does where a flow declares something of that name.
  static bool Mentions(const Bundle& bundle, std::string_view word) {
    const auto is_part = [](const std::string& text, std::size_t at) {
      return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
    };
    return std::any_of(bundle.files().begin(), bundle.files().end(), [&](const Bundle::File& file) {
      const std::string& text = file.source;
      for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; ++at) {
        if (!is_part(text, at - 1) && !is_part(text, at + word.size())) return true;
      }
      return false;
    });
  }

  // Asks the bundle what its flow declares: its limits are then the request's where they are smaller, and jit is where
  // it is granted too.
  manifest::Retry AgreeOnTerms(Engine& engine, const Interrupts& interrupts, ExecutionRequest* request) {
    constexpr std::array<std::string_view, 3> kTerms = {"limits", "retry", "jit"};
    if (std::none_of(kTerms.begin(), kTerms.end(),
                     [&](std::string_view term) { return Mentions(*request->bundle, term); })) {
      return {};
    }
    ExecutionRequest question;
    question.bundle = request->bundle;
    question.tenant = request->tenant;
    question.limits = request->limits;
    question.describe = true;
    const auto queue = std::make_shared<EventQueue>();
    const Execution described = Start(engine, question, options_, queue);
    Watch(described, *queue, interrupts, true, environment_.err);
    const Outcome& outcome = described.Wait();
    if (outcome.status != Status::kSucceeded) {
      undescribed_ = outcome.reason;
      return {};
    }
    try {
      const manifest::Terms terms = manifest::TermsOf(outcome.output_json, request->flow, request->limits, Granted());
      request->limits = terms.limits;
      request->profile = terms.profile;
      if (terms.profile != terms.asked_profile && !options_.quiet) {
        environment_.err.Write("the flow asks for jit, which is not granted: it is interpreted; see --allow-jit\n");
      }
      if (request->inspect) return {};  // whoever looks into it looks once
      return terms.retry;
    } catch (const EngineError&) {  // no such flow
      return {};
    }
  }

  Outcome RunOnce(Engine& engine, const ExecutionRequest& request, const Interrupts& interrupts,
                  std::vector<Event>* events) {
    const auto queue = std::make_shared<EventQueue>();
    const Execution execution = Start(engine, request, options_, queue);
    auto seen = Watch(execution, *queue, interrupts, options_.quiet, environment_.err);
    events->insert(events->end(), std::make_move_iterator(seen.begin()), std::make_move_iterator(seen.end()));
    Outcome outcome = execution.Wait();
    if (outcome.status == Status::kInvalid) outcome.reason = WithSources(outcome.reason, options_);
    const std::string notes = MapToSources(*request.bundle, &outcome);
    if (!options_.quiet) environment_.err.Write(notes);
    Redact(engine);
    return outcome;
  }

  int Report(const Outcome& outcome, const std::vector<Attempt>& attempts, const std::vector<Event>& events,
             int signal) {
    // What was asked for as a file comes first: a reader of standard output may leave at any time.
    if (receipt_ && !outcome.receipt_envelope.empty()) receipt_->Write(outcome.receipt_envelope + "\n");
    // Where there is no journal the outcome says why, which is the failure to report.
    if (record_ && !unredacted_ && (record_->IsStaged() || outcome.status == Status::kSucceeded)) record_->Commit();
    environment_.err.Write(FailureText(outcome, environment_.err));
    // Where it fails, it says why itself.
    if (outcome.status == Status::kSucceeded && !undescribed_.empty() && !options_.quiet) {
      environment_.err.Write(
          "the limits, retry and jit that the flow declares are not known, because it cannot be described: " +
          Printable(undescribed_) + "\n");
    }
    // What could not run took no time worth a line: its reason is the one sentence.
    const bool ran = !outcome.execution.empty() && outcome.status != Status::kInvalid;
    if (ran && !options_.quiet) environment_.err.Write(SummaryText(outcome, environment_.err));
    if (!outcome.state.empty() && options_.instance.empty() && !options_.quiet) {
      environment_.err.Write("what it has left in its state is gone now; --instance NAME keeps it\n");
    }
    if (options_.json) {
      environment_.out.Write(OutcomeJson(outcome, attempts, events) + "\n");
    } else if (outcome.status == Status::kSucceeded) {
      environment_.out.Write(SafeJson(outcome.output_json.empty() ? "null" : outcome.output_json) + "\n");
    }
    if (unredacted_) {
      environment_.err.Write(environment_.err.Paint(Ink::kRed, "warder: ") + Printable(unredacted_->what()) + "\n");
      if (outcome.status == Status::kSucceeded) return static_cast<int>(unredacted_->status());
    }
    if (outcome.status != Status::kCancelled) return static_cast<int>(outcome.status);
    return signal != 0 ? 128 + signal : static_cast<int>(Status::kFault);
  }

  const RunOptions& options_;
  Environment& environment_;
  std::optional<OutputFile> receipt_;
  std::optional<OutputFile> record_;
  std::optional<EngineError> unredacted_;  // why there is no journal
  std::string undescribed_;                // why nobody knows what the flow declares
};

// With --json there is an object on standard output also when nothing could be run.
int RunBundle(const RunOptions& options, Environment& environment) {
  Outcome outcome;
  try {
    return Run(options, environment).Perform();
  } catch (const EngineError& error) {
    outcome.status = error.status();
    outcome.reason = error.what();
    if (options.json) environment.out.Write(OutcomeJson(outcome, {}, {}) + "\n");
    throw;
  } catch (const std::exception& error) {
    outcome.reason = error.what();
    if (options.json) environment.out.Write(OutcomeJson(outcome, {}, {}) + "\n");
    throw;
  }
}

Action Declare(CLI::App& app) {
  const auto options = std::make_shared<RunOptions>();
  const auto file = [&app](const char* name, std::string& path, const char* description) {
    app.add_option(name, path, description)->type_name("FILE");
  };
  app.add_option("bundle", options->bundle, "An ES module, or a folder with an index.js")
      ->required()
      ->type_name("PATH");
  app.add_option("--flow", options->flow, "Key of the flow; not needed where there is only one")->type_name("KEY");
  file("--event", options->event, "JSON that the flow receives; - reads standard input (default: null)");
  file("--config", options->config, "JSON object with the integration's configuration (default: {})");
  app.add_option("--allow", options->allow,
                 "Origin that the flow may call, such as https://api.example.com; repeatable (default: none)")
      ->type_name("ORIGIN")
      ->allow_extra_args(false);
  app.add_option("--connect", options->connect,
                 "A stored connection (see `warder connect`), or one with the JSON file of its policy and credential "
                 "(docs/policy.md); repeatable")
      ->type_name("NAME[=FILE]")
      ->allow_extra_args(false);
  AddTenantOption(app, &options->tenant);
  app.add_option(
         "--instance", options->instance,
         "Keep what the flow remembers (context.state) in the tenant's vault, under this name (default: it is gone "
         "with this command)")
      ->type_name("NAME");
  AddVaultOptions(app, &options->place);
  file("--limits", options->limits, "JSON object such as {\"wall\": \"30s\", \"heap\": \"64MB\"}; see `warder policy`");
  file(
      "--receipt", options->receipt,
      "Write the signed receipt here, for `warder audit verify-receipt`: what ran, under which layers, how it was torn "
      "down");
  file("--signing-key", options->signing_key, kSigningKeyHelp);
  file("--record", options->record,
       "Write the journal here, for `warder replay`: what ran, and every message to and from it");
  app.add_option("--redact", options->redact,
                 "Keep what stands in members of this name, in the event, the configuration and answers, out of the "
                 "journal: it is of the same flow with stand-ins; repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->needs("--record");
  app.add_option(
         "--permit-degraded", options->permit_degraded,
         "Run even where this layer of the jail, which can only be landlock, cannot be enforced; named in the receipt")
      ->type_name("LAYER")
      ->allow_extra_args(false);
  app.add_option(
         "--start-mode", options->start_mode,
         "What is made before the execution's process is forked: a pristine isolate (warm, the default), or only "
         "V8 (fresh)")
      ->type_name("MODE")
      ->check(
          CLI::IsMember(std::vector<std::string>{StartModeName(StartMode::kFresh), StartModeName(StartMode::kWarm)}));
  constexpr const char* kPort = "{9229}";
  app.add_flag(std::string("--inspect") + kPort, options->inspect,
               "Wait on 127.0.0.1 for a debugger (Chrome's DevTools, an editor) before anything of the "
               "bundle runs; =PORT, 0 stands for any free one (default: 9229)");
  app.add_flag(std::string("--inspect-brk") + kPort, options->inspect_brk,
               "As --inspect, and pause before the first statement");
  app.add_flag(
      "--allow-jit", options->allow_jit,
      "Compile the flow's JavaScript where it asks for that: faster computing, for memory that is writable and "
      "executable in its cell (SECURITY.md)");
  app.add_flag("--log-payloads", options->log_payloads,
               "Record the values that steps are given and give, and what is left in the state, not only their shapes; "
               "they may be personal data");
  app.add_flag("--json", options->json,
               "Print one object: status, reason, output, steps, calls, response, state, usage, receipt (to be read; "
               "not signed), logs");
  app.add_flag("-q,--quiet", options->quiet, "No logs, calls and summary on standard error; errors only");
  return [options](Environment& environment) { return RunBundle(*options, environment); };
}

}  // namespace

Command RunCommand() { return {"run", "Run one flow of a bundle, once", kExamples, Declare}; }

}  // namespace warder::cli
