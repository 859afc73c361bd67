// One execution from start to receipt.
//
//   spawning -> (Ready, posture) -> running -> (result, stop, violation, limit, breach, cancel) -> ending -> over
//
// The first thing that ends an execution decides its verdict; what comes later can only explain it. Ending means:
// nothing more is sent, transfers are aborted, the cell is killed if it does not leave by itself, and its death and
// reaping are awaited. Only then is the outcome known to anyone.
//
// Threads: everything but the shared part (Execution::Impl) lives on the engine's loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/audit/keys.h"
#include "engine/broker/broker.h"
#include "engine/connections/live_connections.h"
#include "engine/execution/calls.h"
#include "engine/execution/cell_pool.h"
#include "engine/execution/descriptor_ledger.h"
#include "engine/execution/inspected_run.h"
#include "engine/execution/outside.h"
#include "engine/execution/prepared_cell.h"
#include "engine/execution/receipt.h"
#include "engine/execution/state_calls.h"
#include "engine/execution/steps.h"
#include "engine/execution/verdict.h"
#include "engine/journal/recorder.h"
#include "warder/engine.h"

namespace warder {

// What the handle and the engine share. Thread-safe.
class Execution::Impl {
 public:
  explicit Impl(std::string id) : id_(std::move(id)) {}
  const std::string& id() const { return id_; }
  // At most once, before Deliver.
  void DeliverResult(Outcome outcome);
  void Deliver(Outcome outcome);
  const Outcome& WaitForResult();
  const Outcome& Wait();
  const Outcome* WaitFor(std::chrono::milliseconds timeout);
  // Set by the engine; called by the handle from any thread. It does nothing once the engine is gone.
  void SetCancel(std::function<void()> cancel);
  void Cancel();

 private:
  const std::string id_;
  std::mutex mutex_;
  std::condition_variable delivered_;
  std::optional<Outcome> result_;
  std::optional<Outcome> outcome_;
  std::function<void()> cancel_;
};

}  // namespace warder

namespace warder::execution {

// What the executions of one engine share. Constant once the engine is open; outlives them.
struct EngineFacts {
  std::string kernel;  // release
  StartMode start_mode = StartMode::kWarm;
  std::vector<std::string> permit_degraded;
  audit::SigningKey signing_key;
  // What the engine holds, before and after, where the execution that asks is all that is left for it to do.
  std::function<std::optional<ReceiptFacts::EngineHoldings>()> compare_holdings;
};

// A stored connection under the name by which the script knows it.
struct HeldConnection {
  std::string name;
  std::shared_ptr<connections::LiveConnection> live;
};

struct ExecutionContext {
  boost::asio::io_context* loop = nullptr;
  broker::Broker* broker = nullptr;
  CellPool* cells = nullptr;
  const EngineFacts* engine = nullptr;
  connections::LiveConnections* connections = nullptr;  // null: there is no vault
  state::Keeper* keeper = nullptr;
};

class RunningExecution final : private CellUser, private CallHost, private OutsideHost {
 public:
  RunningExecution(const ExecutionContext& context, ExecutionRequest request,
                   std::shared_ptr<broker::Capabilities> capabilities, std::vector<HeldConnection> held,
                   journal::Recorder journal, std::unique_ptr<inspector::Server> debuggers, EventSink sink,
                   std::shared_ptr<Execution::Impl> shared);
  ~RunningExecution();

  // `on_over` is called once, from the loop, when the outcome is about to be delivered; it may destroy this.
  void Start(std::function<void()> on_over);
  void Cancel();

 private:
  enum class State { kSpawning, kRunning, kEnding, kOver };

  // CellUser
  void OnReady() override;
  void OnFrame(const proto::FromCell& frame) override;
  void OnRequestBody(std::uint64_t call, std::string_view data, bool last) override;
  void OnStreamEnd(const std::string& error) override;
  void OnDeath(const CellDeath& death) override;
  // CallHost
  void SendToCell(proto::ToCell& frame) override;
  void SendBodyToCell(std::uint64_t call, std::string data, bool last) override;
  std::uint64_t BodyBytesWritten() const override { return channel().body_bytes_written(); }
  void EndByLimit(const std::string& limit, std::uint64_t peak) override;  // OutsideHost's too
  void EndByProtocol(const std::string& what) override;
  void Emit(Event event) override;
  bool CountCall(std::uint64_t step) override;
  bool HasListener() const override { return sink_ != nullptr; }
  std::chrono::microseconds SinceStart() const override;
  // OutsideHost
  void SendBarrier(std::uint64_t number) override;
  void NoteDivergence(Divergence divergence) override;
  void EndDiverged(Divergence divergence) override;
  void EndAsRecorded() override;

  // It meets the world, and neither a recording nor a script.
  bool InWorld() const { return !request_.replay && !request_.script; }
  CellProcess& process() const { return cell_->process(); }
  CellChannel& channel() const { return process().channel(); }
  void TakeCell();
  // Nothing of the bundle has run yet, so the death of the zygote, or of a cell that was made ahead, is nobody's
  // business but the engine's: once more.
  bool StartAgain(const CellDeath& death);
  void OnViolationWhileEnding(const proto::Violation& violation);
  // A frame that its state allows.
  void Handle(const proto::FromCell& frame);
  void OnBarrierPassed(std::uint64_t number);
  // What setting up took, for the receipt.
  void AddStep(const char* name, std::chrono::steady_clock::duration time);
  void Run();
  void OnLog(const proto::Log& log);
  void OnStep(const proto::Step& step);
  void OnRespond(const proto::Respond& respond);
  void OnStateUse(const proto::FromCell& frame);
  // Of the log limit, for an entry of it or news of a step; ends the execution where a cell takes more than it may.
  bool TakeLogBytes(std::uint64_t text_bytes);
  void OnOutput(const proto::Output& output);
  void OnInspected(const proto::Inspected& frame);
  void OnCoverage(const proto::Coverage& piece);
  void SendInput(proto::Input::Kind kind, const std::string& name, std::string_view data);
  void SendStart();
  void BeginJournal();
  void EndIfItDoesNotRead();
  void AwaitDeadline(std::chrono::steady_clock::duration wall);
  void WatchCpu();
  // What counts against the limit of CPU time.
  std::chrono::microseconds SpentCpu() const;
  void End(Cause cause);
  void KillAfter(std::chrono::milliseconds grace);
  // What is known of it by now, judged.
  void SumUp(Outcome* outcome) const;
  // Ahead of the end of the cell, where nothing can come to matter that is not known yet.
  void DeliverResult();
  void Finish();
  // With or without the journal that was asked for.
  void Conclude(const Result<void>& kept, std::chrono::system_clock::time_point over);
  void HoldConnections();
  // What was done with each, for the review.
  void RecordConnections();
  // The output of a describing execution is what its cell says: it becomes the manifest, or the run's end.
  void CheckManifest();
  void WriteReceipt(std::chrono::system_clock::time_point over);

  ExecutionContext context_;
  ExecutionRequest request_;
  journal::Recorder journal_;
  EventSink sink_;
  std::shared_ptr<Execution::Impl> shared_;
  std::function<void()> on_over_;
  std::shared_ptr<broker::Capabilities> capabilities_;
  std::vector<HeldConnection> held_;
  std::string policy_sha256_;
  DescriptorLedger ledger_;

  State state_ = State::kSpawning;
  Evidence evidence_;
  Outcome outcome_;
  bool started_again_ = false;
  std::vector<proto::SetupStep> setup_;
  std::optional<std::vector<LayerStatus>> posture_;
  std::uint64_t clock_us_ = 0;  // of the last frame
  std::uint64_t start_clock_us_ = 0;
  std::uint64_t last_barrier_ = 0;
  std::uint64_t passed_barrier_ = 0;
  std::uint64_t log_bytes_ = 0;
  std::uint64_t log_entries_ = 0;

  std::chrono::steady_clock::time_point spawned_at_;
  std::chrono::steady_clock::time_point started_at_;
  std::chrono::steady_clock::time_point ended_at_;
  std::chrono::system_clock::time_point requested_wall_;
  std::optional<std::chrono::system_clock::time_point> started_wall_;
  std::chrono::system_clock::time_point ended_wall_;
  std::chrono::microseconds cpu_at_start_{0};
  std::chrono::nanoseconds handling_at_start_{0};
  std::chrono::nanoseconds sink_time_{0};
  // While the script waits for a debugger, neither counts.
  std::chrono::steady_clock::duration wall_left_{0};
  std::chrono::microseconds cpu_at_pause_{0};
  std::chrono::microseconds cpu_of_pauses_{0};

  boost::asio::steady_timer deadline_;  // wall, then the grace of an ending cell
  boost::asio::steady_timer cpu_timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::shared_ptr<ZygoteHost> zygote_;  // the cell's
  std::unique_ptr<PreparedCell> cell_;
  std::unique_ptr<Outside> outside_;
  std::unique_ptr<Calls> calls_;
  std::unique_ptr<InspectedRun> inspected_;  // null: no debugger is wanted
  std::string coverage_;                     // as far as it has come
  StateCalls state_calls_;
  Steps steps_;
};

}  // namespace warder::execution
