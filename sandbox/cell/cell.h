// The program inside a cell: an isolate from the snapshot, one socket, one execution.
#pragma once

#include <v8-context.h>

#include <string>

#include "sandbox/cell/frozen_platform.h"
#include "sandbox/cell/startup.h"
#include "sandbox/zygote/fork_server.h"

namespace warder::cell {

// What the zygote prepares once for all its cells: V8 is up and what cells start from is in memory.
class CellProgram {
 public:
  // Adds to a cell's global object, before any script runs.
  using Extension = void (*)(v8::Local<v8::Context>);

  // Starts V8 in this process and reads the startup file. Throws std::runtime_error. `extension` is for test images
  // only.
  explicit CellProgram(const std::string& snapshot_path, Extension extension = nullptr);
  CellProgram(const CellProgram&) = delete;
  CellProgram& operator=(const CellProgram&) = delete;
  ~CellProgram() = default;

  const std::string& v8_version() const { return v8_version_; }
  const Startup& startup() const { return startup_; }

  // The whole life of a cell, in a process of its own behind its filter: makes the isolate, sends Ready, serves one
  // execution. Leaves by _exit with an ExitStatus, never by returning.
  int Run(zygote::CellContext& context);

 private:
  FrozenPlatform platform_;
  std::string v8_version_;
  Startup startup_;
  Extension extension_;
};

}  // namespace warder::cell
