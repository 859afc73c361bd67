// What the tests of the broker share: a loop, a broker with short times, an observer that records.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/broker/broker.h"
#include "engine/broker/testing/fake_dns.h"
#include "engine/broker/testing/private_network.h"
#include "engine/broker/testing/raw_server.h"

namespace warder::broker::testing {

// Records a call. By default it grants credit for everything it gets.
class Recorder final : public CallObserver {
 public:
  bool auto_grant = true;
  bool keep_body = true;
  std::function<void(const char* event)>
      on_event;  // after recording: "head", "body", "end", "credit", "redirect", "failed"

  std::unique_ptr<Call> call;
  std::optional<ResponseHead> head;
  std::string body;
  std::uint64_t body_bytes = 0;
  std::uint64_t request_credit = 0;
  std::vector<std::string> redirects;
  std::optional<CallFailure> failure;
  bool ended = false;
  int events_after_end = 0;
  int retries = 0;

  bool over() const { return ended || failure.has_value(); }

  void OnResponseHead(ResponseHead response) override {
    CountLate();
    head = std::move(response);
    if (!head->body) ended = true;
    Tell("head");
  }
  void OnResponseBody(std::string&& data) override {
    CountLate();
    if (keep_body) body.append(data);
    body_bytes += data.size();
    if (auto_grant && call) call->GrantResponse(data.size());
    Tell("body");
  }
  void OnResponseEnd(std::string&& rest) override {
    CountLate();
    if (keep_body) body.append(rest);
    body_bytes += rest.size();
    ended = true;
    Tell("end");
  }
  void OnRetry() override { ++retries; }
  void OnRedirect(const std::string& origin) override {
    CountLate();
    redirects.push_back(origin);
    Tell("redirect");
  }
  void OnRequestCredit(std::uint64_t bytes) override {
    CountLate();
    request_credit += bytes;
    Tell("credit");
  }
  void OnFailed(CallFailure why) override {
    CountLate();
    failure = std::move(why);
    Tell("failed");
  }

  // "" when there is none.
  std::string header(const std::string& name) const {
    for (const auto& [key, value] : head ? head->headers : std::vector<std::pair<std::string, std::string>>{}) {
      if (key == name) return value;
    }
    return {};
  }

 private:
  void CountLate() { events_after_end += over() ? 1 : 0; }
  void Tell(const char* event) {
    if (on_event) on_event(event);
  }
};

class BrokerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string& error = EnterPrivateNetwork(); !error.empty()) {
      GTEST_SKIP() << "no network namespace of its own: " << error;
    }
    loop = std::make_unique<boost::asio::io_context>(1);
    dns = std::make_unique<FakeDns>(*loop);
    server = std::make_unique<RawServer>(*loop);
    options.dns_servers = dns->server();
    options.connect_timeout = std::chrono::milliseconds(2'000);
    options.resolve_timeout = std::chrono::milliseconds(2'000);
    options.idle_timeout = std::chrono::milliseconds(2'000);
  }

  void TearDown() override {
    broker.reset();
    server.reset();
    dns.reset();
    loop.reset();
  }

  static HttpRequest Request(const std::string& method, const std::string& url) {
    HttpRequest request;
    request.method = method;
    request.url = url;
    return request;
  }

  static std::shared_ptr<Capabilities> Allow(const Result<Policy>& policy) {
    EXPECT_TRUE(policy) << (policy ? "" : policy.error().message);
    return Capabilities::OfPolicy(std::make_shared<Policy>(policy ? *policy : Policy()));
  }

  void Start(Recorder& recorder, HttpRequest request, const std::vector<std::string>& origins,
             const std::string& tenant = "acme") {
    StartWith(recorder, std::move(request), Allow(Policy::FromOrigins(origins)), tenant);
  }
  void StartWith(Recorder& recorder, HttpRequest request, std::shared_ptr<Capabilities> capabilities,
                 const std::string& tenant = "acme") {
    if (!broker) broker = std::make_unique<Broker>(*loop, options);
    recorder.call = broker->Start(tenant, std::move(capabilities), std::move(request), recorder);
  }

  // Runs the loop until `condition` holds; fails the test after ten seconds.
  void RunUntil(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      loop->run_one_for(std::chrono::milliseconds(50));
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "the condition did not come to hold";
        return;
      }
    }
  }
  void Finish(Recorder& recorder) {
    RunUntil([&] { return recorder.over(); });
  }
  // Starts and finishes.
  void Run(Recorder& recorder, HttpRequest request, const std::vector<std::string>& origins,
           const std::string& tenant = "acme") {
    Start(recorder, std::move(request), origins, tenant);
    Finish(recorder);
  }
  // Lets whatever is still going on happen.
  void Settle(std::chrono::milliseconds time = std::chrono::milliseconds(20)) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) loop->run_one_for(std::chrono::milliseconds(5));
  }

  std::string Get(const std::string& path = "/") { return server->origin() + path; }

  BrokerOptions options;
  std::unique_ptr<boost::asio::io_context> loop;
  std::unique_ptr<FakeDns> dns;
  std::unique_ptr<RawServer> server;
  std::unique_ptr<Broker> broker;
};

// Beside the first server another one, which answers "there".
class TwoServersTest : public BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (!loop) return;
    other = std::make_unique<RawServer>(*loop, "127.0.0.1");
    other->Answer(Response("there"));
  }
  void TearDown() override {
    broker.reset();
    other.reset();
    BrokerTest::TearDown();
  }

  std::unique_ptr<RawServer> other;
};

}  // namespace warder::broker::testing
