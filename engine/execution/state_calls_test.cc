// What an execution may do with its state, and what it is told, by an outside that answers when it is told to.
#include "engine/execution/state_calls.h"

#include <gmock/gmock.h>

#include <utility>

#include "sandbox/proto/state_limits.h"

namespace warder::execution {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class SlowOutside final : public Outside {
 public:
  void Attach(OutsideHost&) override {}
  std::string ExecutionId() const override { return "x"; }
  void Begin(proto::Start*) override {}
  std::uint64_t Clock() override { return 0; }
  std::unique_ptr<broker::Call> StartCall(std::uint64_t, broker::HttpRequest, broker::CallObserver&) override {
    return nullptr;
  }
  std::unique_ptr<Timer> StartTimer(std::uint64_t, std::chrono::milliseconds, std::function<void()>) override {
    return nullptr;
  }
  void ReadState(std::uint64_t, StateKey, state::ReadDone done) override { reads.push_back(std::move(done)); }
  void CommitState(std::uint64_t, std::vector<state::Change>, state::CommitDone done) override {
    commits.push_back(std::move(done));
  }
  void OnSaid(const proto::FromCell&) override {}
  void OnSaidBody(std::uint64_t, std::string_view, bool) override {}
  void OnHandled() override {}
  void OnBarrier(std::uint64_t) override {}
  void OnStarted() override {}
  void Conclude(Outcome*) override {}

  std::vector<state::ReadDone> reads;
  std::vector<state::CommitDone> commits;
};

class StateCallsTest : public testing::Test, public CallHost {
 protected:
  // CallHost
  void SendToCell(proto::ToCell& frame) override { sent_.push_back(frame); }
  void SendBodyToCell(std::uint64_t, std::string, bool) override {}
  std::uint64_t BodyBytesWritten() const override { return 0; }
  void EndByLimit(const std::string& limit, std::uint64_t) override { ends_.push_back(limit); }
  void EndByProtocol(const std::string& what) override { ends_.push_back(what); }
  void Emit(Event event) override { events_.push_back(event.message); }
  bool CountCall(std::uint64_t) override { return true; }
  bool HasListener() const override { return true; }
  std::chrono::microseconds SinceStart() const override { return {}; }

  void Read() {
    proto::StateRead read;
    read.set_call(++number_);
    *read.mutable_key() = Key("a");
    state_calls_.OnRead(read);
  }
  // Sets the keys 0, 1, 2 …
  void Commit(int changes = 1, const std::string& json = "1") {
    proto::StateCommit commit;
    commit.set_call(++number_);
    for (int i = 0; i < changes; ++i) {
      *commit.add_changes()->mutable_key() = Key(std::to_string(i));
      commit.mutable_changes(i)->set_json(json);
    }
    state_calls_.OnCommit(commit);
  }
  static proto::StateKey Key(const std::string& key) {
    proto::StateKey out;
    out.set_scope(proto::StateKey::INSTANCE);
    out.set_key(key);
    return out;
  }
  void AnswerCommit(const Result<state::Committed>& answer) { std::exchange(outside_.commits, {}).at(0)(answer); }

  std::vector<proto::ToCell> sent_;
  std::vector<std::string> ends_;
  std::vector<std::string> events_;
  std::uint64_t number_ = 0;
  SlowOutside outside_;
  Calls calls_{outside_, Limits(), *this};
  StateCalls state_calls_{outside_, calls_, *this, StateCalls::Values::kLeftOut};
};

TEST_F(StateCallsTest, SoManyAtATimeAndNoMore) {
  for (std::size_t i = 0; i < proto::kMaxStateCallsUnderWay; ++i) Read();
  EXPECT_THAT(ends_, IsEmpty());
  outside_.reads.at(0)(state::Entry());
  Read();
  EXPECT_THAT(ends_, IsEmpty());
  Read();
  EXPECT_THAT(ends_, ElementsAre("it uses its state more often than it may"));
}

TEST_F(StateCallsTest, SoManyInAllAndNoMore) {
  for (std::size_t i = 0; i < proto::kMaxStateCalls; ++i) {
    Read();
    std::exchange(outside_.reads, {}).at(0)(state::Entry());
  }
  EXPECT_THAT(ends_, IsEmpty());
  Commit();
  EXPECT_THAT(ends_, ElementsAre("it uses its state more often than it may"));
  EXPECT_THAT(outside_.commits, IsEmpty());
}

TEST_F(StateCallsTest, SoManyChangesAndBytesAndNoMore) {
  for (std::size_t i = 0; i < proto::kMaxStateChangesInAll / proto::kMaxStateChanges; ++i) {
    Commit(proto::kMaxStateChanges);
    AnswerCommit(state::Committed{.version = i + 1, .conflicts = {}});
  }
  EXPECT_THAT(ends_, IsEmpty());
  EXPECT_EQ(state_calls_.Left().size(), std::size_t{proto::kMaxStateChanges});
  Commit();
  EXPECT_THAT(ends_, ElementsAre("it changes more of its state than it may"));
}

TEST_F(StateCallsTest, ALargeValueCountsEachTime) {
  const std::string large(proto::kMaxStateValueBytes, '1');
  std::size_t commits = 0;
  for (; ends_.empty() && commits < 2'000; ++commits) {
    Commit(1, large);
    if (ends_.empty()) AnswerCommit(state::Committed{.version = commits + 1, .conflicts = {}});
  }
  EXPECT_THAT(ends_, ElementsAre("it changes more of its state than it may"));
  EXPECT_EQ(commits, proto::kMaxStateBytesInAll / (large.size() + 1) + 1);
}

TEST_F(StateCallsTest, OfWhatTheMachineCannotDoTheScriptLearnsNoMoreThanThat) {
  const auto told = [&](const Error& error) {
    Read();
    std::exchange(outside_.reads, {}).at(0)(error);
    return sent_.back().state_failed();
  };
  const auto unavailable = told(Internal("/var/lib/warder/acme.db is locked"));
  EXPECT_EQ(unavailable.kind(), proto::StateFailed::UNAVAILABLE);
  EXPECT_EQ(unavailable.message(), "the state cannot be reached now");
  const auto damaged = told(InvalidInput("/var/lib/warder/acme.db is not authentic"));
  EXPECT_EQ(damaged.kind(), proto::StateFailed::REFUSED);
  EXPECT_THAT(damaged.message(), Not(HasSubstr("/var")));
  EXPECT_THAT(events_, ElementsAre("the state could not be read: /var/lib/warder/acme.db is locked",
                                   "the state could not be read: /var/lib/warder/acme.db is not authentic"));
  EXPECT_EQ(told(Refused("there is no room")).message(), "there is no room");
  EXPECT_EQ(events_.size(), 2U);
}

TEST_F(StateCallsTest, ItIsOverWhenNothingIsBeingCommitted) {
  int over = 0;
  state_calls_.WhenCommitted([&] { ++over; });
  EXPECT_EQ(over, 1);
  Commit();
  Commit(2);
  EXPECT_TRUE(state_calls_.committing());
  state_calls_.WhenCommitted([&] { ++over; });
  outside_.commits.at(1)(state::Committed{.version = 1, .conflicts = {}});
  EXPECT_EQ(over, 1);
  outside_.commits.at(0)(Internal("the disk is full"));
  EXPECT_EQ(over, 2);
  EXPECT_FALSE(state_calls_.committing());
  const auto left = state_calls_.Left();
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[1].key.key, "1");
  EXPECT_EQ(left[1].bytes, 1U);
  EXPECT_EQ(left[1].value_json, "");
}

TEST_F(StateCallsTest, WhatIsAnsweredTooLateIsForNobody) {
  auto gone = std::make_unique<StateCalls>(outside_, calls_, *this, StateCalls::Values::kTold);
  proto::StateRead read;
  read.set_call(++number_);
  *read.mutable_key() = Key("a");
  gone->OnRead(read);
  gone.reset();
  outside_.reads.at(0)(state::Entry());
  EXPECT_THAT(sent_, IsEmpty());
}

}  // namespace
}  // namespace warder::execution
