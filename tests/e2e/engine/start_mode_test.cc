// What is ready before an execution's process is forked makes no difference to what runs in it.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>
#include <string>

#include "tests/e2e/engine/support.h"
#include "warder/replay.h"

namespace warder::e2e {
namespace {

EngineOptions In(StartMode mode) { return {.start_mode = mode}; }

std::set<std::string> SetupStepsOf(const Outcome& outcome) {
  std::set<std::string> names;
  const auto receipt = boost::json::parse(outcome.receipt_json);
  for (const auto& step : receipt.at("setup").as_array()) {
    names.emplace(step.at("step").as_string());
  }
  return names;
}

// All that a script could tell two cells apart by: randomness, time, the depth of its stack, the order of things.
constexpr const char* kTellAll =
    "let depth = 0; const deeper = () => { ++depth; deeper(); }; try { deeper(); } catch {}\n"
    "const key = await crypto.subtle.generateKey('Ed25519', true, ['sign']);\n"
    "await new Promise((done) => setTimeout(done, 3));\n"
    "return { data: [depth, Math.random(), crypto.randomUUID(), Date.now(), performance.now(), new Error('e').stack,\n"
    "  (await crypto.subtle.exportKey('jwk', key.privateKey)).d, Object.getOwnPropertyNames(globalThis).join(),\n"
    "  [...new Map([[{}, 1], ['a', 2], [Symbol.iterator, 3]]).values()], new Date(0).toString()] };";

class StartModeTest : public testing::TestWithParam<StartMode> {};

TEST_P(StartModeTest, TheReceiptNamesIt) {
  const auto engine = Engine::Open(In(GetParam()));
  const Outcome outcome = RunBody(*engine, "return { data: 1 };");
  EXPECT_EQ(boost::json::parse(outcome.receipt_json).at("startMode").as_string(), StartModeName(GetParam()));
  EXPECT_EQ(SetupStepsOf(outcome).contains("isolate"), GetParam() == StartMode::kFresh);
}

TEST_P(StartModeTest, WhatOneRecordsTheOtherReplays) {
  const TemporaryFolder folder;
  ExecutionRequest request;
  request.bundle = FlowBundle(kTellAll);
  request.record = folder.path() / "journal";
  const auto recorder = Engine::Open(In(GetParam()));
  const Outcome recorded = RunToEnd(*recorder, request);
  ASSERT_EQ(recorded.status, Status::kSucceeded) << recorded.reason;

  const auto other = Engine::Open(In(GetParam() == StartMode::kWarm ? StartMode::kFresh : StartMode::kWarm));
  const Outcome replayed = RunToEnd(*other, Recording::Replay(Recording::Load(request.record)));
  EXPECT_FALSE(replayed.divergence) << replayed.divergence->what;
  EXPECT_EQ(replayed.output_json, recorded.output_json);
}

// Whatever a script can reach, changed; then the same engine's next cells are looked at.
TEST_P(StartModeTest, NothingThatOneCellDoesIsSeenByAnother) {
  constexpr const char* kChange =
      "globalThis.left = event; Object.prototype.left = event; Array.prototype.push = () => 'left'; Math.random = () "
      "=> 4;\n"
      "JSON.parse = () => 'left'; Promise.prototype.then = 1; delete globalThis.URL; fetch.left = event;\n"
      "Object.defineProperty(globalThis, 'Date', { value: 'left' }); crypto.left = event; Symbol.for('left');\n"
      "console.log = undefined; Headers.prototype.get = () => 'left'; /(left)/.exec('left');\n";
  constexpr const char* kLook =
      "const all = []; all.push(1);\n"
      "return { data: [typeof left, all.length, Math.random() < 1, JSON.parse('1'), typeof URL, typeof fetch.left,\n"
      "  typeof Date, typeof crypto.left, typeof console.log, new Headers({ a: 'b' }).get('a'), RegExp.$1] };";
  constexpr const char* kUntouched =
      R"(["undefined",1,true,1,"function","undefined","function","undefined","function","b",""])";
  const auto engine = Engine::Open(In(GetParam()));
  EXPECT_EQ(RunBody(*engine, kLook).output_json, kUntouched);
  for (int i = 0; i < 3; ++i) {
    // One is still there while the next one is looked at.
    ExecutionRequest request;
    request.bundle = FlowBundle(std::string(kChange) + "for (;;);");
    const Execution changing = engine->Start(request);
    RunBody(*engine, kChange);
    EXPECT_EQ(RunBody(*engine, kLook).output_json, kUntouched);
    changing.Cancel();
  }
}

TEST_P(StartModeTest, LimitsAreThoseOfEachExecution) {
  const auto engine = Engine::Open(In(GetParam()));
  Limits small;
  small.heap_bytes = 16 << 20;
  small.array_buffer_bytes = 1 << 20;
  constexpr const char* kFill =
      "const all = []; for (let i = 0; i < 3e5; ++i) all.push({ i, s: 'x' + i }); return { data: all.length };";
  constexpr const char* kBuffer = "return { data: new Uint8Array(8 << 20).length };";
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(RunBody(*engine, kFill, small).status, Status::kLimit);
    EXPECT_EQ(RunBody(*engine, kFill).output_json, "300000");
    EXPECT_EQ(RunBody(*engine, kBuffer, small).limit.value_or(LimitReport{}).limit, "array-buffer");
    EXPECT_EQ(RunBody(*engine, kBuffer).output_json, "8388608");
  }
}

INSTANTIATE_TEST_SUITE_P(All, StartModeTest, testing::Values(StartMode::kFresh, StartMode::kWarm),
                         [](const auto& mode) { return StartModeName(mode.param); });

}  // namespace
}  // namespace warder::e2e
