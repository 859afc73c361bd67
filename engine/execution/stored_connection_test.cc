// Executions that use a connection of the vault: they have it, it is written down, and it can be taken from them.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <cstdio>

#include "engine/execution/testcases/engine_fixture.h"

namespace warder::execution {
namespace {

using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSecret = "canary-s3cr3tmark-0123456789";

class StoredConnectionTest : public EngineTest {
 protected:
  void SetUp() override {
    vault_ = Vault::Open({.folder = scratch_ / "state", .key = {.file = scratch_ / "kek"}});
    vault_->CreateTenant("acme");
    EngineOptions options = Options();
    options.vault = vault_;
    engine_ = Engine::Open(options);
  }
  void Connect(const Upstream& upstream, const ConnectOptions& options = {}) {
    vault_->Connect("acme", "crm", "origin " + upstream.origin() + "\nallow * /**\ninject bearer token\n",
                    {{"token", kSecret}}, options);
  }
  ExecutionRequest Through(const std::string& scene, const Upstream& upstream) const {
    ExecutionRequest request = Request(scene, upstream.origin() + "/thing");
    request.tenant = "acme";
    request.connections = {{"crm"}};
    return request;
  }
  // The events of the audit log, in their order.
  std::vector<std::string> Events() {
    std::vector<std::string> events;
    vault_->ReadAudit("acme", 0, [&](std::uint64_t, std::string_view entry) {
      EXPECT_THAT(std::string(entry), Not(HasSubstr(kSecret)));
      const std::size_t at = entry.find("\"event\":\"") + 9;
      events.emplace_back(entry.substr(at, entry.find('"', at) - at));
      return true;
    });
    return events;
  }

  std::shared_ptr<Vault> vault_;
};

TEST_F(StoredConnectionTest, ACallCarriesTheCredentialAndBothEndsAreRecorded) {
  Upstream upstream("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  Connect(upstream);
  const Outcome outcome = Run(Through("fetch-through", upstream));
  EXPECT_EQ(outcome.output_json, "\"200:2\"") << outcome.reason;
  ASSERT_EQ(upstream.Requests().size(), 1U);
  EXPECT_THAT(upstream.Requests()[0], HasSubstr("Bearer " + std::string(kSecret)));
  engine_.reset();  // what is written behind the execution's back is written by then
  EXPECT_THAT(Events(), ElementsAre("connection made", "use", "calls"));
  const auto review = vault_->Review("acme").at(0);
  EXPECT_EQ(review.executions, 1U);
  EXPECT_EQ(review.calls.at(upstream.origin()), 1U);
}

TEST_F(StoredConnectionTest, UnderAnotherNameToo) {
  Upstream upstream("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  Connect(upstream);
  ExecutionRequest request = Through("fetch-through", upstream);
  request.connections = {{"other", nullptr, "crm"}};
  const Outcome outcome = Run(request);
  EXPECT_EQ(outcome.output_json, "\"200:2\"") << outcome.reason;
  EXPECT_EQ(outcome.calls.at(0).connection, "other");
}

TEST_F(StoredConnectionTest, ItIsTakenFromARunningExecution) {
  Upstream upstream("");  // never answers
  Connect(upstream);
  std::atomic<steady_clock::rep> failed{0};
  const auto sink = [&](const Event& event) {
    if (event.kind == Event::Kind::kCallFinished && failed == 0)
      failed = steady_clock::now().time_since_epoch().count();
  };
  const Execution execution = engine().Start(Through("fetch-through-twice", upstream), sink);
  while (upstream.Requests().empty()) std::this_thread::yield();
  const auto before = steady_clock::now();
  vault_->Disconnect("acme", "crm");
  const auto removed = steady_clock::now();
  const Outcome& outcome = execution.Wait();
  EXPECT_EQ(outcome.output_json, "\"failed:1 failed:1\"") << outcome.reason;
  ASSERT_EQ(outcome.calls.size(), 2U);
  EXPECT_EQ(outcome.calls[0].message, "refused: the connection was taken back");
  EXPECT_EQ(outcome.calls[1].message, "refused: this execution has no such connection");
  const auto at = steady_clock::time_point(steady_clock::duration(failed.load()));
  const auto took = std::chrono::duration<double, std::milli>(at - before);
  std::printf("taken from a running execution %.1f ms after the removal began (it took %.1f ms)\n", took.count(),
              std::chrono::duration<double, std::milli>(removed - before).count());
  EXPECT_LT(took.count(), 1'000);
  EXPECT_EQ(upstream.Requests().size(), 1U);
  engine_.reset();
  EXPECT_THAT(Events(), ElementsAre("connection made", "use", "connection removed"));
}

TEST_F(StoredConnectionTest, WhatIsNotThereIsRefusedInOneSentence) {
  Upstream upstream("");
  Connect(upstream);
  const auto refusal = [&](const std::function<void(ExecutionRequest&)>& change, Engine& engine) -> std::string {
    ExecutionRequest request = Through("succeed", upstream);
    change(request);
    try {
      engine.Start(request).Wait();
    } catch (const EngineError& error) {
      EXPECT_EQ(error.status(), Status::kInvalid);
      EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
      return error.what();
    }
    return {};
  };
  const auto same = [](ExecutionRequest&) {};
  const auto without = Engine::Open(Options());
  EXPECT_EQ(refusal(same, *without), "the connection \"crm\" is null, and the engine has no vault to look in");
  EXPECT_THAT(refusal([](ExecutionRequest& request) { request.connections = {{"none"}}; }, engine()),
              HasSubstr("no connection \"none\""));
  EXPECT_THAT(refusal([](ExecutionRequest& request) { request.tenant = "nobody"; }, engine()),
              HasSubstr("no tenant nobody"));
  EXPECT_NE(refusal([](ExecutionRequest& request) { request.tenant = "../acme"; }, engine()), "");
  EXPECT_NE(refusal([](ExecutionRequest& request) { request.tenant = ""; }, engine()), "");
  EXPECT_EQ(refusal(same, engine()), "");
  vault_->Connect("acme", "crm", "origin http://127.0.0.1:9\nallow * /**\ninject bearer token\n", {{"token", kSecret}},
                  {.replace = true, .lifetime = std::chrono::seconds(1)});
  while (refusal(same, engine()).empty()) std::this_thread::yield();
  EXPECT_THAT(refusal(same, engine()), HasSubstr("is ended: its lifetime is over"));
}

}  // namespace
}  // namespace warder::execution
