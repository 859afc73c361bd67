// usage: cell_test SNAPSHOT fresh|warm [gtest flags]
#include <gtest/gtest.h>

#include "sandbox/cell/cell.h"
#include "sandbox/cell/testing/fixture.h"
#include "sandbox/zygote/start_mode.h"

namespace {
warder::cell::CellProgram* program = nullptr;
}  // namespace

warder::cell::CellProgram& warder::cell::Program() { return *program; }

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const auto mode = argc == 3 ? warder::zygote::FindStartMode(argv[2]) : std::nullopt;
  if (!mode) return 2;
  warder::cell::CellProgram started(argv[1]);
  if (mode == warder::zygote::StartMode::kWarm) started.WarmUp();
  program = &started;
  return RUN_ALL_TESTS();
}
