// Executions that meet a recording or a script instead of the world.
#include "warder/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <vector>

#include "engine/execution/testcases/engine_fixture.h"
#include "engine/journal/tape.h"
#include "engine/journal/testing.h"

namespace warder::execution {
namespace {

using journal::LooseRecord;
using journal::RecordKind;
using testing::HasSubstr;

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

class ReplayTest : public EngineTest {
 protected:
  // Runs the scene against an upstream, and returns where its journal is.
  std::filesystem::path Record(const std::string& scene, const std::string& answer = kOk) {
    const Upstream upstream(answer);
    ExecutionRequest request = Request(scene, upstream.origin() + "/thing?a=1");
    request.allow_origins = {upstream.origin()};
    request.record = scratch_ / (scene + ".journal");
    recorded_ = Run(request);
    return request.record;
  }
  Outcome Replay(const std::filesystem::path& path) { return Run(Recording::Replay(Recording::Load(path))); }

  static std::string Read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // The journal with its records changed, and checksums that match again.
  std::filesystem::path Changed(const std::filesystem::path& path,
                                const std::function<void(std::vector<LooseRecord>&)>& change) {
    auto records = journal::Loosen(Read(path));
    change(records);
    auto changed = scratch_ / "changed.journal";
    std::ofstream(changed, std::ios::binary) << journal::Bind(records);
    return changed;
  }
  // Changes the first frame to the cell that `is`.
  static void ChangeFirst(std::vector<LooseRecord>& records, const std::function<bool(const proto::ToCell&)>& is,
                          const std::function<void(proto::ToCell&)>& change) {
    for (LooseRecord& record : records) {
      if (record.kind != RecordKind::kToCell) continue;
      proto::ToCell frame = journal::ToCellOf(record);
      if (!is(frame)) continue;
      change(frame);
      record.payload = frame.SerializeAsString();
      return;
    }
    FAIL() << "there is no such frame";
  }

  Outcome recorded_;
};

TEST_F(ReplayTest, ARecordedExecutionIsTheSameAgainWithoutAnUpstream) {
  const auto path = Record("tell-all");
  ASSERT_EQ(recorded_.status, Status::kSucceeded) << recorded_.reason;
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = Replay(path);
    EXPECT_FALSE(outcome.divergence) << outcome.divergence->what << "\n" << outcome.divergence->diff;
    EXPECT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
    EXPECT_EQ(outcome.output_json, recorded_.output_json);
    ASSERT_EQ(outcome.calls.size(), 2u);
    EXPECT_EQ(outcome.calls[1].request_bytes, recorded_.calls[1].request_bytes);
    EXPECT_EQ(outcome.calls[1].http_status, 200);
    EXPECT_NE(outcome.execution, recorded_.execution);
  }
}

// What a replay records is what it replayed, byte for byte, but for the header: nothing was granted.
TEST_F(ReplayTest, TheJournalOfAReplayIsTheSame) {
  const auto path = Record("tell-all");
  ExecutionRequest request = Recording::Replay(Recording::Load(path));
  request.record = scratch_ / "again.journal";
  ASSERT_FALSE(Run(request).divergence);
  const auto before = journal::Loosen(Read(path));
  const auto after = journal::Loosen(Read(request.record));
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 1; i < before.size(); ++i) {
    EXPECT_EQ(before[i].kind, after[i].kind) << i;
    EXPECT_EQ(before[i].payload, after[i].payload) << i;
  }
}

TEST_F(ReplayTest, AFailedCallFailsAgain) {
  ExecutionRequest request = Request("fetch", "http://127.0.0.1:9/");
  request.record = scratch_ / "refused.journal";
  const Outcome refused = Run(request);
  EXPECT_EQ(refused.output_json, R"("failed:1")");
  const Outcome again = Replay(request.record);
  EXPECT_EQ(again.output_json, R"("failed:1")");
  EXPECT_EQ(again.calls.at(0).outcome, "refused");
  EXPECT_EQ(again.calls.at(0).message, refused.calls.at(0).message);
}

TEST_F(ReplayTest, ALongTimerTakesNoTime) {
  const auto path = Record("tell-all");
  const auto longer = Changed(path, [](auto& records) {
    bool fired = false;
    for (LooseRecord& record : records) {
      if (record.kind != RecordKind::kToCell) continue;
      proto::ToCell frame = journal::ToCellOf(record);
      fired = fired || frame.has_timer_fired();
      if (fired) frame.set_clock_us(frame.clock_us() + 3'600'000'000);
      record.payload = frame.SerializeAsString();
    }
  });
  const auto before = std::chrono::steady_clock::now();
  const Outcome outcome = Replay(longer);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(30));
  ASSERT_TRUE(outcome.divergence);  // an hour has passed, which this scene tells
  EXPECT_THAT(outcome.divergence->what, HasSubstr("the output"));
}

TEST_F(ReplayTest, AChangedSeedIsFound) {
  const auto path = Changed(Record("tell-all"), [](auto& records) {
    ChangeFirst(
        records, [](const auto& f) { return f.has_start(); },
        [](auto& f) {
          std::string seed = f.start().seed();
          seed[0] = static_cast<char>(seed[0] ^ 1);
          f.mutable_start()->set_seed(seed);
        });
  });
  const Outcome outcome = Replay(path);
  ASSERT_TRUE(outcome.divergence);
  EXPECT_EQ(outcome.divergence->what, "the output is not the one that was recorded");
  EXPECT_THAT(outcome.divergence->diff, HasSubstr("$[3]"));
  EXPECT_EQ(outcome.status, Status::kFailed);
}

TEST_F(ReplayTest, AChangedClockIsFound) {
  const auto path = Changed(Record("tell-all"), [](auto& records) {
    std::uint64_t added = 0;
    for (LooseRecord& record : records) {
      if (record.kind != RecordKind::kToCell) continue;
      proto::ToCell frame = journal::ToCellOf(record);
      if (frame.has_response_body()) added = 1;
      frame.set_clock_us(frame.clock_us() + added);
      record.payload = frame.SerializeAsString();
    }
  });
  const Outcome outcome = Replay(path);
  ASSERT_TRUE(outcome.divergence);
  EXPECT_THAT(outcome.divergence->diff, HasSubstr("$[1]"));
}

TEST_F(ReplayTest, AChangedReplyIsFoundAtTheCallThatItChanges) {
  const auto path = Changed(Record("tell-all"), [](auto& records) {
    ChangeFirst(
        records, [](const auto& f) { return f.has_response_head(); },
        [](auto& f) { f.mutable_response_head()->set_status(500); });
  });
  const Outcome outcome = Replay(path);
  ASSERT_TRUE(outcome.divergence);
  EXPECT_THAT(outcome.divergence->what, HasSubstr("the 2nd call was POST"));
  EXPECT_THAT(outcome.divergence->what, HasSubstr("after=500:5, recorded was POST"));
  EXPECT_THAT(outcome.divergence->diff, HasSubstr("url\n"));
}

TEST_F(ReplayTest, AChangedRequestIsFoundByItsHash) {
  const auto path = Changed(Record("tell-all"), [](auto& records) {
    for (LooseRecord& record : records) {
      if (record.kind == RecordKind::kRequestBody) record.payload.back() = static_cast<char>(record.payload.back() ^ 1);
    }
  });
  const Outcome outcome = Replay(path);
  ASSERT_TRUE(outcome.divergence);
  EXPECT_THAT(outcome.divergence->what, HasSubstr("the body of POST"));
}

// Two answers in the other order make no sense for a cell that waits for the first one; that is found too.
TEST_F(ReplayTest, AChangedOrderIsFound) {
  const auto path = Record("two-fetches");
  const auto changed = Changed(path, [](auto& records) {
    // The log of what was said is left as it is, and what was sent comes in another order, with the clock of its place.
    std::vector<std::size_t> heads;
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (records[i].kind == RecordKind::kToCell && journal::ToCellOf(records[i]).has_response_head())
        heads.push_back(i);
    }
    ASSERT_EQ(heads.size(), 2u);
    std::swap(records[heads[0]].payload, records[heads[1]].payload);
  });
  std::string found;
  try {
    const Outcome outcome = Replay(changed);
    if (outcome.divergence) found = outcome.divergence->what;
  } catch (const EngineError& error) {
    found = error.what();
  }
  EXPECT_THAT(found, testing::AnyOf(HasSubstr("a clock that is before"), HasSubstr("has not been answered"),
                                    HasSubstr("the output")));
}

TEST_F(ReplayTest, ASilentExecutionIsFound) {
  const auto path = Changed(Record("log"), [](auto& records) {
    proto::FromCell more;
    more.mutable_log()->set_message("more");
    const auto result = std::find_if(records.begin(), records.end(), [](const LooseRecord& record) {
      proto::FromCell frame;
      return record.kind == RecordKind::kFromCell && frame.ParseFromString(record.payload) && frame.has_output();
    });
    records.insert(result, {RecordKind::kFromCell, more.SerializeAsString()});
  });
  const Outcome outcome = Replay(path);
  ASSERT_TRUE(outcome.divergence);
  EXPECT_EQ(outcome.divergence->what, "the execution now succeeds where the recorded one logs \"more\"");

  ExecutionRequest request = Request("wait-then-limit");
  request.limits.wall_ms = 300;
  request.record = scratch_ / "waits.journal";
  Run(request);
  const auto waits = Changed(request.record, [](auto& records) {
    proto::FromCell more;
    more.mutable_log()->set_message("more");
    records.insert(records.end() - 1, {RecordKind::kFromCell, more.SerializeAsString()});
  });
  EXPECT_EQ(Replay(waits).divergence->what, "the execution now waits where the recorded one logs \"more\"");
}

// What ended it is not what the cell said, so there is nothing more to compare: it ends there, as it did.
TEST_F(ReplayTest, WhatALimitEndedIsReplayedUpToThere) {
  ExecutionRequest request = Request("wait-then-limit");
  request.limits.wall_ms = 300;
  request.record = scratch_ / "limit.journal";
  const Outcome recorded = Run(request);
  ASSERT_EQ(recorded.status, Status::kLimit) << recorded.reason;
  const Outcome outcome = Replay(request.record);
  EXPECT_FALSE(outcome.divergence);
  EXPECT_EQ(outcome.status, Status::kLimit);
  EXPECT_EQ(outcome.reason, recorded.reason);

  const auto path = Record("socket");
  ASSERT_EQ(recorded_.status, Status::kViolation) << recorded_.reason;
  const Outcome again = Replay(path);
  EXPECT_FALSE(again.divergence) << again.divergence->what;
  EXPECT_EQ(again.status, Status::kViolation);
  EXPECT_EQ(again.violation->what, recorded_.violation->what);  // its arguments hold addresses
}

TEST_F(ReplayTest, LimitsHoldInAReplay) {
  const auto path = Changed(Record("two-fetches"), [](auto& records) {
    const auto header = journal::ReadHeader(records[0].payload);
    journal::Header lower = *header;
    lower.limits.calls = 1;
    records[0].payload = journal::HeaderText(lower);
  });
  const Outcome outcome = Replay(path);
  EXPECT_EQ(outcome.status, Status::kLimit) << outcome.reason;
  ASSERT_TRUE(outcome.divergence);
  EXPECT_EQ(outcome.divergence->what, "the execution ended in another way than it was recorded to");
}

// Of two ends by a limit only one comes after everything that was recorded.
TEST_F(ReplayTest, AnotherLimitIsAnotherEnd) {
  const auto path = Changed(Record("two-fetches"), [](auto& records) {
    journal::Header lower = *journal::ReadHeader(records[0].payload);
    lower.limits.calls = 1;
    records[0].payload = journal::HeaderText(lower);
    records.back().payload =
        journal::EndingText({Status::kLimit, "the limit wall of 1s was reached", journal::EndedBy::kEngine});
  });
  const Outcome outcome = Replay(path);
  EXPECT_EQ(outcome.limit->limit, "calls") << outcome.reason;
  ASSERT_TRUE(outcome.divergence);
  EXPECT_EQ(outcome.divergence->what, "the execution ended in another way than it was recorded to");
}

// However its inputs were cut into pieces.
TEST_F(ReplayTest, TheStartHasItsOwnClock) {
  const auto path = Changed(Record("clock"), [](auto& records) {
    std::vector<LooseRecord> cut;
    for (const LooseRecord& record : records) {
      proto::ToCell frame = journal::ToCellOf(record);
      if (record.kind != RecordKind::kToCell || !frame.has_input()) {
        cut.push_back(record);
        continue;
      }
      frame.set_clock_us(frame.clock_us() - 10'000'000);
      for (const char c : std::string(frame.input().data())) {
        frame.mutable_input()->set_data(std::string(1, c));
        cut.push_back({record.kind, frame.SerializeAsString()});
      }
    }
    records = std::move(cut);
  });
  const Outcome outcome = Replay(path);
  EXPECT_FALSE(outcome.divergence) << outcome.divergence->what << "\n" << outcome.divergence->diff;
  EXPECT_EQ(outcome.output_json, recorded_.output_json);
}

TEST_F(ReplayTest, WhatFailedSaysSoAlsoWhenItsJournalIsLost) {
  std::filesystem::create_directory(scratch_ / "sub");
  ExecutionRequest request = Request("wait-then-limit");
  request.limits.wall_ms = 300;
  request.record = scratch_ / "sub" / "lost.journal";
  const Execution execution = engine().Start(request);
  std::filesystem::remove_all(scratch_ / "sub");
  const Outcome& outcome = execution.Wait();
  EXPECT_EQ(outcome.status, Status::kLimit);
  EXPECT_THAT(outcome.reason, HasSubstr("the limit wall"));
  EXPECT_THAT(outcome.reason, HasSubstr("; and cannot write the journal"));
}

TEST_F(ReplayTest, ACutOffJournalIsReplayedAsFarAsItGoes) {
  const std::string text = Read(Record("tell-all"));
  const auto path = scratch_ / "cut.journal";
  std::ofstream(path, std::ios::binary) << text.substr(0, text.size() - 20);
  const auto recording = Recording::Load(path);
  EXPECT_THAT(recording->cut_off(), HasSubstr("ends within record"));
  const Outcome outcome = Run(Recording::Replay(recording));
  EXPECT_FALSE(outcome.divergence) << outcome.divergence->what;
}

TEST_F(ReplayTest, WhatCannotBeReplayedIsRefused) {
  const auto recording = Recording::Load(Record("fetch"));
  ExecutionRequest request = Recording::Replay(recording);
  request.script = recording->AsScript();
  EXPECT_THROW(Run(request), EngineError);
  request = Recording::Replay(recording);
  request.allow_origins = {"https://api.test"};
  EXPECT_THROW(Run(request), EngineError);
  const auto never = Recording::Load(Changed(
      scratch_ / "fetch.journal", [](auto& records) { records.erase(records.begin() + 1, records.end() - 1); }));
  EXPECT_THROW(Recording::Replay(never), EngineError);
  EXPECT_THROW(never->AsScript(), EngineError);
  EXPECT_THROW(Recording::Load(scratch_ / "absent"), EngineError);
  EXPECT_THROW(Recording::Load(scratch_), EngineError);
}

// What just fitted a frame when it was recorded does not fit one that is made in another way.
TEST_F(ReplayTest, WhatFitsNoFrameIsRefusedInOneSentence) {
  const auto replay = [&](const journal::SmallJournal& journal) {
    const auto path = scratch_ / "long.journal";
    std::ofstream(path, std::ios::binary) << journal.Text();
    return Replay(path);
  };
  journal::SmallJournal module;
  const std::string name(1'048'000, 'm');
  proto::ToCell frame = journal::ToCellOf(module.frames[0]);
  frame.mutable_input()->set_name(name);
  frame.mutable_input()->set_data(std::string(500, ' '));
  module.frames.insert(module.frames.begin(), 2, {RecordKind::kToCell, frame.SerializeAsString()});
  module.header.bundle =
      Bundle::Of({{"index.js", "export default 1;"}, {name, std::string(1'000, ' ')}}, "index.js")->sha256();
  const Outcome outcome = replay(module);
  EXPECT_EQ(outcome.status, Status::kInvalid);
  EXPECT_THAT(outcome.reason, testing::StartsWith("the cell cannot be sent the name of a module: with "));
  EXPECT_EQ(Run("succeed").status, Status::kSucceeded) << "the next execution";
}

TEST_F(ReplayTest, AScriptOfARecordingAnswersAsItDid) {
  const auto recording = Recording::Load(Record("tell-all"));
  ExecutionRequest request = Recording::Replay(recording);
  request.replay = nullptr;
  request.script = recording->AsScript();
  const Outcome outcome = Run(request);
  EXPECT_FALSE(outcome.divergence) << outcome.divergence->what << "\n" << outcome.divergence->diff;
  EXPECT_EQ(outcome.output_json, recorded_.output_json) << outcome.reason;

  // Another version calls something else.
  ExecutionRequest other = request;
  other.event_json = "\"two-fetches\"";
  const Outcome differs = Run(other);
  ASSERT_TRUE(differs.divergence);
  EXPECT_THAT(differs.divergence->what, HasSubstr("the 2nd call was GET"));
  EXPECT_THAT(differs.divergence->what, HasSubstr("recorded was POST"));
  EXPECT_EQ(differs.status, Status::kFailed);

  other.event_json = "\"fetch\"";
  const Outcome fewer = Run(other);
  EXPECT_EQ(fewer.status, Status::kSucceeded);
  ASSERT_TRUE(fewer.divergence);
  EXPECT_THAT(fewer.divergence->what, HasSubstr("the 2nd call, POST"));
  EXPECT_THAT(fewer.divergence->what, HasSubstr("was recorded and never made"));
}

// The journal of another execution, whose flow was given stand-ins.
TEST_F(ReplayTest, AJournalWithoutAValueIsAJournal) {
  const auto recording = Recording::Load(
      Record("two-fetches", "HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{\"email\":\"anna@a.test\"}"));
  const auto clean = scratch_ / "clean.journal";
  WriteRedacted(engine(), recording, {"email"}, clean);
  EXPECT_EQ(Read(clean).find("anna"), std::string::npos);
  EXPECT_NE(Read(clean).find("redacted-1@redacted.invalid"), std::string::npos);
  const Outcome outcome = Replay(clean);
  EXPECT_FALSE(outcome.divergence) << outcome.divergence->what;
  EXPECT_EQ(outcome.output_json, R"("200:39 200:39")");
}

TEST_F(ReplayTest, AFlowThatGoesAnotherWayWithoutAValueHasNoJournalWithoutIt) {
  ExecutionRequest request = Request("succeed");
  request.event_json = R"("succeed")";
  request.record = scratch_ / "named.journal";
  Run(request);
  const auto named = Changed(request.record, [](auto& records) {
    for (LooseRecord& record : records) {
      proto::ToCell frame = journal::ToCellOf(record);
      if (record.kind != RecordKind::kToCell || frame.input().kind() != proto::Input::CONFIG) continue;
      frame.mutable_input()->set_data(R"({"email":"anna"})");
      record.payload = frame.SerializeAsString();
    }
  });
  const auto clean = scratch_ / "clean.journal";
  WriteRedacted(engine(), Recording::Load(named), {"email"}, clean);
  EXPECT_TRUE(std::filesystem::remove(clean));
  // Its result would be another kind of end.
  const auto failed = Changed(named, [](auto& records) {
    records.back().payload = journal::EndingText({Status::kLimit, "", journal::EndedBy::kCell});
  });
  EXPECT_THROW(WriteRedacted(engine(), Recording::Load(failed), {"email"}, clean), EngineError);
  EXPECT_FALSE(std::filesystem::exists(clean));
}

class ScriptTest : public ReplayTest {
 protected:
  static ScriptedCall Get(const std::string& body, std::chrono::microseconds delay = {}) {
    ScriptedCall call;
    call.shown = "GET any";
    call.difference = [](const ScriptedRequest& request) {
      return request.method == "GET" ? "" : "method\n  - GET\n  + " + request.method + "\n";
    };
    const Moment moment{.after_call = delay};
    call.answer.head.emplace().moment = moment;
    call.answer.body.push_back({moment, body});
    return call;
  }
  Outcome RunScene(const std::string& scene, Script script) {
    script.seed = std::string(32, 's');
    script.execution_id = "x-1";
    script.clock_us = 1'000'000;
    ExecutionRequest request = Request(scene, "https://api.test/?a=1");
    request.script = std::make_shared<const Script>(std::move(script));
    return Run(request);
  }
};

TEST_F(ScriptTest, AnswersComeInTheOrderOfTheirMoments) {
  Script script;
  script.calls = {Get("late", std::chrono::seconds(20)), Get("early", std::chrono::seconds(10))};
  const auto before = std::chrono::steady_clock::now();
  const Outcome outcome = RunScene("fetch-order", script);
  EXPECT_EQ(outcome.output_json, "[2,11000000,1,21000000]") << outcome.reason;
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
}

TEST_F(ScriptTest, LongBodiesKeepToTheCredit) {
  Script script;
  script.calls = {Get(std::string(3'000'000, 'x'))};
  EXPECT_EQ(RunScene("fetch", script).output_json, R"("200:3000000")");
}

TEST_F(ScriptTest, WhatFitsNoFrameIsRefusedInOneSentence) {
  Script script;
  script.connections.emplace_back().name = std::string(2 << 20, 'n');
  const Outcome never = RunScene("succeed", script);
  EXPECT_EQ(never.status, Status::kInvalid);
  EXPECT_THAT(never.reason, testing::StartsWith("the cell cannot be sent what it is told of its connections: with "));
  script = {};
  script.calls = {Get("")};
  script.calls[0].answer.head->headers = {{"x-long", std::string(2 << 20, 'x')}};
  const Outcome outcome = RunScene("fetch", script);
  EXPECT_EQ(outcome.status, Status::kInvalid);
  EXPECT_THAT(outcome.reason, testing::StartsWith("the cell cannot be sent the head of an answer: with "));
}

TEST_F(ScriptTest, LongRequestsAreTakenAndCredited) {
  Script script;
  script.calls = {Get("")};
  script.calls[0].difference = [](const ScriptedRequest& request) {
    return std::string(request.body.size() == 1000 ? "" : "x");
  };
  EXPECT_EQ(RunScene("post", script).output_json, R"("200:0")");
}

TEST_F(ScriptTest, WhatIsNeverAnsweredEndsByItsTime) {
  Script script;
  script.calls = {Get("")};
  script.calls[0].answer = {};
  const Outcome never = RunScene("fetch", script);
  EXPECT_EQ(never.status, Status::kLimit);
  EXPECT_EQ(never.limit->limit, "wall");
  script.calls = {Get("", std::chrono::minutes(2))};
  EXPECT_EQ(RunScene("fetch", script).status, Status::kLimit);
  script.calls[0].answer = {};
  script.calls[0].answer.failure = {.kind = ScriptedFailure::Kind::kTimeout, .moment = {}, .message = "slow"};
  EXPECT_EQ(RunScene("fetch", script).output_json, R"("failed:3")");
}

TEST_F(ScriptTest, CallsThatWereNotExpectedEndIt) {
  const Outcome outcome = RunScene("fetch", {});
  EXPECT_EQ(outcome.status, Status::kFailed);
  ASSERT_TRUE(outcome.divergence);
  EXPECT_EQ(outcome.divergence->what, "the 1st call was GET https://api.test/?a=1, and no more than 0 were expected");
  Script script;
  script.calls = {Get("")};
  const Outcome other = RunScene("post", script);
  EXPECT_EQ(other.divergence->what, "the 1st call was POST https://api.test/?a=1, expected was GET any");
  EXPECT_EQ(other.divergence->diff, "method\n  - GET\n  + POST\n");
}

TEST_F(ScriptTest, TheOrderOfCallsMattersUnlessTheScriptSaysOtherwise) {
  Script script;
  ScriptedCall post = Get("");
  post.shown = "POST any";
  post.difference = [](const ScriptedRequest& request) { return std::string(request.method == "POST" ? "" : "x"); };
  script.calls = {post, Get("hello")};
  const Outcome strict = RunScene("tell-all", script);
  ASSERT_TRUE(strict.divergence);
  EXPECT_EQ(strict.divergence->what, "the 1st call was GET https://api.test/?a=1, which was expected as the 2nd");
  EXPECT_EQ(strict.status, Status::kSucceeded) << strict.reason;
  script.any_order = true;
  EXPECT_FALSE(RunScene("tell-all", script).divergence);
}

}  // namespace
}  // namespace warder::execution
