// A cell without its jail, for unit tests and for development: forked from this process as from a zygote. The program
// that uses it runs on the image's libraries.
#pragma once

#include <sys/types.h>

#include "sandbox/cell/cell.h"
#include "sandbox/cell/testing/test_engine.h"

namespace warder::cell {

// The whole life of a cell in this process, on descriptor 3; it leaves by _exit.
[[noreturn]] void BeCell(CellProgram& program);

class TestCell : public TestEngine {
 public:
  explicit TestCell(CellProgram& program);
  TestCell(const TestCell&) = delete;
  TestCell& operator=(const TestCell&) = delete;
  // Kills the cell if it still lives.
  ~TestCell() override;

  // Closes the engine's end and waits for the process. The exit status, or -signal.
  int Wait();
  pid_t pid() const { return pid_; }

 protected:
  void AwaitQuiet() override;

 private:
  pid_t pid_ = -1;
  bool waited_ = false;
};

}  // namespace warder::cell
