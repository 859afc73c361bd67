// context.state, against an engine that keeps it.
#include <functional>
#include <map>
#include <utility>

#include "sandbox/cell/channel.h"
#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

class StateTest : public CellTest {
 protected:
  // "1 t/count": scope, flow and key.
  static std::string NameOf(const proto::StateKey& key) {
    return std::to_string(key.scope()) + " " + key.flow() + "/" + key.key();
  }
  void Put(const std::string& name, const std::string& json) { kept_[name] = {++version_, json}; }

  proto::ToCell Answer(const proto::StateRead& read) {
    proto::ToCell frame;
    const auto [version, json] = kept_[NameOf(read.key())];
    frame.mutable_state_value()->set_call(read.call());
    frame.mutable_state_value()->set_version(version);
    frame.mutable_state_value()->set_json(json);
    return frame;
  }
  proto::ToCell Answer(const proto::StateCommit& commit) {
    commits_.push_back(commit);
    if (on_commit_) std::exchange(on_commit_, nullptr)();
    proto::ToCell frame;
    auto& committed = *frame.mutable_state_committed();
    committed.set_call(commit.call());
    for (int i = 0; i < commit.changes_size(); ++i) {
      const auto& change = commit.changes(i);
      const auto [version, json] = kept_[NameOf(change.key())];
      if (!change.expects() || change.version() == version) continue;
      auto& conflict = *committed.add_conflicts();
      conflict.set_change(static_cast<std::uint32_t>(i));
      conflict.set_version(version);
      conflict.set_json(json);
    }
    if (!committed.conflicts().empty()) return frame;
    committed.set_version(++version_);
    for (const auto& change : commit.changes()) {
      if (change.removed()) {
        kept_[NameOf(change.key())] = {0, ""};
      } else {
        kept_[NameOf(change.key())] = {version_, change.json()};
      }
    }
    return frame;
  }
  // The flow's end, with its state kept meanwhile.
  std::string Remember(const std::string& body) {
    StartFlow(body);
    return End();
  }
  std::string End() {
    for (;;) {
      const auto frame = cell.RunToEnd();
      if (!frame) return "the cell is gone";
      if (frame->has_state_read()) {
        cell.Send(Answer(frame->state_read()));
      } else if (frame->has_state_commit()) {
        cell.Send(Answer(frame->state_commit()));
      } else {
        return frame->result().succeeded() ? cell.output : Describe(*frame);
      }
    }
  }
  // What is kept, one a line.
  std::string Kept() const {
    std::string text;
    for (const auto& [name, entry] : kept_) {
      if (entry.first != 0) text += name + " " + entry.second + "\n";
    }
    return text;
  }

  std::map<std::string, std::pair<std::uint64_t, std::string>> kept_;
  std::vector<proto::StateCommit> commits_;
  std::function<void()> on_commit_;  // somebody else is faster

 private:
  std::uint64_t version_ = 0;
};

TEST_F(StateTest, IsReadChangedAndCommittedAtTheEnd) {
  Put("1 t/since", R"("monday")");
  EXPECT_EQ(Remember("const { flow, instance, crossFlow } = context.state;\n"
                     "const before = [await flow.get('since'), await flow.get('none') === undefined];\n"
                     "await flow.set('since', { day: 'tuesday' });\n"
                     "await instance.set('since', 1); await crossFlow.set('since', [2]);\n"
                     "const n = await flow.update('n', (n = 5) => n + 1);\n"
                     "await flow.set('gone', 1); await flow.delete('gone');\n"
                     "return { data: [before, await flow.get('since'), n, await flow.get('gone') === undefined] };"),
            R"([["monday",true],{"day":"tuesday"},6,true])");
  EXPECT_EQ(Kept(), "1 t/n 6\n1 t/since {\"day\":\"tuesday\"}\n2 /since 1\n3 /since [2]\n");
  ASSERT_EQ(commits_.size(), 1U);
  EXPECT_EQ(commits_[0].changes_size(), 5);
  EXPECT_TRUE(commits_[0].changes(0).expects());  // it was read
  EXPECT_FALSE(commits_[0].changes(1).expects());
}

TEST_F(StateTest, OfAFailedFlowOnlyWhatItCommittedIsKept) {
  const std::string end = Remember(
      "await context.state.flow.set('a', 1); await context.state.commit();\n"
      "await context.state.flow.set('b', 2); throw new Error('no');");
  EXPECT_NE(end.find("Error: no"), std::string::npos) << end;
  EXPECT_EQ(Kept(), "1 t/a 1\n");
}

TEST_F(StateTest, WithoutChangesNothingIsCommitted) {
  EXPECT_EQ(Remember("await context.state.flow.get('a'); await context.state.commit(); return { data: 1 };"), "1");
  EXPECT_TRUE(commits_.empty());
}

TEST_F(StateTest, AnUpdateThatWasTooLateIsMadeAgain) {
  Put("1 t/n", "1");
  on_commit_ = [this] { Put("1 t/n", "10"); };
  EXPECT_EQ(Remember("let mine; const said = await context.state.flow.update('n', (n) => mine = n + 1);\n"
                     "await context.state.flow.update('n', (n) => mine = n * 2);\n"
                     "await context.state.flow.set('other', 1); await context.state.commit();\n"
                     "return { data: [said, mine] };"),
            "[2,22]");
  EXPECT_EQ(Kept(), "1 t/n 22\n1 t/other 1\n");
  EXPECT_EQ(commits_.size(), 2U);
}

TEST_F(StateTest, AtTheEndTooItIsMadeAgain) {
  on_commit_ = [this] { Put("1 t/n", "10"); };
  EXPECT_EQ(Remember("context.state.flow.update('n', (n = 0) => n + 1); return { data: 1 };"), "1");
  EXPECT_EQ(Kept(), "1 t/n 11\n");
}

TEST_F(StateTest, WhatWasReadAndSetIsNotOverwritten) {
  Put("1 t/n", "1");
  on_commit_ = [this] { Put("1 t/n", "10"); };
  const std::string end = Remember(
      "const n = await context.state.flow.get('n'); await context.state.flow.set('n', n + 1);\n"
      "await context.state.instance.set('m', 1); return { data: n };");
  EXPECT_NE(end.find("FlowError: \"n\" of the state was changed by another execution since it was read"),
            std::string::npos)
      << end;
  EXPECT_EQ(Kept(), "1 t/n 10\n");
}

TEST_F(StateTest, WhatWasSetUnseenOverwrites) {
  Put("1 t/n", "1");
  on_commit_ = [this] { Put("1 t/n", "10"); };
  EXPECT_EQ(Remember("await context.state.flow.set('n', 2); return { data: 1 };"), "1");
  EXPECT_EQ(Kept(), "1 t/n 2\n");
}

TEST_F(StateTest, AfterACommitItGoesOnFromThere) {
  Put("1 t/n", "1");
  EXPECT_EQ(
      Remember("const { flow } = context.state; await flow.get('n'); await flow.set('n', 2);\n"
               "const during = context.state.commit(); await flow.set('n', 3); const seen = await flow.get('n');\n"
               "await during; await flow.set('n', await flow.get('n') + 1); await context.state.commit();\n"
               "await flow.delete('n'); await context.state.commit(); await flow.update('n', (n) => n ?? 'new');\n"
               "return { data: seen };"),
      "3");
  EXPECT_EQ(Kept(), "1 t/n \"new\"\n");
}

TEST_F(StateTest, UpdatesSideBySideAreOneAfterTheOther) {
  EXPECT_EQ(
      Remember("const all = []; for (let i = 0; i < 40; ++i) all.push(context.state.flow.update(`k${i % 2}`, (n = "
               "0) => n + 1));\n"
               "await Promise.all(all);\n"
               "return { data: [await context.state.flow.get('k0'), await context.state.flow.get('k1')] };"),
      "[20,20]");
}

TEST_F(StateTest, AnInvokedFlowHasItsOwn) {
  cell.start.set_flow("a");
  StartBundle(
      {{"index.js",
        "import { flow, integration } from 'warder';\n"
        "const run = async (context, event) => {\n"
        "  await context.state.flow.set('who', event); await context.state.execution.update('n', (n = 0) => n + 1);\n"
        "  if (event === 'a') await context.invokeFlow('b', 'b');\n"
        "  return { data: await context.state.execution.get('n') }; };\n"
        "export default integration({ name: 'T', version: '1', flows: [flow({ name: 'A', key: 'a', run: (c) => run(c, "
        "'a') }),\n"
        "  flow({ name: 'B', key: 'b', run })] });\n"}});
  EXPECT_EQ(End(), "2");
  EXPECT_EQ(Kept(), "1 a/who \"a\"\n1 b/who \"b\"\n");
}

TEST_F(StateTest, WhatCannotBeKeptIsRefusedWhereItStands) {
  EXPECT_EQ(
      Remember(
          "const said = [], { flow } = context.state;\n"
          "const no = (work) => work.then(() => said.push('fine'), (e) => said.push(`${e.name}: ${e.message}`));\n"
          "await no(flow.get('')); await no(flow.get('a\\nb')); await no(flow.get('\\ud800')); await no(flow.get(7));\n"
          "await no(flow.get('ä'.repeat(129))); await no(flow.set('a')); await no(flow.set('a', () => 1));\n"
          "await no(flow.set('a', 'x'.repeat(65_535))); await no(flow.update('a', async () => 1));\n"
          "await no(flow.update('a', () => {})); await no(flow.update('a', 1)); const o = {}; o.o = o; await "
          "no(flow.set('a', o).catch(() => { throw new Error('goes round'); }));\n"
          "for (let i = 0; i < 8; ++i) await flow.set(`k${i}`, 'x'.repeat(65_000));\n"
          "await no(flow.set('k8', 'x'.repeat(65_000))); await no(flow.set('k6', 1)); return { data: said };"),
      R"(["TypeError: a key of a state must be a text without control characters, but is \"\"",)"
      R"("TypeError: a key of a state must be a text without control characters, but is \"a\\nb\"",)"
      R"("TypeError: a key of a state must be a text without control characters, but is \"\\ud800\"",)"
      R"("TypeError: a key of a state must be a text without control characters, but is 7",)"
      R"("RangeError: a key of a state has at most 256 bytes, but this one has 258",)"
      R"("TypeError: the value for \"a\" must be JSON, but is undefined",)"
      R"("TypeError: the value for \"a\" must be JSON, but is [Function (anonymous)]",)"
      R"("RangeError: a value of a state has at most 65536 bytes of JSON, but the one for \"a\" has 65537",)"
      R"("TypeError: what updates \"a\" must return its value at once, but returned a promise",)"
      R"("TypeError: what updates \"a\" must return its new value, but returned nothing; delete takes a key away",)"
      R"("TypeError: update takes a function (value) => …, but got 1","Error: goes round",)"
      R"("RangeError: the changes of a commit have at most 524288 bytes; call context.state.commit() in between",)"
      R"("fine"])");
}

TEST_F(StateTest, ThereIsAnEndToWhatAnExecutionCommits) {
  const std::string end = Remember(
      "for (let round = 0; round < 21; ++round) {\n"
      "  for (let i = 0; i < 1_000; ++i) await context.state.flow.set(`k${i}`, round);\n"
      "  await context.state.commit(); }");
  EXPECT_NE(end.find("RangeError: an execution commits at most 20000 changes and 67108864 bytes in all"),
            std::string::npos)
      << end;
  EXPECT_EQ(commits_.size(), 20U);
}

TEST_F(StateTest, WhatTheEngineCannotDoIsAnErrorThatSaysWhetherToTryAgain) {
  StartFlow(
      "const said = []; const no = (e) => said.push(e.code, e.message, e.retry);\n"
      "await context.state.flow.get('a').catch(no); await context.state.flow.set('a', 1);\n"
      "await context.state.commit().catch(no); return { data: said };");
  proto::ToCell frame;
  frame.mutable_state_failed()->set_call(Expect(proto::FromCell::kStateRead).state_read().call());
  frame.mutable_state_failed()->set_kind(proto::StateFailed::UNAVAILABLE);
  frame.mutable_state_failed()->set_message("the disk is away");
  cell.Send(frame);
  frame.mutable_state_failed()->set_call(Expect(proto::FromCell::kStateCommit).state_commit().call());
  frame.mutable_state_failed()->set_kind(proto::StateFailed::REFUSED);
  frame.mutable_state_failed()->set_message("there is no room");
  cell.Send(frame);
  EXPECT_EQ(End(), R"(["state-unavailable","the disk is away",true,"state-refused","there is no room",false])");
  EXPECT_EQ(Kept(), "");
}

TEST_F(StateTest, GoesOnWhateverAScriptHasDoneToTheLanguage) {
  Put("1 t/n", "1");
  on_commit_ = [this] { Put("1 t/n", "10"); };
  EXPECT_EQ(Remember("for (const each of [Array, Map, Promise, String, RegExp, Object, Function]) {\n"
                     "  for (const name of Object.getOwnPropertyNames(each.prototype)) {\n"
                     "    if (name === 'constructor' || name === 'then' || name[0] === '_') continue;\n"
                     "    try { Object.defineProperty(each.prototype, name, { value() { throw new Error(name); } }); } "
                     "catch {} } }\n"
                     "globalThis.Map = globalThis.Promise = undefined; JSON.parse = JSON.stringify = () => 'x';\n"
                     "await context.state.flow.update('n', (n) => n + 1); return { data: 1 };"),
            "1");
  EXPECT_EQ(Kept(), "1 t/n 11\n");
}

TEST_F(StateTest, AnAnswerThatDoesNotFitEndsTheCell) {
  const auto breach = [](auto change, bool commit) {
    TestCell other(Program());
    other.AddInput(proto::Input::MODULE, "index.js",
                   FlowWith(commit ? "await context.state.flow.set('a', 1); return { data: 1 };"
                                   : "return { data: await context.state.flow.get('a') };"));
    other.SendStart();
    while (auto frame = other.Receive()) {
      if (!frame->has_state_read() && !frame->has_state_commit()) continue;
      proto::ToCell answer;
      change(answer);
      other.Send(answer);
      break;
    }
    return other.Wait();
  };
  EXPECT_EQ(breach([](auto& f) { f.mutable_state_value()->set_call(2); }, false), kBadFrame);
  EXPECT_EQ(breach([](auto& f) { f.mutable_state_committed()->set_call(1); }, false), kBadFrame);
  EXPECT_EQ(breach([](auto& f) { f.mutable_timer_fired()->set_call(1); }, false), kBadFrame);
  EXPECT_EQ(breach([](auto& f) { f.mutable_call_failed()->set_call(1); }, false), kBadFrame);
  EXPECT_EQ(breach(
                [](auto& f) {
                  f.mutable_state_value()->set_call(1);
                  f.mutable_state_value()->set_json("1");
                },
                false),
            kBadFrame);
  EXPECT_EQ(breach([](auto& f) { f.mutable_state_value()->set_call(1); }, true), kBadFrame);
  for (const std::uint32_t change : {1U, 0xffffffffU}) {
    EXPECT_EQ(breach(
                  [change](auto& f) {
                    f.mutable_state_committed()->set_call(1);
                    f.mutable_state_committed()->add_conflicts()->set_change(change);
                  },
                  true),
              kBadFrame);
  }
}

}  // namespace
}  // namespace warder::cell
