// The program inside the image: what the zygote makes ready for all its cells, and how each of them begins.
#pragma once

#include <memory>
#include <string>

#include "sandbox/base/mapped_file.h"
#include "sandbox/cell/frozen_platform.h"
#include "sandbox/cell/pristine_cell.h"
#include "sandbox/cell/startup.h"
#include "sandbox/zygote/fork_server.h"

namespace warder::cell {

class CellProgram {
 public:
  // Starts V8 in this process and reads the startup file. Throws std::runtime_error. `extension` is for test images
  // only.
  CellProgram(const std::string& snapshot_path, zygote::CellProfile profile,
              PristineCell::Extension extension = nullptr);
  CellProgram(const CellProgram&) = delete;
  CellProgram& operator=(const CellProgram&) = delete;
  ~CellProgram() = default;

  const std::string& v8_version() const { return v8_version_; }
  const Startup& startup() const { return startup_; }

  // Start mode `warm`: makes the cell that every fork from here on has a copy of.
  void WarmUp();
  // The whole life of a cell, in a process of its own behind its filter: makes the isolate where there is none to copy,
  // sends Ready, serves one execution. Leaves by _exit with an ExitStatus.
  [[noreturn]] void Run(zygote::CellContext& context);

 private:
  std::unique_ptr<PristineCell> MakePristine();

  FrozenPlatform platform_;
  std::string v8_version_;
  // Mapped and not read: what is of a file does not cost each fork.
  MappedFile startup_file_;
  Startup startup_;
  PristineCell::Extension extension_;
  std::unique_ptr<PristineCell> pristine_;  // null: each cell makes its own
};

}  // namespace warder::cell
