// What the engine makes of a cell's steps and of its answer to a webhook, and that it takes no lie for one.
#include "engine/execution/steps.h"

#include <gtest/gtest.h>

#include <functional>

#include "engine/execution/response.h"
#include "sandbox/proto/step_limits.h"

namespace warder::execution {
namespace {

using std::chrono::microseconds;

class Host final : public CallHost {
 public:
  void SendToCell(proto::ToCell&) override {}
  void SendBodyToCell(std::uint64_t, std::string, bool) override {}
  std::uint64_t BodyBytesWritten() const override { return 0; }
  void EndByLimit(const std::string&, std::uint64_t) override {}
  void EndByProtocol(const std::string& what) override { breach = what; }
  void Emit(Event event) override { events.push_back(std::move(event)); }
  bool CountCall(std::uint64_t) override { return true; }
  bool HasListener() const override { return true; }
  microseconds SinceStart() const override { return microseconds(0); }

  std::string breach;
  std::vector<Event> events;
};

constexpr std::uint64_t kFirst = 1'000;
constexpr std::uint64_t kLast = 9'000;

proto::Step Began(std::uint64_t number, std::uint64_t parent = 0, std::uint64_t clock = kFirst) {
  proto::Step step;
  step.set_step(number);
  step.set_clock_us(clock);
  step.mutable_began()->set_parent(parent);
  step.mutable_began()->set_name("load");
  step.mutable_began()->set_action("shop.get");
  step.mutable_began()->mutable_input()->set_shape("{ id: string }");
  return step;
}

proto::Step Ended(std::uint64_t number, std::uint64_t clock = kLast) {
  proto::Step step;
  step.set_step(number);
  step.set_clock_us(clock);
  step.mutable_ended()->set_succeeded(true);
  return step;
}

proto::Step Retried(std::uint64_t number) {
  proto::Step step;
  step.set_step(number);
  step.set_clock_us(kFirst + 500);
  step.mutable_retried()->set_error("Error: busy");
  return step;
}

class StepsTest : public testing::Test {
 protected:
  void Take(const proto::Step& step) { steps_.OnStep(step, kFirst, kLast); }

  Host host_;
  Steps steps_{host_, false};
};

TEST_F(StepsTest, BecomeRecordsAndEvents) {
  Take(Began(1));
  Take(Began(2, 1, 2'000));
  steps_.NoteCall(2);
  Take(Retried(1));
  Take(Ended(2, 5'000));
  EXPECT_EQ(host_.breach, "");
  ASSERT_EQ(steps_.records().size(), 2U);
  const StepRecord& outer = steps_.records()[0];
  const StepRecord& inner = steps_.records()[1];
  EXPECT_EQ(outer.outcome, "unfinished");
  EXPECT_EQ(outer.attempts, 2U);
  EXPECT_EQ(outer.message, "Error: busy");
  EXPECT_EQ(inner.outcome, "ok");
  EXPECT_EQ(inner.depth, 2U);
  EXPECT_EQ(inner.calls, 1U);
  EXPECT_EQ(inner.started, microseconds(1'000));
  EXPECT_EQ(inner.duration, microseconds(3'000));
  EXPECT_EQ(inner.input.shape, "{ id: string }");
  ASSERT_EQ(host_.events.size(), 4U);
  EXPECT_EQ(host_.events[3].kind, Event::Kind::kStepFinished);
  EXPECT_EQ(host_.events[3].calls, 1U);
  EXPECT_TRUE(host_.events[3].succeeded);
}

struct Lie {
  const char* what;
  std::function<proto::Step()> step;
};

TEST_F(StepsTest, LiesAreBreaches) {
  const auto with = [](proto::Step step, const std::function<void(proto::Step&)>& change) {
    change(step);
    return step;
  };
  const Lie lies[] = {
      {"out of sequence", [] { return Began(3); }},
      {"number 0", [] { return Began(0); }},
      {"twice", [] { return Began(1); }},
      {"a parent to come", [] { return Began(2, 2); }},
      {"no name", [&] { return with(Began(2), [](auto& s) { s.mutable_began()->clear_name(); }); }},
      {"a long name",
       [&] { return with(Began(2), [](auto& s) { s.mutable_began()->set_name(std::string(2'000, 'x')); }); }},
      {"a long shape",
       [&] {
         return with(Began(2), [](auto& s) { s.mutable_began()->mutable_input()->set_shape(std::string(5'000, 'x')); });
       }},
      {"an unasked value",
       [&] { return with(Began(2), [](auto& s) { s.mutable_began()->mutable_input()->set_json("{}"); }); }},
      {"before the start", [] { return Began(2, 0, kFirst - 1); }},
      {"in the future", [] { return Began(2, 0, kLast + 1); }},
      {"the end of none", [] { return Ended(2); }},
      {"the end of the flow", [] { return Ended(0); }},
      {"an end before the beginning", [] { return Ended(1, kFirst + 99); }},
      {"a retry of none", [] { return Retried(7); }},
      {"nothing", [&] { return with(Ended(1), [](auto& s) { s.clear_ended(); }); }},
      {"a long error",
       [&] { return with(Retried(1), [](auto& s) { s.mutable_retried()->set_error(std::string(3'000, 'x')); }); }},
  };
  for (const Lie& lie : lies) {
    Host host;
    Steps steps(host, false);
    steps.OnStep(Began(1, 0, kFirst + 100), kFirst, kLast);
    ASSERT_EQ(host.breach, "");
    steps.OnStep(lie.step(), kFirst, kLast);
    EXPECT_NE(host.breach, "") << lie.what;
  }
  Take(Began(1));
  Take(Ended(1));
  Take(Ended(1));
  EXPECT_NE(host_.breach, "") << "ended twice";
}

TEST_F(StepsTest, NestingAndValuesAreBounded) {
  for (std::uint64_t i = 1; i <= proto::kMaxStepNesting; ++i) Take(Began(i, i - 1));
  EXPECT_EQ(host_.breach, "");
  Take(Began(proto::kMaxStepNesting + 1, proto::kMaxStepNesting));
  EXPECT_NE(host_.breach, "");

  for (const auto& [json, good] : {std::pair<std::string, bool>{R"({"a":1})", true},
                                   {"{", false},
                                   {"\"" + std::string(proto::kMaxStepJsonBytes, 'x') + "\"", false}}) {
    Host host;
    Steps steps(host, true);
    proto::Step step = Began(1);
    step.mutable_began()->mutable_input()->set_json(json);
    steps.OnStep(step, kFirst, kLast);
    EXPECT_EQ(host.breach.empty(), good) << json.substr(0, 20);
  }
}

TEST(ResponseTest, IsHeldToWhatAResponseIs) {
  const auto take = [](std::uint32_t status, const std::string& name, const std::string& value, std::size_t body = 0) {
    proto::Respond respond;
    respond.set_status(status);
    if (!name.empty()) {
      respond.add_headers()->set_name(name);
      respond.mutable_headers(0)->set_value(value);
    }
    respond.set_body(std::string(body, 'x'));
    WebhookResponse response;
    return TakeResponse(respond, &response) == nullptr;
  };
  EXPECT_TRUE(take(202, "x-id", "a b"));
  EXPECT_FALSE(take(199, "", ""));
  EXPECT_FALSE(take(600, "", ""));
  EXPECT_FALSE(take(200, "X-Id", "a"));
  EXPECT_FALSE(take(200, "x id", "a"));
  EXPECT_FALSE(take(200, "x-id", "a\r\nb: c"));
  EXPECT_FALSE(take(200, "x-id", std::string(5'000, 'x')));
  for (const char* const owned :
       {"content-length", "transfer-encoding", "connection", "set-cookie", "proxy-x", "host"}) {
    EXPECT_FALSE(take(200, owned, "1")) << owned;
  }
  EXPECT_FALSE(take(200, "", "", proto::kMaxRespondBodyBytes + 1));
}

}  // namespace
}  // namespace warder::execution
