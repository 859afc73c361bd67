// An engine whose cells follow a script (scripted_zygote.cc), and an upstream for them, for tests.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/broker/testing/raw_server.h"
#include "warder/engine.h"

namespace warder::execution {

// A RawServer that answers from a thread of its own.
class Upstream {
 public:
  explicit Upstream(std::string response) {
    std::promise<void> ready;
    thread_ = std::thread([this, &ready, response = std::move(response)] {
      server_ = std::make_unique<broker::testing::RawServer>(loop_);
      server_->Answer(response);
      ready.set_value();
      loop_.run();
      server_.reset();
    });
    ready.get_future().wait();
  }
  ~Upstream() {
    loop_.stop();
    thread_.join();
  }
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  std::string origin() const { return server_->origin(); }
  std::vector<std::string> Requests() {
    std::promise<std::vector<std::string>> promise;
    boost::asio::post(loop_, [&] { promise.set_value(server_->requests()); });
    return promise.get_future().get();
  }

 private:
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  std::unique_ptr<broker::testing::RawServer> server_;
  std::thread thread_;
};

// Processes that this one, or that one, has started and not waited for.
inline std::vector<pid_t> Children(const std::string& of = "self") {
  std::vector<pid_t> children;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + of + "/task")) {
    std::ifstream file(task.path() / "children");
    for (pid_t pid = 0; file >> pid;) children.push_back(pid);
  }
  return children;
}

class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "engine-test.XXXXXX").string();
    scratch_ = ::mkdtemp(pattern.data());
    std::ofstream(scratch_ / "index.js") << "// the cells of this test follow a script";
    bundle_ = Bundle::Load(scratch_);
  }
  ~EngineTest() override {
    engine_.reset();
    std::filesystem::remove_all(scratch_);
  }

  static EngineOptions Options() {
    EngineOptions options;
    options.image = TEST_IMAGE;
    return options;
  }

  Engine& engine() {
    if (!engine_) engine_ = Engine::Open(options_);
    return *engine_;
  }

  ExecutionRequest Request(const std::string& scene, const std::string& url = "") const {
    ExecutionRequest request;
    request.bundle = bundle_;
    request.event_json = "\"" + scene + "\"";
    request.config_json = "\"" + url + "\"";
    return request;
  }
  Outcome Run(const ExecutionRequest& request, EventSink sink = {}) {
    return engine().Start(request, std::move(sink)).Wait();
  }
  Outcome Run(const std::string& scene) { return Run(Request(scene)); }
  // The scene with an upstream that the grant allows.
  Outcome RunWith(const std::string& scene, const Upstream& upstream) {
    ExecutionRequest request = Request(scene, upstream.origin() + "/thing?secret=1");
    request.allow_origins = {upstream.origin()};
    return Run(request);
  }

  // The zygote, where nothing else was started; waits for one before it that is on its way out.
  static pid_t OnlyChild() {
    std::vector<pid_t> children = Children();
    while (children.size() > 1) {
      std::this_thread::yield();
      children = Children();
    }
    EXPECT_EQ(children.size(), 1u);
    return children.empty() ? -1 : children.front();
  }

  std::filesystem::path scratch_;
  std::shared_ptr<const Bundle> bundle_;
  EngineOptions options_ = Options();  // of engine()
  std::unique_ptr<Engine> engine_;
};

}  // namespace warder::execution
