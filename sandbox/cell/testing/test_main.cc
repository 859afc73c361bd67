// usage: cell_test SNAPSHOT [gtest flags]
#include <gtest/gtest.h>

#include "sandbox/cell/cell.h"
#include "sandbox/cell/testing/fixture.h"

namespace {
warder::cell::CellProgram* program = nullptr;
}  // namespace

warder::cell::CellProgram& warder::cell::Program() { return *program; }

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2) return 2;
  warder::cell::CellProgram started(argv[1]);
  program = &started;
  return RUN_ALL_TESTS();
}
