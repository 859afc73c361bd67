// One execution in a cell: from the first Input to Result or Stopped.
//
//   waiting -(Start)-> loading -(top level evaluated)-> running -(the flow's promise settles)-> committing -> over
//
// One frame is handled at a time: the clock is set, the frame's effect is delivered to JavaScript, all microtasks run,
// and only then is the next frame read. So the order of the frames decides everything that a script can observe (P8).
#pragma once

#include <v8-array-buffer.h>
#include <v8-context.h>
#include <v8-isolate.h>
#include <v8-message.h>
#include <v8-persistent-handle.h>
#include <v8-promise.h>
#include <v8-script.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/cell/buffer_budget.h"
#include "sandbox/cell/cell_state.h"
#include "sandbox/cell/inspector_session.h"
#include "sandbox/cell/module_loader.h"
#include "sandbox/cell/runtime.h"
#include "sandbox/proto/cell.pb.h"

namespace warder::cell {

class Execution {
 public:
  // All of them outlive the execution. A handle scope and the runtime's context must be entered.
  Execution(v8::Isolate* isolate, Runtime* runtime, CellState* state, BufferBudget* buffers);
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;
  ~Execution() = default;

  // Ends the process when the execution is over, or when the frame is not allowed now.
  void Handle(const proto::ToCell& frame);
  // The same for a piece of a response, which is judged before its bytes come: says where they go (null: nowhere), and
  // goes on when they are there.
  char* BeginBody(const proto::BodyHeader& header);
  void HandleBody(const proto::BodyHeader& header);

 private:
  enum class Phase { kWaiting, kLoading, kRunning, kCommitting };

  void SetClock(std::uint64_t clock_us);
  void Deliver(const proto::ToCell& frame);
  void DeliverToCall(const proto::ToCell& frame);
  void Add(const proto::Input& input);
  void Start(const proto::Start& start);
  void StartInspection();
  void Run();
  // Instead of a run: the result is what the integration declares.
  [[noreturn]] void Describe(v8::Local<v8::Value> integration);
  // Runs microtasks, then looks whether the phase's promise has settled or never can.
  void Settle();
  void OnSettled(v8::Local<v8::Promise> promise);

  void CallHook(const char* hook, std::vector<v8::Local<v8::Value>> arguments);
  // What Start granted: [[name, handle, origin, [[field, placeholder], ...]], ...].
  v8::Local<v8::Value> Connections() const;
  v8::Local<v8::Value> ParseInput(const char* what, const std::string& json);
  // While the bundle loads, an error of a malformed declaration rejects it.
  [[noreturn]] void FinishThrown(v8::Local<v8::Value> exception);
  // [kind, sentence, file, line, column] as the runtime says it; without a place it is the entry, but for INPUT.
  proto::BundleRejected RejectionOf(v8::Local<v8::Array> parts) const;
  [[noreturn]] void FinishRejected(proto::BundleRejected rejection);
  // Says what the flow returned, then commits its state, if there is anything to commit.
  void SendOutput(v8::Local<v8::Value> output);
  void CommitState();
  [[noreturn]] void FinishSucceeded();
  // Tells the script of one rejection that nobody listens to, or one that somebody listens to at last; what is not
  // prevented ends the execution. False: there is none.
  bool NotifyOfRejection();
  static void OnPromiseReject(v8::PromiseRejectMessage message);

  // [name, value, ...]; undefined: one of them is no header.
  v8::Local<v8::Value> Headers(const proto::ResponseHead& head) const;
  // A value of the state, undefined where there is none; and [change, version, value, ...].
  v8::Local<v8::Value> Stored(std::uint64_t version, const std::string& json) const;
  v8::Local<v8::Value> Conflicts(const proto::StateCommitted& committed) const;
  v8::Local<v8::Value> Number(std::uint64_t value) const;
  // Each byte as the character of the same number.
  v8::Local<v8::Value> ByteString(const std::string& bytes) const;
  v8::Local<v8::Value> Text(const std::string& text) const;

  v8::Isolate* isolate_;
  Runtime* runtime_;
  CellState* state_;
  BufferBudget* buffers_;
  ModuleLoader loader_;
  Phase phase_ = Phase::kWaiting;
  std::unique_ptr<v8::BackingStore> piece_;  // of the response whose bytes are coming; null: they are dropped
  std::string event_;
  std::string config_;
  proto::Start start_;
  std::unique_ptr<InspectorSession> inspector_;  // null: nobody looks into this execution
  v8::Global<v8::Module> entry_;
  v8::Global<v8::Promise> awaited_;  // the entry's evaluation, then the flow, then what commits its state
};

}  // namespace warder::cell
