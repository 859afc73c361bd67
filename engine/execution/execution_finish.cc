// The end of an execution: what is known of it becomes its outcome and its receipt.
#include <algorithm>
#include <utility>

#include "engine/audit/envelope.h"
#include "engine/execution/execution.h"
#include "warder/manifest.h"

namespace warder::execution {

namespace {

journal::EndedBy EndedBy(Cause cause) {
  const bool by_cell = cause == Cause::kResult || cause == Cause::kStopped || cause == Cause::kViolation;
  return by_cell ? journal::EndedBy::kCell : journal::EndedBy::kEngine;
}

}  // namespace

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::system_clock;

void RunningExecution::RecordConnections() {
  for (const HeldConnection& each : held_) {
    connections::CallsByOrigin calls;
    oauth::ScopeSet scopes;
    for (const CallRecord& call : outcome_.calls) {
      if (call.connection != each.name || call.outcome == "refused") continue;
      ++calls[call.origin];
      scopes.merge(each.live->connection()->policy()->ScopesOf(call.method, call.path));
    }
    if (calls.empty()) continue;
    context_.connections->RecordCalls(each.live, outcome_.execution, std::move(calls), std::move(scopes));
  }
  held_.clear();
}

void RunningExecution::SumUp(Outcome* outcome) const {
  const proto::Usage& said = evidence_.cause == Cause::kResult ? evidence_.result.usage() : evidence_.stopped.usage();
  Usage& usage = outcome->usage;
  usage.wall = duration_cast<microseconds>(ended_at_ - started_at_);
  usage.cpu = std::max(microseconds(0), evidence_.death.cpu - cpu_at_start_);
  usage.peak_rss_bytes = evidence_.death.peak_rss_bytes;
  usage.peak_memory_bytes = evidence_.death.cgroup.peak_bytes;
  usage.heap_peak_bytes = said.heap_peak_bytes();
  usage.array_buffer_peak_bytes = said.array_buffer_peak_bytes();
  usage.calls = calls_->records().size();
  usage.request_bytes = calls_->request_bytes();
  usage.response_bytes = calls_->response_bytes();
  usage.log_bytes = log_bytes_;
  usage.output_bytes = evidence_.output.size();
  outcome->calls = calls_->records();
  outcome->steps = steps_.records();
  outcome->state = state_calls_.Left();
  Judge(evidence_, request_.limits, outcome);
}

void RunningExecution::DeliverResult() {
  const bool more_to_know = !InWorld() || request_.describe || journal_.descriptor() >= 0 ||
                            state_calls_.committing() || request_.inspect.has_value();
  if (more_to_know) return;
  Outcome outcome = outcome_;
  SumUp(&outcome);
  if (const auto used = process().CpuTime()) outcome.usage.cpu = *used - cpu_at_start_;
  shared_->DeliverResult(std::move(outcome));
}

void RunningExecution::Finish() {
  const auto over = system_clock::now();
  SumUp(&outcome_);
  const bool by_result = evidence_.cause == Cause::kResult;
  const std::uint64_t load_ns = (by_result ? evidence_.result.usage() : evidence_.stopped.usage()).load_ns();
  if (load_ns > 0) AddStep("load", std::chrono::nanoseconds(load_ns));
  if (request_.describe && outcome_.status == Status::kSucceeded) CheckManifest();
  outside_->Conclude(&outcome_);
  BeginJournal();
  journal_.Commit({outcome_.status, outcome_.reason, EndedBy(evidence_.cause)},
                  [this, alive = alive_, over](const Result<void>& kept) {
                    if (*alive) Conclude(kept, over);
                  });
}

void RunningExecution::Conclude(const Result<void>& kept, system_clock::time_point over) {
  if (!kept) {
    const bool succeeded = outcome_.status == Status::kSucceeded;
    if (succeeded) outcome_.status = Status::kFault;
    outcome_.reason = (succeeded ? "" : outcome_.reason + "; and ") + kept.error().message;
  }
  // A cell that was turned against its jail, or died in a way that no cell should, speaks against the zygote it shares
  // an address layout with.
  const bool suspicious = outcome_.status == Status::kViolation || outcome_.status == Status::kFault;
  if (DiedBadly(evidence_.death)) zygote_->Retire();
  const bool its_own = evidence_.cause != Cause::kAsRecorded;
  if ((suspicious && its_own) || evidence_.cause == Cause::kNone) zygote_->Retire();

  WriteReceipt(over);
  RecordConnections();

  Event event{Event::Kind::kFinished};
  event.message = outcome_.reason;
  Emit(std::move(event));
  // Whoever waits may start the next one at once: by then this one is to be known as over. It may destroy this.
  const auto shared = std::move(shared_);
  Outcome outcome = std::move(outcome_);
  const auto on_over = std::move(on_over_);
  on_over();
  shared->Deliver(std::move(outcome));
}

void RunningExecution::CheckManifest() {
  try {
    outcome_.output_json = manifest::Canonical(outcome_.output_json);
  } catch (const EngineError& error) {
    outcome_.status = error.status();
    outcome_.reason = error.what();
    outcome_.output_json.clear();
  }
}

void RunningExecution::WriteReceipt(system_clock::time_point over) {
  // Given back first, so that what the receipt says of it has been seen.
  ledger_.Absorb(cell_->ledger());
  cell_.reset();

  // A receipt says what was done in the world.
  if (!InWorld()) return;
  const EngineFacts& engine = *context_.engine;
  ReceiptFacts facts;
  facts.request = &request_;
  facts.outcome = &outcome_;
  facts.death = &evidence_.death;
  facts.egress = capabilities_.get();
  facts.permit_degraded = engine.permit_degraded;
  facts.policy_sha256 = policy_sha256_;
  facts.v8_version = zygote_->report().v8_version;
  facts.image = zygote_->image();
  facts.kernel = engine.kernel;
  facts.start_mode = engine.start_mode;
  facts.setup = setup_;
  facts.posture = posture_;
  facts.requested = requested_wall_;
  facts.started = started_wall_;
  facts.ended = ended_wall_;
  facts.over = over;
  facts.descriptors = ledger_.Settle();
  facts.engine = engine.compare_holdings();
  outcome_.receipt_json = MakeReceipt(facts);
  outcome_.receipt_envelope = audit::Seal(outcome_.receipt_json, engine.signing_key);
}

}  // namespace warder::execution
