// An execution whose cell is not jailed as it must be does not run: it ends before the cell is given anything.
#include "engine/execution/posture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <iterator>

#include "engine/execution/engine_impl.h"
#include "engine/execution/testcases/engine_fixture.h"
#include "sandbox/jail/posture.h"

namespace warder::execution {
namespace {

using testing::HasSubstr;
using States = std::vector<jail::LayerState>;

class PostureTest : public EngineTest {
 protected:
  // An engine whose cells look as `change` makes them look.
  void Open(std::function<void(States&)> change, const EngineOptions& options = Options()) {
    OpenWith(
        [change = std::move(change)](int pidfd, std::span<const jail::LayerState> reported,
                                     std::span<const jail::Limit> limits) {
          auto states = jail::ObservePosture(pidfd, reported, limits);
          if (states) change(*states);
          return states;
        },
        options);
  }
  void OpenWith(PostureObserver observe, const EngineOptions& options = Options()) {
    engine_.reset();
    engine_ = std::make_unique<EngineImpl>(options, std::move(observe));
  }

  static std::function<void(States&)> Without(std::string_view layer) {
    return [layer](States& states) {
      for (jail::LayerState& state : states) {
        if (state.name == layer) state = {state.name, false, "switched off by a test"};
      }
    };
  }

  // Runs a flow that would call somebody at once; expects that it is refused before it is sent anything.
  Outcome ExpectRefused() {
    Upstream upstream("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    ExecutionRequest request = Request("fetch", upstream.origin() + "/");
    request.allow_origins = {upstream.origin()};
    request.record = scratch_ / "journal";
    int events = 0;
    Outcome outcome = Run(request, [&](const Event& event) {
      if (event.kind != Event::Kind::kFinished) ++events;
    });
    EXPECT_EQ(outcome.status, Status::kUnenforceable) << outcome.reason;
    EXPECT_EQ(events, 0);
    EXPECT_TRUE(outcome.calls.empty());
    EXPECT_TRUE(upstream.Requests().empty());
    std::ifstream file(request.record, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    EXPECT_TRUE(text.starts_with("warder journal 2\n"));
    EXPECT_EQ(text.find("// the cells of this test follow a script"), std::string::npos) << "the cell was sent a frame";
    const auto receipt = boost::json::parse(outcome.receipt_json);
    EXPECT_EQ(receipt.at("verdict").at("status"), "unenforceable");
    EXPECT_TRUE(receipt.at("times").at("started").is_null());
    EXPECT_TRUE(receipt.at("teardown").at("dead").as_bool());
    EXPECT_TRUE(receipt.at("teardown").at("reaped").as_bool());
    return outcome;
  }

  static std::string StateIn(const Outcome& outcome, std::string_view layer) {
    const auto receipt = boost::json::parse(outcome.receipt_json);
    for (const auto& state : receipt.at("posture").as_array()) {
      if (state.at("layer").as_string() == boost::json::string_view(layer.data(), layer.size()))
        return boost::json::value_to<std::string>(state.at("state"));
    }
    return "absent";
  }
};

TEST_F(PostureTest, WithoutAnyLayerThatMustHoldNothingRuns) {
  for (const jail::LayerInfo& layer : jail::Layers()) {
    if (layer.requirement == jail::Requirement::kOptional) continue;
    SCOPED_TRACE(std::string(layer.name));
    Open(Without(layer.name));
    const Outcome outcome = ExpectRefused();
    EXPECT_EQ(outcome.reason, "the jail's layer " + std::string(layer.name) +
                                  " does not hold on this execution's cell: switched off by a test; nothing was run; "
                                  "see `warder doctor`");
    EXPECT_EQ(StateIn(outcome, layer.name), "unavailable");
  }
}

TEST_F(PostureTest, ALayerThatWasNotLookedAtIsMissing) {
  Open([](States& states) { std::erase_if(states, [](const auto& state) { return state.name == "seccomp"; }); });
  EXPECT_THAT(ExpectRefused().reason, HasSubstr("layer seccomp does not hold"));
}

TEST_F(PostureTest, AnOptionalLayerMayBeMissingAndIsNamed) {
  Open(Without("mdwe"));
  const Outcome outcome = Run("succeed");
  EXPECT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
  EXPECT_EQ(StateIn(outcome, "mdwe"), "unavailable");
}

TEST_F(PostureTest, ADegradableLayerMayBeMissingWhereThatIsPermitted) {
  EngineOptions options = Options();
  options.permit_degraded = {"landlock"};
  Open(Without("landlock"), options);
  const Outcome outcome = Run("succeed");
  EXPECT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
  EXPECT_EQ(StateIn(outcome, "landlock"), "degraded by permission");
  EXPECT_TRUE(engine().Diagnose(CellProfile::kJitless).enforceable);
  // A permission for one is none for another.
  Open(Without("seccomp"), options);
  ExpectRefused();
}

TEST_F(PostureTest, ACellThatCannotBeLookedAtDoesNotRun) {
  OpenWith([](int, std::span<const jail::LayerState>, std::span<const jail::Limit>) -> Result<States> {
    return Internal("no /proc here");
  });
  EXPECT_THAT(ExpectRefused().reason, HasSubstr("could not be looked at: no /proc here"));
  EXPECT_FALSE(engine().Diagnose(CellProfile::kJitless).enforceable);
}

TEST_F(PostureTest, ACellThatDiesWhileItIsLookedAtIsJudgedByItsDeath) {
  OpenWith([](int pidfd, std::span<const jail::LayerState> reported, std::span<const jail::Limit> limits) {
    ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
    while (jail::ObservePosture(pidfd, reported, limits)) {
    }
    return jail::ObservePosture(pidfd, reported, limits);
  });
  const Outcome outcome = Run("succeed");
  EXPECT_EQ(outcome.status, Status::kFault);
  EXPECT_THAT(outcome.reason, HasSubstr("killed from outside"));
}

// Of the cell's own limits the values are compared, not only that there are some.
TEST_F(PostureTest, ACellWithHigherLimitsThanItsOwnIsRefused) {
  OpenWith([](int pidfd, std::span<const jail::LayerState> reported, std::span<const jail::Limit> limits) {
    std::vector<jail::Limit> lower(limits.begin(), limits.end());
    for (jail::Limit& limit : lower) limit.value -= 1;
    return jail::ObservePosture(pidfd, reported, lower);
  });
  EXPECT_EQ(StateIn(ExpectRefused(), "rlimits"), "unavailable");
}

// What the engine would find if its cells had no jail at all: the real measurement, of an ordinary process.
TEST_F(PostureTest, AnUnjailedProcessIsRefused) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  const UniqueFd unjailed(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  OpenWith([&](int, std::span<const jail::LayerState> reported, std::span<const jail::Limit> limits) {
    return jail::ObservePosture(unjailed.get(), reported, limits);
  });
  const Outcome outcome = ExpectRefused();
  for (const char* layer : {"user-namespace", "root", "seccomp", "descriptors", "rlimits"}) {
    EXPECT_EQ(StateIn(outcome, layer), "unavailable") << layer;
  }
  engine_.reset();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace warder::execution
