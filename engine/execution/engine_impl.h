// The engine: one loop on one thread, for each profile that was asked for one zygote at a time (and the next one, when
// its time comes), the cells that are ready, and the executions that run on them.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>

#include "engine/broker/broker.h"
#include "engine/execution/cell_pool.h"
#include "engine/execution/execution.h"
#include "engine/execution/usher.h"
#include "engine/execution/zygote_line.h"
#include "engine/state/keeper.h"
#include "sandbox/jail/cgroup.h"
#include "warder/engine.h"

namespace warder::execution {

class EngineImpl final : public Engine {
 public:
  // A zygote is replaced after so many cells: siblings share its address layout and, in start mode `warm`, V8's hash
  // seed; that should not last (P1).
  static constexpr std::uint64_t kCellsPerZygote = 1'000;

  EngineImpl(const EngineOptions& options, PostureObserver observe, std::uint64_t cells_per_zygote = kCellsPerZygote);
  ~EngineImpl() override;

  Execution Start(const ExecutionRequest& request, EventSink sink) override;
  Diagnosis Diagnose(CellProfile profile) override;
  std::string PublicKeyPem() const override { return facts_.signing_key.public_key().Pem(); }

 private:
  // Everything below is touched by the loop's thread only.
  ZygoteLine MakeLine(zygote::CellProfile profile);
  ZygoteLine& LineOf(zygote::CellProfile profile) {
    return profile == zygote::CellProfile::kJit ? jit_zygotes_ : zygotes_;
  }
  Result<std::shared_ptr<ZygoteHost>> LaunchZygote(zygote::CellProfile profile);
  struct Granted {
    std::shared_ptr<broker::Capabilities> capabilities;
    std::vector<HeldConnection> held;
  };
  Granted Grant(const ExecutionRequest& request, const std::string& execution);
  // One of its connections could not be had: perhaps it has just ended, and its server is to be told.
  void LookIntoTenant(const std::string& name);
  // Whether descriptors come and go without an execution.
  bool Cares() const { return connections_ && connections_->caretaker().busy(); }
  // Null where no debugger is wanted.
  std::unique_ptr<inspector::Server> AwaitDebuggers(const ExecutionRequest& request);
  void Run(ExecutionRequest request, Granted granted, journal::Journal journal,
           std::unique_ptr<inspector::Server> debuggers, EventSink sink,
           const std::shared_ptr<Execution::Impl>& shared);
  void OnOver(const std::string& id);
  void BeginShutdown();
  void StopIfDone();
  void NoteIdle();
  // Those of the process, but for what ready cells and journals to come have open.
  std::optional<Holdings> Hold() const;
  std::optional<std::size_t> HeldProcesses() const;
  std::optional<ReceiptFacts::EngineHoldings> CompareWithIdle() const;

  const std::uint64_t cells_per_zygote_;
  zygote::LaunchOptions launch_;
  jail::CgroupTree cgroups_ = jail::CgroupTree::OpenOwn();
  EngineFacts facts_;  // constant, so the public key may be asked for from anywhere
  const Inspection inspection_;
  const std::size_t most_pooled_;
  const bool development_;
  std::string image_path_;
  std::filesystem::path manifest_;
  const std::shared_ptr<Vault> vault_;

  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<connections::LiveConnections> connections_;
  std::unique_ptr<state::Keeper> keeper_;
  std::shared_ptr<Undertaker> undertaker_;
  std::unique_ptr<Usher> usher_;
  std::unique_ptr<boost::asio::thread_pool> disk_;  // writes journals
  ZygoteLine zygotes_ = MakeLine(zygote::CellProfile::kJitless);
  ZygoteLine jit_zygotes_ = MakeLine(zygote::CellProfile::kJit);  // none before the first execution that is granted it
  std::unique_ptr<CellPool> cells_;
  std::unordered_map<std::string, std::unique_ptr<RunningExecution>> running_;
  int diagnoses_ = 0;  // under way
  // When the engine last had nothing to do; nothing where it has changed zygotes since.
  std::optional<Holdings> idle_;
  // Journals, and sockets that listen, of executions that the loop has not heard of yet.
  std::atomic<std::size_t> waiting_descriptors_ = 0;
  bool shutting_down_ = false;
  std::thread thread_;
};

}  // namespace warder::execution
