// Bombs: each ends at the limit that is meant for it, while an execution started beside it finishes unharmed.
#include <gtest/gtest.h>

#include <string>

#include "tests/e2e/engine/support.h"

namespace warder::e2e {
namespace {

struct Bomb {
  const char* name;
  const char* body;
  const char* limit;
};

const Bomb kBombs[] = {
    {"Loop", "while (true) {}", "cpu"},
    {"Microtasks", "const again = () => queueMicrotask(again); again(); await new Promise(() => {});", "cpu"},
    {"NeverSettles", "await new Promise(() => {});", "wall"},
    {"Heap", "const all = []; for (;;) all.push({ a: [], b: {} });", "heap"},
    {"ArrayBuffers", "const all = []; for (;;) all.push(new ArrayBuffer(1 << 20));", "array-buffer"},
    {"String", "let text = 'x'; for (;;) { text += text; text.charCodeAt(1); }", "heap"},
};

Limits SmallLimits() {
  Limits limits;
  limits.wall_ms = 30'000;
  limits.cpu_ms = 5'000;
  limits.heap_bytes = 32 << 20;
  limits.array_buffer_bytes = 8 << 20;
  return limits;
}

class BombTest : public testing::TestWithParam<Bomb> {
 protected:
  static void SetUpTestSuite() { engine = Engine::Open({}).release(); }
  static void TearDownTestSuite() { delete engine; }
  static Engine* engine;
};
Engine* BombTest::engine = nullptr;

TEST_P(BombTest, EndsAtItsLimitBesideAnUnharmedExecution) {
  const Bomb& bomb = GetParam();
  ExecutionRequest beside;
  beside.bundle = FlowBundle(
      "let sum = 0; for (let i = 0; i < 100; i++) { sum += i; await new Promise((done) => setTimeout(done, 1)); }\n"
      "return { data: sum };");
  ExecutionRequest bombing;
  bombing.bundle = FlowBundle(bomb.body);
  bombing.limits = SmallLimits();
  if (std::string(bomb.limit) == "cpu") bombing.limits.cpu_ms = 300;

  const Execution unharmed = engine->Start(beside);
  const Execution ended = engine->Start(bombing);
  const Outcome& outcome = ended.Wait();
  EXPECT_EQ(outcome.status, Status::kLimit) << outcome.reason;
  ASSERT_TRUE(outcome.limit) << outcome.reason;
  EXPECT_EQ(outcome.limit->limit, bomb.limit) << outcome.reason;
  EXPECT_GT(outcome.limit->value, 0u);
  EXPECT_NE(outcome.reason.find(bomb.limit), std::string::npos) << outcome.reason;
  EXPECT_LT(outcome.usage.peak_rss_bytes, 256u << 20);

  EXPECT_EQ(unharmed.Wait().status, Status::kSucceeded) << unharmed.Wait().reason;
  EXPECT_NE(unharmed.Wait().output_json.find("4950"), std::string::npos) << unharmed.Wait().output_json;
}

INSTANTIATE_TEST_SUITE_P(Bombs, BombTest, testing::ValuesIn(kBombs),
                         [](const auto& bomb) { return std::string(bomb.param.name); });

}  // namespace
}  // namespace warder::e2e
