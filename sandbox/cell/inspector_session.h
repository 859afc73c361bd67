// V8's inspector in a cell, for development: it lets a debugger of the author's look into an execution, or counts what
// of the bundle runs.
//
// It is only made where Start asks for it, so it is in no other cell and in no zygote. What a debugger says comes in
// frames of the one socket, and what V8 answers leaves in such. While the script is paused the cell reads nothing but
// them: all other frames wait for their turn, so what the script sees of the world comes in the same order.
#pragma once

#include <v8-context.h>
#include <v8-inspector.h>
#include <v8-isolate.h>
#include <v8-persistent-handle.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sandbox/cell/channel.h"
#include "sandbox/proto/cell.pb.h"

namespace warder::cell {

class InspectorSession final : private v8_inspector::V8InspectorClient, private v8_inspector::V8Inspector::Channel {
 public:
  // Before the bundle is loaded, and never for NONE. The channel outlives it.
  InspectorSession(v8::Local<v8::Context> context, warder::cell::Channel* channel, proto::Start::Inspection inspection);
  InspectorSession(const InspectorSession&) = delete;
  InspectorSession& operator=(const InspectorSession&) = delete;
  // The process ends before it.
  ~InspectorSession() override = default;

  // A debugger comes, speaks or goes; one that comes before the other has gone is a broken rule of the engine's.
  void Handle(const proto::Debugger& news);
  // Returns when a debugger has said that the script may run; what is run then may have to pause at once.
  void AwaitDebugger();
  // Says what has run, where that is counted.
  void SendCoverage();

 private:
  void runMessageLoopOnPause(int) override;
  void quitMessageLoopOnPause() override { paused_ = false; }
  void runIfWaitingForDebugger(int) override { paused_ = false; }
  double currentTimeMS() override;

  void sendResponse(int call, std::unique_ptr<v8_inspector::StringBuffer> message) override;
  void sendNotification(std::unique_ptr<v8_inspector::StringBuffer> message) override;
  void flushProtocolNotifications() override {}

  void Connect();
  void Dispatch(std::string_view message);
  void Tell(v8_inspector::StringView message);
  // Serves the debugger until the script may go on.
  void Pause();
  void SayPaused(bool paused);

  v8::Isolate* isolate_;
  warder::cell::Channel* channel_;
  const proto::Start::Inspection inspection_;
  std::unique_ptr<v8_inspector::V8Inspector> inspector_;
  std::unique_ptr<v8_inspector::V8InspectorSession> session_;  // null: there is no debugger
  std::string heard_;                                          // of a message that has not come whole
  std::string answer_;                                         // to the last question of our own
  bool paused_ = false;
};

// Of the list in an answer to Profiler.takePreciseCoverage, as V8 writes it, the scripts that are not the runtime's.
std::string WithoutRuntime(std::string_view answer);

}  // namespace warder::cell
