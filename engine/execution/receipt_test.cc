// What a receipt says, of real executions.
#include "engine/execution/receipt.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <csignal>
#include <map>

#include "engine/audit/envelope.h"
#include "engine/audit/key_file.h"
#include "engine/audit/receipt_contents.h"
#include "engine/execution/testcases/engine_fixture.h"
#include "sandbox/jail/cgroup.h"
#include "sandbox/jail/rlimits.h"
#include "warder/audit.h"

namespace warder::execution {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ReceiptTest : public EngineTest {
 protected:
  static json::value Receipt(const Outcome& outcome) { return json::parse(outcome.receipt_json); }
  static std::string Text(const json::value& value) { return json::value_to<std::string>(value); }
  std::string PolicyHash(const ExecutionRequest& request) {
    return Text(Receipt(Run(request)).at("policy").at("sha256"));
  }
};

TEST_F(ReceiptTest, IsSignedWithTheEnginesKeyHoweverTheExecutionEnds) {
  Upstream upstream("");
  for (const char* scene : {"succeed", "throw", "exit", "socket", "not-json", "lie-garbage", "stalled"}) {
    const Outcome outcome = Run(scene);
    const auto check = audit::VerifyReceipt(outcome.receipt_envelope, engine().PublicKeyPem());
    EXPECT_EQ(check.result, audit::ReceiptCheck::Result::kValid) << scene << ": " << check.reason;
    EXPECT_EQ(check.receipt_json, outcome.receipt_json) << scene;
    EXPECT_EQ(Text(Receipt(outcome).at("verdict").at("status")), StatusName(outcome.status)) << scene;
  }
}

TEST_F(ReceiptTest, SaysWhatRan) {
  ExecutionRequest request = Request("succeed");
  request.tenant = "acme";
  request.flow = "tag";
  const Outcome outcome = Run(request);
  const json::value receipt = Receipt(outcome);
  EXPECT_EQ(receipt.at("version"), 1);
  EXPECT_EQ(Text(receipt.at("execution")), outcome.execution);
  EXPECT_EQ(receipt.at("tenant"), "acme");
  EXPECT_EQ(Text(receipt.at("code").at("sha256")), bundle_->sha256());
  EXPECT_EQ(receipt.at("code").at("flow"), "tag");
  EXPECT_EQ(receipt.at("versions").at("v8"), "scripted");
  EXPECT_THAT(Text(receipt.at("versions").at("kernel")), testing::StartsWith("Linux "));
  EXPECT_EQ(receipt.at("limits").at("wall"), "1m");
  EXPECT_EQ(receipt.at("usage"), json::parse(UsageJson(outcome.usage)));
}

TEST_F(ReceiptTest, SetUpIsToldStepByStepInMicroseconds) {
  std::vector<std::string> names;
  const json::value receipt = Receipt(Run("succeed"));
  for (const json::value& step : receipt.at("setup").as_array()) {
    names.push_back(Text(step.at("step")));
    EXPECT_GE(step.at("us").to_number<double>(), 0) << names.back();
  }
  EXPECT_THAT(names, ElementsAre("fork", "descriptors", "landlock", "capabilities", "limits", "filter", "until-ready",
                                 "cgroup", "posture"));
}

TEST_F(ReceiptTest, ThePostureOfAnExecutionIsExactlyTheExpectedOne) {
  std::map<std::string, std::string> found;
  std::map<std::string, std::string> details;
  const json::value receipt = Receipt(Run("succeed"));
  for (const json::value& layer : receipt.at("posture").as_array()) {
    found[Text(layer.at("layer"))] = Text(layer.at("state"));
    details[Text(layer.at("layer"))] = Text(layer.at("detail"));
  }
  std::map<std::string, std::string> expected;
  for (const char* layer :
       {"uid", "user-namespace", "mount-namespace", "pid-namespace", "network-namespace", "ipc-namespace",
        "uts-namespace", "cgroup-namespace", "time-namespace", "root", "no-new-privs", "capabilities", "landlock",
        "seccomp", "mdwe", "rlimits", "descriptors", "not-dumpable"}) {
    expected[layer] = "enforced";
  }
  expected["speculation"] = found["speculation"];  // not every processor lets a process choose
  // Not every user may make cgroups.
  expected["cgroup"] = jail::CgroupTree::OpenOwn().state().enforced ? "enforced" : "unavailable";
  EXPECT_EQ(found, expected);
  EXPECT_THAT(details["root"], HasSubstr("one mount: empty tmpfs, ro,nosuid,nodev,noexec"));
  EXPECT_EQ(details["seccomp"], "mode 2, filters 2");
  EXPECT_EQ(details["capabilities"], "all five sets are empty");
  EXPECT_EQ(details["descriptors"], "open: 3");
  for (const jail::Limit& limit : jail::CellLimits()) {
    rlimit own{};  // the launcher raises none
    ::getrlimit(limit.resource, &own);
    const rlim_t value = std::min(limit.value, own.rlim_max);
    EXPECT_THAT(details["rlimits"], HasSubstr(std::string(limit.name) + " " + std::to_string(value)));
  }
}

TEST_F(ReceiptTest, ACallIsThereWithoutPathQueryAndPayload) {
  Upstream upstream("HTTP/1.1 200 OK\r\nX-Canary: header-canary\r\nContent-Length: 11\r\n\r\nbody-canary");
  ExecutionRequest request = Request("post", upstream.origin() + "/path-canary?query=query-canary");
  request.allow_origins = {upstream.origin()};
  const Outcome outcome = Run(request);
  const json::value call = Receipt(outcome).at("calls").at(0);
  EXPECT_EQ(Text(call.at("origin")), upstream.origin());
  EXPECT_EQ(call.at("method"), "POST");
  EXPECT_EQ(call.at("status"), 200);
  EXPECT_EQ(call.at("outcome"), "ok");
  EXPECT_EQ(call.at("requestBytes"), 1000);
  EXPECT_EQ(call.at("responseBytes"), 11);
  EXPECT_THAT(outcome.receipt_json, Not(HasSubstr("canary")));
  EXPECT_THAT(outcome.receipt_json, Not(HasSubstr("xxxx")));
}

TEST_F(ReceiptTest, ARedirectIsThereWithTheOriginItWentTo) {
  Upstream last("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  Upstream first("HTTP/1.1 302 Found\r\nLocation: " + last.origin() + "/canary\r\nContent-Length: 0\r\n\r\n");
  ExecutionRequest request = Request("fetch", first.origin() + "/start");
  request.allow_origins = {first.origin(), last.origin()};
  const Outcome outcome = Run(request);
  const json::value call = Receipt(outcome).at("calls").at(0);
  EXPECT_EQ(Text(call.at("origin")), first.origin());
  EXPECT_EQ(call.at("redirects"), json::value(json::array{last.origin()}));
  EXPECT_THAT(outcome.receipt_json, Not(HasSubstr("canary")));
}

TEST_F(ReceiptTest, AHostThatWasNotGrantedStaysOut) {
  const Outcome outcome = Run(Request("fetch", "https://canary.test/"));
  const json::value call = Receipt(outcome).at("calls").at(0);
  EXPECT_EQ(outcome.calls.at(0).origin, "https://canary.test");
  EXPECT_TRUE(call.at("origin").is_null());
  EXPECT_EQ(call.at("outcome"), "refused");
  EXPECT_THAT(outcome.receipt_json, Not(HasSubstr("canary")));
}

// Of an execution that never was: what MakeReceipt makes of facts.
class ReceiptFactsTest : public EngineTest {
 protected:
  ReceiptFactsTest() {
    outcome_.execution = "e";
    facts_.request = &request_;
    facts_.outcome = &outcome_;
    facts_.death = &death_;
    facts_.egress = egress_.get();
  }
  json::value Receipt() const { return json::parse(MakeReceipt(facts_)); }

  const ExecutionRequest request_ = Request("succeed");
  Outcome outcome_;
  CellDeath death_;
  std::shared_ptr<broker::Capabilities> egress_ = broker::Capabilities::OfPolicy(
      std::make_shared<broker::Policy>(*broker::Policy::FromOrigins({"https://a.test"})));
  ReceiptFacts facts_;
};

TEST_F(ReceiptFactsTest, AMethodThatIsNoneStaysOut) {
  outcome_.calls = {{.method = "CANARY", .origin = "https://a.test", .outcome = "refused"},
                    {.method = "PATCH", .origin = "https://a.test", .outcome = "ok"}};
  const json::value calls = Receipt().at("calls");
  EXPECT_TRUE(calls.at(0).at("method").is_null());
  EXPECT_EQ(calls.at(0).at("origin"), "https://a.test");
  EXPECT_EQ(calls.at(1).at("method"), "PATCH");
}

TEST_F(ReceiptFactsTest, OfAProcessThatNeverWasNothingIsClaimed) {
  json::value teardown = Receipt().at("teardown");
  EXPECT_TRUE(teardown.at("dead").is_null());
  EXPECT_TRUE(teardown.at("reaped").is_null());
  EXPECT_EQ(teardown.at("processes"), json::parse(R"({"made":0,"ended":0})"));
  EXPECT_TRUE(audit::CheckReceiptContents(MakeReceipt(facts_)));
  death_.spawned = true;
  teardown = Receipt().at("teardown");
  EXPECT_EQ(teardown.at("dead"), false);
  EXPECT_EQ(teardown.at("reaped"), false);
  EXPECT_TRUE(audit::CheckReceiptContents(MakeReceipt(facts_)));
}

TEST_F(ReceiptTest, TheScriptsOwnWordsStayOut) {
  const Outcome outcome = Run("throw");
  EXPECT_THAT(outcome.reason, HasSubstr("thrown on purpose"));
  EXPECT_THAT(outcome.receipt_json, Not(HasSubstr("on purpose")));
}

TEST_F(ReceiptTest, WhatWasTakenIsGivenBack) {
  options_.pooled_cells = 0;  // the engine is spoken for where it does nothing else
  ExecutionRequest recorded = Request("succeed");
  recorded.record = scratch_ / "journal";
  ExecutionRequest spinning = Request("spin-deaf");
  spinning.limits.wall_ms = 20;
  struct Case {
    ExecutionRequest request;
    int descriptors;
    bool same_zygote;  // as before: after a violation there is another
  };
  const bool has_cgroup = jail::CgroupTree::OpenOwn().state().enforced;
  // Two ends of a socket, a pidfd, and a descriptor for each hierarchy of cgroups.
  const json::value first = Receipt(Run("succeed")).at("teardown");
  const int made = static_cast<int>(first.at("descriptors").at("made").as_int64());
  EXPECT_GE(made, has_cgroup ? 4 : 3);
  EXPECT_LE(made, has_cgroup ? 6 : 3);
  const Case cases[] = {
      {Request("succeed"), made, true}, {recorded, made + 1, true},        {spinning, made, true},
      {Request("crash"), made, true},   {Request("succeed"), made, false}, {Request("socket"), made, true}};
  for (const auto& [request, descriptors, same_zygote] : cases) {
    SCOPED_TRACE(request.event_json);
    // Not before the one that was retired is gone.
    while (same_zygote && Receipt(Run("succeed")).at("teardown").at("engine").is_null()) {
    }
    const json::value teardown = Receipt(Run(request)).at("teardown");
    EXPECT_EQ(teardown.at("dead"), true);
    EXPECT_EQ(teardown.at("reaped"), true);
    EXPECT_EQ(teardown.at("zygoteLost"), false);
    EXPECT_EQ(teardown.at("cgroup"), has_cgroup ? "removed" : "none");
    EXPECT_EQ(teardown.at("processes"), json::parse(R"({"made":1,"ended":1})"));
    EXPECT_EQ(teardown.at("descriptors").at("made"), descriptors);
    EXPECT_EQ(teardown.at("descriptors").at("returned"), descriptors);
    EXPECT_EQ(teardown.at("engine").is_object(), same_zygote);
    if (!same_zygote) continue;
    EXPECT_EQ(teardown.at("engine").at("descriptors").at("now"),
              teardown.at("engine").at("descriptors").at("baseline"));
    EXPECT_EQ(teardown.at("engine").at("processes"), json::parse(R"({"baseline":0,"now":0})"));
  }
}

TEST_F(ReceiptTest, BesideAnotherExecutionOnlyItsOwnDescriptorsAreSpokenFor) {
  options_.pooled_cells = 0;
  const Execution neighbour = engine().Start(Request("wait"));
  const json::value beside = Receipt(Run("succeed")).at("teardown");
  EXPECT_TRUE(beside.at("engine").is_null());
  EXPECT_EQ(beside.at("descriptors").at("returned"), beside.at("descriptors").at("made"));
  neighbour.Cancel();
  const json::value last = Receipt(neighbour.Wait()).at("teardown").at("engine").at("descriptors");
  EXPECT_EQ(last.at("now"), last.at("baseline"));
}

TEST(HoldingsTest, CountsTheChildrenOfAProcess) {
  const auto before = CountChildren(::getpid());
  ASSERT_TRUE(before) << "this kernel has no /proc/PID/task/TID/children";
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(CountChildren(::getpid()), *before + 1) << "a zombie is still one";
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(CountChildren(::getpid()), *before);
  EXPECT_EQ(CountChildren(child), std::nullopt);
}

TEST(DescriptorLedgerTest, CountsWhatIsStillThere) {
  DescriptorLedger ledger;
  UniqueFd kept(::memfd_create("kept", 0));
  UniqueFd closed(::memfd_create("closed", 0));
  UniqueFd replaced(::memfd_create("replaced", 0));
  for (const UniqueFd* fd : {&kept, &closed, &replaced}) ledger.Made(fd->get());
  closed.reset();
  const UniqueFd other(::memfd_create("other", 0));
  ASSERT_EQ(::dup2(other.get(), replaced.get()), replaced.get());
  EXPECT_EQ(ledger.Settle().made, 3u);
  EXPECT_EQ(ledger.Settle().returned, 2u);
}

TEST(DescriptorLedgerTest, APidfdOfAnotherProcessIsAnother) {
  const auto child = [] {
    const pid_t pid = ::fork();
    if (pid == 0) {
      for (;;) ::pause();
    }
    return pid;
  };
  const pid_t pids[] = {child(), child()};
  const auto open = [](pid_t pid) { return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); };
  const UniqueFd own = open(pids[0]);
  const UniqueFd other = open(pids[1]);
  ASSERT_TRUE(own && other);
  DescriptorLedger ledger;
  ledger.Made(own.get(), pids[0]);
  EXPECT_EQ(ledger.Settle().returned, 0u);
  const UniqueFd kept(::fcntl(own.get(), F_DUPFD_CLOEXEC, 0));
  ASSERT_EQ(::dup2(other.get(), own.get()), own.get());
  EXPECT_EQ(ledger.Settle().returned, 1u);
  for (const pid_t pid : pids) ::kill(pid, SIGKILL);
  for (const pid_t pid : pids) ::waitpid(pid, nullptr, 0);
  ASSERT_EQ(::dup2(kept.get(), own.get()), own.get());
  EXPECT_EQ(ledger.Settle().returned, 0u) << "open, of a process that has ended";
}

TEST_F(ReceiptTest, ThePolicyHashIsTheSameForTheSamePolicyAndNoOther) {
  ExecutionRequest request = Request("succeed");
  request.allow_origins = {"https://a.test", "https://b.test"};
  const std::string hash = PolicyHash(request);
  EXPECT_EQ(PolicyHash(request), hash);
  request.allow_origins = {"https://b.test:443", "https://A.test", "https://b.test"};
  EXPECT_EQ(PolicyHash(request), hash) << "another way to write the same grant";
  request.allow_origins = {"https://a.test"};
  EXPECT_NE(PolicyHash(request), hash);
  request.allow_origins = {"https://a.test", "https://b.test"};
  request.limits.calls = 7;
  EXPECT_NE(PolicyHash(request), hash);
  request.limits.calls = Limits{}.calls;
  EngineOptions options = Options();
  options.permit_degraded = {"landlock"};
  engine_ = Engine::Open(options);
  EXPECT_NE(PolicyHash(request), hash);
}

TEST_F(ReceiptTest, TheSigningKeyIsTheOneThatWasNamed) {
  const auto key = scratch_ / "key.pem";
  audit::MakeSigningKey(key);
  EngineOptions options = Options();
  options.signing_key = key;
  engine_ = Engine::Open(options);
  EXPECT_EQ(engine().PublicKeyPem(), audit::PublicKeyPem(key));
  const auto check = audit::VerifyReceipt(Run("succeed").receipt_envelope, audit::PublicKeyPem(key));
  EXPECT_EQ(check.result, audit::ReceiptCheck::Result::kValid) << check.reason;
  ::chmod(key.c_str(), 0644);
  EXPECT_THROW(Engine::Open(options), EngineError);
}

TEST_F(ReceiptTest, ALabelThatJsonCannotHoldIsRefused) {
  ExecutionRequest request = Request("succeed");
  request.tenant = "\xff";
  EXPECT_THROW(engine().Start(request), EngineError);
  request.tenant = "two\nlines";
  EXPECT_THROW(engine().Start(request), EngineError);
  request.tenant = "naïve \"quoted\"";
  EXPECT_EQ(Text(Receipt(Run(request)).at("tenant")), request.tenant);
}

// However much an execution calls, its receipt stays short enough to be verified, and says how much is left out.
TEST_F(ReceiptFactsTest, TheListOfCallsIsBounded) {
  const CallRecord call{.method = "GET",
                        .origin = "https://a.test",
                        .redirects = std::vector<std::string>(8, "https://a.test"),
                        .outcome = "ok"};
  outcome_.calls.assign(100'000, call);
  outcome_.usage.calls = outcome_.calls.size();
  const auto key = audit::SigningKey::Generate();
  const auto check = audit::VerifyReceipt(audit::Seal(MakeReceipt(facts_), key), key.public_key().Pem());
  ASSERT_EQ(check.result, audit::ReceiptCheck::Result::kValid) << check.reason;
  const json::value receipt = json::parse(check.receipt_json);
  EXPECT_EQ(receipt.at("calls").as_array().size() + receipt.at("callsOmitted").to_number<std::size_t>(), 100'000u);
  EXPECT_GT(receipt.at("calls").as_array().size(), 100u);
  EXPECT_GT(receipt.at("callsOmitted").to_number<std::size_t>(), 0u);
}

}  // namespace
}  // namespace warder::execution
