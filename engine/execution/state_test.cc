// What flows remember: across executions, engines and replays.
#include <gmock/gmock.h>

#include <functional>

#include "engine/execution/testcases/engine_fixture.h"
#include "warder/replay.h"

namespace warder::execution {
namespace {

using ::testing::HasSubstr;

class StateTest : public EngineTest {
 protected:
  void SetUp() override {
    vault_ = Vault::Open({.folder = scratch_ / "state", .key = {.file = scratch_ / "kek"}});
    vault_->CreateTenant("acme");
    engine_ = Other();
  }
  std::unique_ptr<Engine> Other() {
    EngineOptions options = Options();
    options.vault = vault_;
    return Engine::Open(options);
  }
  ExecutionRequest Of(const std::string& instance, const std::string& scene = "count") const {
    ExecutionRequest request = Request(scene);
    request.tenant = "acme";
    request.instance = instance;
    return request;
  }

  std::shared_ptr<Vault> vault_;
};

TEST_F(StateTest, OfAnInstanceItLastsLongerThanTheEngine) {
  const Outcome first = Run(Of("main"));
  EXPECT_EQ(first.output_json, "1") << first.reason;
  ASSERT_EQ(first.state.size(), 1U);
  EXPECT_EQ(first.state[0].key, (StateKey{StateScope::kInstance, "", "n"}));
  EXPECT_EQ(first.state[0].bytes, 1U);
  EXPECT_EQ(first.state[0].value_json, "");  // nobody asked for it
  engine_ = Other();
  ExecutionRequest again = Of("main");
  again.log_payloads = true;
  const Outcome second = Run(again);
  EXPECT_EQ(second.output_json, "2");
  EXPECT_EQ(second.state.at(0).value_json, "2");
  EXPECT_EQ(Run(Of("other")).output_json, "1");
}

TEST_F(StateTest, WithoutAnInstanceItGoesWithTheEngine) {
  EXPECT_EQ(Run(Of("")).output_json, "1");
  EXPECT_EQ(Run(Of("")).output_json, "2");
  ExecutionRequest other = Of("");
  other.tenant = "other";
  EXPECT_EQ(Run(other).output_json, "1");
  engine_ = Other();
  EXPECT_EQ(Run(Of("")).output_json, "1");
}

TEST_F(StateTest, TwoEnginesThatCountLoseNothing) {
  constexpr int kEach = 12;
  const auto second = Other();
  std::vector<Execution> executions;
  for (int i = 0; i < kEach; ++i) {
    for (Engine* const engine : {engine_.get(), second.get()}) executions.push_back(engine->Start(Of("main")));
  }
  for (const Execution& execution : executions) {
    EXPECT_EQ(execution.Wait().status, Status::kSucceeded) << execution.Wait().reason;
  }
  EXPECT_EQ(Run(Of("main")).output_json, std::to_string(2 * kEach + 1));
}

TEST_F(StateTest, WhatWasCommittedStaysWhateverComesOfTheExecution) {
  Upstream upstream("");  // never answers
  ExecutionRequest request = Of("main", "count-and-wait");
  request.config_json = "\"" + upstream.origin() + "/\"";
  request.allow_origins = {upstream.origin()};
  const Execution execution = engine().Start(request);
  while (upstream.Requests().empty()) std::this_thread::yield();
  execution.Cancel();
  EXPECT_EQ(execution.Wait().status, Status::kCancelled);
  EXPECT_EQ(execution.Wait().state.size(), 1U);
  EXPECT_EQ(Run(Of("main")).output_json, "2");
}

// It asked for it before it failed; a replay and a script end as it did, and wait for nobody.
TEST_F(StateTest, WhatIsBeingCommittedIsThereWhenTheExecutionIsOver) {
  ExecutionRequest request = Of("main", "commit-and-throw");
  request.record = scratch_ / "throw.journal";
  const Outcome outcome = Run(request);
  EXPECT_EQ(outcome.status, Status::kFailed) << outcome.reason;
  ASSERT_EQ(outcome.state.size(), 1U);
  EXPECT_EQ(Run(Of("main")).output_json, "2");
  const auto recording = Recording::Load(request.record);
  const Outcome again = Run(Recording::Replay(recording));
  EXPECT_FALSE(again.divergence) << again.divergence->what;
  EXPECT_EQ(again.status, Status::kFailed);
  ExecutionRequest against = Recording::Replay(recording);
  against.replay = nullptr;
  against.script = recording->AsScript();
  EXPECT_EQ(Run(against).status, Status::kFailed);
}

TEST_F(StateTest, WhatIsWrongIsSaidBeforeAnythingRuns) {
  const auto refusal = [&](Engine& engine, const ExecutionRequest& request) -> std::string {
    try {
      engine.Start(request).Wait();
    } catch (const EngineError& error) {
      EXPECT_EQ(error.status(), Status::kInvalid);
      return error.what();
    }
    return {};
  };
  EXPECT_THAT(refusal(engine(), Of("a b")), HasSubstr("an instance's name is 1 to 64 of a-z"));
  EXPECT_EQ(refusal(*Engine::Open(Options()), Of("main")),
            "the execution is of the instance \"main\", and the engine has no vault to keep its state in");
  ExecutionRequest nobody = Of("main");
  nobody.tenant = "nobody";
  EXPECT_THAT(refusal(engine(), nobody), HasSubstr("no tenant nobody"));
}

TEST_F(StateTest, AReplayIsTheSameAndTouchesNothing) {
  Run(Of("main"));
  ExecutionRequest request = Of("main");
  request.record = scratch_ / "count.journal";
  ASSERT_EQ(Run(request).output_json, "2");
  const auto recording = Recording::Load(request.record);
  ASSERT_EQ(recording->facts().state.size(), 1U);
  EXPECT_EQ(recording->facts().state[0].value_json, "2");
  for (int i = 0; i < 2; ++i) {
    const Outcome again = Run(Recording::Replay(recording));
    EXPECT_FALSE(again.divergence) << again.divergence->what;
    EXPECT_EQ(again.output_json, "2");
    EXPECT_EQ(again.state.at(0).value_json, "2");
  }
  ExecutionRequest against = Recording::Replay(recording);
  against.replay = nullptr;
  against.script = recording->AsScript();
  const Outcome scripted = Run(against);
  EXPECT_FALSE(scripted.divergence) << scripted.divergence->what;
  EXPECT_EQ(scripted.output_json, "2");
  EXPECT_EQ(Run(Of("main")).output_json, "3");
}

TEST_F(StateTest, AScriptSaysWhatStandsThere) {
  Script script;
  script.seed = std::string(32, 's');
  script.state = {{{StateScope::kInstance, "", "n"}, "41"}};
  ExecutionRequest request = Request("count");
  request.script = std::make_shared<const Script>(script);
  const Outcome outcome = Run(request);
  EXPECT_EQ(outcome.output_json, "42") << outcome.reason;
  EXPECT_EQ(outcome.state.at(0).value_json, "42");
  script.state.clear();
  script.whole_state = false;
  request.script = std::make_shared<const Script>(script);
  const Outcome unknown = Run(request);
  ASSERT_TRUE(unknown.divergence);
  EXPECT_THAT(unknown.divergence->what, HasSubstr("now reads \"n\" of the instance's state, which was not expected"));
}

}  // namespace
}  // namespace warder::execution
