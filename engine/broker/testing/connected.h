// Calls through a connection, for tests whose policy is the subject.
#pragma once

#include <map>
#include <string>

#include "engine/broker/testing/broker_fixture.h"

namespace warder::broker::testing {

// An execution's capabilities: nothing but one connection, "peer", with this policy and credential.
inline std::shared_ptr<Capabilities> Connected(const std::string& policy,
                                               const std::map<std::string, std::string>& fields = {}) {
  SecretFields secrets;
  for (const auto& [name, value] : fields) secrets.emplace(name, Secret(value));
  auto connection = Connection::Make(policy, std::move(secrets));
  EXPECT_TRUE(connection) << (connection ? "" : connection.error().message);
  auto made = Capabilities::Make(std::make_shared<Policy>(), {{"peer", *connection}});
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return *made;
}

class ConnectedTest : public BrokerTest {
 protected:
  // Calls `url` through the connection of `capabilities`, to the end.
  void RunThrough(Recorder& recorder, const std::string& url, const std::shared_ptr<Capabilities>& capabilities) {
    auto request = Request("GET", url);
    request.connection = capabilities->connections().front()->handle();
    StartWith(recorder, std::move(request), capabilities);
    Finish(recorder);
  }
  // The body, or what went wrong.
  std::string Said(const std::string& url, const std::shared_ptr<Capabilities>& capabilities) {
    Recorder recorder;
    RunThrough(recorder, url, capabilities);
    return recorder.failure ? recorder.failure->message : recorder.body;
  }
};

}  // namespace warder::broker::testing
