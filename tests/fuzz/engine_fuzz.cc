// libFuzzer: a whole engine against a cell that lies. Each input is what a real, jailed cell writes on its socket once
// it was started (see WriteSteps in scripted_zygote.cc); the engine around it is the one under test.
//
// What is checked beyond "does not crash": the execution ends, its verdict is one that a cell's doing can have, never a
// fault of ours; the result and the receipt are JSON; the cell is dead and reaped.
#include <boost/json.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>

#include "engine/execution/testcases/engine_fixture.h"
#include "warder/engine.h"

namespace {

namespace json = boost::json;
using warder::Engine;
using warder::Outcome;
using warder::Status;

void Require(bool holds, const Outcome& outcome) {
  if (holds) return;
  std::cerr << "verdict: " << warder::StatusName(outcome.status) << ": " << outcome.reason << "\n";
  std::abort();
}

// Lives as long as the process: libFuzzer ends with _Exit.
struct World {
  std::unique_ptr<warder::execution::Upstream> upstream;
  std::unique_ptr<Engine> engine;
  warder::ExecutionRequest request;
};
World* world = nullptr;

std::string ToHex(const std::uint8_t* data, std::size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(size * 2);
  for (std::size_t i = 0; i < size; ++i) {
    text.push_back(kDigits[data[i] >> 4]);
    text.push_back(kDigits[data[i] & 15]);
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  namespace fs = std::filesystem;
  world = new World;
  const fs::path file = fs::temp_directory_path() / ("warder-fuzz-" + std::to_string(getpid()) + ".js");
  std::ofstream(file) << "// the cells follow the input\n";
  world->request.bundle = warder::Bundle::Load(file);
  fs::remove(file);
  world->upstream = std::make_unique<warder::execution::Upstream>(warder::broker::testing::Response("hello"));
  world->engine = Engine::Open({.image = TEST_IMAGE, .development = true});
  world->request.event_json = "\"raw\"";
  // A port that the fuzzer can spell: every input may ask for any, only this origin is granted.
  world->request.allow_origins = {world->upstream->origin()};
  world->request.limits.wall_ms = 40;
  world->request.limits.cpu_ms = 500;
  world->request.limits.calls = 8;
  world->request.limits.output_bytes = 4096;
  world->request.limits.log_bytes = 4096;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  warder::ExecutionRequest request = world->request;
  request.config_json = "\"" + ToHex(data, size) + "\"";
  request.coverage = size % 2 == 1;  // half of the cells may say what has run in them
  const warder::Execution execution = world->engine->Start(request);
  const Outcome& outcome = execution.Wait();
  Require(outcome.status != Status::kFault && outcome.status != Status::kUnenforceable, outcome);
  Require(outcome.status != Status::kCancelled, outcome);
  boost::system::error_code error;
  if (outcome.status == Status::kSucceeded) json::parse(outcome.output_json, error);
  Require(!error, outcome);
  const json::value receipt = json::parse(outcome.receipt_json, error);
  Require(!error && receipt.is_object(), outcome);
  const json::object& teardown = receipt.at("teardown").as_object();
  Require(teardown.at("dead").as_bool() && teardown.at("reaped").as_bool(), outcome);
  return 0;
}
