// An execution that a developer's debugger looks into: what the debugger says goes to the cell, what V8's inspector
// says there goes to the debugger.
//
// Neither side is believed: a debugger's message has to be one that V8 may get (inspector/protocol.h), and what a cell
// says has to be text of bounded size. None of it is part of the execution: it stands in no journal.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "engine/inspector/server.h"
#include "sandbox/proto/cell.pb.h"
#include "warder/engine.h"

namespace warder::execution {

class InspectedRun {
 public:
  struct Host {
    std::function<void(const proto::ToCell&)> send;
    // Bytes that the cell has yet to read.
    std::function<std::size_t()> queued_bytes;
  };

  InspectedRun(std::unique_ptr<inspector::Server> server, std::shared_ptr<const Bundle> bundle, Host host);

  const std::string& url() const { return server_->url(); }
  int descriptor() const { return server_->descriptor(); }
  // Debuggers may come, from when Start was sent.
  void Open();
  // What the cell says; nothing, or how it has broken the protocol.
  std::string OnFrame(const proto::Inspected& frame);
  bool paused() const { return paused_; }

 private:
  void OnAttached(bool attached);
  void OnMessage(const std::string& message);

  std::unique_ptr<inspector::Server> server_;
  std::shared_ptr<const Bundle> bundle_;
  Host host_;
  std::string said_;  // by the cell, of a message that has not come whole
  bool paused_ = false;
};

}  // namespace warder::execution
