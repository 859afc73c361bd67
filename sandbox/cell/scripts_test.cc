// The code of the runtime's late scripts: V8 takes what the build has made, and does without what is not for it.
#include "sandbox/cell/scripts.h"

#include <memory>

#include "sandbox/cell/buffer_budget.h"
#include "sandbox/cell/runtime.h"
#include "sandbox/cell/startup.h"
#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

class ScriptsTest : public testing::Test {
 protected:
  ScriptsTest() : isolate_(MakeIsolate(&startup().snapshot(), &buffers_)) {}
  ScriptsTest(const ScriptsTest&) = delete;
  ScriptsTest& operator=(const ScriptsTest&) = delete;
  ~ScriptsTest() override { isolate_->Dispose(); }

  static const Startup& startup() { return Program().startup(); }

  // Compiles each late script with the code that stands `distance` further.
  void Compile(std::size_t distance, bool taken) {
    const v8::Isolate::Scope entered(isolate_);
    const v8::HandleScope scope(isolate_);
    const Runtime runtime(isolate_);
    const v8::Context::Scope context_entered(runtime.context());
    for (std::size_t i = 0; i < LateScripts(); ++i) {
      const auto code = startup().code((i + distance) % LateScripts());
      ASSERT_FALSE(code.empty()) << i;
      const auto compiled = CompileLateScript(runtime.context(), i, code);
      EXPECT_FALSE(compiled.script.IsEmpty()) << i;
      EXPECT_EQ(compiled.code_taken, taken) << i;
    }
  }

 private:
  BufferBudget buffers_;
  v8::Isolate* isolate_;
};

TEST_F(ScriptsTest, TheCodeOfEachLateScriptIsTaken) {
  ASSERT_GT(LateScripts(), 30U);
  EXPECT_TRUE(startup().code(LateScripts()).empty());
  Compile(0, true);
}

TEST_F(ScriptsTest, CodeOfAnotherScriptIsNotTakenAndTheSourceIsCompiled) { Compile(1, false); }

TEST(StartupTest, WhatIsPackedIsFound) {
  const std::string file = Startup::Pack("snapshot", {"one", "", "three is longer than the others"});
  const Startup startup(file);
  EXPECT_EQ(std::string(startup.snapshot().data, static_cast<std::size_t>(startup.snapshot().raw_size)), "snapshot");
  const auto text = [&](std::size_t i) {
    const auto code = startup.code(i);
    return std::string(code.begin(), code.end());
  };
  EXPECT_EQ(text(0), "one");
  EXPECT_EQ(text(1), "");
  EXPECT_EQ(text(2), "three is longer than the others");
  EXPECT_TRUE(startup.code(3).empty());
}

TEST(StartupTest, WhatIsNoStartupFileIsRefused) {
  const std::string good = Startup::Pack("snapshot", {"one"});
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_THROW(Startup(std::string_view(good).substr(0, size)), std::runtime_error) << size;
  }
  const std::string longer = good + std::string(8, '\xff');
  EXPECT_THROW(Startup{longer}, std::runtime_error);
}

}  // namespace
}  // namespace warder::cell
