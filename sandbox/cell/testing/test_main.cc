// usage: cell_test SNAPSHOT fresh|warm jitless|jit [gtest flags]
#include <gtest/gtest.h>

#include <memory>

#include "sandbox/cell/cell.h"
#include "sandbox/cell/testing/fixture.h"
#include "sandbox/cell/testing/mode.h"

namespace {
warder::cell::CellProgram* program = nullptr;
auto program_mode = warder::zygote::StartMode::kFresh;
auto program_profile = warder::zygote::CellProfile::kJitless;
}  // namespace

warder::cell::CellProgram& warder::cell::Program() { return *program; }
warder::zygote::StartMode warder::cell::ModeOfProgram() { return program_mode; }
warder::zygote::CellProfile warder::cell::ProfileOfProgram() { return program_profile; }

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const auto mode = argc == 4 ? warder::zygote::FindStartMode(argv[2]) : std::nullopt;
  const auto profile = argc == 4 ? warder::zygote::FindCellProfile(argv[3]) : std::nullopt;
  if (!mode || !profile) return 2;
  const auto started = std::make_unique<warder::cell::CellProgram>(argv[1], *profile);
  if (mode == warder::zygote::StartMode::kWarm) started->WarmUp();
  program = started.get();
  program_mode = *mode;
  program_profile = *profile;
  return RUN_ALL_TESTS();
}
