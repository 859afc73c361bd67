// A host program: embeds Warder and runs the flow of one bundle for one tenant.
//
//   host examples/host/hello '{"name":"Ada"}'
#include <iostream>
#include <string>

#include "warder/engine.h"

namespace {

// Called on the engine's thread while the flow runs: quick, and it must not throw. What a script says is not fit for a
// terminal as it is; a real host hands it to its logs.
void OnEvent(const warder::Event& event) {
  if (event.kind == warder::Event::Kind::kLog) std::cerr << event.level << ": " << event.message << "\n";
  if (event.kind == warder::Event::Kind::kCallFinished) {
    std::cerr << event.method << " " << event.origin << event.path << ": " << event.http_status << "\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: host BUNDLE [EVENT]\n";
    return 2;
  }
  try {
    // One engine serves the whole program: any number of executions, from any thread.
    const auto engine = warder::Engine::Open({});

    warder::ExecutionRequest request;
    request.bundle = warder::Bundle::Load(argv[1]);  // load once, run often
    request.event_json = argc > 2 ? argv[2] : "null";
    request.tenant = "customer-1";
    request.limits.wall_ms = 5'000;  // the rest as `warder policy` prints it
    // request.allow_origins = {"https://api.example.com"};  // nothing is reachable that is not named

    const warder::Execution execution = engine->Start(request, OnEvent);
    const warder::Outcome& outcome = execution.Wait();  // its process has ended and its jail is gone

    std::cout << warder::StatusName(outcome.status) << ": "
              << (outcome.status == warder::Status::kSucceeded ? outcome.output_json : outcome.reason) << "\n";
    return static_cast<int>(outcome.status);
  } catch (const warder::EngineError& error) {  // invalid input, or a machine that cannot enforce the jail
    std::cerr << "host: " << error.what() << "\n";
    return static_cast<int>(error.status());
  }
}
