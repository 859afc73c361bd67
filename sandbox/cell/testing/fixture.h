// What the tests of the cell share: one started V8, and short ways to run a flow.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

#include "sandbox/cell/testing/test_cell.h"

namespace warder::cell {

// Set by the test program's main.
CellProgram& Program();

// A bundle whose only flow, "t", has this body.
inline std::string FlowWith(const std::string& body) {
  return "import { flow, integration } from 'warder';\n"
         "export default integration({ name: 'T', version: '1', flows: [flow({ name: 'T', key: 't', run: async "
         "(context, event) => {\n" +
         body + "\n} })] });\n";
}

class CellTest : public testing::Test {
 protected:
  // Starts the cell on a bundle.
  void StartBundle(const std::map<std::string, std::string>& modules) {
    for (const auto& [name, source] : modules) cell.AddInput(proto::Input::MODULE, name, source);
    cell.SendStart();
  }
  void StartFlow(const std::string& body) { StartBundle({{"index.js", FlowWith(body)}}); }

  // Runs to the last frame; an empty one when the cell ended without.
  proto::FromCell Run(const std::map<std::string, std::string>& modules) {
    StartBundle(modules);
    return cell.RunToEnd().value_or(proto::FromCell());
  }
  proto::FromCell RunFlow(const std::string& body) { return Run({{"index.js", FlowWith(body)}}); }

  // The flow's output, or what went wrong instead.
  std::string Output(const std::string& body) {
    const auto end = RunFlow(body);
    return end.result().succeeded() ? cell.output : Describe(end);
  }

  // The next frame of a kind; fails the test on another.
  proto::FromCell Expect(proto::FromCell::FrameCase kind) {
    for (;;) {
      const auto frame = cell.Receive();
      if (!frame) {
        ADD_FAILURE() << "the cell is gone";
        return {};
      }
      if (frame->has_ready() && kind != proto::FromCell::kReady) continue;
      EXPECT_EQ(frame->frame_case(), kind) << Describe(*frame);
      return *frame;
    }
  }

  TestCell cell{Program()};
};

}  // namespace warder::cell
