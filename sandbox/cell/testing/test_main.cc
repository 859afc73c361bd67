// usage: cell_test SNAPSHOT fresh|warm [gtest flags]
#include <gtest/gtest.h>

#include <memory>

#include "sandbox/cell/cell.h"
#include "sandbox/cell/testing/fixture.h"
#include "sandbox/cell/testing/mode.h"

namespace {
warder::cell::CellProgram* program = nullptr;
auto program_mode = warder::zygote::StartMode::kFresh;
}  // namespace

warder::cell::CellProgram& warder::cell::Program() { return *program; }
warder::zygote::StartMode warder::cell::ModeOfProgram() { return program_mode; }

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const auto mode = argc == 3 ? warder::zygote::FindStartMode(argv[2]) : std::nullopt;
  if (!mode) return 2;
  const auto started = std::make_unique<warder::cell::CellProgram>(argv[1]);
  if (mode == warder::zygote::StartMode::kWarm) started->WarmUp();
  program = started.get();
  program_mode = *mode;
  return RUN_ALL_TESTS();
}
