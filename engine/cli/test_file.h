// A test file, *.test.js: code that declares fixtures, and checks what came of them (docs/authoring.md).
//
// It is hostile like any other code. So it runs in cells only, as scripted executions that meet nobody and have the
// same seed and clock each time: the same file always declares the same. What its cells say is held to the rules of
// fixtures.
//
// Its bundle is the file, the modules of its folder and the module `warder/test` (components/sdk/test), whose two flows
// are what runs: one says what the file declares, one calls the check of one test. Both have limits of their own, so
// that what a test grants its flow is not granted to its code.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/cli/batch.h"
#include "engine/cli/fixture.h"
#include "engine/cli/fixture_verdict.h"

namespace warder::cli {

class TestFile : public std::enable_shared_from_this<TestFile> {
 public:
  // Throws EngineError(kInvalid) where the file or its folder cannot be read.
  static std::shared_ptr<const TestFile> Load(const std::string& path);

  // Where it may import from.
  std::filesystem::path folder() const;

  ExecutionRequest DeclareRequest() const;
  // The fixtures that came of such a request. Throws EngineError, kInvalid where what the file does or declares is
  // wrong, with one sentence.
  std::vector<Fixture> FixturesOf(Finished declared) const;

  // Has the check of `fixture`, one of the above, look at `run` (observed_run.h).
  ExecutionRequest CheckRequest(const Fixture& fixture, std::string run) const;
  // What is wrong by it; empty: nothing.
  std::vector<Mismatch> Checked(Finished check) const;

 private:
  explicit TestFile(std::string path) : path_(std::move(path)) {}

  ExecutionRequest Request(const std::shared_ptr<const Bundle>& bundle, const char* flow) const;
  Fixture FixtureOf(const JsonField& declared, std::size_t index) const;
  // Throws EngineError(kInvalid) where the member names something outside of the file's project.
  void CheckReach(const JsonField& member, const std::string& path) const;

  std::string path_;
  std::shared_ptr<const Bundle> declaring_;
  std::shared_ptr<const Bundle> checking_;  // the same, entered in another way
  std::shared_ptr<const Script> script_;
};

}  // namespace warder::cli
